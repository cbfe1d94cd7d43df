package throttle

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// PasswordAttempt is a sign-in by password. Its throttling:
//
//   - A known device has a counter of its own and no other. Its cookie proves
//     the account, so its responses reveal nothing.
//   - Every other attempt counts for the name, for the name in its network, and
//     for the address, whether the account exists or not.
//   - While the name or the address is delayed, the correct password from a
//     known network signs in. Every other attempt gets the response of the
//     delay, after the same work, so that without the password a name or known
//     network cannot be distinguished from an unknown one. Such attempts count
//     for the name in its network.
//   - The two names of an account have counters of their own, and a sign-in
//     resets only the failures of a name from the same network.
type PasswordAttempt struct {
	account.Login
	Name              string // as entered
	Client            string // known client, "": none
	Info              account.SessionInfo
	Correct, Outdated bool
}

// OwnCounters returns the counters of the device, or of the name in its
// network: one for failures that count for the name too, and one for attempts
// while others delay it. They are nil if the address is unknown.
func (t PasswordAttempt) OwnCounters() []Counter {
	if IsDevice(t.Client) {
		return []Counter{ByClient(t.Account.ID, t.Client)}
	}
	if near := networkOf(t.Info.Address); near != "" {
		key := account.HashToken(byName(t.Name).key + " " + near)
		return []Counter{{"near:" + key, nameBackoff}, {"held:" + key, nameBackoff}}
	}
	return nil
}

// CountersBeforeHash returns the counters that reject an attempt before its
// hash is computed.
func (t PasswordAttempt) CountersBeforeHash() []Counter {
	if own := t.OwnCounters(); own != nil {
		return own
	}
	return WithAddress(t.Info.Address, byName(t.Name))
}

// SharedCounters returns the counters that failures elsewhere increment too.
// Those of the account are included only for the correct password; otherwise
// they would reveal its names.
func (t PasswordAttempt) SharedCounters() []Counter {
	switch {
	case IsDevice(t.Client):
		return nil
	case t.Correct && t.Client != "":
		return []Counter{ByClient(t.Account.ID, t.Client)}
	case t.Correct:
		return WithAddress(t.Info.Address, byName(t.Name), ByAccount(t.Account.ID))
	}
	return WithAddress(t.Info.Address, byName(t.Name))
}

// FailureCounters returns the counters to increment for a rejection: a wrong
// code counts for the account, from a known client for that client.
func (t PasswordAttempt) FailureCounters(refusal error) []Counter {
	switch {
	case t.OwnCounters() == nil:
		if errs.Is(refusal, "wrong_code") {
			return WithAddress(t.Info.Address, ByAccount(t.Account.ID))
		}
		return WithAddress(t.Info.Address, byName(t.Name))
	case IsDevice(t.Client):
		return t.OwnCounters()
	case !errs.Is(refusal, "wrong_code"):
		return append(t.OwnCounters()[:1], WithAddress(t.Info.Address, byName(t.Name))...)
	case t.Client != "":
		return append(t.OwnCounters()[:1], WithAddress(t.Info.Address, ByClient(t.Account.ID, t.Client))...)
	}
	return append(t.OwnCounters()[:1], WithAddress(t.Info.Address, ByAccount(t.Account.ID))...)
}

// LongerWait replaces a delay by the rate limit of the name, which ends later.
func (t PasswordAttempt) LongerWait(wait error) error {
	if t.Info.LimitError != nil && errs.KindOf(wait) == errs.Limited && !IsDevice(t.Client) {
		return t.Info.LimitError
	}
	return wait
}

// ResetAfterSignIn resets the failures of the same client, and from an unknown
// client those of the account. Failures elsewhere and those of the address
// remain: an attacker may have an account too.
func (t PasswordAttempt) ResetAfterSignIn(ctx context.Context, tx *sqldb.Tx) error {
	own := t.OwnCounters()
	if own == nil {
		return ResetFailures(ctx, tx, byName(t.Name), ByAccount(t.Account.ID))
	}
	if !IsDevice(t.Client) {
		failed, err := loadFailures(ctx, tx, own[0].key)
		if err != nil {
			return err
		}
		if err := decrementFailures(ctx, tx, byName(t.Name).key, failed.count); err != nil {
			return err
		}
	}
	if t.Client == "" {
		return ResetFailures(ctx, tx, append(own, ByAccount(t.Account.ID))...)
	}
	return ResetFailures(ctx, tx, append(own, ByClient(t.Account.ID, t.Client))...)
}
