package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

var system clock.Clock

func TestEachJobRunsOnceWithSeveralEngines(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		const n = 200
		var runs [n]atomic.Int64
		var total atomic.Int64
		work := func(_ context.Context, j *jobs.Job, a task) error {
			if runs[a.N].Add(1) > 1 || j.Attempt != 1 {
				t.Errorf("job %d runs again", a.N)
			}
			total.Add(1)
			return nil
		}
		for range 3 {
			engine(t, db, system, jobs.EngineOptions{Workers: 5}, work)
		}
		for first := 0; first < n; first += 50 {
			list := []task{}
			for i := range 50 {
				list = append(list, task{first + i})
			}
			if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error { return jobs.InsertMany(t.Context(), tx, list, jobs.Options{}) }); err != nil {
				t.Fatal(err)
			}
		}
		await(t, func() error {
			if got := total.Load(); got != n {
				return fmt.Errorf("%d of %d jobs done", got, n)
			}
			return nil
		})
	})
}

func TestWorkerWithoutLeaseChangesNothing(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		started, resume, answered := make(chan string), make(chan bool), make(chan error)
		engine(t, db, system, jobs.EngineOptions{}, func(ctx context.Context, j *jobs.Job, a task) error {
			if a.N == 2 {
				return nil
			}
			started <- j.ID
			<-resume
			err := j.Tx(ctx, func(tx *sqldb.Tx) error {
				_, err := tx.Exec(ctx, "DELETE FROM jobs")
				return err
			})
			answered <- errors.Join(err, context.Cause(ctx))
			return nil // has no effect without the lease
		})
		jobID := insert(t, db, task{}, jobs.Options{})
		receive(t, started)
		if _, err := db.Exec(t.Context(), "UPDATE jobs SET lease_token = 'another', node_id = 'another'"); err != nil {
			t.Fatal(err)
		}
		close(resume)
		if err := receive(t, answered); !errors.Is(err, jobs.ErrLeaseLost) {
			t.Fatalf("%v, want a lost lease", err)
		}
		done := insert(t, db, task{2}, jobs.Options{}) // done after the result of the first job was handled
		awaitState(t, db, done, "gone")
		if got := state(t, db, jobID); got != "running 1" {
			t.Fatalf("job is %q", got)
		}
	})
}

func TestHeartbeatEndsWorkerThatLostItsLease(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		started, causes := make(chan bool), make(chan error)
		engine(t, db, system, jobs.EngineOptions{Lease: 60 * time.Millisecond}, func(ctx context.Context, _ *jobs.Job, _ task) error {
			started <- true
			<-ctx.Done()
			causes <- context.Cause(ctx)
			return nil
		})
		insert(t, db, task{}, jobs.Options{})
		receive(t, started)
		if _, err := db.Exec(t.Context(), "UPDATE jobs SET lease_token = 'another', lease_until = $1", time.Now().Add(time.Hour).UnixMilli()); err != nil {
			t.Fatal(err)
		}
		if err := receive(t, causes); !errors.Is(err, jobs.ErrLeaseLost) {
			t.Fatal(err)
		}
	})
}

func TestLeaseOfLongJobIsRenewed(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newManualClock()
		started, resume := make(chan int, 10), make(chan bool)
		for range 2 {
			engine(t, db, h.clock(), jobs.EngineOptions{Lease: 90 * time.Millisecond}, func(_ context.Context, j *jobs.Job, _ task) error {
				started <- j.Attempt
				<-resume
				return nil
			})
		}
		jobID := insert(t, db, task{}, jobs.Options{})
		receive(t, started)
		for range 10 {
			before := lease(t, db, jobID)
			h.advance(30 * time.Millisecond)
			await(t, func() error {
				if lease(t, db, jobID) == before {
					return errors.New("the lease is not renewed")
				}
				return nil
			})
		}
		close(resume)
		awaitState(t, db, jobID, "gone")
		if len(started) != 0 {
			t.Fatal("the job started again")
		}
	})
}

func lease(t *testing.T, db *sqldb.DB, jobID string) int64 {
	t.Helper()
	until, err := sqldb.One(t.Context(), db, "job", sqldb.Value[int64], "SELECT lease_until FROM jobs WHERE id = $1", jobID)
	if err != nil {
		t.Fatal(err)
	}
	return until
}

func TestRollbackLeavesNoJob(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		runs := make(chan int, 10)
		engine(t, db, system, jobs.EngineOptions{}, func(_ context.Context, _ *jobs.Job, a task) error { runs <- a.N; return nil })
		err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			_, err := jobs.Insert(t.Context(), tx, task{1}, jobs.Options{})
			return errors.Join(err, errBroken)
		})
		if !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
		insert(t, db, task{2}, jobs.Options{})
		if got := receive(t, runs); got != 2 {
			t.Fatalf("job %d ran", got)
		}
	})
}

func TestFailureCountsAsAttemptAndSnoozeDoesNot(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newManualClock()
		answers := []error{jobs.Snooze(0), jobs.Snooze(time.Hour), errBroken, jobs.Snooze(0), nil}
		attempts := make(chan int, len(answers))
		e := engine(t, db, h.clock(), jobs.EngineOptions{}, func(_ context.Context, j *jobs.Job, _ task) error {
			attempts <- j.Attempt
			answer := answers[0]
			answers = answers[1:]
			return answer
		})
		jobID := insert(t, db, task{}, jobs.Options{})
		got := []int{receive(t, attempts), receive(t, attempts)}
		awaitState(t, db, jobID, "waiting 0")
		h.advance(time.Hour)
		got = append(got, receive(t, attempts))
		awaitState(t, db, jobID, "waiting 1")
		h.advance(4 * time.Second)
		if s, err := e.Stats(t.Context()); err != nil || s != (jobs.Stats{Waiting: 1}) {
			t.Fatalf("%+v, %v", s, err)
		}
		h.advance(3 * time.Second)
		got = append(got, receive(t, attempts), receive(t, attempts))
		awaitState(t, db, jobID, "gone")
		if diff := cmp.Diff([]int{1, 1, 1, 2, 2}, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestFullDiskDoesNotCountAsAttempt(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newManualClock()
		full := sqldbtest.DiskFull(t, db)
		attempts := make(chan int, 2)
		engine(t, db, h.clock(), jobs.EngineOptions{}, func(_ context.Context, j *jobs.Job, _ task) error {
			attempts <- j.Attempt
			if len(attempts) == 1 {
				return full
			}
			return nil
		})
		jobID := insert(t, db, task{}, jobs.Options{})
		awaitState(t, db, jobID, "waiting 0")
		h.advance(2 * time.Second)
		awaitState(t, db, jobID, "gone")
		if first, second := receive(t, attempts), receive(t, attempts); first != 1 || second != 1 {
			t.Errorf("attempts %d and %d", first, second)
		}
	})
}

func TestUniqueJobIsQueuedOnceUntilItEnds(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newManualClock()
		soon := jobs.Options{Unique: "a", RunAt: h.at.Add(time.Minute)}
		first := insert(t, db, task{}, soon)
		if again := insert(t, db, task{}, soon); again != first {
			t.Fatal("queued twice")
		}
		if other := insert(t, db, task{}, jobs.Options{Unique: "b", RunAt: soon.RunAt}); other == first {
			t.Fatal("different keys are treated as one")
		}
		var group sync.WaitGroup
		ids := make([]string, 8)
		for i := range ids {
			group.Go(func() { ids[i] = insert(t, db, task{}, jobs.Options{Unique: "raced", RunAt: soon.RunAt}) })
		}
		group.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Fatalf("queued twice: %v", ids)
			}
		}
		engine(t, db, h.clock(), jobs.EngineOptions{}, func(context.Context, *jobs.Job, task) error { return nil })
		h.advance(time.Minute)
		awaitState(t, db, first, "gone")
		if next := insert(t, db, task{}, soon); next == first {
			t.Fatal("not queued after the first one ended")
		}
	})
}

func TestHigherPriorityRunsFirst(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for n, priority := range []int{0, -5, 10, 0, 10} {
			insert(t, db, task{n}, jobs.Options{Priority: priority})
		}
		order := make(chan int, 5)
		engine(t, db, system, jobs.EngineOptions{Workers: 1}, func(_ context.Context, _ *jobs.Job, a task) error { order <- a.N; return nil })
		got := []int{}
		for range 5 {
			got = append(got, receive(t, order))
		}
		if diff := cmp.Diff([]int{2, 4, 0, 3, 1}, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestCommunityWithManyJobsLeavesWorkersToOthers(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for n := range 20 {
			insert(t, db, task{n}, jobs.Options{CommunityID: "busy", Priority: 1})
		}
		insert(t, db, task{100}, jobs.Options{CommunityID: "quiet"})
		insert(t, db, task{101}, jobs.Options{})
		started, resume := make(chan int, 30), make(chan bool)
		engine(t, db, system, jobs.EngineOptions{Workers: 4}, func(_ context.Context, _ *jobs.Job, a task) error {
			started <- a.N
			<-resume
			return nil
		})
		first := map[int]bool{}
		for range 4 {
			first[receive(t, started)] = true
		}
		if diff := cmp.Diff(map[int]bool{0: true, 1: true, 100: true, 101: true}, first); diff != "" {
			t.Error(diff)
		}
		close(resume)
		for range 18 {
			receive(t, started)
		}
	})
}

func TestScheduleQueuesOneJobPerTickWithSeveralEngines(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newManualClock()
		runs := make(chan task, 100)
		engines := []*jobs.Engine{}
		for range 3 {
			e := jobs.New(db, h.clock(), quiet, jobs.EngineOptions{})
			e.SetPoll(5 * time.Millisecond)
			jobs.Register(e, func(_ context.Context, _ *jobs.Job, a task) error { runs <- a; return nil })
			e.Schedule("sweep", "* * * * *", task{7})
			start(t, e)
			engines = append(engines, e)
		}
		for range 5 {
			h.advance(time.Minute)
			receive(t, runs)
			await(t, func() error { // a tick is skipped until the job has ended
				if s, err := engines[0].Stats(t.Context()); err != nil || s.Running > 0 {
					return fmt.Errorf("%+v, %w", s, err)
				}
				return nil
			})
		}
		for _, e := range engines { // after the last tick
			if err := e.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if len(runs) != 0 {
			t.Fatalf("%d extra jobs", len(runs))
		}
		h.advance(3*time.Minute + 10*time.Second) // no engine is live
		e := jobs.New(db, h.clock(), quiet, jobs.EngineOptions{})
		jobs.Register(e, func(_ context.Context, _ *jobs.Job, a task) error { runs <- a; return nil })
		e.Schedule("sweep", "* * * * *", task{8})
		start(t, e)
		if got := receive(t, runs); got.N != 8 || len(runs) != 0 {
			t.Fatalf("missed ticks: %v and %d more", got, len(runs))
		}
	})
}

func TestFailingJobIsDeadAndCanBeRequeued(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newManualClock()
		var healthy atomic.Bool
		e := engine(t, db, h.clock(), jobs.EngineOptions{}, func(_ context.Context, j *jobs.Job, a task) error {
			switch {
			case healthy.Load():
				return nil
			case a.N == 1:
				panic("no \x00 way") //nolint:forbidigo // the test needs a panic
			case a.N == 2:
				return fmt.Errorf("give up: %w", jobs.Fatal(errBroken))
			}
			return errBroken
		})
		failing := insert(t, db, task{0}, jobs.Options{MaxAttempts: 2, Unique: "x"})
		panicking := insert(t, db, task{1}, jobs.Options{MaxAttempts: 1})
		hopeless := insert(t, db, task{2}, jobs.Options{})
		awaitState(t, db, failing, "waiting 1")
		awaitState(t, db, panicking, "dead 1")
		awaitState(t, db, hopeless, "dead 1")
		h.advance(10 * time.Second)
		awaitState(t, db, failing, "dead 2")
		list, err := e.Dead(t.Context(), actor.Actor{Kind: actor.Command}, 10)
		if err != nil || len(list) != 3 || list[0].ID != failing {
			t.Fatalf("%v, %v", list, err)
		}
		wrong := []string{}
		for _, entry := range list {
			for _, f := range entry.Errors {
				wrong = append(wrong, fmt.Sprint(f.Attempt, " ", f.Error))
			}
		}
		if diff := cmp.Diff([]string{"1 broken", "2 broken", "1 give up: broken", "1 panic: no ? way"}, wrong); diff != "" {
			t.Fatal(diff)
		}
		healthy.Store(true)
		if err := e.Requeue(t.Context(), actor.Actor{Kind: actor.Command}, failing); err != nil {
			t.Fatal(err)
		}
		awaitState(t, db, failing, "gone")
		if err := e.Requeue(t.Context(), actor.Actor{Kind: actor.Command}, failing); !errs.Is(err, "job_not_dead") {
			t.Fatal(err)
		}
	})
}
