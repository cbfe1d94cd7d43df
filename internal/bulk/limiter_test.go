package bulk_test

import (
	"context"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// Interactive writes make the transactions of an import short on SQLite.
func TestTransactionsOfAnImportAreShortBesideWriters(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(t, db, 4_000)
		// The rate of rows decides, and a fast machine needs no limit. Here time passes
		// ten times as fast, so that rows seem slow on each machine.
		began := time.Now()
		f.deps.Clock = clock.At(func() time.Time { return began.Add(10 * time.Since(began)) })
		f.bulk = f.withBatchRows(4_000)
		const count = 40_000
		alone := f.run(bulk.Import, rows("alone", count, 0), bulk.Options{})
		s := f.start(bulk.Import, rows("beside", count, 0), bulk.Options{}, command)
		_, err := db.Exec(f.Context(), "CREATE TABLE notes (n INTEGER)")
		f.ok(err)
		ended, stop := context.WithCancel(f.Context())
		wrote := make(chan error, 1)
		go func() {
			for {
				if _, err := db.Exec(sqldb.Interactive(context.WithoutCancel(ended)), "INSERT INTO notes (n) VALUES (1)"); err != nil || ended.Err() != nil {
					wrote <- err
					return
				}
			}
		}()
		f.serve()
		s = f.until(s, bulk.Status.Finished)
		stop()
		f.ok(<-wrote)
		if s.Status != "completed" || s.Counts.Created != count {
			f.Fatalf("%+v", s)
		}
		batches := func(s bulk.Status) (n int) {
			n, err := sqldb.One(f.Context(), db, "job", sqldb.Value[int], "SELECT batches FROM bulk_jobs WHERE id = $1", s.JobID)
			f.ok(err)
			return n
		}
		before, with := batches(alone), batches(s)
		t.Logf("%d batches alone, %d beside a writer", before, with)
		if db.Dialect() == sqldb.SQLite && with < before+3 {
			f.Errorf("%d batches beside a writer, %d alone", with, before)
		}
		if db.Dialect() == sqldb.Postgres && with != before {
			f.Errorf("%d batches beside a writer that never waits, %d alone", with, before)
		}
	})
}
