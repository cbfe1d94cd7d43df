package jobs_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// command returns an engine that is not started.
func command(db *sqldb.DB, work func(context.Context, *jobs.Job, task) error) *jobs.Engine {
	e := jobs.New(db, system, quiet, jobs.EngineOptions{})
	jobs.Register(e, work)
	return e
}

func TestRunUntilDoneRunsTheJobWithoutServer(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		steps := 0
		e := command(db, func(ctx context.Context, j *jobs.Job, a task) error {
			if a.N != 1 {
				t.Errorf("job %d ran too", a.N)
			}
			if steps++; steps < 3 {
				return errors.Join(j.Tx(ctx, func(*sqldb.Tx) error { return nil }), jobs.Snooze(0))
			}
			return nil
		})
		other := insert(t, db, task{2}, jobs.Options{Priority: 1})
		jobID := insert(t, db, task{1}, jobs.Options{})
		if err := e.RunUntilDone(t.Context(), jobID); err != nil || steps != 3 {
			t.Fatalf("%v after %d steps", err, steps)
		}
		if got := state(t, db, jobID) + ", " + state(t, db, other); got != "gone, queued 0" {
			t.Fatal(got)
		}
	})
}

func TestRunUntilDoneWaitsForTheServer(t *testing.T) {
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		server, db := sqldbtest.Open(t, address), sqldbtest.Open(t, address)
		engine(t, server, system, jobs.EngineOptions{}, func(context.Context, *jobs.Job, task) error { return nil })
		e := command(db, func(context.Context, *jobs.Job, task) error {
			t.Error("the command ran the job of the server")
			return nil
		})
		if err := e.RunUntilDone(t.Context(), insert(t, db, task{}, jobs.Options{})); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRunUntilDoneReturnsTheResult(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var jobID string
		e := command(db, func(_ context.Context, _ *jobs.Job, a task) error {
			if a.N == 1 {
				return jobs.Fatal(errBroken)
			}
			cancel(t, db, jobID)
			return jobs.Snooze(0)
		})
		jobID = insert(t, db, task{1}, jobs.Options{})
		if err := e.RunUntilDone(t.Context(), jobID); err == nil || !strings.Contains(err.Error(), "dead: broken") {
			t.Fatal(err)
		}
		jobID = insert(t, db, task{2}, jobs.Options{})
		if err := e.RunUntilDone(t.Context(), jobID); !errors.Is(err, jobs.ErrCancelled) {
			t.Fatal(err)
		}
	})
}

func TestInterruptedRunUntilDoneRequeuesTheJob(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, interrupt := context.WithCancel(t.Context())
		e := command(db, func(ctx context.Context, _ *jobs.Job, _ task) error {
			interrupt()
			<-ctx.Done()
			return ctx.Err()
		})
		jobID := insert(t, db, task{}, jobs.Options{})
		if err := e.RunUntilDone(ctx, jobID); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if got := state(t, db, jobID); got != "queued 0" {
			t.Fatal(got)
		}
	})
}

func TestCompleteDeletesTheJobInTheTransactionOfItsWork(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var jobID string
		e := command(db, func(ctx context.Context, j *jobs.Job, _ task) error {
			complete := func(tx *sqldb.Tx) error { return j.Complete(ctx, tx) }
			err := j.Tx(ctx, func(tx *sqldb.Tx) error { return errors.Join(complete(tx), errBroken) })
			if got := state(t, db, jobID); !errors.Is(err, errBroken) || got != "running 1" {
				t.Errorf("after a rollback the job is %q, %v", got, err)
			}
			err = j.Tx(ctx, complete)
			if got := state(t, db, jobID); err != nil || got != "gone" {
				t.Errorf("after the commit the job is %q, %v", got, err)
			}
			return err
		})
		jobID = insert(t, db, task{}, jobs.Options{})
		if err := e.RunUntilDone(t.Context(), jobID); err != nil {
			t.Fatal(err)
		}
	})
}
