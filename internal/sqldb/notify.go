package sqldb

import (
	"context"
	"database/sql/driver"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/id"
)

// notifyChannel is the PostgreSQL channel of all nodes and topics.
const notifyChannel = "regulars"

// notifyInterval is the minimum time between two equal NOTIFYs, because each
// one serializes commits on the server.
const notifyInterval = 20 * time.Millisecond

// notifier delivers signals of transactions to the subscribers of this process
// and to other nodes.
type notifier struct {
	origin         string // identifies signals of this process, which are delivered without the server
	mu             sync.Mutex
	subscribers    map[*subscriber]struct{}
	sent           map[string]time.Time
	startListening func() (stop func()) // nil on SQLite
	stopListening  func()               // nil while no one subscribes
}

type subscriber struct {
	topic string
	f     func(payload string)
}

func newNotifier() *notifier {
	return &notifier{origin: id.Secret(8), subscribers: map[*subscriber]struct{}{}, sent: map[string]time.Time{}}
}

// Subscribe calls f for each signal of a topic until stop is called. f must
// return quickly. An empty payload means that signals may have been missed,
// for example during an outage: read the tables. On SQLite only signals of
// this process arrive.
func (db *DB) Subscribe(topic string, f func(payload string)) (stop func()) {
	n := db.notifier
	s := &subscriber{topic, f}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.subscribers[s] = struct{}{}
	if n.stopListening == nil && n.startListening != nil {
		n.stopListening = n.startListening()
	}
	return sync.OnceFunc(func() {
		if stopListening := n.remove(s); stopListening != nil {
			stopListening()
		}
	})
}

// remove returns the function that ends listening if s was the last subscriber.
func (n *notifier) remove(s *subscriber) (stopListening func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.subscribers, s)
	if len(n.subscribers) > 0 {
		return nil
	}
	stopListening, n.stopListening = n.stopListening, nil
	return stopListening
}

// Notify notifies the subscribers of a topic after the commit. Delivery within
// this process is reliable; other nodes may miss a signal, so they poll as
// well. The payload is short, such as an id.
func (t *Tx) Notify(ctx context.Context, topic, payload string) error {
	key := topic + " " + payload
	if t.notified[key] {
		return nil
	}
	t.NotifyLocal(topic, payload)
	if t.notifier.startListening == nil || !t.notifier.shouldSend(key) {
		return nil
	}
	t.AfterCommit(func() { t.notifier.recordSent(key) })
	_, err := t.Exec(ctx, "SELECT pg_notify($1, $2)", notifyChannel, t.notifier.origin+" "+key)
	return err
}

// NotifyLocal is Notify for the subscribers of this process only.
func (t *Tx) NotifyLocal(topic, payload string) {
	key := topic + " " + payload
	if t.notified[key] {
		return
	}
	if t.notified == nil {
		t.notified = map[string]bool{}
	}
	t.notified[key] = true
	t.AfterCommit(func() { t.notifier.deliver(topic, payload) })
}

func (n *notifier) shouldSend(key string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return clock.Clock{}.Now().Sub(n.sent[key]) > notifyInterval
}

func (n *notifier) recordSent(key string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.sent) > 1000 {
		clear(n.sent)
	}
	n.sent[key] = clock.Clock{}.Now()
}

// deliver calls the subscribers of a topic, every subscriber if topic is "".
func (n *notifier) deliver(topic, payload string) {
	n.mu.Lock()
	called := []*subscriber{}
	for s := range n.subscribers {
		if topic == "" || s.topic == topic {
			called = append(called, s)
		}
	}
	n.mu.Unlock()
	for _, s := range called {
		s.f(payload)
	}
}

// startListening listens on a connection of the pool and reconnects after a
// failure.
func (db *DB) startListening() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if err := db.listen(ctx); err == nil {
				continue
			}
			select {
			case <-ctx.Done():
			case <-time.After(500 * time.Millisecond):
			}
		}
	}()
	return func() { cancel(); <-done }
}

func (db *DB) listen(ctx context.Context) error {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // already discarded
	return conn.Raw(func(raw any) error {
		c := raw.(*stdlib.Conn).Conn()
		if _, err := c.Exec(ctx, "LISTEN "+pgx.Identifier{notifyChannel}.Sanitize()); err != nil {
			return driver.ErrBadConn
		}
		db.notifier.deliver("", "") // earlier signals were missed
		for {
			n, err := c.WaitForNotification(ctx)
			if err != nil {
				return driver.ErrBadConn // discards the connection, which still listens
			}
			origin, rest, _ := strings.Cut(n.Payload, " ")
			topic, payload, _ := strings.Cut(rest, " ")
			if origin != db.notifier.origin && topic != "" {
				db.notifier.deliver(topic, payload)
			}
		}
	})
}
