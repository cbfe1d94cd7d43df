package event_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

func TestMain(m *testing.M) {
	if address := os.Getenv("EVENT_TEST_CHILD"); address != "" {
		child(address)
		return
	}
	goleak.VerifyTestMain(m)
}

const (
	noted  = "thing.noted"
	closed = "thing.closed"
)

// note is the data of the test types.
type note struct {
	N int `json:"n"`
}

var types = []event.Type{
	{Name: noted, Description: "A thing was noted.", Member: "the author", Data: note{}},
	{Name: closed, Description: "A thing was closed.", Data: note{}},
}

const retention = 30 * 24 * time.Hour

// node is a process with events and workers.
type node struct {
	*event.Events
	jobs *jobs.Engine
}

// newNode returns a node that has not been started.
func newNode(db *sqldb.DB, c clock.Clock, consumers ...event.Consumer) node {
	log := slog.New(slog.DiscardHandler)
	n := node{jobs: jobs.New(db, c, log, jobs.EngineOptions{})}
	n.Events = event.New(event.Deps{DB: db, Jobs: n.jobs, Clock: c, Types: types, Consumers: consumers, Retention: retention})
	return n
}

// start starts a node until the end of the test.
func start(t *testing.T, n node) node {
	t.Helper()
	if err := n.jobs.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.Start(t.Context())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		n.Stop()
		if err := n.jobs.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return n
}

func startNode(t *testing.T, db *sqldb.DB, consumers ...event.Consumer) node {
	t.Helper()
	return start(t, newNode(db, clock.Clock{}, consumers...))
}

// add appends an event with the number n in its data.
func add(ctx context.Context, tx *sqldb.Tx, communityID, name string, n int) error {
	return event.Append(ctx, tx, 1_700_000_000_000, event.Event{CommunityID: communityID, Type: name}, note{n})
}

// addEach appends events in one transaction each.
func addEach(t *testing.T, db *sqldb.DB, communityID, name string, numbers ...int) {
	t.Helper()
	for _, n := range numbers {
		if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error { return add(t.Context(), tx, communityID, name, n) }); err != nil {
			t.Fatal(err)
		}
	}
}

// upTo returns 1 to n.
func upTo(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i + 1
	}
	return list
}

// numberOf returns the number in the data of an event.
func numberOf(t *testing.T, e event.Event) int {
	t.Helper()
	var data note
	if err := e.Decode(&data); err != nil {
		t.Fatal(err)
	}
	return data.N
}

// awaitLatest waits until a community has n numbered events.
func awaitLatest(t *testing.T, n node, communityID string, want int64) {
	t.Helper()
	changed, stop := n.Watch(communityID)
	defer stop()
	for {
		page, err := n.Read(t.Context(), communityID, event.Query{After: want, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if page.Latest >= want {
			return
		}
		receive(t, changed)
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

// recorder is a consumer that records the numbers of its events.
type recorder struct {
	mu   sync.Mutex
	seen []string
}

func (r *recorder) consumer(name string, types ...string) event.Consumer {
	return event.Consumer{Name: name, Types: types, Handle: func(_ context.Context, tx *sqldb.Tx, batch []event.Event) error {
		tx.AfterCommit(func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			for _, e := range batch {
				r.seen = append(r.seen, fmt.Sprint(e.CommunityID, e.Sequence))
			}
		})
		return nil
	}}
}

func (r *recorder) list() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.seen...)
}
