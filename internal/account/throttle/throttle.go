// Package throttle delays sign-ins after failures, and remembers the clients of accounts.
package throttle

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/sqldb"
)

// backoff is the delay of the next sign-in after failures: none for the first
// free ones, then it doubles with each.
type backoff struct {
	free       int64
	max        time.Duration
	resetAfter time.Duration // time without failures after which the count restarts
}

var (
	// The email address and the username of an account have separate counters; a
	// shared one would reveal that both belong to one person. Twice the maximum
	// delay keeps the guesses per day at those of one counter.
	nameBackoff = backoff{free: 5, max: 30 * time.Minute, resetAfter: 24 * time.Hour}
	// Attempts that require the password or a session.
	accountBackoff = backoff{free: 5, max: 15 * time.Minute, resetAfter: 24 * time.Hour}
	// Many people, such as a school, may share one address.
	addressBackoff = backoff{free: 50, max: 15 * time.Minute, resetAfter: time.Hour}
)

const firstDelay = 2 * time.Second

func (p backoff) delay(failures int64) time.Duration {
	if failures < p.free {
		return 0
	}
	doublings := min(failures-p.free, 20)
	return min(firstDelay<<doublings, p.max)
}

// Counter identifies failed sign-ins that are counted together.
type Counter struct {
	key string
	backoff
}

// byName counts for an email address or a username, whether an account has it
// or not: the two must not be distinguishable.
func byName(login string) Counter {
	return Counter{"login:" + account.HashToken(account.EmailKey(login)), nameBackoff}
}

// ByAccount counts for an account.
func ByAccount(accountID string) Counter { return Counter{"account:" + accountID, accountBackoff} }

// BySession counts for a session.
func BySession(sessionID string) Counter { return Counter{"session:" + sessionID, accountBackoff} }

// ByClient counts for an account at a known client.
func ByClient(accountID, client string) Counter {
	return Counter{"place:" + account.HashToken(accountID+" "+client), accountBackoff}
}

// WithAddress adds the counter of the client's address, if known. The lock
// order is clients and sessions, names, accounts, addresses, so that two
// sign-ins never deadlock.
func WithAddress(address string, subjects ...Counter) []Counter {
	if address != "" {
		subjects = append(subjects, Counter{"address:" + addressKey(address), addressBackoff})
	}
	return subjects
}

// Names of the limits per minute, shared by the API and the console.
const (
	LimitByAddress = "attempts from an address"
	LimitByName    = "attempts by a name"
)

// StartLimitKey is the rate limit key of sign-ins that name no account (passkey,
// provider). They are counted apart from password attempts, so that a flood of
// those does not delay them.
func StartLimitKey(address string) string { return "start " + address }

// PersonLimitKey is the rate limit key of a signed-in person's attempts: others
// in the same network do not delay them.
func PersonLimitKey(accountID string) string { return "account " + accountID }

// LoginLimitKey is the rate limit key of attempts by an email address or a
// username, independent of its spelling. operation is an operation of the API.
func LoginLimitKey(operation, login string) string { return operation + " " + byName(login).key }

// addressKey returns the network that one customer of a provider has: an IPv4
// address, or the first half of an IPv6 address.
func addressKey(address string) string {
	return cmp.Or(httpx.NetworkOf(address), account.HashToken(address))
}

// Throttle delays sign-ins after failures.
type Throttle struct {
	db    *sqldb.DB
	clock clock.Clock
}

// New returns the Throttle of a database.
func New(db *sqldb.DB, c clock.Clock) *Throttle { return &Throttle{db, c} }

// CheckFailures returns Limited "too_many_sign_ins" while a counter requires a
// delay.
func (t *Throttle) CheckFailures(ctx context.Context, q sqldb.Querier, subjects []Counter) error {
	for _, s := range subjects {
		f, err := loadFailures(ctx, q, s.key)
		if err != nil {
			return err
		}
		if f, err = t.clampFailures(ctx, q, s, f); err != nil {
			return err
		}
		if err := t.checkDelay(s, f); err != nil {
			return err
		}
	}
	return nil
}

// clampFailures corrects failures counted while the clock was ahead: the delay
// starts now and never exceeds the maximum.
func (t *Throttle) clampFailures(ctx context.Context, q sqldb.Querier, s Counter, f failures) (failures, error) {
	now := t.clock.MS()
	if f.lastAt <= now {
		return f, nil
	}
	f.lastAt = now
	return f, setLastFailure(ctx, q, s.key, now)
}

// LockFailures is CheckFailures that locks the counters until the transaction
// ends. For a correct password, missing rows are not created.
func (t *Throttle) LockFailures(ctx context.Context, tx *sqldb.Tx, subjects []Counter, right bool) error {
	for _, s := range subjects {
		if !right {
			if err := insertFailures(ctx, tx, s.key); err != nil {
				return err
			}
		}
		f, err := loadFailuresForUpdate(ctx, tx, s.key)
		if err != nil {
			return err
		}
		if f, err = t.clampFailures(ctx, tx, s, f); err != nil {
			return err
		}
		if err := t.checkDelay(s, f); err != nil {
			return err
		}
	}
	return nil
}

func (t *Throttle) checkDelay(s Counter, f failures) error {
	now := t.clock.Now()
	last := time.UnixMilli(f.lastAt)
	if now.Sub(last) >= s.resetAfter {
		return nil
	}
	left := last.Add(s.delay(f.count)).Sub(now)
	if left <= 0 {
		return nil
	}
	seconds := math.Ceil(left.Seconds())
	return errs.New(errs.Limited, "too_many_sign_ins", "Too many failed sign-ins. Try again in %.0f seconds.", seconds).
		WithRetry(time.Duration(seconds) * time.Second)
}

// CountFailures adds one failure to each counter.
func CountFailures(ctx context.Context, tx *sqldb.Tx, subjects []Counter, now int64) error {
	for _, s := range subjects {
		if err := insertFailures(ctx, tx, s.key); err != nil {
			return err
		}
		if err := incrementFailures(ctx, tx, s.key, now, now-s.resetAfter.Milliseconds()); err != nil {
			return err
		}
	}
	return nil
}

// ResetFailures deletes the failures of counters. Callers pass counters of the
// same client only, see PasswordAttempt.ResetAfterSignIn.
func ResetFailures(ctx context.Context, tx *sqldb.Tx, subjects ...Counter) error {
	for _, s := range subjects {
		if err := deleteFailures(ctx, tx, s.key); err != nil {
			return err
		}
	}
	return nil
}

// Attempt runs try in a transaction unless one of the locked counters requires
// a delay. An Unauthenticated error is counted in both locked and others, and
// the transaction commits. Only the session's own failures delay it: failures
// elsewhere must not keep its owner from re-authenticating.
func (t *Throttle) Attempt(ctx context.Context, locked, others []Counter, try func(*sqldb.Tx) error) error {
	var refusal error
	err := t.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := t.LockFailures(ctx, tx, locked, false); err != nil {
			return err
		}
		refusal = try(tx)
		if errs.KindOf(refusal) == errs.Unauthenticated {
			return CountFailures(ctx, tx, append(slices.Clone(locked), others...), t.clock.MS())
		}
		return refusal
	})
	if err != nil {
		return err
	}
	return refusal
}
