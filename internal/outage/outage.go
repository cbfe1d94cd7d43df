// Package outage logs the outages of a service that is used all the time, such as the
// database.
package outage

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/regulars/regulars/internal/clock"
)

const (
	// every is the time between two lines of an outage.
	every = time.Minute
	// settled is the time without a failure after which an outage has ended: some
	// requests may succeed meanwhile, such as reads while the disk is full.
	settled = 10 * time.Second
)

// Log writes a line when an outage begins, at most one a minute meanwhile with the
// number of failures, and one when it has ended. It is safe for concurrent use. A nil
// Log writes nothing.
type Log struct {
	log     *slog.Logger
	clock   clock.Clock
	service string
	running atomic.Bool // an outage

	mu       sync.Mutex
	begun    time.Time
	logged   time.Time // the last line
	failures int64     // since then
	back     time.Time // the first success since the last failure; zero: none
	settle   *time.Timer
}

// New returns the log of a service. Its name is part of each line.
func New(log *slog.Logger, c clock.Clock, service string) *Log {
	return &Log{log: log, clock: c, service: service}
}

// Failed records a request that failed because the service does not work. The
// attributes describe the request.
func (l *Log) Failed(ctx context.Context, err error, attributes ...any) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	l.failures++
	l.back = time.Time{}
	attributes = append([]any{"service", l.service, "failures", l.failures, "error", err.Error()}, attributes...)
	switch {
	case !l.running.Swap(true):
		l.begun = now
		l.log.WarnContext(ctx, "outage begins", attributes...)
	case now.Sub(l.logged) < every:
		return
	default:
		l.log.WarnContext(ctx, "outage continues", attributes...)
	}
	l.logged, l.failures = now, 0
}

// Succeeded records a request that succeeded.
func (l *Log) Succeeded() {
	if l == nil || !l.running.Load() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.running.Load() || !l.back.IsZero() {
		return
	}
	l.back = l.clock.Now()
	if l.settle == nil {
		l.settle = time.AfterFunc(settled, l.end)
	} else {
		l.settle.Reset(settled)
	}
}

// end logs the end of an outage if no request has failed since the first success.
func (l *Log) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.back.IsZero() || !l.running.Swap(false) {
		return
	}
	l.log.WarnContext(context.Background(), "outage ended", "service", l.service, "failures", l.failures, "seconds", l.back.Sub(l.begun).Seconds())
	l.failures, l.back = 0, time.Time{}
}
