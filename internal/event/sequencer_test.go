package event_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestEventIsCommittedWithItsTransaction(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		n := startNode(t, db)
		refused := errors.New("no")
		err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			return errors.Join(add(t.Context(), tx, "c", noted, 1), refused)
		})
		if !errors.Is(err, refused) {
			t.Fatal(err)
		}
		addEach(t, db, "c", noted, 2)
		awaitLatest(t, n, "c", 1)
		page, err := n.Read(t.Context(), "c", event.Query{Limit: 10})
		if err != nil || len(page.Events) != 1 || numberOf(t, page.Events[0]) != 2 || page.Events[0].Sequence != 1 {
			t.Errorf("%+v, %v", page, err)
		}
	})
}

// span is the time of a transaction on a logical clock: begin before it began,
// end after it was committed.
type span struct{ begin, end int64 }

// writers commits events of 16 writers in two communities: one or two in a
// transaction, every fifth transaction rolled back, every seventh with relaxed
// sync. It returns the spans by community and by the number in the event's data.
func writers(t *testing.T, dbs []*sqldb.DB, each int) map[string][]span {
	t.Helper()
	const count = 16
	var time atomic.Int64
	spans := map[string][]span{"a": make([]span, count*each), "b": make([]span, count*each)}
	var all sync.WaitGroup
	for w := range count {
		all.Go(func() {
			db := dbs[w%len(dbs)]
			for i := range each {
				var options []sqldb.TxOption
				if i%7 == 6 {
					options = append(options, sqldb.RelaxedSync)
				}
				n := w*each + i
				s := span{begin: time.Add(1)}
				err := db.Tx(t.Context(), func(tx *sqldb.Tx) error { return commitOne(t.Context(), tx, n, i) }, options...)
				s.end = time.Add(1)
				if err != nil && !errors.Is(err, errRefused) {
					t.Error(err)
				}
				if err == nil {
					spans["a"][n] = s
					if i%2 == 0 {
						spans["b"][n] = s
					}
				}
			}
		})
	}
	all.Wait()
	return spans
}

var errRefused = errors.New("rolled back")

func commitOne(ctx context.Context, tx *sqldb.Tx, n, i int) error {
	if err := add(ctx, tx, "a", noted, n); err != nil {
		return err
	}
	if i%2 == 0 {
		if err := add(ctx, tx, "b", closed, n); err != nil {
			return err
		}
	}
	if i%5 == 4 {
		return errRefused
	}
	return nil
}

// committed counts the spans of committed transactions.
func committed(spans []span) (n int) {
	for _, s := range spans {
		if s.end > 0 {
			n++
		}
	}
	return n
}

// poll reads the events of a community as a client does, each page after the
// last one, until want events were read.
func poll(t *testing.T, n node, communityID string, want func() int) (read []event.Event) {
	t.Helper()
	changed, stop := n.Watch(communityID)
	defer stop()
	after := int64(0)
	for {
		page, err := n.Read(t.Context(), communityID, event.Query{After: after, Limit: 7})
		if err != nil {
			t.Error(err)
			return read
		}
		for _, e := range page.Events {
			if e.Sequence != int64(len(read))+1 {
				t.Errorf("sequence %d follows %d events", e.Sequence, len(read))
				return read
			}
			read = append(read, e)
		}
		after = page.Next
		if page.More {
			continue
		}
		if w := want(); w >= 0 && len(read) >= w {
			return read
		}
		receive(t, changed)
	}
}

// TestEventsOfManyWritersAreNumberedInCommitOrder also has readers, which see
// each event once and in order while the writers commit.
func TestEventsOfManyWritersAreNumberedInCommitOrder(t *testing.T) {
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		dbs := []*sqldb.DB{sqldbtest.Open(t, address), sqldbtest.Open(t, address)}
		nodes := []node{newNode(dbs[0], clock.Clock{}), newNode(dbs[1], clock.Clock{})}
		for _, n := range nodes {
			start(t, n)
		}
		expected := map[string]*atomic.Int64{"a": {}, "b": {}}
		read := map[string][]event.Event{}
		var mu sync.Mutex
		var readers sync.WaitGroup
		for i, communityID := range []string{"a", "b"} {
			expected[communityID].Store(-1)
			readers.Go(func() {
				list := poll(t, nodes[i], communityID, func() int { return int(expected[communityID].Load()) })
				mu.Lock()
				defer mu.Unlock()
				read[communityID] = list
			})
		}
		spans := writers(t, dbs, 40)
		for communityID, n := range expected {
			n.Store(int64(committed(spans[communityID])))
			addEach(t, dbs[0], communityID, noted, -1) // wakes the reader for the last time
		}
		readers.Wait()
		for communityID, list := range read {
			checkOrder(t, list[:expected[communityID].Load()], spans[communityID])
		}
	})
}

// checkOrder checks that the events are the committed ones, once each, and that
// an event whose transaction ended before another one began has the lower number.
func checkOrder(t *testing.T, list []event.Event, spans []span) {
	t.Helper()
	if len(list) != committed(spans) {
		t.Fatalf("%d events were read, %d committed", len(list), committed(spans))
	}
	seen := map[int]bool{}
	firstEnd := int64(math.MaxInt64) // of the events with higher numbers
	for i := len(list) - 1; i >= 0; i-- {
		n := numberOf(t, list[i])
		s := spans[n]
		if s.end == 0 || seen[n] {
			t.Errorf("event %d was read twice or not committed", n)
		}
		seen[n] = true
		if firstEnd < s.begin {
			t.Errorf("event %d has sequence %d, below one that was committed before it began", n, list[i].Sequence)
		}
		firstEnd = min(firstEnd, s.end)
	}
}

func TestEventsOfAProcessThatHasEndedAreNumbered(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for n := range 3 { // no node is running
			err := db.Tx(t.Context(), func(tx *sqldb.Tx) error { return add(t.Context(), tx, "c", noted, n) }, sqldb.RelaxedSync)
			if err != nil {
				t.Fatal(err)
			}
		}
		n := startNode(t, db)
		awaitLatest(t, n, "c", 3)
	})
}

func TestOrdinaryTransactionNumbersEarlierOnesFirst(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		n := newNode(db, clock.Clock{})
		for i := range 3 {
			err := db.Tx(t.Context(), func(tx *sqldb.Tx) error { return add(t.Context(), tx, "c", noted, i) }, sqldb.RelaxedSync)
			if err != nil {
				t.Fatal(err)
			}
		}
		addEach(t, db, "c", noted, 3)
		if db.Dialect() == sqldb.Postgres {
			start(t, n)
			awaitLatest(t, n, "c", 4)
		}
		page, err := n.Read(t.Context(), "c", event.Query{Limit: 10})
		if err != nil || len(page.Events) != 4 {
			t.Fatalf("%+v, %v", page, err)
		}
		for i, e := range page.Events {
			if numberOf(t, e) != i {
				t.Errorf("event %d has sequence %d", numberOf(t, e), e.Sequence)
			}
		}
	})
}

func TestLockOfAClosedConnectionDoesNotStopNumbering(t *testing.T) {
	sqldbtest.EachAddress(t, func(t *testing.T, address string) {
		db := sqldbtest.Open(t, address)
		if db.Dialect() == sqldb.SQLite {
			return // no locks
		}
		n := startNode(t, db)
		other, err := sqldb.Open(t.Context(), address, sqldb.Options{})
		if err != nil {
			t.Fatal(err)
		}
		locked := make(chan struct{})
		ctx, kill := context.WithCancel(t.Context())
		go func() {
			_ = other.Tx(ctx, func(tx *sqldb.Tx) error { // ends with an error
				err := tx.LockWorker(ctx, "event sequencer")
				close(locked)
				<-ctx.Done()
				return err
			})
		}()
		receive(t, locked)
		addEach(t, db, "c", noted, 1)
		kill()
		awaitLatest(t, n, "c", 1)
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	})
}
