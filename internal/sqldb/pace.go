package sqldb

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/regulars/regulars/internal/clock"
)

type interactiveKey struct{}

// Interactive returns a context for work that a person or a program waits for, such as
// a request. Long work makes room for its transactions, see Pace.
func Interactive(ctx context.Context) context.Context {
	return context.WithValue(ctx, interactiveKey{}, true)
}

// noteInteractive counts a writing transaction of an interactive context.
func (db *DB) noteInteractive(ctx context.Context) {
	if ctx.Value(interactiveKey{}) != nil {
		db.interactive.Add(1)
	}
}

const (
	// longestTurn is how long a transaction of a Pace should hold the writer of SQLite
	// while others write.
	longestTurn = 25 * time.Millisecond
	// lately is how long after the last other write transactions remain short.
	lately = 3 * time.Second
	// fewestRows bounds the cost of short transactions on a slow machine.
	fewestRows = 100
)

// Pace decides how many rows work in many steps, such as an import, writes in one
// transaction. SQLite has one writer, and a transaction that runs cannot be cut short.
// So the length follows the writers seen lately, before one of them has to wait. The
// length is limited only on SQLite. Limit is for any goroutine, Wrote for one.
type Pace struct {
	db    *DB
	clock clock.Clock
	rows  atomic.Int64

	seen   int64     // interactive writes up to the last step
	latest time.Time // when one was seen
	rate   float64   // rows a second of the last steps; 0: unknown
}

// NewPace returns the pace of work that begins now. Earlier writers do not count, such
// as the request that started it.
func (db *DB) NewPace(now clock.Clock) *Pace {
	p := &Pace{db: db, clock: now, seen: db.interactive.Load()}
	p.rows.Store(math.MaxInt64)
	return p
}

// Limit returns the largest number of rows for the next transaction.
func (p *Pace) Limit() int { return int(p.rows.Load()) }

// Wait waits until a transaction may begin. While others write, their commits go beside
// a checkpoint, and its last part stays short.
func (p *Pace) Wait(ctx context.Context) {
	if p.rows.Load() < math.MaxInt64 {
		p.db.checkpoints.wait(ctx)
	}
}

// Wrote reports a transaction with rows, that held the writer since began.
func (p *Pace) Wrote(rows int64, began time.Time) {
	now, writes := p.clock.Now(), p.db.interactive.Load()
	if took := max(now.Sub(began), time.Millisecond); rows >= fewestRows {
		rate := float64(rows) / took.Seconds()
		if p.rate > 0 {
			rate = (p.rate + rate) / 2
		}
		p.rate = rate
	}
	if writes > p.seen {
		p.seen, p.latest = writes, now
	}
	limit := int64(math.MaxInt64)
	if p.rate > 0 && !p.latest.IsZero() && now.Sub(p.latest) < lately {
		limit = max(int64(p.rate*longestTurn.Seconds()), fewestRows)
		p.db.checkpoints.makeRoom(p.clock)
		startWriteback(p.db.checkpoints.log)
	}
	p.rows.Store(limit)
}
