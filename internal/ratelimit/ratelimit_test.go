package ratelimit_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/ratelimit"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// fixture is a counter with a manual clock.
type fixture struct {
	*ratelimit.Counter
	now time.Time
}

func newFixture(db *sqldb.DB) *fixture {
	f := &fixture{now: time.Date(2026, 4, 7, 8, 0, 0, 0, time.UTC)}
	f.Counter = ratelimit.New(db, clock.At(func() time.Time { return f.now }))
	return f
}

func (f *fixture) allow(t *testing.T, l ratelimit.Limit, subject string) ratelimit.Result {
	t.Helper()
	result, err := f.Allow(t.Context(), l, subject)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

var threePerMinute = ratelimit.Limit{Name: "attempts", Max: 3, Window: time.Minute}

func TestLimitAppliesToASlidingWindow(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(db)
		for i, step := range []struct {
			wait time.Duration
			want ratelimit.Result
		}{
			{0, ratelimit.Result{OK: true, Remaining: 2, Reset: time.Minute}},
			{10 * time.Second, ratelimit.Result{OK: true, Remaining: 1, Reset: 50 * time.Second}},
			{40 * time.Second, ratelimit.Result{OK: true, Remaining: 0, Reset: 10 * time.Second}},
			{0, ratelimit.Result{Reset: 10 * time.Second}},
			{9 * time.Second, ratelimit.Result{Reset: time.Second}},
			{time.Second, ratelimit.Result{Reset: time.Minute}},                                   // the previous window counts in full
			{30 * time.Second, ratelimit.Result{OK: true, Remaining: 1, Reset: 30 * time.Second}}, // by half
			{0, ratelimit.Result{OK: true, Remaining: 0, Reset: 30 * time.Second}},
			{0, ratelimit.Result{Reset: 30 * time.Second}},
			{2 * time.Minute, ratelimit.Result{OK: true, Remaining: 2, Reset: 30 * time.Second}},  // not at all
			{-3 * time.Minute, ratelimit.Result{OK: true, Remaining: 1, Reset: 30 * time.Second}}, // a node with a slow clock
			{24 * time.Hour, ratelimit.Result{OK: true, Remaining: 2, Reset: 30 * time.Second}},
			{10*time.Second - 1, ratelimit.Result{OK: true, Remaining: 1, Reset: 20 * time.Second}}, // a fraction of a millisecond
		} {
			f.now = f.now.Add(step.wait)
			if got := f.allow(t, threePerMinute, "ann"); got.OK != step.want.OK || got.Remaining != step.want.Remaining || got.Reset.Round(time.Second) != step.want.Reset {
				t.Errorf("step %d: %+v, want %+v", i, got, step.want)
			}
		}
	})
}

func TestSubjectsAndNamesHaveTheirOwnCounters(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(db)
		for range 4 {
			f.allow(t, threePerMinute, "ann@example.com")
		}
		other := threePerMinute
		other.Name = "others"
		if f.allow(t, threePerMinute, "ann@example.com").OK || !f.allow(t, threePerMinute, "bob").OK || !f.allow(t, other, "ann@example.com").OK {
			t.Error("the attempt of another subject or name was counted")
		}
		if none := (ratelimit.Limit{Name: "free", Window: time.Minute}); !f.allow(t, none, "ann").OK {
			t.Error("a limit of 0 denied an attempt")
		}
		for _, row := range sqldbtest.Dump(t, db) {
			if strings.Contains(row, "ann@example.com") {
				t.Errorf("the address is stored: %s", row)
			}
		}
	})
}

func TestNodesShareCounters(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		nodes := []*fixture{newFixture(db), newFixture(db)}
		var allowed atomic.Int32
		var all sync.WaitGroup
		for i := range 12 {
			all.Go(func() {
				if nodes[i%2].allow(t, threePerMinute, "ann").OK {
					allowed.Add(1)
				}
			})
		}
		all.Wait()
		if allowed.Load() != 3 {
			t.Errorf("%d attempts were allowed", allowed.Load())
		}
	})
}

func TestRollbackRemovesTheEvent(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f, failure := newFixture(db), errors.New("the change failed")
		for range 5 {
			err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				_, err := ratelimit.Allow(t.Context(), tx, f.now, threePerMinute, "ann")
				return errors.Join(err, failure)
			})
			if !errors.Is(err, failure) {
				t.Fatal(err)
			}
		}
		if got := f.allow(t, threePerMinute, "ann"); got.Remaining != 2 {
			t.Errorf("%+v", got)
		}
	})
}

func TestAllowIgnoresBeforeCommitHooks(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := sqldb.BeforeCommit(t.Context(), func(context.Context, *sqldb.Tx) error { return errors.New("not yet") })
		if result, err := newFixture(db).Allow(ctx, threePerMinute, "ann"); err != nil || !result.OK {
			t.Errorf("%+v, %v", result, err)
		}
	})
}

func TestSweepDeletesExpiredCounters(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(db)
		f.allow(t, threePerMinute, "ann")
		for _, step := range []struct {
			wait time.Duration
			left int
		}{{2*time.Minute - 1, 1}, {1, 0}} {
			f.now = f.now.Add(step.wait)
			if err := f.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			var n int
			if err := db.QueryRow(t.Context(), "SELECT count(*) FROM rate_limit_counters").Scan(&n); err != nil || n != step.left {
				t.Errorf("%d rows, %v", n, err)
			}
		}
	})
}
