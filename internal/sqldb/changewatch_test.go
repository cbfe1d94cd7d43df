package sqldb_test

import (
	"testing"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestChangeWatchSeesCommitsOfOthers(t *testing.T) {
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		db, other := sqldbtest.Open(t, address), sqldbtest.Open(t, address)
		ctx, watch := t.Context(), db.WatchChanges()
		if _, ok := watch.Version(); !ok {
			if db.Dialect() == sqldb.SQLite {
				t.Fatal("unsupported on SQLite")
			}
			return // unsupported on PostgreSQL
		}
		write := func(db *sqldb.DB, options ...sqldb.TxOption) {
			t.Helper()
			if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
				_, err := tx.Exec(ctx, "UPDATE member_counts SET total = total")
				return err
			}, options...); err != nil {
				t.Fatal(err)
			}
		}
		quiet := func(since sqldb.DataVersion) (is bool) {
			t.Helper()
			err := db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
				is, err = tx.Unchanged(ctx, watch, since)
				return err
			}, watch)
			if err != nil {
				t.Fatal(err)
			}
			return is
		}
		mark := func() sqldb.DataVersion { m, _ := watch.Version(); return m }

		quiet(mark()) // reads the initial data_version
		since := mark()
		write(db, watch)
		if !quiet(since) {
			t.Error("a commit of the watcher was counted")
		}
		write(db)
		if quiet(since) {
			t.Error("a commit of this process was not counted")
		}
		since = mark()
		if _, err := db.Exec(t.Context(), "UPDATE member_counts SET total = total"); err != nil {
			t.Fatal(err)
		}
		if quiet(since) {
			t.Error("a single statement was not counted")
		}
		since = mark()
		if !quiet(since) {
			t.Fatal("changed without a commit")
		}
		if _, err := other.Exec(t.Context(), "CREATE TABLE from_outside (x BIGINT)"); err != nil {
			t.Fatal(err)
		}
		if quiet(since) {
			t.Error("a commit of another connection was not counted")
		}
	})
}
