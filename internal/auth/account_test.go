package auth_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/auth"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestAnAccountIsReadBackAsItWasMade(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		made, err := w.CreateAccount(t.Context(), auth.AccountInput{Email: " Ann@Example.com", Username: "Ann", Password: password, InstallationOwner: true})
		if err != nil {
			t.Fatal(err)
		}
		want := auth.Account{
			ID: made.ID, Number: made.Number, Email: "Ann@Example.com", Username: "Ann",
			InstallationOwner: true, CreatedAt: w.now.UnixMilli(),
		}
		got, err := w.Account(t.Context(), made.ID)
		if diff := cmp.Diff(want, got); err != nil || diff != "" || made != got || made.Number < 1 {
			t.Errorf("%v %s", err, diff)
		}
		_, err = w.Account(t.Context(), "nobody")
		mustFail(t, "missing account", err, errs.NotFound, "account_not_found")
	})
}

func TestEmailAndUsernameBelongToOneAccount(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		w.account(t, "ann")
		_, err := w.CreateAccount(t.Context(), auth.AccountInput{Email: "ANN@example.com", Username: "bob"})
		mustFail(t, "email", err, errs.Conflict, "email_taken")
		_, err = w.CreateAccount(t.Context(), auth.AccountInput{Email: "bob@example.com", Username: "Ann"})
		mustFail(t, "username", err, errs.Conflict, "username_taken")
		_, err = w.CreateAccount(t.Context(), auth.AccountInput{Email: "ann@example.com", Username: "ANN"})
		if diff := cmp.Diff([]string{"email", "username"}, fieldsOf(err)); diff != "" {
			t.Errorf("both: %v %s", err, diff)
		}
	})
}

func TestEveryWrongFieldOfAnAccountIsNamed(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		_, err := newWorld(db).CreateAccount(t.Context(), auth.AccountInput{Email: "x", Username: "1", Password: "short"})
		if diff := cmp.Diff([]string{"email", "username", "password"}, fieldsOf(err)); diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}

func TestWeakPasswordsAreRefused(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		in := auth.AccountInput{Email: "ann.smith@example.com", Username: "ann_smith.1"}
		for _, weak := range []string{
			"Short!1", "nospecialcharacter1", "ANN_smith.1", "ann.smith@EXAMPLE.com", "Password1!", "P@ssw0rd123!", "!!password!!",
			"Qwerty12345!", "1234567890!", "aaaaaaaaa!", "$unshine1!", "admin123456!", "Liverpool2024!", "bad\xffutf8 \xff\xff\xff\xff", strings.Repeat("x!", 501),
		} {
			in.Password = weak
			if _, err := w.CreateAccount(t.Context(), in); len(fieldsOf(err)) != 1 {
				t.Errorf("%q: %v", weak, err)
			}
		}
	})
}

func TestGoodPasswordsAreTaken(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		for i, good := range []string{"bear#8273645!", "my dog eats 7 shoes", "\u65e5\u672c\u8a9e\u306e\u30d1\u30b9\u30ef\u30fc\u30c9\u3001\u9577\u3044", "Tr0ub4dor&3x"} {
			name := string(rune('a'+i)) + "nn"
			if _, err := w.CreateAccount(t.Context(), auth.AccountInput{Email: name + "@example.com", Username: name, Password: good}); err != nil {
				t.Errorf("%q: %v", good, err)
			}
		}
	})
}

func batch(names ...string) []auth.NewAccount {
	var accounts []auth.NewAccount
	for _, name := range names {
		accounts = append(accounts, auth.NewAccount{
			ID: "id-" + name, Email: name + "@Example.com", EmailKey: name + "@example.com", Username: name, UsernameKey: name, CreatedAt: 7,
		})
	}
	return accounts
}

func TestManyAccountsAreInsertedInOrderOfTheirKeys(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		accounts := batch("cat", "ann", "bob")
		before := slices.Clone(accounts)
		if err := w.insert(t, accounts...); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, accounts); diff != "" {
			t.Errorf("the caller's slice changed: %s", diff)
		}
		if err := w.insert(t); err != nil {
			t.Errorf("nothing to insert: %v", err)
		}
		for i, name := range []string{"ann", "bob", "cat"} {
			got, err := w.Account(t.Context(), "id-"+name)
			want := auth.Account{ID: "id-" + name, Number: int64(i + 1), Email: name + "@Example.com", Username: name, CreatedAt: 7}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		}
		if err := w.insert(t, batch("dan", "ann")...); !sqldb.IsDuplicate(err) {
			t.Errorf("doubled email: %v", err)
		}
		if _, err := w.Account(t.Context(), "id-dan"); !errs.Is(err, "account_not_found") {
			t.Errorf("a part of the batch was kept: %v", err)
		}
	})
}

func TestAccountsAreRenamed(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		if err := w.insert(t, batch("ann", "bob")...); err != nil {
			t.Fatal(err)
		}
		rename := func(renames ...auth.Rename) error {
			return db.Tx(t.Context(), func(tx *sqldb.Tx) error { return auth.RenameAccounts(t.Context(), tx, renames, 9) })
		}
		if err := rename(auth.Rename{ID: "id-ann", Username: "Anna", UsernameKey: "anna"}, auth.Rename{ID: "id-nobody", Username: "x", UsernameKey: "x"}); err != nil {
			t.Fatal(err)
		}
		if got, err := w.Account(t.Context(), "id-ann"); err != nil || got.Username != "Anna" {
			t.Errorf("%+v %v", got, err)
		}
		if err := rename(auth.Rename{ID: "id-ann", Username: "Bob", UsernameKey: "bob"}); !sqldb.IsDuplicate(err) {
			t.Errorf("taken name: %v", err)
		}
	})
}

func TestOnlyAccountsThatNobodyNeedsAreDeleted(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		if err := w.insert(t, batch("gone", "elsewhere", "counted", "link")...); err != nil {
			t.Fatal(err)
		}
		signed := w.account(t, "signed")
		token, err := w.OneTimeLink(t.Context(), auth.LinkSignIn, "id-link")
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.RedeemLink(t.Context(), token, auth.SessionInfo{}); err != nil {
			t.Fatal(err)
		}
		var deleted []string
		err = db.Tx(t.Context(), func(tx *sqldb.Tx) (err error) {
			if err := auth.JoinedCommunity(t.Context(), tx, []string{"id-elsewhere"}, 1); err != nil {
				return err
			}
			if err := auth.JoinedCommunity(t.Context(), tx, []string{"id-gone", "id-elsewhere", "id-link"}, -1); err != nil {
				return err
			}
			deleted, err = auth.DeleteAccounts(t.Context(), tx, []string{"id-gone", "id-elsewhere", "id-counted", "id-link", signed.ID, "id-nobody"})
			return err
		})
		if diff := cmp.Diff([]string{"id-gone"}, deleted); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		for _, kept := range []string{"id-elsewhere", "id-counted", "id-link", signed.ID} {
			if _, err := w.Account(t.Context(), kept); err != nil {
				t.Errorf("%s: %v", kept, err)
			}
		}
	})
}

func TestEveryAccountOfALargePieceIsInserted(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(db)
		accounts := make([]auth.NewAccount, 5000)
		for i := range accounts {
			accounts[i] = batch(fmt.Sprintf("n%d", i*7919%5000))[0]
		}
		if err := w.insert(t, accounts...); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := db.QueryRow(t.Context(), "SELECT count(*) FROM accounts WHERE communities = 1").Scan(&n); err != nil || n != len(accounts) {
			t.Errorf("%d accounts, %v", n, err)
		}
	})
}
