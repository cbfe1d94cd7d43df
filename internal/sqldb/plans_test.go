package sqldb_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/pgtest"
)

// A plan for an empty table reads all rows; the table then grows.
func TestPlansOfRequestsAreUsedAgainForAShortTime(t *testing.T) {
	for _, c := range []struct {
		age  time.Duration
		want string // the plan after the growth
	}{{time.Hour, "Seq Scan"}, {1, "Index"}} {
		db, err := sqldb.Open(t.Context(), pgtest.EmptyURL(t), sqldb.Options{MaxConns: 1, PlanAge: c.age})
		if err != nil {
			t.Fatal(err)
		}
		execute(t, db, "CREATE TABLE entries (member BIGINT, entry BIGINT, PRIMARY KEY (member, entry)) WITH (autovacuum_enabled = off)", "VACUUM ANALYZE entries")
		request := sqldb.Interactive(t.Context())
		if used, plan := runEntries(request, t, db); used == 0 || !strings.Contains(plan, "Seq Scan") {
			t.Fatalf("a plan was used %d times again: %s", used, plan)
		}
		execute(t, db, "INSERT INTO entries SELECT i % 100, i FROM generate_series(1, 50000) i")
		if _, plan := runEntries(request, t, db); !strings.Contains(plan, c.want) {
			t.Errorf("plan of 50,000 rows, at most %s old: %s, want %s", c.age, plan, c.want)
		}
		before, _ := runEntries(t.Context(), t, db)
		if after, _ := runEntries(t.Context(), t, db); after != before {
			t.Errorf("a plan was used again %d times outside of requests", after-before)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestQueriesRunInOneProcess(t *testing.T) {
	address := pgtest.EmptyURL(t)
	for _, c := range []struct{ parameters, want string }{{"", "0"}, {"&max_parallel_workers_per_gather=2", "2"}} {
		db, err := sqldb.Open(t.Context(), address, sqldb.Options{})
		if err != nil {
			t.Fatal(err)
		}
		execute(t, db, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET max_parallel_workers_per_gather = 3', current_database()); END $$")
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if db, err = sqldb.Open(t.Context(), address+c.parameters, sqldb.Options{}); err != nil {
			t.Fatal(err)
		}
		if got, err := sqldb.One(t.Context(), db, "setting", sqldb.Value[string], "SHOW max_parallel_workers_per_gather"); err != nil || got != c.want {
			t.Errorf("with %q in the address: %s processes, %v, want %s", c.parameters, got, err, c.want)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func execute(t *testing.T, db *sqldb.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// runEntries runs a query in a transaction. It returns how often its plan was used again,
// and the plan.
func runEntries(ctx context.Context, t *testing.T, db *sqldb.DB) (used int64, plan string) {
	t.Helper()
	err := db.Tx(ctx, func(tx *sqldb.Tx) error {
		for range 8 { // PostgreSQL decides after five
			var n int64
			if err := tx.QueryRow(ctx, "SELECT count(*) FROM entries WHERE member = $1 AND entry = $2", 1, 101).Scan(&n); err != nil {
				return err
			}
		}
		var name string
		err := tx.QueryRow(ctx, "SELECT name, generic_plans FROM pg_prepared_statements WHERE statement LIKE 'SELECT count%'").Scan(&name, &used)
		if err != nil {
			return err
		}
		lines, err := sqldb.All(ctx, tx, sqldb.Value[string], `EXPLAIN EXECUTE "`+name+`" (1, 101)`)
		plan = strings.Join(lines, "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return used, plan
}
