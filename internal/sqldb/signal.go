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

// channel is the one PostgreSQL channel that all nodes listen on.
const channel = "regulars"

// quiet is how long the same signal is not sent to the other nodes again:
// each NOTIFY makes commits wait for one another.
const quiet = 20 * time.Millisecond

// signals passes on what transactions announced: to the listeners of this
// process, and to other nodes.
type signals struct {
	origin    string // marks our own, which have been delivered when they come back
	mu        sync.Mutex
	listeners map[*listener]struct{}
	sent      map[string]time.Time
	hear      func() (stop func()) // brings in those of other nodes; nil on SQLite
	deafen    func()
}

type listener struct {
	topic string
	f     func(payload string)
}

func newSignals() *signals {
	return &signals{origin: id.Secret(8), listeners: map[*listener]struct{}{}, sent: map[string]time.Time{}}
}

// Listen calls f for each signal of a topic until stop is called. f must
// return quickly. It is called with "" when signals may have been missed, for
// example while the database was away: look at the tables then. On SQLite
// only signals of this process arrive.
func (db *DB) Listen(topic string, f func(payload string)) (stop func()) {
	s := db.signals
	l := &listener{topic, f}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners[l] = struct{}{}
	if s.deafen == nil && s.hear != nil {
		s.deafen = s.hear()
	}
	return sync.OnceFunc(func() {
		if deafen := s.remove(l); deafen != nil {
			deafen()
		}
	})
}

// remove returns what ends the hearing when nobody listens any more.
func (s *signals) remove(l *listener) (deafen func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
	if len(s.listeners) > 0 {
		return nil
	}
	deafen, s.deafen = s.deafen, nil
	return deafen
}

// Signal tells the listeners of a topic once the transaction has committed:
// those of this process surely, those of other nodes as a rule, so they look
// at the tables now and then as well. A payload is short: an id.
func (t *Tx) Signal(ctx context.Context, topic, payload string) error {
	key := topic + " " + payload
	if t.signalled[key] {
		return nil
	}
	if t.signalled == nil {
		t.signalled = map[string]bool{}
	}
	t.signalled[key] = true
	t.AfterCommit(func() { t.signals.deliver(topic, payload) })
	if t.signals.hear == nil || !t.signals.due(key) {
		return nil
	}
	t.AfterCommit(func() { t.signals.mark(key) })
	_, err := t.Exec(ctx, "SELECT pg_notify($1, $2)", channel, t.signals.origin+" "+key)
	return err
}

func (s *signals) due(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return clock.Clock{}.Now().Sub(s.sent[key]) > quiet
}

func (s *signals) mark(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sent) > 1000 {
		clear(s.sent)
	}
	s.sent[key] = clock.Clock{}.Now()
}

// deliver calls the listeners of a topic, all of them when it is "".
func (s *signals) deliver(topic, payload string) {
	s.mu.Lock()
	called := []*listener{}
	for l := range s.listeners {
		if topic == "" || l.topic == topic {
			called = append(called, l)
		}
	}
	s.mu.Unlock()
	for _, l := range called {
		l.f(payload)
	}
}

// hear listens on a connection of the pool and takes another one when it
// breaks.
func (db *DB) hear() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if err := db.hearOn(ctx); err == nil {
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

func (db *DB) hearOn(ctx context.Context) error {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // thrown away already
	return conn.Raw(func(raw any) error {
		c := raw.(*stdlib.Conn).Conn()
		if _, err := c.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
			return driver.ErrBadConn
		}
		db.signals.deliver("", "") // whatever came before this moment was missed
		for {
			n, err := c.WaitForNotification(ctx)
			if err != nil {
				return driver.ErrBadConn // a connection that listens must not go back to the pool
			}
			origin, rest, _ := strings.Cut(n.Payload, " ")
			topic, payload, _ := strings.Cut(rest, " ")
			if origin != db.signals.origin && topic != "" {
				db.signals.deliver(topic, payload)
			}
		}
	})
}
