package postgres

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/regulars/regulars/internal/clock"
)

const (
	silentAfter   = 2 * time.Second // without an answer, then the server is probed
	probeEvery    = 3 * time.Second // while answers are missing
	answerTimeout = 5 * time.Second // of a probe, and of a new connection
)

// link watches the network to PostgreSQL. A statement may run for hours, and a cut
// network does not end its connection, so silence is no failure. But while an
// answer is missing, a probe on a connection of its own asks the server. If the
// probe has no answer either, the link closes all connections, so that statements
// fail as unavailable, and refuses new ones until the server answers again.
type link struct {
	config *pgx.ConnConfig // of the probe
	dialer net.Dialer
	ctx    context.Context //nolint:containedctx // of the goroutine
	stop   context.CancelFunc
	ended  sync.WaitGroup

	mu    sync.Mutex
	conns map[*linkConn]struct{}
	lost  bool

	// Used only by the goroutine of watch.
	probeConn  *pgx.Conn // nil: none
	answeredAt int64     // last answer to a probe, Unix milliseconds
}

func newLink(config *pgx.ConnConfig) *link {
	l := &link{conns: map[*linkConn]struct{}{}}
	l.dialer = net.Dialer{
		Timeout:         config.ConnectTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3},
	}
	l.config = config.Copy()
	l.config.DialFunc = l.dialer.DialContext
	l.ctx, l.stop = context.WithCancel(context.Background())
	return l
}

func (l *link) start() { l.ended.Go(l.watch) }

// close ends the watch. The connections of the pool are closed by the pool.
func (l *link) close() {
	l.stop()
	l.ended.Wait()
}

// errLinkLost is the error of a new connection while the server does not answer.
var errLinkLost = errors.New("the database server does not answer")

func (l *link) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if l.isLost() {
		return nil, errLinkLost
	}
	conn, err := l.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &linkConn{Conn: conn, link: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = struct{}{}
	return c, nil
}

func (l *link) isLost() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// watch probes the server while answers are missing.
func (l *link) watch() {
	defer l.closeProbe()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-ticker.C:
		}
		now := clock.Clock{}.MS()
		if !l.isLost() && (now-l.answeredAt < probeEvery.Milliseconds() || !l.isSilent(now-silentAfter.Milliseconds())) {
			continue
		}
		err := l.probe()
		switch {
		case l.ctx.Err() != nil:
			return
		case err != nil:
			l.cut()
		default:
			l.answeredAt = clock.Clock{}.MS()
			l.setLost(false)
		}
	}
}

// isSilent reports whether a connection has waited since a time.
func (l *link) isSilent(since int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		for _, begun := range []int64{c.reading.Load(), c.writing.Load()} {
			if begun != 0 && begun <= since {
				return true
			}
		}
	}
	return false
}

// probe returns an error if the server does not answer, not even with a refusal.
func (l *link) probe() error {
	ctx, cancel := context.WithTimeout(l.ctx, answerTimeout)
	defer cancel()
	if l.probeConn != nil {
		if err := l.probeConn.Ping(ctx); err == nil || ctx.Err() != nil {
			if err != nil {
				l.closeProbe()
			}
			return err
		}
		l.closeProbe() // the server was restarted
	}
	conn, err := pgx.ConnectConfig(ctx, l.config)
	if _, refused := errors.AsType[*pgconn.PgError](err); refused {
		return nil
	}
	l.probeConn = conn
	return err
}

func (l *link) closeProbe() {
	if l.probeConn == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // without a message to the server, which would wait for the network
	_ = l.probeConn.Close(ctx)
	l.probeConn = nil
}

// cut closes all connections.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = true
	for c := range l.conns {
		_ = c.Conn.Close() // the pool removes it
	}
}

func (l *link) setLost(lost bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = lost
}

// linkConn is a connection with the times since when it waits, in Unix
// milliseconds; 0: it does not wait.
type linkConn struct {
	net.Conn
	link             *link
	reading, writing atomic.Int64
}

func (c *linkConn) Read(b []byte) (int, error) {
	c.reading.Store(clock.Clock{}.MS())
	defer c.reading.Store(0)
	return c.Conn.Read(b)
}

func (c *linkConn) Write(b []byte) (int, error) {
	c.writing.Store(clock.Clock{}.MS())
	defer c.writing.Store(0)
	return c.Conn.Write(b)
}

func (c *linkConn) Close() error {
	c.link.mu.Lock()
	delete(c.link.conns, c)
	c.link.mu.Unlock()
	return c.Conn.Close()
}
