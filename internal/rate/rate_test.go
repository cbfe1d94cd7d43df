package rate_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/rate"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// desk is counters whose time a test decides.
type desk struct {
	*rate.Counts
	now time.Time
}

func newDesk(db *sqldb.DB) *desk {
	d := &desk{now: time.Date(2026, 4, 7, 8, 0, 0, 0, time.UTC)}
	d.Counts = rate.New(db, clock.At(func() time.Time { return d.now }))
	return d
}

func (d *desk) take(t *testing.T, l rate.Limit, subject string) rate.Taken {
	t.Helper()
	taken, err := d.Take(t.Context(), l, subject)
	if err != nil {
		t.Fatal(err)
	}
	return taken
}

var three = rate.Limit{Name: "tries", Most: 3, Window: time.Minute}

func TestALimitHoldsInAnyWindow(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(db)
		for i, step := range []struct {
			pass time.Duration
			want rate.Taken
		}{
			{0, rate.Taken{OK: true, Left: 2, Reset: time.Minute}},
			{10 * time.Second, rate.Taken{OK: true, Left: 1, Reset: 50 * time.Second}},
			{40 * time.Second, rate.Taken{OK: true, Left: 0, Reset: 10 * time.Second}},
			{0, rate.Taken{Reset: 10 * time.Second}},
			{9 * time.Second, rate.Taken{Reset: time.Second}},
			{time.Second, rate.Taken{Reset: time.Minute}},                                // all three of the minute before still count
			{30 * time.Second, rate.Taken{OK: true, Left: 1, Reset: 30 * time.Second}},   // half of them do
			{0, rate.Taken{OK: true, Left: 0, Reset: 30 * time.Second}},                  //
			{0, rate.Taken{Reset: 30 * time.Second}},                                     //
			{2 * time.Minute, rate.Taken{OK: true, Left: 2, Reset: 30 * time.Second}},    // none does
			{-3 * time.Minute, rate.Taken{OK: true, Left: 1, Reset: 30 * time.Second}},   // a node whose clock is behind
			{24 * time.Hour, rate.Taken{OK: true, Left: 2, Reset: 30 * time.Second}},     //
			{10*time.Second - 1, rate.Taken{OK: true, Left: 1, Reset: 20 * time.Second}}, // a part of a millisecond
		} {
			d.now = d.now.Add(step.pass)
			if got := d.take(t, three, "ann"); got.OK != step.want.OK || got.Left != step.want.Left || got.Reset.Round(time.Second) != step.want.Reset {
				t.Errorf("step %d: %+v, want %+v", i, got, step.want)
			}
		}
	})
}

func TestSubjectsAndNamesAreCountedByThemselves(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(db)
		for range 4 {
			d.take(t, three, "ann@example.com")
		}
		other := three
		other.Name = "others"
		if d.take(t, three, "ann@example.com").OK || !d.take(t, three, "bob").OK || !d.take(t, other, "ann@example.com").OK {
			t.Error("counted for another")
		}
		if none := (rate.Limit{Name: "free", Window: time.Minute}); !d.take(t, none, "ann").OK {
			t.Error("no limit is a limit")
		}
		for _, row := range sqldbtest.Dump(t, db) {
			if strings.Contains(row, "ann@example.com") {
				t.Errorf("the address stands in %s", row)
			}
		}
	})
}

func TestTwoNodesCountTogether(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		nodes := []*desk{newDesk(db), newDesk(db)}
		var taken atomic.Int32
		var all sync.WaitGroup
		for i := range 12 {
			all.Go(func() {
				if nodes[i%2].take(t, three, "ann").OK {
					taken.Add(1)
				}
			})
		}
		all.Wait()
		if taken.Load() != 3 {
			t.Errorf("%d were let through", taken.Load())
		}
	})
}

func TestWhatIsRolledBackWasNotCounted(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d, failure := newDesk(db), errors.New("the change failed")
		for range 5 {
			err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				_, err := rate.Take(t.Context(), tx, d.now, three, "ann")
				return errors.Join(err, failure)
			})
			if !errors.Is(err, failure) {
				t.Fatal(err)
			}
		}
		if got := d.take(t, three, "ann"); got.Left != 2 {
			t.Errorf("%+v", got)
		}
	})
}

func TestACountIsNoPartOfTheChangeItStandsBefore(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := sqldb.BeforeCommit(t.Context(), func(context.Context, *sqldb.Tx) error { return errors.New("not yet") })
		if taken, err := newDesk(db).Take(ctx, three, "ann"); err != nil || !taken.OK {
			t.Errorf("%+v, %v", taken, err)
		}
	})
}

func TestOldCountsAreSwept(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(db)
		d.take(t, three, "ann")
		for _, step := range []struct {
			pass time.Duration
			left int
		}{{2*time.Minute - 1, 1}, {1, 0}} {
			d.now = d.now.Add(step.pass)
			if err := d.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			var n int
			if err := db.QueryRow(t.Context(), "SELECT count(*) FROM rate_counts").Scan(&n); err != nil || n != step.left {
				t.Errorf("%d rows, %v", n, err)
			}
		}
	})
}
