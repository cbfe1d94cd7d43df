package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/pgtest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

var quiet = slog.New(slog.DiscardHandler)

// waitForCancel is a worker that waits for the end of its context and returns
// nil.
func waitForCancel(started chan<- string, causes chan<- error) func(context.Context, *jobs.Job, task) error {
	return func(ctx context.Context, j *jobs.Job, _ task) error {
		started <- j.ID
		<-ctx.Done()
		causes <- context.Cause(ctx)
		return ctx.Err()
	}
}

func TestCancelEndsRunningJobOfTheSameProcessAtOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		started, causes := make(chan string, 1), make(chan error, 1)
		engine(t, db, system, jobs.EngineOptions{Lease: time.Hour}, waitForCancel(started, causes))
		jobID := insert(t, db, task{}, jobs.Options{})
		receive(t, started)
		cancel(t, db, jobID)
		if err := receive(t, causes); !errors.Is(err, jobs.ErrCancelled) {
			t.Fatal(err)
		}
		awaitState(t, db, jobID, "cancelled 1")
	})
}

func TestCancelReachesAnotherProcessByItsHeartbeat(t *testing.T) {
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		db, other := sqldbtest.Open(t, address), sqldbtest.Open(t, address)
		started, causes := make(chan string, 1), make(chan error, 1)
		engine(t, db, system, jobs.EngineOptions{Lease: 90 * time.Millisecond}, waitForCancel(started, causes))
		jobID := insert(t, other, task{}, jobs.Options{})
		receive(t, started)
		cancel(t, other, jobID)
		if err := receive(t, causes); !errors.Is(err, jobs.ErrCancelled) {
			t.Fatal(err)
		}
		awaitState(t, db, jobID, "cancelled 1")
	})
}

func TestNotificationsReachOtherNodesWithoutPolling(t *testing.T) {
	if len(sqldbtest.Engines(t)) == 1 {
		return // Engines has logged it
	}
	address := pgtest.URL(t)
	db, other := sqldbtest.Open(t, address), sqldbtest.Open(t, address)
	listening := make(chan struct{}, 1)
	t.Cleanup(db.Subscribe("test", func(string) {
		select {
		case listening <- struct{}{}:
		default:
		}
	}))
	receive(t, listening) // a notification from before would be missed
	started, causes := make(chan string, 1), make(chan error, 1)
	e := jobs.New(db, system, quiet, jobs.EngineOptions{Lease: time.Hour})
	e.SetPoll(time.Hour)
	jobs.Register(e, waitForCancel(started, causes))
	start(t, e)
	jobID := insert(t, other, task{}, jobs.Options{})
	receive(t, started)
	cancel(t, other, jobID)
	if err := receive(t, causes); !errors.Is(err, jobs.ErrCancelled) {
		t.Fatal(err)
	}
}

func TestCancelEndsQueuedJobAndIgnoresFinishedOnes(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newManualClock()
		jobID := insert(t, db, task{}, jobs.Options{RunAt: h.at.Add(time.Hour), Unique: "a"})
		cancel(t, db, jobID)
		cancel(t, db, jobID)
		cancel(t, db, "nobody")
		if got := state(t, db, jobID); got != "cancelled 0" {
			t.Fatal(got)
		}
		if next := insert(t, db, task{}, jobs.Options{RunAt: h.at.Add(time.Hour), Unique: "a"}); next == jobID {
			t.Fatal("a cancelled job still has its unique key")
		}
	})
}

func TestJobIsNotRequeuedAfterCancel(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		started := make(chan string)
		engine(t, db, system, jobs.EngineOptions{}, func(ctx context.Context, j *jobs.Job, a task) error {
			started <- j.ID
			<-ctx.Done()
			return []error{jobs.Snooze(0), jobs.Snooze(time.Hour), errBroken, nil}[a.N]
		})
		for n, want := range []string{"cancelled 0", "cancelled 0", "cancelled 1", "gone"} {
			jobID := insert(t, db, task{n}, jobs.Options{})
			receive(t, started)
			cancel(t, db, jobID)
			awaitState(t, db, jobID, want)
		}
	})
}
