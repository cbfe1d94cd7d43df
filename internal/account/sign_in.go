package account

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// passwordAttempt is a sign-in by password. Its throttling:
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
type passwordAttempt struct {
	login
	name              string // as entered
	client            string // known client, "": none
	info              SessionInfo
	correct, outdated bool
}

// ownCounters returns the counters of the device, or of the name in its
// network: one for failures that count for the name too, and one for attempts
// while others delay it. They are nil if the address is unknown.
func (t passwordAttempt) ownCounters() []counter {
	if isDevice(t.client) {
		return []counter{byClient(t.account.ID, t.client)}
	}
	if near := networkOf(t.info.Address); near != "" {
		key := HashToken(byName(t.name).key + " " + near)
		return []counter{{"near:" + key, nameBackoff}, {"held:" + key, nameBackoff}}
	}
	return nil
}

// countersBeforeHash returns the counters that reject an attempt before its
// hash is computed.
func (t passwordAttempt) countersBeforeHash() []counter {
	if own := t.ownCounters(); own != nil {
		return own
	}
	return withAddress(t.info.Address, byName(t.name))
}

// sharedCounters returns the counters that failures elsewhere increment too.
// Those of the account are included only for the correct password; otherwise
// they would reveal its names.
func (t passwordAttempt) sharedCounters() []counter {
	switch {
	case isDevice(t.client):
		return nil
	case t.correct && t.client != "":
		return []counter{byClient(t.account.ID, t.client)}
	case t.correct:
		return withAddress(t.info.Address, byName(t.name), byAccount(t.account.ID))
	}
	return withAddress(t.info.Address, byName(t.name))
}

// failureCounters returns the counters to increment for a rejection: a wrong
// code counts for the account, from a known client for that client.
func (t passwordAttempt) failureCounters(refusal error) []counter {
	switch {
	case t.ownCounters() == nil:
		if errs.Is(refusal, "wrong_code") {
			return withAddress(t.info.Address, byAccount(t.account.ID))
		}
		return withAddress(t.info.Address, byName(t.name))
	case isDevice(t.client):
		return t.ownCounters()
	case !errs.Is(refusal, "wrong_code"):
		return append(t.ownCounters()[:1], withAddress(t.info.Address, byName(t.name))...)
	case t.client != "":
		return append(t.ownCounters()[:1], withAddress(t.info.Address, byClient(t.account.ID, t.client))...)
	}
	return append(t.ownCounters()[:1], withAddress(t.info.Address, byAccount(t.account.ID))...)
}

// longerWait replaces a delay by the rate limit of the name, which ends later.
func (t passwordAttempt) longerWait(wait error) error {
	if t.info.LimitError != nil && errs.KindOf(wait) == errs.Limited && !isDevice(t.client) {
		return t.info.LimitError
	}
	return wait
}

// checkAttempt returns the rejection of an attempt, nil for success. It counts
// the failures recorded while the hash was computed, so that of many concurrent
// guesses only a few are answered. The rejection is counted: commit.
func (a *Accounts) checkAttempt(ctx context.Context, tx *sqldb.Tx, t passwordAttempt, code string) (refusal, err error) {
	quick := t.correct && code == ""
	if err := a.lockFailures(ctx, tx, t.ownCounters(), quick); err != nil {
		return nil, t.longerWait(err)
	}
	held := a.lockFailures(ctx, tx, t.sharedCounters(), quick)
	if held == nil && !isDevice(t.client) && !(t.correct && t.client != "") {
		held = t.info.LimitError
	}
	held = t.longerWait(held)
	if held != nil {
		if errs.KindOf(held) != errs.Limited || t.ownCounters() == nil {
			return nil, held
		}
		return held, countFailures(ctx, tx, t.ownCounters()[1:], a.clock.MS())
	}
	refusal = errs.New(errs.Unauthenticated, "wrong_password", "The email address, username or password is wrong.")
	current, err := t.lockCurrent(ctx, tx, t.correct)
	if err != nil {
		return nil, err
	}
	if current {
		refusal = a.checkTwoFactor(ctx, tx, t.account.ID, code, t.name)
	}
	if refusal != nil {
		return refusal, a.recordRefusal(ctx, tx, t.failureCounters(refusal), refusal)
	}
	return nil, a.resetAfterSignIn(ctx, tx, t)
}

// resetAfterSignIn resets the failures of the same client, and from an unknown
// client those of the account. Failures elsewhere and those of the address
// remain: an attacker may have an account too.
func (a *Accounts) resetAfterSignIn(ctx context.Context, tx *sqldb.Tx, t passwordAttempt) error {
	own := t.ownCounters()
	if own == nil {
		return resetFailures(ctx, tx, byName(t.name), byAccount(t.account.ID))
	}
	if !isDevice(t.client) {
		failed, err := loadFailures(ctx, tx, own[0].key)
		if err != nil {
			return err
		}
		if err := decrementFailures(ctx, tx, byName(t.name).key, failed.count); err != nil {
			return err
		}
	}
	if t.client == "" {
		return resetFailures(ctx, tx, append(own, byAccount(t.account.ID))...)
	}
	return resetFailures(ctx, tx, append(own, byClient(t.account.ID, t.client))...)
}

// SignIn is SignInWithCode without a code.
func (a *Accounts) SignIn(ctx context.Context, login, password string, info SessionInfo) (token string, account Account, err error) {
	return a.SignInWithCode(ctx, login, password, "", info)
}

// SignInWithCode starts a session. login is an email address or a username;
// code is a two-factor code, "" to start a challenge. It fails with
// Unauthenticated "wrong_password", the same in text and time for an unknown
// account or one without a password, with Unauthenticated "totp_required" (its
// cause is a CodeRequiredError) or "wrong_code", both only for the correct
// password, or with Limited "too_many_sign_ins" and a retry time. Failures are
// counted: do not call it in a BeforeCommit context.
func (a *Accounts) SignInWithCode(ctx context.Context, login, password, code string, info SessionInfo) (token string, account Account, err error) {
	found, err := findLogin(ctx, a.db, login)
	if err != nil {
		return "", Account{}, err
	}
	client, err := a.knownClient(ctx, a.db, found.account.ID, info)
	if err != nil {
		return "", Account{}, err
	}
	attempt := passwordAttempt{login: found, name: login, client: client, info: info}
	if err := a.checkFailures(ctx, a.db, attempt.countersBeforeHash()); err != nil {
		return "", Account{}, attempt.longerWait(err)
	}
	if info.LimitError != nil && attempt.ownCounters() == nil {
		return "", Account{}, info.LimitError
	}
	if attempt.correct, attempt.outdated, err = a.verify(ctx, found.passwordHash, password); err != nil {
		return "", Account{}, err
	}
	hash := found.passwordHash
	if attempt.correct && attempt.outdated {
		if hash, err = a.hash(ctx, password); err != nil {
			return "", Account{}, err
		}
	}
	var refusal error
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if refusal, err = a.checkAttempt(ctx, tx, attempt, code); err != nil || refusal != nil {
			return err
		}
		if attempt.outdated {
			if err := rehashPassword(ctx, tx, found.account.ID, found.passwordHash, hash); err != nil {
				return err
			}
		}
		token, account, err = a.startSession(ctx, tx, found.account.ID, info)
		return err
	})
	if err == nil {
		err = refusal
	}
	if err != nil {
		return "", Account{}, err
	}
	return token, account, nil
}

// lockCurrent reports whether a correct password is unchanged, and locks it
// until the transaction ends, so that a password changed during verification
// cannot be used.
func (l login) lockCurrent(ctx context.Context, tx *sqldb.Tx, right bool) (bool, error) {
	if !right {
		return false, nil
	}
	now, err := lockPassword(ctx, tx, l.account.ID)
	return now == l.passwordHash, err
}

// recordRefusal counts a wrong password or code; then commit. An unanswered
// challenge is not counted.
func (a *Accounts) recordRefusal(ctx context.Context, tx *sqldb.Tx, counted []counter, refusal error) error {
	switch {
	case errs.Is(refusal, "totp_required"):
		return nil
	case errs.KindOf(refusal) == errs.Unauthenticated:
		return countFailures(ctx, tx, counted, a.clock.MS())
	default:
		return refusal
	}
}

// startSession starts a session and records the sign-in of the account.
func (a *Accounts) startSession(ctx context.Context, tx *sqldb.Tx, accountID string, info SessionInfo) (string, Account, error) {
	now := a.clock.Now()
	token := SessionPrefix + NewToken()
	account, err := recordSignIn(ctx, tx, accountID, now.UnixMilli())
	if err != nil {
		return "", Account{}, err
	}
	if err := a.rememberNetwork(ctx, tx, accountID, info.Address); err != nil {
		return "", Account{}, err
	}
	return token, account, a.addSession(ctx, tx, session{id: id.New(now), tokenHash: HashToken(token), accountID: accountID, info: info})
}
