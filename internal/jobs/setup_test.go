package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

func TestMain(m *testing.M) {
	if address := os.Getenv("JOBS_TEST_CHILD"); address != "" {
		child(address)
		return
	}
	goleak.VerifyTestMain(m)
}

// task is the arguments of the test worker.
type task struct {
	N int `json:"n"`
}

func (task) Kind() string { return "task" }

// engine starts an engine with a worker of tasks. It stops at the end of the
// test.
func engine(t *testing.T, db *sqldb.DB, c clock.Clock, o jobs.EngineOptions, work func(context.Context, *jobs.Job, task) error) *jobs.Engine {
	t.Helper()
	e := jobs.New(db, c, slog.New(slog.DiscardHandler), o)
	e.SetPoll(10 * time.Millisecond)
	jobs.Register(e, work)
	start(t, e)
	return e
}

func start(t *testing.T, e *jobs.Engine) {
	t.Helper()
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := e.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
}

func insert(t *testing.T, db *sqldb.DB, args jobs.Args, o jobs.Options) (jobID string) {
	t.Helper()
	err := db.Tx(t.Context(), func(tx *sqldb.Tx) (err error) {
		jobID, err = jobs.Insert(t.Context(), tx, args, o)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return jobID
}

func cancel(t *testing.T, db *sqldb.DB, jobID string) {
	t.Helper()
	if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error { return jobs.Cancel(t.Context(), tx, jobID) }); err != nil {
		t.Fatal(err)
	}
}

// state returns "state attempt" of a job, "gone" if it has no row.
func state(t *testing.T, db *sqldb.DB, jobID string) string {
	t.Helper()
	list, err := sqldb.All(t.Context(), db, func(s sqldb.Scanner) (string, error) {
		var name string
		var attempt int
		err := s.Scan(&name, &attempt)
		return fmt.Sprint(name, " ", attempt), err
	}, "SELECT state, attempt FROM jobs WHERE id = $1", jobID)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		return "gone"
	}
	return list[0]
}

func awaitState(t *testing.T, db *sqldb.DB, jobID, want string) {
	t.Helper()
	await(t, func() error {
		if got := state(t, db, jobID); got != want {
			return fmt.Errorf("job is %q, want %q", got, want)
		}
		return nil
	})
}

// await calls check until it returns nil, and fails with the last error.
func await(t *testing.T, check func() error) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(3 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal(err)
		}
	}
}

// receive returns the next value, or fails.
func receive[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(30 * time.Second):
		t.Fatal("nothing received")
		panic("not reached") //nolint:forbidigo // Fatal has ended the test
	}
}

// manualClock is a clock that the test advances.
type manualClock struct {
	mu sync.Mutex
	at time.Time
}

func newManualClock() *manualClock {
	return &manualClock{at: time.Date(2030, 1, 1, 12, 0, 30, 0, time.UTC)}
}

func (h *manualClock) clock() clock.Clock {
	return clock.At(func() time.Time {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.at
	})
}

func (h *manualClock) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

var errBroken = errors.New("broken")
