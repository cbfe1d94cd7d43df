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
// one serializes commits on the server. One that follows sooner is sent at the end of
// the interval.
const notifyInterval = 20 * time.Millisecond

// delayedTimeout bounds the time in which a delayed NOTIFY is sent.
const delayedTimeout = 5 * time.Second

// notifier delivers signals of transactions to the subscribers of this process
// and to other nodes.
type notifier struct {
	origin         string // identifies signals of this process, which are delivered without the server
	mu             sync.Mutex
	subscribers    map[*subscriber]struct{}
	sent           map[string]time.Duration // when, as of clock.Monotonic
	delayed        map[string]*time.Timer
	sending        sync.WaitGroup // delayed NOTIFYs
	closed         bool
	startListening func() (stop func()) // nil on SQLite
	stopListening  func()               // nil while no one subscribes
}

type subscriber struct {
	topic string
	f     func(payload string)
}

func newNotifier() *notifier {
	return &notifier{origin: id.Secret(8), subscribers: map[*subscriber]struct{}{}, sent: map[string]time.Duration{}, delayed: map[string]*time.Timer{}}
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
	if t.db.notifier.startListening == nil {
		return nil
	}
	if !t.db.notifier.shouldSend(key) {
		t.AfterCommit(func() { t.db.notifyLater(topic, payload) })
		return nil
	}
	t.AfterCommit(func() { t.db.notifier.recordSent(key) })
	return t.notifyOthers(ctx, topic, payload)
}

// notifyOthers notifies the subscribers of other nodes after the commit.
func (t *Tx) notifyOthers(ctx context.Context, topic, payload string) error {
	return t.Queue(ctx, "SELECT pg_notify($1, $2)", notifyChannel, t.db.notifier.origin+" "+topic+" "+payload)
}

// Notify notifies the subscribers of a topic at once, outside a transaction. Unlike
// Tx.Notify it delivers every signal, also one like the last.
func (db *DB) Notify(ctx context.Context, topic, payload string) error {
	db.notifier.deliver(topic, payload)
	if db.notifier.startListening == nil {
		return nil
	}
	_, err := db.Exec(ctx, "SELECT pg_notify($1, $2)", notifyChannel, db.notifier.origin+" "+topic+" "+payload)
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
	t.AfterCommit(func() { t.db.notifier.deliver(topic, payload) })
}

func (n *notifier) shouldSend(key string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	at, sent := n.sent[key]
	return !sent || clock.Monotonic()-at > notifyInterval
}

func (n *notifier) recordSent(key string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.sent) > 1000 {
		clear(n.sent)
	}
	n.sent[key] = clock.Monotonic()
}

// notifyLater notifies the subscribers of other nodes at the end of the interval, once
// for all signals until then.
func (db *DB) notifyLater(topic, payload string) {
	n, key := db.notifier, topic+" "+payload
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || n.delayed[key] != nil {
		return
	}
	n.sending.Add(1)
	n.delayed[key] = time.AfterFunc(notifyInterval, func() {
		defer n.sending.Done()
		n.mu.Lock()
		delete(n.delayed, key)
		n.mu.Unlock()
		n.recordSent(key)
		ctx, cancel := context.WithTimeout(context.Background(), delayedTimeout)
		defer cancel()
		_, _ = db.Exec(ctx, "SELECT pg_notify($1, $2)", notifyChannel, n.origin+" "+topic+" "+payload) // other nodes poll as well
	})
}

// close drops delayed NOTIFYs and waits for those that are being sent.
func (n *notifier) close() {
	n.mu.Lock()
	n.closed = true
	for key, timer := range n.delayed {
		if timer.Stop() {
			n.sending.Done()
		}
		delete(n.delayed, key)
	}
	n.mu.Unlock()
	n.sending.Wait()
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
		if _, err := c.Exec(ctx, "SET synchronous_commit = off"); err != nil { // of beats
			return driver.ErrBadConn
		}
		db.notifier.deliver("", "") // earlier signals were missed
		for {
			if err := db.receive(ctx, c); err != nil {
				return driver.ErrBadConn // discards the connection, which still listens
			}
		}
	})
}

// receive delivers the next signal, and sends a beat if it is time for one: a
// notification to this process, which arrives after those of all earlier commits.
func (db *DB) receive(ctx context.Context, c *pgx.Conn) error {
	if beat, due := db.versions.nextBeat(); due {
		short, cancel := context.WithTimeout(ctx, beatTimeout)
		defer cancel()
		_, err := c.Exec(short, "SELECT pg_notify($1, $2)", notifyChannel, db.notifier.origin+" "+beatTopic+" "+beat)
		return err
	}
	short, cancel := context.WithTimeout(ctx, watchInterval)
	defer cancel()
	n, err := c.WaitForNotification(short)
	if err != nil {
		if short.Err() != nil && ctx.Err() == nil {
			return nil
		}
		return err
	}
	origin, rest, _ := strings.Cut(n.Payload, " ")
	topic, payload, _ := strings.Cut(rest, " ")
	switch own := origin == db.notifier.origin; {
	case own && topic == beatTopic:
		db.versions.received(payload)
	case !own && topic != "" && topic != beatTopic:
		db.notifier.deliver(topic, payload)
	}
	return nil
}
