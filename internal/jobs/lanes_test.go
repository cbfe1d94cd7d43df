package jobs_test

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// blocking returns a worker that reports its task and blocks until end.
func blocking(started chan<- int, end <-chan bool) func(context.Context, *jobs.Job, task) error {
	return func(ctx context.Context, _ *jobs.Job, a task) error {
		started <- a.N
		select {
		case <-end:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func TestSmallAndShortJobsDoNotWaitForLargeOnes(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		started, end := make(chan int, 100), make(chan bool)
		e := engine(t, db, system, jobs.EngineOptions{Workers: 4}, blocking(started, end))
		for n := range 20 {
			insert(t, db, task{n}, jobs.Options{Lane: jobs.Large, Owner: fmt.Sprint("account:", n%3), CommunityID: fmt.Sprint("c", n%2)})
		}
		first := []int{receive(t, started), receive(t, started)}
		insert(t, db, task{100}, jobs.Options{Lane: jobs.Small, Owner: "account:0", CommunityID: "c0"})
		insert(t, db, task{101}, jobs.Options{Lane: jobs.Short, CommunityID: "c0"})
		next := []int{receive(t, started), receive(t, started)}
		slices.Sort(next)
		if diff := cmp.Diff([]int{100, 101}, next); diff != "" {
			t.Error(diff)
		}
		if s, err := e.Stats(t.Context()); err != nil || s.Running != 4 || s.Queued != 18 {
			t.Errorf("%+v, %v", s, err)
		}
		if owners := []int{first[0] % 3, first[1] % 3}; owners[0] == owners[1] || first[0]%2 == first[1]%2 {
			t.Errorf("both workers of large jobs run jobs %v", first)
		}
		close(end)
	})
}

// One owner has many jobs; later owners do not wait for all of them.
func TestOwnersAreServedInTurnDespiteManyJobsOfOne(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for n := range 30 {
			insert(t, db, task{n}, jobs.Options{Lane: jobs.Small, Owner: "account:busy", CommunityID: fmt.Sprint("c", n%2)})
		}
		for n := range 3 {
			insert(t, db, task{100 + n}, jobs.Options{Lane: jobs.Small, Owner: fmt.Sprint("account:", n), CommunityID: "c0"})
		}
		order := make(chan int, 100)
		engine(t, db, system, jobs.EngineOptions{Workers: 1}, func(_ context.Context, _ *jobs.Job, a task) error { order <- a.N; return nil })
		got := map[int]int{}
		for at := range 33 {
			got[receive(t, order)] = at
		}
		for n := range 3 {
			if got[100+n] > 3 {
				t.Errorf("the job of owner %d was number %d", n, got[100+n])
			}
		}
		if even, odd := got[0], got[1]; max(even, odd) > 5 {
			t.Errorf("the first jobs of the two communities were numbers %d and %d", even, odd)
		}
	})
}

// More owners than one claim considers.
func TestEachOfManyOwnersIsServed(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		const owners = 150
		order := make(chan int, 2*owners)
		for round := range 2 {
			for n := range owners {
				insert(t, db, task{n + round*owners}, jobs.Options{Owner: fmt.Sprintf("account:%03d", n)})
			}
		}
		engine(t, db, system, jobs.EngineOptions{Workers: 1}, func(_ context.Context, _ *jobs.Job, a task) error { order <- a.N; return nil })
		seen := map[int]bool{}
		for at := range 2 * owners {
			n := receive(t, order)
			if seen[n] {
				t.Fatalf("job %d ran twice", n)
			}
			if seen[n] = true; n >= owners && at < owners/2 {
				t.Errorf("owner %d was served a second time as number %d", n-owners, at)
			}
		}
	})
}

func TestLargeJobYieldsToOthersAndContinuesAfterThem(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		events := make(chan string, 100)
		e := jobs.New(db, system, quiet, jobs.EngineOptions{Workers: 2, Slice: 1}) // one for large jobs
		e.SetPoll(5 * time.Millisecond)
		jobs.Register(e, func(ctx context.Context, j *jobs.Job, a task) error {
			events <- fmt.Sprint("start ", a.N, " attempt ", j.Attempt)
			if a.N > 1 {
				return nil
			}
			if err := j.Tx(ctx, func(tx *sqldb.Tx) error { return j.Step(ctx, tx) }); err != nil {
				return err
			}
			for !j.ShouldYield() {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(time.Millisecond):
				}
			}
			events <- "yield"
			return jobs.ErrYielded
		})
		start(t, e)
		first := insert(t, db, task{1}, jobs.Options{Lane: jobs.Large, Owner: "account:a", CommunityID: "x"})
		if got := receive(t, events); got != "start 1 attempt 1" {
			t.Fatal(got)
		}
		insert(t, db, task{2}, jobs.Options{Lane: jobs.Large, Owner: "account:a", CommunityID: "x"}) // the same share is not a reason to yield
		insert(t, db, task{3}, jobs.Options{Lane: jobs.Large, Owner: "account:b", CommunityID: "x"})
		for _, want := range []string{"yield", "start 3 attempt 1"} {
			if got := receive(t, events); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		rest := []string{receive(t, events), receive(t, events)}
		slices.Sort(rest)
		if diff := cmp.Diff([]string{"start 1 attempt 1", "start 2 attempt 1"}, rest); diff != "" {
			t.Error(diff)
		}
		cancel(t, db, first)
	})
}

func TestLongSmallJobMovesToLaneLarge(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		lanes := make(chan jobs.Lane, 10)
		e := jobs.New(db, system, quiet, jobs.EngineOptions{Workers: 1, Slice: 1})
		e.SetPoll(5 * time.Millisecond)
		jobs.Register(e, func(ctx context.Context, j *jobs.Job, a task) error {
			lanes <- j.Lane
			for a.N == 1 && j.Lane == jobs.Small && !j.ShouldYield() {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(time.Millisecond):
				}
			}
			if a.N == 1 && j.Lane == jobs.Small {
				return jobs.ErrYielded
			}
			return nil
		})
		start(t, e)
		o := jobs.Options{Lane: jobs.Small, Owner: "account:a"}
		insert(t, db, task{1}, o)
		got := []jobs.Lane{receive(t, lanes)}
		insert(t, db, task{2}, o)
		got = append(got, receive(t, lanes), receive(t, lanes))
		slices.Sort(got)
		if diff := cmp.Diff([]jobs.Lane{jobs.Large, jobs.Small, jobs.Small}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestJobWithoutProgressHasAReason(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := newManualClock()
		first := insert(t, db, task{0}, jobs.Options{Lane: jobs.Large, Owner: "account:a", CommunityID: "x"})
		none := jobs.New(db, h.clock(), quiet, jobs.EngineOptions{})
		if got := reason(t, none, first); got != jobs.WaitServer {
			t.Errorf("without a server: %q", got)
		}
		full := sqldbtest.DiskFull(t, db)
		started, end := make(chan int, 10), make(chan bool)
		e := engine(t, db, h.clock(), jobs.EngineOptions{Workers: 2}, func(ctx context.Context, j *jobs.Job, a task) error {
			switch a.N {
			case 10:
				return errBroken
			case 11:
				return jobs.SnoozeFor(time.Minute, "rain")
			case 12:
				return full
			}
			return blocking(started, end)(ctx, j, a)
		})
		receive(t, started)
		if got := reason(t, e, first); got != "" {
			t.Errorf("a running job has reason %q", got)
		}
		for want, o := range map[string]jobs.Options{
			jobs.WaitAccount:   {Lane: jobs.Large, Owner: "account:a", CommunityID: "y"},
			jobs.WaitCommunity: {Lane: jobs.Large, Owner: "account:b", CommunityID: "x"},
			jobs.WaitWorker:    {Lane: jobs.Large, Owner: "account:c", CommunityID: "z"},
		} {
			if got := reason(t, e, insert(t, db, task{1}, o)); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
		for want, n := range map[string]int{jobs.WaitRetry: 10, "rain": 11, jobs.WaitDisk: 12} {
			jobID := insert(t, db, task{n}, jobs.Options{})
			await(t, func() error {
				waits, err := e.Waits(t.Context(), jobID)
				if w := waits[jobID]; err == nil && (w.Reason != want || w.NextAttempt <= h.clock().MS() || w.Since != h.clock().MS()) {
					err = fmt.Errorf("%+v, want %q", w, want)
				}
				return err
			})
		}
		e.NoteOutage(driver.ErrBadConn) // keeps e from reclaiming the job
		if _, err := db.Exec(t.Context(), "UPDATE jobs SET lease_until = 1000, node_id = 'another', lease_token = 'another' WHERE id = $1", first); err != nil {
			t.Fatal(err)
		}
		if got := reason(t, none, first); got != jobs.WaitNode {
			t.Errorf("with a silent server: %q", got)
		}
		for want, err := range map[string]error{jobs.WaitDisk: full, jobs.WaitDatabase: driver.ErrBadConn} {
			if none.NoteOutage(err); reason(t, none, first) != want {
				t.Errorf("%q, want %q during an outage", reason(t, none, first), want)
			}
		}
		close(end)
	})
}

func reason(t *testing.T, e *jobs.Engine, jobID string) string {
	t.Helper()
	waits, err := e.Waits(t.Context(), jobID)
	if err != nil {
		t.Fatal(err)
	}
	return waits[jobID].Reason
}
