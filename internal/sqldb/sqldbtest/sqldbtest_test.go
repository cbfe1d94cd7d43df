package sqldbtest_test

import (
	"testing"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestEveryTestHasItsOwnDatabase(t *testing.T) {
	for range 3 {
		sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
			insert := "INSERT INTO communities (id, name, settings, created_at, updated_at) VALUES ($1, 'one', '{}', 1, 1)"
			if _, err := db.Exec(t.Context(), insert, "c1"); err != nil {
				t.Fatal(err)
			}
		})
	}
}
