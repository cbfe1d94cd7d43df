package sqldb_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestConcurrentQueriesAreCorrectWhileStatementsAreEvicted(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 300 {
					n := rand.IntN(400)
					got, err := sqldb.One(t.Context(), db, "number", sqldb.Value[int64], fmt.Sprintf("SELECT CAST($1 AS BIGINT) + %d", n), 1)
					if err != nil || got != int64(n)+1 {
						t.Errorf("1 + %d = %d, %v", n, got, err)
						return
					}
				}
			})
		}
		group.Wait()
	})
}

func TestCachedStatementSeesChangedSchema(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for _, statement := range []string{"CREATE TABLE things (a BIGINT)", "INSERT INTO things VALUES (1)", "", "ALTER TABLE things ADD COLUMN b BIGINT DEFAULT 2", ""} {
			if statement != "" {
				if _, err := db.Exec(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if got, err := sqldb.One(t.Context(), db, "thing", sqldb.Value[int64], "SELECT sum(a) FROM things"); err != nil || got != 1 {
				t.Errorf("%d, %v", got, err)
			}
		}
		if _, err := db.Query(t.Context(), "SELECT nothing FROM nowhere"); err == nil { //nolint:sqlclosecheck,rowserrcheck // fails
			t.Error("an invalid query succeeded")
		}
	})
}

// TestQueryRunsAgainWhileItsRowsAreOpen also runs more queries than the cache
// has room for.
func TestQueryRunsAgainWhileItsRowsAreOpen(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if db.Dialect() == sqldb.Postgres {
			return // its connections allow one open result
		}
		const query = "WITH RECURSIVE n(i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n WHERE i < $2) SELECT i FROM n"
		err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			rows, err := tx.Query(t.Context(), query, 1, 150)
			if err != nil {
				return err
			}
			defer func() { _ = rows.Close() }() // rows.Err reports the failure
			sum := 0
			for rows.Next() {
				var i int
				if err := rows.Scan(&i); err != nil {
					return err
				}
				inner, err := sqldb.All(t.Context(), tx, sqldb.Value[int], query, i, i)
				if err != nil || len(inner) != 1 || inner[0] != i {
					t.Fatalf("inner %d: %v, %v", i, inner, err)
				}
				if other, err := sqldb.One(t.Context(), tx, "number", sqldb.Value[int], fmt.Sprintf("SELECT %d", i)); err != nil || other != i {
					t.Fatalf("other %d: %d, %v", i, other, err)
				}
				sum += i
			}
			if sum != 150*151/2 {
				t.Errorf("sum %d", sum)
			}
			return rows.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestPragmaTakesEffectEachTime(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if db.Dialect() == sqldb.Postgres {
			return // without pragmas
		}
		for _, want := range []int{1, 2, 1, 2} {
			if _, err := db.Exec(t.Context(), fmt.Sprintf("PRAGMA synchronous = %d", want)); err != nil {
				t.Fatal(err)
			}
			err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				if got, err := sqldb.One(t.Context(), tx, "setting", sqldb.Value[int], "PRAGMA synchronous"); err != nil || got != want {
					t.Errorf("synchronous is %d, want %d: %v", got, want, err)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}
