package seal_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

var column = seal.Column{Table: "sign_in_steps", Name: "data", Key: "token_hash"}

func ring(t *testing.T, keys ...string) *seal.Keyring {
	t.Helper()
	r, err := seal.New(keys[0], keys[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func key(digit string) string { return strings.Repeat(digit, 64) }

func sealed(t *testing.T, r *seal.Keyring, row, plain string) string {
	t.Helper()
	stored, err := r.Seal(column, row, plain)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestSecretOpensOnlyInItsOwnRow(t *testing.T) {
	r := ring(t, key("a"))
	stored := sealed(t, r, "1", "hush")
	if strings.Contains(stored, "hush") || stored == sealed(t, r, "1", "hush") {
		t.Errorf("stored as %s", stored)
	}
	if plain, err := r.Open(column, "1", stored); plain != "hush" || err != nil {
		t.Errorf("%q, %v", plain, err)
	}
	otherColumn := column
	otherColumn.Name = "kind"
	for name, open := range map[string]func() (string, error){
		"another row":      func() (string, error) { return r.Open(column, "2", stored) },
		"another column":   func() (string, error) { return r.Open(otherColumn, "1", stored) },
		"a changed text":   func() (string, error) { return r.Open(column, "1", stored[:len(stored)-2]+"AA") },
		"no base64":        func() (string, error) { return r.Open(column, "1", stored+"!") },
		"a truncated text": func() (string, error) { return r.Open(column, "1", stored[:30]) },
		"nothing but key":  func() (string, error) { return r.Open(column, "1", "sealed1:"+r.ID()+":") },
	} {
		plain, err := open()
		if _, damaged := errors.AsType[*seal.DamagedError](err); !damaged || plain != "" {
			t.Errorf("%s: %q, %v", name, plain, err)
		}
	}
	_, err := ring(t, key("b")).Open(column, "1", stored)
	if other, ok := errors.AsType[*seal.OtherKeyError](err); !ok || other.ID != r.ID() {
		t.Errorf("another key: %v", err)
	}
	if plain, err := ring(t, key("b"), key("a")).Open(column, "1", stored); plain != "hush" || err != nil {
		t.Errorf("a previous key: %q, %v", plain, err)
	}
}

func TestPlainSecretIsReturnedUnchanged(t *testing.T) {
	r := ring(t, key("a"))
	if plain, err := r.Open(column, "1", "JBSWY3DP"); plain != "JBSWY3DP" || err != nil {
		t.Errorf("%q, %v", plain, err)
	}
	if stored := sealed(t, r, "1", ""); stored != "" {
		t.Errorf("\"\" is stored as %q", stored)
	}
}

func TestKeyIsSixtyFourHexDigits(t *testing.T) {
	for _, text := range []string{"", "hush", key("a")[:62], key("a") + "aa", key("g")} {
		if _, err := seal.New(text); err == nil || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if r := ring(t, key("A")+"\n"); r.ID() != ring(t, key("a")).ID() {
		t.Error("upper case digits give another key")
	}
	var none *seal.Keyring
	if _, err := none.Seal(column, "1", "hush"); !errors.Is(err, seal.ErrNoKey) {
		t.Error(err)
	}
}

func TestConcurrentStartsCreateOneKey(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		from := seal.Source{File: filepath.Join(t.TempDir(), "secret.key")}
		var all sync.WaitGroup
		ids := make([]string, 8)
		for i := range ids {
			all.Go(func() {
				r, err := seal.Open(t.Context(), db, from, 1)
				if err != nil {
					t.Error(err)
				}
				ids[i] = r.ID()
			})
		}
		all.Wait()
		for _, id := range ids {
			if id != ids[0] || id == "" {
				t.Errorf("keys %v", ids)
			}
		}
		info, err := os.Stat(from.File)
		if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info, err)
		}
		left, err := os.ReadDir(filepath.Dir(from.File))
		if err != nil || len(left) != 1 {
			t.Errorf("%v, %v", left, err)
		}
	})
}

func TestNodeWithAnotherKeyIsRejected(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		mine, fresh := ring(t, key("a")), filepath.Join(t.TempDir(), "secret.key")
		if _, err := seal.Open(t.Context(), db, seal.Source{Key: key("a")}, 1); err != nil {
			t.Fatal(err)
		}
		for name, from := range map[string]seal.Source{
			"another key":          {Key: key("b")},
			"another previous key": {Key: key("b"), Previous: key("c")},
			"no key":               {File: fresh},
			"only a previous one":  {File: fresh, Previous: key("c")},
		} {
			_, err := seal.Open(t.Context(), db, from, 1)
			if wrong, ok := errors.AsType[*seal.WrongKeyError](err); !ok || wrong.Known != mine.ID() {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := os.Stat(fresh); err == nil {
			t.Error("a new key replaced the missing one")
		}
		if _, err := seal.Open(t.Context(), db, seal.Source{Key: key("a")}, 1); err != nil {
			t.Errorf("the key of the database: %v", err)
		}
	})
}

// insertSecrets inserts n secrets in rows 000 to n-1.
func insertSecrets(t *testing.T, db *sqldb.DB, n int, stored func(row string) string) {
	t.Helper()
	for i := range n {
		row := fmt.Sprintf("%03d", i)
		_, err := db.Exec(t.Context(), "INSERT INTO sign_in_steps (token_hash, kind, account_id, data, created_at, expires_at) VALUES ($1, 'x', '', $2, 0, 0)", row, stored(row))
		if err != nil {
			t.Fatal(err)
		}
	}
}

// plain opens all rows and counts those sealed with the current key of r.
func plain(t *testing.T, db *sqldb.DB, r *seal.Keyring) (texts map[string]int, current int) {
	t.Helper()
	rows, err := sqldb.All(t.Context(), db, func(s sqldb.Scanner) (two [2]string, err error) {
		err = s.Scan(&two[0], &two[1])
		return two, err
	}, "SELECT token_hash, data FROM sign_in_steps")
	if err != nil {
		t.Fatal(err)
	}
	texts = map[string]int{}
	for _, row := range rows {
		if strings.HasPrefix(row[1], "sealed1:"+r.ID()+":") {
			current++
		}
		text, err := r.Open(column, row[0], row[1])
		if err != nil {
			text = "unreadable"
		}
		texts[text]++
	}
	return texts, current
}

func TestRotationSealsPlainSecretsAndThoseOfThePreviousKey(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		insertSecrets(t, db, 450, func(row string) string { return "hush " + row[:1] })
		first, err := seal.Open(t.Context(), db, seal.Source{Key: key("a")}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := first.Rotate(t.Context(), db, column); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		if texts, current := plain(t, db, first); current != 450 || len(texts) != 5 {
			t.Errorf("%d sealed: %v", current, texts)
		}
		second, err := seal.Open(t.Context(), db, seal.Source{Key: key("b"), Previous: key("a")}, 2)
		if err != nil {
			t.Fatal(err)
		}
		_, err = seal.Open(t.Context(), db, seal.Source{Key: key("a")}, 3)
		if _, wrong := errors.AsType[*seal.WrongKeyError](err); !wrong {
			t.Errorf("a node with the old key: %v", err)
		}
		if n, err := second.Rotate(t.Context(), db, column); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		if texts, current := plain(t, db, ring(t, key("b"))); current != 450 || texts["hush 4"] != 50 {
			t.Errorf("%d sealed with only the new key: %v", current, texts)
		}
	})
}

func TestSecretsOfUnknownKeyAreCountedAndUnchanged(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		lost := ring(t, key("e"))
		insertSecrets(t, db, 3, func(row string) string { return sealed(t, lost, row, "hush") })
		r, err := seal.Open(t.Context(), db, seal.Source{Key: key("a")}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := r.Rotate(t.Context(), db, column); n != 3 || err != nil {
			t.Errorf("%d unreadable, %v", n, err)
		}
		found, err := seal.Open(t.Context(), db, seal.Source{Key: key("a"), Previous: key("e")}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := found.Rotate(t.Context(), db, column); n != 0 || err != nil {
			t.Errorf("after the key is restored %d unreadable, %v", n, err)
		}
		if texts, current := plain(t, db, r); texts["hush"] != 3 || current != 3 {
			t.Errorf("%d, %v", current, texts)
		}
	})
}
