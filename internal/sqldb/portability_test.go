package sqldb_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// fact is a row of the test table.
type fact struct {
	Key, Text, JSON string
	Number          int64
	Flag            bool
	Raw             string
}

const factColumns = "key, text, doc, number, flag, raw"

func scanFact(s sqldb.Scanner) (f fact, err error) {
	var raw []byte
	err = s.Scan(&f.Key, &f.Text, &f.JSON, &f.Number, &f.Flag, &raw)
	f.Raw = string(raw)
	return f, err
}

func createFacts(t *testing.T, db *sqldb.DB) {
	t.Helper()
	mustExec(t, db, `CREATE TABLE facts (
		key key_text NOT NULL PRIMARY KEY, text TEXT NOT NULL, doc json_text NOT NULL,
		number BIGINT NOT NULL, flag BOOLEAN NOT NULL, raw bytes NOT NULL)`)
}

func mustExec(t *testing.T, q sqldb.Querier, query string, args ...any) {
	t.Helper()
	if _, err := q.Exec(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func facts(t *testing.T, q sqldb.Querier, where string, args ...any) []fact {
	t.Helper()
	list, err := sqldb.All(t.Context(), q, scanFact, "SELECT "+factColumns+" FROM facts "+where+" ORDER BY key", args...)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	return list
}

func keys(list []fact) []string {
	out := []string{}
	for _, f := range list {
		out = append(out, f.Key)
	}
	return out
}

func insertFacts(list []fact) func(context.Context, *sqldb.Tx) error {
	return func(ctx context.Context, tx *sqldb.Tx) error {
		return tx.InsertRows(ctx, sqldb.Rows{
			Table: "facts", Columns: []string{"key", "text", "doc", "number", "flag", "raw"}, N: len(list),
			Fill: func(i int, row []any) {
				f := list[i]
				row[0], row[1], row[2], row[3], row[4], row[5] = f.Key, f.Text, f.JSON, f.Number, f.Flag, []byte(f.Raw)
			},
		})
	}
}

func inTx(t *testing.T, db *sqldb.DB, f func(context.Context, *sqldb.Tx) error) error {
	t.Helper()
	return db.Tx(t.Context(), func(tx *sqldb.Tx) error { return f(t.Context(), tx) })
}

var someFacts = []fact{
	{Key: "Cat", Text: "", JSON: "{}", Raw: "\x00\xff"},
	{Key: "_dog", Text: "a\nb 'c' ünï 😀", JSON: `{"name": "x\ny", "tags": ["a", "ä"]}`, Number: 1 << 60, Flag: true},
	{Key: "ann", Text: "\t\\N", JSON: `{"tags": []}`, Number: -1},
	{Key: "Ärger", Text: "", JSON: `{"name": ""}`},
}

func TestRowsAreReadBackUnchanged(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		createFacts(t, db)
		if err := inTx(t, db, insertFacts(someFacts)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(someFacts, facts(t, db, "")); diff != "" {
			t.Fatal(diff) // someFacts is in bytewise order
		}
	})
}

func TestUpdateRowsUpdatesByKeyAndIgnoresMissingRows(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		createFacts(t, db)
		if err := inTx(t, db, insertFacts(someFacts)); err != nil {
			t.Fatal(err)
		}
		want := facts(t, db, "")
		want[0].Number, want[0].JSON = 7, `{"name": "z"}`
		want[2].Number, want[2].JSON = 9, `{}`
		for range 2 { // again on the same connection, with cached statements
			err := inTx(t, db, func(ctx context.Context, tx *sqldb.Tx) error {
				return tx.UpdateRows(ctx, 1, sqldb.Rows{
					Table: "facts", Columns: []string{"key", "number", "doc"}, N: 3,
					Fill: func(i int, row []any) {
						row[0], row[1], row[2] = []string{"Cat", "missing", "ann"}[i], []int{7, 8, 9}[i], []string{`{"name": "z"}`, "{}", "{}"}[i]
					},
				})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want, facts(t, db, "")); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestConditionsSelectTheSameRowsOnBothEngines(t *testing.T) {
	tests := []struct {
		name  string
		where func(d sqldb.Dialect) string
		args  []any
		want  []string
	}{
		{"a list of keys", func(d sqldb.Dialect) string { return "WHERE " + d.In("key", "$1") }, []any{sqldb.Keys([]string{"ann", `it's "x"`, "Ärger"})}, []string{"ann", "Ärger"}},
		{"an empty list of keys", func(d sqldb.Dialect) string { return "WHERE " + d.In("key", "$1") }, []any{sqldb.Keys(nil)}, []string{}},
		{"a list of keys and another argument", func(d sqldb.Dialect) string { return "WHERE number = $1 AND " + d.In("key", "$2") }, []any{-1, sqldb.Keys([]string{"ann", "Cat"})}, []string{"ann"}},
		{"a list of numbers", func(d sqldb.Dialect) string { return "WHERE " + d.InNumbers("number", "$1") }, []any{sqldb.Keys([]string{"-1", "9223372036854775807"})}, []string{"ann"}},
		{"a list of pairs", func(d sqldb.Dialect) string { return "WHERE number = $1 AND " + d.InPairs("key", "text", "$2") }, []any{-1, `[["ann", "\t\\N"], ["Cat", "x"], ["_dog", ""]]`}, []string{"ann"}},
		{"a JSON value as text", func(d sqldb.Dialect) string { return "WHERE " + d.JSONText("doc", "$1") + " = $2" }, []any{"name", "x\ny"}, []string{"_dog"}},
		{"an absent JSON value is NULL, an empty one is not", func(d sqldb.Dialect) string { return "WHERE " + d.JSONText("doc", "$1") + " IS NOT NULL" }, []any{"name"}, []string{"_dog", "Ärger"}},
		{"bytewise comparison", func(sqldb.Dialect) string { return "WHERE key > $1" }, []any{"Z"}, []string{"_dog", "ann", "Ärger"}},
		{"a prefix with wild cards in it", func(sqldb.Dialect) string { return `WHERE key LIKE $1 ESCAPE '\'` }, []any{sqldb.LikePrefix("_d")}, []string{"_dog"}},
		{"a bare boolean", func(sqldb.Dialect) string { return "WHERE flag" }, nil, []string{"_dog"}},
		{"a boolean argument", func(sqldb.Dialect) string { return "WHERE flag = $1" }, []any{true}, []string{"_dog"}},
	}
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		createFacts(t, db)
		if err := inTx(t, db, insertFacts(someFacts)); err != nil {
			t.Fatal(err)
		}
		for _, test := range tests {
			if diff := cmp.Diff(test.want, keys(facts(t, db, test.where(db.Dialect()), test.args...))); diff != "" {
				t.Errorf("%s: %s", test.name, diff)
			}
		}
	})
}

func TestJSONHasFindsArrayElement(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		createFacts(t, db)
		list := []fact{{Key: "a", JSON: `["r1", "ä"]`}, {Key: "b", JSON: "[]"}, {Key: "c", JSON: `["r11"]`}}
		if err := inTx(t, db, insertFacts(list)); err != nil {
			t.Fatal(err)
		}
		for value, want := range map[string][]string{"r1": {"a"}, "ä": {"a"}, "r": {}} {
			if diff := cmp.Diff(want, keys(facts(t, db, "WHERE "+db.Dialect().JSONHas("doc", "$1"), value))); diff != "" {
				t.Errorf("%s: %s", value, diff)
			}
		}
	})
}

func TestJSONHasIDFindsIDInArray(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		createFacts(t, db)
		list := []fact{{Key: "a", JSON: `["id1","id2"]`}, {Key: "b", JSON: "[]"}, {Key: "c", JSON: `["id2"]`}}
		if err := inTx(t, db, insertFacts(list)); err != nil {
			t.Fatal(err)
		}
		for value, want := range map[string][]string{"id1": {"a"}, "id2": {"a", "c"}, "id3": {}} {
			if diff := cmp.Diff(want, keys(facts(t, db, "WHERE "+db.Dialect().JSONHasID("doc", "$1"), value))); diff != "" {
				t.Errorf("%s: %s", value, diff)
			}
		}
	})
}

func TestErrorsAreClassified(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		createFacts(t, db)
		if err := inTx(t, db, insertFacts(someFacts)); err != nil {
			t.Fatal(err)
		}
		mustExec(t, db, "CREATE TABLE notes (fact key_text NOT NULL REFERENCES facts(key))")
		rows := inTx(t, db, insertFacts(someFacts[:1]))
		_, statement := db.Exec(t.Context(), "INSERT INTO facts ("+factColumns+") SELECT "+factColumns+" FROM facts")
		_, orphan := db.Exec(t.Context(), "INSERT INTO notes (fact) VALUES ('missing')")
		_, missing := sqldb.One(t.Context(), db, "lucky_number", sqldb.Value[int64], "SELECT number FROM facts WHERE key = 'missing'")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, cancelled := db.Exec(ctx, "DELETE FROM notes")
		full := sqldbtest.DiskFull(t, db)
		for _, test := range []struct {
			name string
			ok   bool
		}{
			{"many rows, one a duplicate", sqldb.IsDuplicate(rows)},
			{"a statement with a duplicate", sqldb.IsDuplicate(statement)},
			{"a duplicate is not a missing parent", !sqldb.IsForeignKeyViolation(statement)},
			{"a missing parent", sqldb.IsForeignKeyViolation(orphan)},
			{"no such row", errs.Is(missing, "lucky_number_not_found") && errs.KindOf(missing) == errs.NotFound},
			{"a duplicate is not an outage", !sqldb.IsUnavailable(rows)},
			{"a cancelled call is not an outage", cancelled != nil && !sqldb.IsUnavailable(cancelled)},
			{"a full disk", sqldb.IsDiskFull(full) && sqldb.IsUnavailable(full) && !sqldb.IsDiskFull(rows)},
			{"no error is no error", !sqldb.IsDiskFull(nil) && !sqldb.IsUnavailable(nil) && !sqldb.IsDuplicate(nil)},
		} {
			if !test.ok {
				t.Errorf("%s: false", test.name)
			}
		}
	})
}
