package account

import (
	"context"
	"math"
	"net/netip"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// patience says how failed sign-ins slow down the next one: the first free
// ones not at all, then each failure doubles the wait.
type backoff struct {
	free       int64
	max        time.Duration
	resetAfter time.Duration // without a failure all are forgotten
}

var (
	// An account has two names, an email address and a username, which must not
	// share a counter: whoever makes one of them wait could see by the other
	// that both are of one person. Twice the longest wait keeps the guesses of a
	// day at what one counter would allow.
	nameBackoff = backoff{free: 5, max: 30 * time.Minute, resetAfter: 24 * time.Hour}
	// For what only somebody tries who has the password or a session.
	accountBackoff = backoff{free: 5, max: 15 * time.Minute, resetAfter: 24 * time.Hour}
	// Behind one address there may be a whole school.
	addressBackoff = backoff{free: 50, max: 15 * time.Minute, resetAfter: time.Hour}
)

const firstWait = 2 * time.Second

func (p backoff) delay(failures int64) time.Duration {
	if failures < p.free {
		return 0
	}
	doublings := min(failures-p.free, 20)
	return min(firstWait<<doublings, p.max)
}

// subject is who or what failed sign-ins are counted for.
type counter struct {
	key string
	backoff
}

// ofName is who calls themselves by an email address or a username, whether
// there is such an account or not: it must not look different.
func byName(login string) counter {
	return counter{"login:" + HashToken(EmailKey(login)), nameBackoff}
}

func byAccount(accountID string) counter { return counter{"account:" + accountID, accountBackoff} }

func bySession(sessionID string) counter { return counter{"session:" + sessionID, accountBackoff} }

// ofPlace is an account at a known device or network.
func byClient(accountID, place string) counter {
	return counter{"place:" + HashToken(accountID+" "+place), accountBackoff}
}

// from adds the address that an attempt comes from, if it is known. Places
// and sessions come before names, names before accounts and accounts before addresses everywhere, so that two
// sign-ins never wait for each other.
func withAddress(address string, subjects ...counter) []counter {
	if address != "" {
		subjects = append(subjects, counter{"address:" + addressKey(address), addressBackoff})
	}
	return subjects
}

// The names of the limits of attempts in a minute, which the API and the pages
// share: together they give no more than one of them.
const (
	LimitByAddress = "attempts from an address"
	LimitByName    = "attempts by a name"
)

// StartSubject is what starts of sign-ins that name no account, by passkey and
// by the provider, are counted by: apart from attempts with a password, so a
// flood of those does not hold them up.
func StartSubject(address string) string { return "start " + address }

// FailureSubject is what attempts of a person that is signed in are counted by:
// others in the same network do not hold them up.
func FailureSubject(accountID string) string { return "account " + accountID }

// LimitSubject is what attempts by an email address or a username are counted
// by: the same for any way to write it, and of two names never the same. what
// is the operation of the API that is tried.
func LimitSubject(what, login string) string { return what + " " + byName(login).key }

// network is what one customer of a provider has: an IPv4 address, or the
// first half of an IPv6 one.
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

// checkFailures returns Limited "too_many_sign_ins" while a subject has to
// wait.
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

// notAhead corrects failures that were counted when a clock was ahead: the wait
// begins now, and never lasts longer than the longest one.
func (a *Accounts) clampFailures(ctx context.Context, q sqldb.Querier, s counter, f failures) (failures, error) {
	now := a.clock.MS()
	if f.lastAt <= now {
		return f, nil
	}
	f.lastAt = now
	return f, setLastFailure(ctx, q, s.key, now)
}

// lockFailures is checkFailures that lets nobody else count until the
// transaction ends. For a right password there may be nothing to lock.
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
	return errs.New(errs.Limited, "too_many_sign_ins", "Too many sign-ins have failed. Try again in %.0f seconds.", seconds).
		WithRetry(time.Duration(seconds) * time.Second)
}

// countFailures adds one failure for each subject.
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

// forgive deletes the failures of subjects. Callers pass what is of the same
// place only: see forgiveAttempt.
func resetFailures(ctx context.Context, tx *sqldb.Tx, subjects ...counter) error {
	for _, s := range subjects {
		if err := deleteFailures(ctx, tx, s.key); err != nil {
			return err
		}
	}
	return nil
}
