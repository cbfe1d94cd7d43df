package jobs_test

import (
	"context"
	"sync"
	"testing"

	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// BenchmarkInsert queues jobs in one transaction each and runs them.
func BenchmarkInsert(b *testing.B) {
	for _, dialect := range sqldbtest.Engines(b) {
		b.Run(string(dialect), func(b *testing.B) {
			db := sqldbtest.Open(b, sqldbtest.Address(b, dialect))
			e := jobs.New(db, system, quiet, jobs.EngineOptions{Workers: 50})
			var done sync.WaitGroup
			jobs.Register(e, func(context.Context, *jobs.Job, task) error { done.Done(); return nil })
			if err := e.Start(b.Context()); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				done.Add(1)
				err := db.Tx(b.Context(), func(tx *sqldb.Tx) error {
					_, err := jobs.Insert(b.Context(), tx, task{}, jobs.Options{})
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			done.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
			if err := e.Stop(context.WithoutCancel(b.Context())); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkClaim runs jobs that were queued in one transaction.
func BenchmarkClaim(b *testing.B) {
	const n = 2000
	for _, dialect := range sqldbtest.Engines(b) {
		b.Run(string(dialect), func(b *testing.B) {
			db := sqldbtest.Open(b, sqldbtest.Address(b, dialect))
			e := jobs.New(db, system, quiet, jobs.EngineOptions{Workers: 50})
			var done sync.WaitGroup
			jobs.Register(e, func(context.Context, *jobs.Job, task) error { done.Done(); return nil })
			if err := e.Start(b.Context()); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				done.Add(n)
				err := db.Tx(b.Context(), func(tx *sqldb.Tx) error {
					return jobs.InsertMany(b.Context(), tx, make([]task, n), jobs.Options{})
				})
				if err != nil {
					b.Fatal(err)
				}
				done.Wait()
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "jobs/s")
			if err := e.Stop(context.WithoutCancel(b.Context())); err != nil {
				b.Fatal(err)
			}
		})
	}
}
