package sqldb_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestManyQueriesAtOnceAreAnsweredRightWhileStatementsComeAndGo(t *testing.T) {
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

func TestAKeptStatementSeesAChangedSchema(t *testing.T) {
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
		if _, err := db.Query(t.Context(), "SELECT nothing FROM nowhere"); err == nil { //nolint:sqlclosecheck,rowserrcheck // it fails
			t.Error("a query that is wrong was answered")
		}
	})
}
