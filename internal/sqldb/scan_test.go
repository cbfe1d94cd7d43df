package sqldb_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// texts reads facts with ScanStrings.
func texts(t *testing.T, q sqldb.Querier, columns []string, rest string, args ...any) (rows [][]string) {
	t.Helper()
	err := sqldb.ScanStrings(t.Context(), q, columns, rest, args, func(texts []string) error {
		rows = append(rows, slices.Clone(texts))
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", rest, err)
	}
	return rows
}

func TestScanStringsMatchesScan(t *testing.T) {
	columns := []string{"text", "key", "doc", "number", "flag", "text"}
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		createFacts(t, db)
		if err := inTx(t, db, insertFacts(someFacts)); err != nil {
			t.Fatal(err)
		}
		for i, got := range texts(t, db, columns, "FROM facts ORDER BY key") {
			want := facts(t, db, "")[i]
			if diff := cmp.Diff([]string{want.Text, want.Key, want.JSON, got[3], got[4], want.Text}, got); diff != "" {
				t.Error(diff)
			}
			if sqldb.ParseBool(got[4]) != want.Flag {
				t.Errorf("%s: flag %q is not %t", want.Key, got[4], want.Flag)
			}
		}
		if got := texts(t, db, []string{"''", "''", "''"}, "FROM facts WHERE key = $1", "ann"); !slices.Equal(got[0], []string{"", "", ""}) {
			t.Errorf("empty texts: %q", got[0])
		}
	})
}

func TestScanStringsRejectsNull(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		createFacts(t, db)
		if err := inTx(t, db, insertFacts(someFacts)); err != nil {
			t.Fatal(err)
		}
		err := sqldb.ScanStrings(t.Context(), db, []string{"key", "CAST(NULL AS TEXT)"}, "FROM facts", nil, func([]string) error { return nil })
		if err == nil {
			t.Error("a NULL was read as a text")
		}
	})
}

func TestAmongFindsEachKeyOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		createFacts(t, db)
		if err := inTx(t, db, insertFacts(someFacts)); err != nil {
			t.Fatal(err)
		}
		wanted := sqldb.Keys([]string{"ann", `it's "x"`, "missing", "Ärger"})
		got := texts(t, db, []string{"key"}, "FROM "+db.Dialect().FromKeys("facts", "key", "$1")+" AND number < $2 ORDER BY key", wanted, 1_000)
		if diff := cmp.Diff([][]string{{"ann"}, {"Ärger"}}, got); diff != "" {
			t.Error(diff)
		}
		if got := texts(t, db, []string{"key"}, "FROM "+db.Dialect().FromKeys("facts", "key", "$1"), sqldb.Keys(nil)); len(got) > 0 {
			t.Errorf("no keys: got %v", got)
		}
		lockRows(t, db, wanted)
	})
}

// lockRows reads rows with Dialect.Lock.
func lockRows(t *testing.T, db *sqldb.DB, wanted string) {
	t.Helper()
	err := inTx(t, db, func(_ context.Context, tx *sqldb.Tx) error {
		texts(t, tx, []string{"key"}, "FROM "+tx.Dialect().FromKeys("facts", "key", "$1")+" ORDER BY key "+tx.Dialect().Lock(), wanted)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
