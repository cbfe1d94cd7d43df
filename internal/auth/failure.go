package auth

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
type patience struct {
	free    int64
	longest time.Duration
	forget  time.Duration // without a failure all are forgotten
}

var (
	accountPatience = patience{free: 5, longest: 15 * time.Minute, forget: 24 * time.Hour}
	// Behind one address there may be a whole school.
	addressPatience = patience{free: 50, longest: 15 * time.Minute, forget: time.Hour}
)

const firstWait = 2 * time.Second

func (p patience) wait(failures int64) time.Duration {
	if failures < p.free {
		return 0
	}
	doublings := min(failures-p.free, 20)
	return min(firstWait<<doublings, p.longest)
}

// subject is who or what failed sign-ins are counted for.
type subject struct {
	key string
	patience
}

// subjectsOf returns the account, or the login where there is no account: it
// must not look different. Accounts come before addresses everywhere, so two
// sign-ins never wait for each other.
func subjectsOf(accountID, login, address string) []subject {
	account := "account:" + accountID
	if accountID == "" {
		account = "login:" + hashSecret(EmailKey(login))
	}
	subjects := []subject{{account, accountPatience}}
	if address != "" {
		subjects = append(subjects, subject{"address:" + network(address), addressPatience})
	}
	return subjects
}

// LimitSubject is what attempts to sign in to an account are counted by,
// whatever name it is called by, and whether there is one or not.
func (a *Auth) LimitSubject(ctx context.Context, login string) (string, error) {
	found, err := findLogin(ctx, a.db, login)
	return subjectsOf(found.account.ID, login, "")[0].key, err
}

// network is what one customer of a provider has: an IPv4 address, or the
// first half of an IPv6 one.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return hashSecret(address)
	}
	if ip = ip.Unmap().WithZone(""); ip.Is4() {
		return ip.String()
	}
	return netip.PrefixFrom(ip, 64).Masked().String()
}

// checkFailures returns Limited "too_many_sign_ins" while a subject has to
// wait.
func (a *Auth) checkFailures(ctx context.Context, q sqldb.Querier, subjects []subject) error {
	for _, s := range subjects {
		f, err := loadFailures(ctx, q, s.key)
		if err != nil {
			return err
		}
		if err := a.tooSoon(s, f); err != nil {
			return err
		}
	}
	return nil
}

// lockFailures is checkFailures that lets nobody else count until the
// transaction ends. For a right password there may be nothing to lock.
func (a *Auth) lockFailures(ctx context.Context, tx *sqldb.Tx, subjects []subject, right bool) error {
	for _, s := range subjects {
		if !right {
			if err := ensureFailures(ctx, tx, s.key); err != nil {
				return err
			}
		}
		f, err := lockedFailures(ctx, tx, s.key)
		if err != nil {
			return err
		}
		if err := a.tooSoon(s, f); err != nil {
			return err
		}
	}
	return nil
}

func (a *Auth) tooSoon(s subject, f failures) error {
	now := a.clock.Now()
	last := time.UnixMilli(f.lastAt)
	if now.Sub(last) >= s.forget {
		return nil
	}
	left := last.Add(s.wait(f.count)).Sub(now)
	if left <= 0 {
		return nil
	}
	seconds := math.Ceil(left.Seconds())
	return errs.New(errs.Limited, "too_many_sign_ins", "Too many sign-ins have failed. Try again in %.0f seconds.", seconds).
		WithRetry(time.Duration(seconds) * time.Second)
}

// countFailures adds one failure for each subject.
func countFailures(ctx context.Context, tx *sqldb.Tx, subjects []subject, now int64) error {
	for _, s := range subjects {
		if err := countFailure(ctx, tx, s.key, now, now-s.forget.Milliseconds()); err != nil {
			return err
		}
	}
	return nil
}

// forgiveAccount forgets the failures of the account. Those of the address
// stay: an attacker may have an account as well.
func forgiveAccount(ctx context.Context, tx *sqldb.Tx, subjects []subject) error {
	return deleteFailures(ctx, tx, subjects[0].key)
}
