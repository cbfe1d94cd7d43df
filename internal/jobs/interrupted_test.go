package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// restart returns a new engine on a database that no other process uses, and a
// channel of the causes of dead jobs.
func restart(t *testing.T, db *sqldb.DB, work func(context.Context, *jobs.Job, task) error) (*jobs.Engine, chan jobs.Cause) {
	t.Helper()
	gaveUp := make(chan jobs.Cause, 10)
	e := jobs.New(db, system, quiet, jobs.EngineOptions{ReclaimAll: true})
	e.SetPoll(10 * time.Millisecond)
	jobs.Register(e, work, func(_ context.Context, _ *sqldb.Tx, _ task, why jobs.Cause) error {
		gaveUp <- why
		return errBroken // must not keep the job from being dead
	})
	start(t, e)
	return e, gaveUp
}

func TestJobIsDeadAfterThreeCrashesWithoutProgress(t *testing.T) {
	t.Setenv("JOBS_TEST_ALONE", "1")
	for _, dialect := range sqldbtest.Engines(t) { // not parallel because of t.Setenv
		for _, does := range []int{doNothing, doCommit} {
			address := sqldbtest.Address(t, dialect)
			db := sqldbtest.Open(t, address)
			jobID := insert(t, db, task{does}, jobs.Options{})
			for range jobs.MaxCrashes {
				killWorker(t, address, time.Hour)
			}
			e, gaveUp := restart(t, db, func(context.Context, *jobs.Job, task) error {
				t.Error("the job started a fourth time")
				return nil
			})
			if got := receive(t, gaveUp); got != jobs.Crashed {
				t.Errorf("cause %s", got)
			}
			list, err := e.Dead(t.Context(), actor.Actor{Kind: actor.Command}, 10)
			if err != nil || len(list) != 1 || list[0].ID != jobID || list[0].Cause() != jobs.Crashed || !list[0].Final || len(list[0].Errors) != jobs.MaxCrashes {
				t.Errorf("%+v, %v", list, err)
			}
			if stats, err := e.KindStats(t.Context()); err != nil || len(stats) != 1 || stats[0] != (jobs.KindStats{Kind: "task", Dead: 1}) {
				t.Errorf("%+v, %v", stats, err)
			}
			if err := errors.Join(e.Dismiss(t.Context(), actor.Actor{Kind: actor.Command}, jobID), e.Stop(t.Context())); err != nil {
				t.Error(err)
			}
			if err := e.Dismiss(t.Context(), actor.Actor{Kind: actor.Command}, jobID); err == nil {
				t.Error("dismissed twice")
			}
		}
	}
}

func TestJobWithProgressContinuesAfterAnyNumberOfCrashes(t *testing.T) {
	t.Setenv("JOBS_TEST_ALONE", "1")
	for _, dialect := range sqldbtest.Engines(t) {
		address := sqldbtest.Address(t, dialect)
		db := sqldbtest.Open(t, address)
		jobID := insert(t, db, task{doStep}, jobs.Options{MaxAttempts: 1})
		for range 2*jobs.MaxCrashes + 1 {
			killWorker(t, address, time.Hour)
		}
		e, _ := restart(t, db, func(context.Context, *jobs.Job, task) error { return nil })
		awaitState(t, db, jobID, "gone")
		if err := e.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// A position that was reached before is not progress: work that restarts and
// crashes at the same place each time makes none.
func TestOnlyPositionBeyondAllEarlierOnesIsProgress(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		jobID := insert(t, db, task{}, jobs.Options{})
		for _, row := range []struct{ position, crashes int64 }{{5, 0}, {5, 1}, {3, 2}, {6, 0}} {
			done := make(chan bool)
			e := engine(t, db, system, jobs.EngineOptions{}, func(ctx context.Context, j *jobs.Job, _ task) error {
				err := j.Tx(ctx, func(tx *sqldb.Tx) error { return j.Advance(ctx, tx, row.position) })
				done <- true
				<-ctx.Done()
				return errors.Join(err, ctx.Err())
			})
			receive(t, done)
			if err := e.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := crashes(t, db, jobID); got != row.crashes {
				t.Errorf("after position %d: %d crashes, want %d", row.position, got, row.crashes)
			}
			if _, err := db.Exec(t.Context(), "UPDATE jobs SET crashes = crashes + 1"); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func crashes(t *testing.T, db *sqldb.DB, jobID string) int64 {
	t.Helper()
	n, err := sqldb.One(t.Context(), db, "job", sqldb.Value[int64], "SELECT crashes FROM jobs WHERE id = $1", jobID)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestInterruptedJobsStartOneAtATime(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for n := range 4 {
			lane := jobs.Short
			if n > 1 {
				lane = jobs.Large
			}
			insert(t, db, task{n}, jobs.Options{Lane: lane, Owner: fmt.Sprint("account:", n)})
		}
		if _, err := db.Exec(t.Context(), "UPDATE jobs SET crashes = 1"); err != nil {
			t.Fatal(err)
		}
		fresh := insert(t, db, task{100}, jobs.Options{})
		started, step, end := make(chan int, 10), make(chan bool), make(chan bool)
		e := engine(t, db, system, jobs.EngineOptions{Workers: 8}, func(ctx context.Context, j *jobs.Job, a task) error {
			if a.N == 100 {
				return nil
			}
			started <- a.N
			<-step
			if err := j.Tx(ctx, func(tx *sqldb.Tx) error { return j.Step(ctx, tx) }); err != nil {
				return err
			}
			<-end
			return nil
		})
		if got := receive(t, started); got != 0 {
			t.Errorf("job %d started first, want a short one", got)
		}
		awaitState(t, db, fresh, "gone") // does not wait for the others
		none := func(when string) {
			t.Helper()
			for range 5 { // more cycles
				awaitState(t, db, insert(t, db, task{100}, jobs.Options{}), "gone")
			}
			if len(started) != 0 {
				t.Fatalf("job %d started %s", <-started, when)
			}
		}
		none("before the first one moved on")
		step <- true
		if got := receive(t, started); got != 1 {
			t.Errorf("job %d started second", got)
		}
		step <- true
		receive(t, started)
		step <- true
		none("beside another large one")
		waits, err := e.Waits(t.Context(), ids(t, db)...)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range waits {
			if w.Reason != jobs.WaitInterrupted || w.Since == 0 {
				t.Errorf("%+v", w)
			}
		}
		if len(waits) != 1 {
			t.Errorf("%d jobs wait", len(waits))
		}
		close(end)
		receive(t, started)
		close(step)
	})
}

func TestInterruptedShortJobsDoNotWaitForLargeOneWithoutProgress(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		started, end := make(chan int, 10), make(chan bool)
		engine(t, db, system, jobs.EngineOptions{Workers: 8}, func(ctx context.Context, _ *jobs.Job, a task) error {
			started <- a.N
			if a.N == 100 {
				return nil
			}
			select {
			case <-end:
			case <-ctx.Done():
			}
			return ctx.Err()
		})
		interrupted := func(n int, lane jobs.Lane) {
			t.Helper()
			err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				jobID, err := jobs.Insert(t.Context(), tx, task{n}, jobs.Options{Lane: lane})
				if err != nil {
					return err
				}
				_, err = tx.Exec(t.Context(), "UPDATE jobs SET crashes = 1 WHERE id = $1", jobID)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		interrupted(0, jobs.Large)
		if got := receive(t, started); got != 0 {
			t.Fatalf("job %d started first", got)
		}
		interrupted(1, jobs.Small)
		if got := receive(t, started); got != 1 {
			t.Errorf("job %d started beside the large one", got)
		}
		interrupted(2, jobs.Short)
		if got := receive(t, started); got != 2 {
			t.Errorf("job %d started beside the others", got)
		}
		interrupted(3, jobs.Short)
		interrupted(4, jobs.Small)
		for range 5 { // more cycles
			insert(t, db, task{100}, jobs.Options{Lane: jobs.Short})
			if got := receive(t, started); got != 100 {
				t.Errorf("job %d started beside an interrupted one of its lane", got)
			}
		}
		close(end)
		if next := []int{receive(t, started), receive(t, started)}; next[0]+next[1] != 7 {
			t.Errorf("jobs %v started last", next)
		}
	})
}

// ids returns the ids of all jobs that have not ended.
func ids(t *testing.T, db *sqldb.DB) []string {
	t.Helper()
	list, err := sqldb.All(t.Context(), db, sqldb.Value[string], "SELECT id FROM jobs WHERE finished_at = 0 ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestSchedulePausesForADayAfterAJobDiedByCrashes(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newManualClock()
		runs := make(chan int, 100)
		e := jobs.New(db, h.clock(), quiet, jobs.EngineOptions{})
		e.SetPoll(5 * time.Millisecond)
		jobs.Register(e, func(_ context.Context, _ *jobs.Job, a task) error { runs <- a.N; return nil })
		e.Schedule("sweep", "@every 1h", task{7})
		start(t, e)
		dead := insert(t, db, task{}, jobs.Options{Unique: "schedule:sweep", RunAt: h.at.Add(1000 * time.Hour)})
		_, err := db.Exec(t.Context(), "UPDATE jobs SET state = 'dead', crashes = 3, finished_at = $2 WHERE id = $1", dead, h.at.UnixMilli())
		if err != nil {
			t.Fatal(err)
		}
		for range 23 {
			h.advance(time.Hour)
			awaitTick(t, db, h)
		}
		if len(runs) != 0 {
			t.Errorf("%d jobs of the schedule ran within a day", len(runs))
		}
		h.advance(2 * time.Hour)
		if got := receive(t, runs); got != 7 {
			t.Errorf("job %d", got)
		}
	})
}

// awaitTick waits until the schedule has reached the current hour.
func awaitTick(t *testing.T, db *sqldb.DB, h *manualClock) {
	t.Helper()
	await(t, func() error {
		tick, err := sqldb.One(t.Context(), db, "tick", sqldb.Value[int64], "SELECT last_tick_at FROM job_schedules")
		if err == nil && h.clock().MS()-tick >= time.Hour.Milliseconds() {
			err = errors.New("the tick has not come")
		}
		return err
	})
}

// A job that must be done rests after three crashes.
func TestJobThatRestsAfterCrashesIsNotGivenUp(t *testing.T) {
	t.Setenv("JOBS_TEST_ALONE", "1")
	for _, dialect := range sqldbtest.Engines(t) { // not parallel because of t.Setenv
		address := sqldbtest.Address(t, dialect)
		db := sqldbtest.Open(t, address)
		jobID := insert(t, db, task{doNothing}, jobs.Options{})
		for range jobs.MaxCrashes {
			killWorker(t, address, time.Hour)
		}
		done := make(chan string, 1)
		e := jobs.New(db, system, quiet, jobs.EngineOptions{ReclaimAll: true})
		e.SetPoll(10 * time.Millisecond)
		jobs.Register(e, func(_ context.Context, j *jobs.Job, _ task) error {
			done <- j.ID
			return nil
		})
		jobs.RestAfterCrashes[task](e, time.Millisecond)
		start(t, e)
		if got := receive(t, done); got != jobID {
			t.Errorf("job %s", got)
		}
		if err := e.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestCleanStopIsNotACrash(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		jobID := insert(t, db, task{}, jobs.Options{})
		for range jobs.MaxCrashes + 1 {
			started, causes := make(chan string, 1), make(chan error, 1)
			e := engine(t, db, system, jobs.EngineOptions{ReclaimAll: true}, waitForCancel(started, causes))
			receive(t, started)
			if err := e.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got := crashes(t, db, jobID); got != 0 || state(t, db, jobID) != "queued 0" {
			t.Errorf("%d crashes, %s", got, state(t, db, jobID))
		}
	})
}
