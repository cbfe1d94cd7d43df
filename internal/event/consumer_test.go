package event_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// awaitSeen waits until a recorder has seen n events.
func awaitSeen(t *testing.T, r *recorder, n int) []string {
	t.Helper()
	await(t, func() error {
		if got := len(r.list()); got < n {
			return fmt.Errorf("%d of %d events", got, n)
		}
		return nil
	})
	return r.list()
}

func TestConsumerReceivesItsTypesInOrder(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var notes, both recorder
		addEach(t, db, "a", noted, upTo(3)...) // before the start
		startNode(t, db, notes.consumer("notes", noted), both.consumer("both", noted, closed))
		addEach(t, db, "a", closed, 4)
		addEach(t, db, "a", noted, 5)
		if got := awaitSeen(t, &notes, 4); !reflect.DeepEqual(got, []string{"a1", "a2", "a3", "a5"}) {
			t.Error(got)
		}
		if got := awaitSeen(t, &both, 5); !reflect.DeepEqual(got, []string{"a1", "a2", "a3", "a4", "a5"}) {
			t.Error(got)
		}
	})
}

func TestConsumerReceivesManyEventsInBatches(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var r recorder
		addMany(t, db, "a", 900)
		addMany(t, db, "b", 900)
		startNode(t, db, r.consumer("notes", noted))
		got := awaitSeen(t, &r, 1_800)
		last := map[string]int{}
		for _, at := range got {
			var sequence int
			if _, err := fmt.Sscan(at[1:], &sequence); err != nil || sequence != last[at[:1]]+1 {
				t.Fatalf("%s follows %v", at, last)
			}
			last[at[:1]] = sequence
		}
	})
}

func TestFailingConsumerIsRetriedAndDelaysNoOther(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var r recorder
		broken := event.Consumer{Name: "broken", Types: []string{noted}, Handle: func(context.Context, *sqldb.Tx, []event.Event) error { return errors.New("no") }}
		n := startNode(t, db, broken, r.consumer("works", noted))
		addEach(t, db, "a", noted, 1)
		addEach(t, db, "b", noted, 1)
		got := awaitSeen(t, &r, 2)
		slices.Sort(got)
		if !reflect.DeepEqual(got, []string{"a1", "b1"}) {
			t.Error(got)
		}
		await(t, func() error {
			stats, err := n.jobs.Stats(t.Context())
			if err == nil && stats.Waiting != 2 {
				err = fmt.Errorf("%d jobs wait for a retry", stats.Waiting)
			}
			return err
		})
	})
}

func TestDeadConsumerContinuesWhenItsJobIsQueuedAgain(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var repaired atomic.Bool
		var r recorder
		c := r.consumer("fragile", noted)
		handle := c.Handle
		c.Handle = func(ctx context.Context, tx *sqldb.Tx, batch []event.Event) error {
			if !repaired.Load() {
				return jobs.Fatal(errors.New("cannot handle the event"))
			}
			return handle(ctx, tx, batch)
		}
		n := startNode(t, db, c)
		addEach(t, db, "a", noted, 1)
		var dead []jobs.Entry
		awaitDead := func() {
			await(t, func() (err error) {
				if dead, err = n.jobs.Dead(t.Context(), actor.Actor{Kind: actor.Command}, 10); err == nil && len(dead) != 1 {
					err = fmt.Errorf("%d jobs are dead", len(dead))
				}
				return err
			})
		}
		awaitDead()
		if e := dead[0]; e.Final || e.CommunityID != "a" || !strings.Contains(e.Errors[0].Error, "consumer fragile: cannot handle the event") {
			t.Errorf("%+v", e)
		}
		addEach(t, db, "a", noted, 2) // starts no second job
		awaitLatest(t, n, "a", 2)
		awaitDead()
		repaired.Store(true)
		if err := n.jobs.Requeue(t.Context(), actor.Actor{Kind: actor.Command}, dead[0].ID); err != nil {
			t.Fatal(err)
		}
		if got := awaitSeen(t, &r, 2); !reflect.DeepEqual(got, []string{"a1", "a2"}) {
			t.Error(got)
		}
	})
}

func TestDeadConsumerContinuesAfterItsJobIsDismissed(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var attempts atomic.Int64
		var r recorder
		c := r.consumer("fragile", noted)
		handle := c.Handle
		c.Handle = func(ctx context.Context, tx *sqldb.Tx, batch []event.Event) error {
			if attempts.Add(1) == 1 {
				return jobs.Fatal(errors.New("cannot handle the event"))
			}
			return handle(ctx, tx, batch)
		}
		n := newNode(db, clock.Clock{}, c)
		n.SetPoll(10 * time.Millisecond)
		start(t, n)
		addEach(t, db, "a", noted, 1)
		await(t, func() error {
			dead, err := n.jobs.Dead(t.Context(), actor.Actor{Kind: actor.Command}, 1)
			if err == nil && len(dead) == 0 {
				err = errors.New("no job is dead")
			}
			if err == nil {
				err = n.jobs.Dismiss(t.Context(), actor.Actor{Kind: actor.Command}, dead[0].ID)
			}
			return err
		})
		awaitSeen(t, &r, 1)
	})
}

func TestJobWithoutItsConsumerOrCommunityEnds(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var r recorder
		err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			for _, a := range []event.ConsumeArgs{{Consumer: "removed", CommunityID: "a"}, {Consumer: "notes", CommunityID: "erased"}} {
				if _, err := jobs.Insert(t.Context(), tx, a, jobs.Options{}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		n := startNode(t, db, r.consumer("notes", noted))
		await(t, func() error {
			stats, err := n.jobs.Stats(t.Context())
			if err == nil && stats != (jobs.Stats{}) {
				err = fmt.Errorf("%+v", stats)
			}
			return err
		})
		positions, err := sqldb.All(t.Context(), db, sqldb.Value[string], "SELECT consumer FROM event_positions")
		if err != nil || len(positions) > 0 {
			t.Errorf("positions %v, %v", positions, err)
		}
	})
}

// A consumer of rare types does not read all events of a community again and
// again.
func TestPositionOfAConsumerPassesOtherTypes(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		const others = event.NumberBatch // are numbered together, and just enough to move a position once
		var r recorder
		addMany(t, db, "a", others)
		startNode(t, db, r.consumer("closings", closed))
		await(t, func() error {
			position, err := sqldb.One(t.Context(), db, "position", sqldb.Value[int], "SELECT position FROM event_positions WHERE consumer = 'closings'")
			if err == nil && position != others {
				err = fmt.Errorf("position %d", position)
			}
			return err
		})
		addEach(t, db, "a", closed, 1)
		if got := awaitSeen(t, &r, 1); got[0] != fmt.Sprint("a", others+1) {
			t.Error(got)
		}
	})
}

// A batch has events of one depth, and what a consumer appends has the depth of its batch.
func TestEventsHaveTheDepthOfTheirCause(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		echo := event.Consumer{Name: "echo", Types: []string{noted}, Handle: func(ctx context.Context, tx *sqldb.Tx, batch []event.Event) error {
			for _, e := range batch {
				if e.Depth != batch[0].Depth {
					return fmt.Errorf("a batch has the depths %d and %d", batch[0].Depth, e.Depth)
				}
				if err := add(ctx, tx, "a", closed, 10*e.Depth+int(e.Sequence)); err != nil {
					return err
				}
			}
			return nil
		}}
		for _, depth := range []int{0, 0, 2, 0} {
			ctx := event.WithDepth(t.Context(), depth)
			if err := db.Tx(ctx, func(tx *sqldb.Tx) error { return add(ctx, tx, "a", noted, depth) }); err != nil {
				t.Fatal(err)
			}
		}
		var depths recorder
		read := event.Consumer{Name: "depths", Types: []string{closed}, Handle: func(_ context.Context, tx *sqldb.Tx, batch []event.Event) error {
			tx.AfterCommit(func() {
				depths.mu.Lock()
				defer depths.mu.Unlock()
				for _, e := range batch {
					depths.seen = append(depths.seen, fmt.Sprint(e.Depth))
				}
			})
			return nil
		}}
		startNode(t, db, echo, read)
		if got := awaitSeen(t, &depths, 4); !reflect.DeepEqual(got, []string{"0", "0", "2", "0"}) {
			t.Error(got)
		}
	})
}

// A consumer that handles a part of its batch gets the rest again.
func TestConsumerHandlesBatchesInParts(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var r recorder
		starts := 0
		slow := r.consumer("slow", noted)
		all := slow.Handle
		slow.Handle = func(ctx context.Context, tx *sqldb.Tx, batch []event.Event) error {
			if starts++; starts == 1 {
				return &event.PartialError{}
			}
			n := min(2, len(batch))
			if err := all(ctx, tx, batch[:n]); err != nil || n == len(batch) {
				return err
			}
			return &event.PartialError{Done: n}
		}
		addEach(t, db, "a", noted, upTo(5)...)
		startNode(t, db, slow)
		if got := awaitSeen(t, &r, 5); !reflect.DeepEqual(got, []string{"a1", "a2", "a3", "a4", "a5"}) {
			t.Error(got)
		}
	})
}
