package account

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// attempt is one sign-in by a password.
//
// What it waits for, and what a client learns by that:
//   - A known device has a counter of its own and waits for nothing else. Its
//     cookie proves the account, so its answers hide nothing.
//   - Every other attempt is counted for the name, for the name and the network
//     together, and for the address, whether the account exists or not.
//   - While the name or the address waits, a right password from a known network
//     signs in. Any other attempt gets the answer of the wait, after the same
//     work: from outside the password neither a name nor a known network can be
//     told from an unknown one. Such attempts count for the name and network.
//   - The two names of an account have counters of their own, and a sign-in
//     forgives a name only the failures of the same network.
type passwordAttempt struct {
	login
	name              string // as it was given
	client            string // of an earlier sign-in, "": unknown
	info              SessionInfo
	correct, outdated bool
}

// own are the counters of the device, or of the name in its network: what counts
// for the name too, and what is tried while others make it wait. They are nil
// when the address is not known.
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

// beforeHash are the counters that refuse an attempt before a hash is computed.
func (t passwordAttempt) countersBeforeHash() []counter {
	if own := t.ownCounters(); own != nil {
		return own
	}
	return withAddress(t.info.Address, byName(t.name))
}

// others are the counters that failures elsewhere raise too. The account's own
// count only for the right password: else they would tell which names it has.
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

// failed are the counters that a refusal raises: a wrong code counts for the
// account, from a known place for the place.
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

// longer returns the refusal of the limit of the name in place of a wait, which
// would end earlier than that limit does.
func (t passwordAttempt) longerWait(wait error) error {
	if t.info.Held != nil && errs.KindOf(wait) == errs.Limited && !isDevice(t.client) {
		return t.info.Held
	}
	return wait
}

// judge returns the refusal of an attempt, nil for none. What was answered while
// the password was checked counts: of many guesses at the same time no more than
// a few learn whether they are right. A refusal is counted: commit.
func (a *Accounts) checkAttempt(ctx context.Context, tx *sqldb.Tx, t passwordAttempt, code string) (refusal, err error) {
	quick := t.correct && code == ""
	if err := a.lockFailures(ctx, tx, t.ownCounters(), quick); err != nil {
		return nil, t.longerWait(err)
	}
	held := a.lockFailures(ctx, tx, t.sharedCounters(), quick)
	if held == nil && !isDevice(t.client) && !(t.correct && t.client != "") {
		held = t.info.Held
	}
	held = t.longerWait(held)
	if held != nil {
		if errs.KindOf(held) != errs.Limited || t.ownCounters() == nil {
			return nil, held
		}
		return held, countFailures(ctx, tx, t.ownCounters()[1:], a.clock.MS())
	}
	refusal = errs.New(errs.Unauthenticated, "wrong_password", "The email address, username or password is wrong.")
	current, err := t.isCurrent(ctx, tx, t.correct)
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

// forgiveAttempt deletes the failures of the same place, and from an unknown
// place those of the account. The failures elsewhere stay, and those of the
// address: an attacker may have an account as well.
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

// SignInWithCode starts a session for whoever knows the password; login is an
// email address or a username, code is of the account's second factor, "" to
// be asked for it. It fails with Unauthenticated "wrong_password", the same in
// text and time for an account that does not exist or has no password, with
// Unauthenticated "totp_required" (NeedsCodeError is its cause) or "wrong_code",
// both only for the right password, or with Limited "too_many_sign_ins" and a
// time after which to try again. A sign-in that fails is counted: do not call
// it in a BeforeCommit context.
func (a *Accounts) SignInWithCode(ctx context.Context, login, password, code string, info SessionInfo) (token string, account Account, err error) {
	found, err := findLogin(ctx, a.db, login)
	if err != nil {
		return "", Account{}, err
	}
	place, err := a.knownClient(ctx, a.db, found.account.ID, info)
	if err != nil {
		return "", Account{}, err
	}
	try := passwordAttempt{login: found, name: login, client: place, info: info}
	if err := a.checkFailures(ctx, a.db, try.countersBeforeHash()); err != nil {
		return "", Account{}, try.longerWait(err)
	}
	if info.Held != nil && try.ownCounters() == nil {
		return "", Account{}, info.Held
	}
	if try.correct, try.outdated, err = a.verify(ctx, found.passwordHash, password); err != nil {
		return "", Account{}, err
	}
	hash := found.passwordHash
	if try.correct && try.outdated {
		if hash, err = a.hash(ctx, password); err != nil {
			return "", Account{}, err
		}
	}
	var refusal error
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if refusal, err = a.checkAttempt(ctx, tx, try, code); err != nil || refusal != nil {
			return err
		}
		if try.outdated {
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

// stands reports whether a password that was right still is, and keeps it so
// until the transaction ends: one that was changed while it was checked signs
// nobody in.
func (l login) isCurrent(ctx context.Context, tx *sqldb.Tx, right bool) (bool, error) {
	if !right {
		return false, nil
	}
	now, err := lockPassword(ctx, tx, l.account.ID)
	return now == l.passwordHash, err
}

// countRefusal counts a wrong password or code, and commits. Half of a sign-in
// is nothing to count, and nothing to forgive for.
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

// startSession adds a session and notes the sign-in at the account.
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
