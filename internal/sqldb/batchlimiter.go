package sqldb

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/regulars/regulars/internal/clock"
)

type interactiveKey struct{}

// Interactive returns a context for work whose caller waits for its transactions, such
// as a request. Long work makes its transactions short for them, see BatchLimiter. On
// PostgreSQL they leave connections to other work.
func Interactive(ctx context.Context) context.Context {
	return context.WithValue(ctx, interactiveKey{}, true)
}

// Background returns a context for writes of an interactive caller that need not be
// fast, such as a time of last use.
func Background(ctx context.Context) context.Context {
	return context.WithValue(ctx, interactiveKey{}, false)
}

// noteInteractive counts a writing transaction of an interactive context.
func (db *DB) noteInteractive(ctx context.Context) {
	if isInteractive(ctx) {
		db.interactive.Add(1)
	}
}

func isInteractive(ctx context.Context) bool {
	interactive, _ := ctx.Value(interactiveKey{}).(bool)
	return interactive
}

const (
	// maxHold is how long a limited transaction should hold the writer of SQLite.
	maxHold = 25 * time.Millisecond
	// writerWindow is how long transactions stay limited after an interactive write.
	writerWindow = 3 * time.Second
	// minRows bounds the cost of limited transactions on a slow machine.
	minRows = 100
)

// BatchLimiter limits the rows that work in many steps, such as an import, writes in
// one transaction. SQLite has one writer, and a transaction that runs cannot be cut
// short. So the limit follows the interactive writes of the last seconds. There is none
// without them, and on PostgreSQL. Rows is for any goroutine, the others for one.
type BatchLimiter struct {
	db    *DB
	clock clock.Clock
	rows  atomic.Int64 // math.MaxInt: no limit

	seen   int64     // interactive writes up to the last step
	latest time.Time // when one was seen
	rate   float64   // rows a second of the last steps; 0: unknown
}

// NewBatchLimiter returns the limiter of work that begins now. Earlier writes do not
// count, such as those of the request that started it.
func (db *DB) NewBatchLimiter(c clock.Clock) *BatchLimiter {
	l := &BatchLimiter{db: db, clock: c, seen: db.interactive.Load()}
	l.rows.Store(math.MaxInt)
	return l
}

// Rows returns the largest number of rows for the next transaction.
func (l *BatchLimiter) Rows() int { return int(l.rows.Load()) }

// Wait blocks while a checkpoint runs, if transactions are limited: the log stops
// growing, so that the checkpoint can finish and the log begin again.
func (l *BatchLimiter) Wait(ctx context.Context) {
	if l.rows.Load() < math.MaxInt {
		l.db.checkpoints.Wait(ctx)
	}
}

// Record adds a committed transaction that held the writer since began, and sets the
// limit of the next one.
func (l *BatchLimiter) Record(rows int64, began time.Time) {
	now, writes := l.clock.Now(), l.db.interactive.Load()
	if took := max(now.Sub(began), time.Millisecond); rows >= minRows {
		rate := float64(rows) / took.Seconds()
		if l.rate > 0 {
			rate = (l.rate + rate) / 2
		}
		l.rate = rate
	}
	if writes > l.seen {
		l.seen, l.latest = writes, now
	}
	limit := int64(math.MaxInt)
	if l.rate > 0 && !l.latest.IsZero() && now.Sub(l.latest) < writerWindow {
		limit = max(int64(l.rate*maxHold.Seconds()), minRows)
		l.db.checkpoints.StartSmall(l.clock)
		l.db.checkpoints.StartWriteback()
	}
	l.rows.Store(limit)
}
