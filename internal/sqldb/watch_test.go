package sqldb_test

import (
	"context"
	"testing"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestAWatchSeesEverybodyElsesCommits(t *testing.T) {
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		db, other := sqldbtest.Open(t, address), sqldbtest.Open(t, address)
		ctx, watch := db.Watch(t.Context())
		if _, ok := watch.Mark(); !ok {
			if db.Dialect() == sqldb.SQLite {
				t.Fatal("SQLite cannot tell")
			}
			return // nobody can tell on PostgreSQL
		}
		write := func(ctx context.Context, db *sqldb.DB) {
			t.Helper()
			if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
				_, err := tx.Exec(ctx, "UPDATE member_totals SET total = total")
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		quiet := func(since sqldb.Mark) (is bool) {
			t.Helper()
			err := db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
				is, err = tx.Quiet(ctx, watch, since)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return is
		}
		mark := func() sqldb.Mark { m, _ := watch.Mark(); return m }

		quiet(mark()) // learns what other processes have written until now
		since := mark()
		write(ctx, db)
		if !quiet(since) {
			t.Error("the watcher's own commit counts as somebody else's")
		}
		write(t.Context(), db)
		if quiet(since) {
			t.Error("a commit of this process was not seen")
		}
		since = mark()
		if _, err := db.Exec(t.Context(), "UPDATE member_totals SET total = total"); err != nil {
			t.Fatal(err)
		}
		if quiet(since) {
			t.Error("a lone statement was not seen")
		}
		since = mark()
		if !quiet(since) {
			t.Fatal("nobody wrote, and it is not quiet")
		}
		if _, err := other.Exec(t.Context(), "CREATE TABLE from_outside (x BIGINT)"); err != nil {
			t.Fatal(err)
		}
		if quiet(since) {
			t.Error("a commit of another connection was not seen")
		}
	})
}
