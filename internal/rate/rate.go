// Package rate counts attempts in the database, so that a limit holds over all
// nodes of an installation. What is limited, and what happens then, is up to
// its callers.
package rate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/sqldb"
)

// Limit says how often something may happen in any window of time.
type Limit struct {
	Name   string // of what is limited; limits of one name share their counts
	Most   int    // in a window; 0 or less: as often as you like
	Window time.Duration
}

// Taken is how a limit stands after an attempt.
type Taken struct {
	OK    bool          // false: it was one too many, and is not counted
	Left  int           // how many more may follow at once
	Reset time.Duration // until the window ends that was counted in
}

// Counts are the counters of an installation. They may be used by many
// goroutines.
type Counts struct {
	db    *sqldb.DB
	clock clock.Clock
}

// New returns the counters in a database.
func New(db *sqldb.DB, c clock.Clock) *Counts { return &Counts{db, c} }

// Take counts an attempt of a subject in a transaction of its own, also within
// a BeforeCommit context. Only a hash of the subject is kept. A power cut may
// cost the last counts.
func (c *Counts) Take(ctx context.Context, l Limit, subject string) (taken Taken, err error) {
	alone := sqldb.BeforeCommit(sqldb.SafeLater(ctx), func(context.Context, *sqldb.Tx) error { return nil })
	err = c.db.Tx(alone, func(tx *sqldb.Tx) error {
		taken, err = Take(ctx, tx, c.clock.Now(), l, subject)
		return err
	})
	return taken, err
}

// Take is Counts.Take in the caller's transaction: what is rolled back was not
// counted. Until it ends others who count the same subject wait.
func Take(ctx context.Context, tx *sqldb.Tx, now time.Time, l Limit, subject string) (Taken, error) {
	if l.Most <= 0 {
		return Taken{OK: true}, nil
	}
	window, at := l.Window.Milliseconds(), now.UnixMilli()
	began := at - at%window
	left := began + window - at
	used, err := count(ctx, tx, attempt{hash(l.Name, subject), began, window, left, l.Most})
	if err != nil {
		return Taken{}, err
	}
	taken := Taken{OK: used > 0, Reset: time.Duration(left) * time.Millisecond}
	if taken.OK {
		taken.Left = max(l.Most-used, 0)
	}
	return taken, nil
}

// Return undoes a Take of the same transaction.
func Return(ctx context.Context, tx *sqldb.Tx, l Limit, subject string) error {
	if l.Most <= 0 {
		return nil
	}
	return uncount(ctx, tx, hash(l.Name, subject))
}

// hash keeps addresses out of the table.
func hash(name, subject string) string {
	sum := sha256.Sum256([]byte(name + "\x00" + subject))
	return hex.EncodeToString(sum[:])
}

// Sweep forgets what no limit looks at any more.
func (c *Counts) Sweep(ctx context.Context) error { return sweep(ctx, c.db, c.clock.MS()) }
