// Package ratelimit counts attempts in the database, so that a limit applies to
// all nodes of an installation together.
package ratelimit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/sqldb"
)

// Limit bounds the attempts of each subject in a sliding window.
type Limit struct {
	Name   string // limits of one name share their counters
	Max    int    // in a window; 0 or less: no limit
	Window time.Duration
}

// Result is the outcome of one attempt.
type Result struct {
	OK        bool          // false: over the limit, not counted
	Remaining int           // further attempts allowed now
	Reset     time.Duration // until the end of the counted window
}

// Counter counts attempts in a database. It is safe for concurrent use.
type Counter struct {
	db    *sqldb.DB
	clock clock.Clock
}

// New returns a Counter in db.
func New(db *sqldb.DB, c clock.Clock) *Counter { return &Counter{db, c} }

// Allow counts an attempt in a transaction of its own and reports whether it is
// within the limit. BeforeCommit hooks of ctx do not run. A power failure may
// lose the last counts.
func (c *Counter) Allow(ctx context.Context, l Limit, subject string) (result Result, err error) {
	own := sqldb.BeforeCommit(ctx, func(context.Context, *sqldb.Tx) error { return nil })
	err = c.db.Tx(own, func(tx *sqldb.Tx) error {
		result, err = Allow(ctx, tx, c.clock.Now(), l, subject)
		return err
	}, sqldb.RelaxedSync)
	return result, err
}

// Allow is Counter.Allow in the caller's transaction, which locks the subject's
// counter until it ends. A rollback removes the attempt.
func Allow(ctx context.Context, tx *sqldb.Tx, now time.Time, l Limit, subject string) (Result, error) {
	if l.Max <= 0 {
		return Result{OK: true}, nil
	}
	window, ms := l.Window.Milliseconds(), now.UnixMilli()
	start := ms - ms%window
	remaining := start + window - ms
	used, err := increment(ctx, tx, attempt{hash(l.Name, subject), start, window, remaining, l.Max})
	if err != nil {
		return Result{}, err
	}
	result := Result{OK: used > 0, Reset: time.Duration(remaining) * time.Millisecond}
	if result.OK {
		result.Remaining = max(l.Max-used, 0)
	}
	return result, nil
}

// Refund removes an attempt that was counted in the same transaction.
func Refund(ctx context.Context, tx *sqldb.Tx, l Limit, subject string) error {
	if l.Max <= 0 {
		return nil
	}
	return decrement(ctx, tx, hash(l.Name, subject))
}

// hash keeps addresses and names out of the table.
func hash(name, subject string) string {
	sum := sha256.Sum256([]byte(name + "\x00" + subject))
	return hex.EncodeToString(sum[:])
}

// Sweep deletes expired counters.
func (c *Counter) Sweep(ctx context.Context) error { return sweep(ctx, c.db, c.clock.MS()) }
