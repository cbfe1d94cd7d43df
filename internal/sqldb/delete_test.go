package sqldb_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestRowsAreDeletedInBatches(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		createFacts(t, db)
		for _, key := range []string{"key", "key, text"} {
			if err := inTx(t, db, insertFacts(manyFacts(25))); err != nil {
				t.Fatal(err)
			}
			if err := sqldb.DeleteBatchesOf(t.Context(), db, 7, "facts", key, "number < $1", 21); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(manyFacts(25)[21:], facts(t, db, "")); d != "" {
				t.Error(d)
			}
			if err := db.DeleteBatches(t.Context(), "facts", key, "number >= $1", 0); err != nil {
				t.Fatal(err)
			}
			if left := facts(t, db, ""); len(left) != 0 {
				t.Errorf("%d rows are left", len(left))
			}
		}
	})
}
