package account

import (
	"context"
	"math"
	"net/netip"
	"time"

	"github.com/regulars/regulars/internal/errs"
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

// counter identifies failed sign-ins that are counted together.
type counter struct {
	key string
	backoff
}

// byName counts for an email address or a username, whether an account has it
// or not: the two must not be distinguishable.
func byName(login string) counter {
	return counter{"login:" + HashToken(EmailKey(login)), nameBackoff}
}

func byAccount(accountID string) counter { return counter{"account:" + accountID, accountBackoff} }

func bySession(sessionID string) counter { return counter{"session:" + sessionID, accountBackoff} }

// byClient counts for an account at a known client.
func byClient(accountID, client string) counter {
	return counter{"place:" + HashToken(accountID+" "+client), accountBackoff}
}

// withAddress adds the counter of the client's address, if known. The lock
// order is clients and sessions, names, accounts, addresses, so that two
// sign-ins never deadlock.
func withAddress(address string, subjects ...counter) []counter {
	if address != "" {
		subjects = append(subjects, counter{"address:" + addressKey(address), addressBackoff})
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
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return HashToken(address)
	}
	if ip = ip.Unmap().WithZone(""); ip.Is4() {
		return ip.String()
	}
	return netip.PrefixFrom(ip, 64).Masked().String()
}

// checkFailures returns Limited "too_many_sign_ins" while a counter requires a
// delay.
func (a *Accounts) checkFailures(ctx context.Context, q sqldb.Querier, subjects []counter) error {
	for _, s := range subjects {
		f, err := loadFailures(ctx, q, s.key)
		if err != nil {
			return err
		}
		if f, err = a.clampFailures(ctx, q, s, f); err != nil {
			return err
		}
		if err := a.checkDelay(s, f); err != nil {
			return err
		}
	}
	return nil
}

// clampFailures corrects failures counted while the clock was ahead: the delay
// starts now and never exceeds the maximum.
func (a *Accounts) clampFailures(ctx context.Context, q sqldb.Querier, s counter, f failures) (failures, error) {
	now := a.clock.MS()
	if f.lastAt <= now {
		return f, nil
	}
	f.lastAt = now
	return f, setLastFailure(ctx, q, s.key, now)
}

// lockFailures is checkFailures that locks the counters until the transaction
// ends. For a correct password, missing rows are not created.
func (a *Accounts) lockFailures(ctx context.Context, tx *sqldb.Tx, subjects []counter, right bool) error {
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
		if f, err = a.clampFailures(ctx, tx, s, f); err != nil {
			return err
		}
		if err := a.checkDelay(s, f); err != nil {
			return err
		}
	}
	return nil
}

func (a *Accounts) checkDelay(s counter, f failures) error {
	now := a.clock.Now()
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

// countFailures adds one failure to each counter.
func countFailures(ctx context.Context, tx *sqldb.Tx, subjects []counter, now int64) error {
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

// resetFailures deletes the failures of counters. Callers pass counters of the
// same client only, see resetAfterSignIn.
func resetFailures(ctx context.Context, tx *sqldb.Tx, subjects ...counter) error {
	for _, s := range subjects {
		if err := deleteFailures(ctx, tx, s.key); err != nil {
			return err
		}
	}
	return nil
}
