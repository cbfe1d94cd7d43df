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
type attempt struct {
	login
	name            string // as it was given
	place           string // of an earlier sign-in, "": unknown
	info            SessionInfo
	right, outdated bool
}

// own are the counters of the device, or of the name in its network: what counts
// for the name too, and what is tried while others make it wait. They are nil
// when the address is not known.
func (t attempt) own() []subject {
	if isDevice(t.place) {
		return []subject{ofPlace(t.account.ID, t.place)}
	}
	if near := neighbourhood(t.info.Address); near != "" {
		key := HashToken(ofName(t.name).key + " " + near)
		return []subject{{"near:" + key, namePatience}, {"held:" + key, namePatience}}
	}
	return nil
}

// beforeHash are the counters that refuse an attempt before a hash is computed.
func (t attempt) beforeHash() []subject {
	if own := t.own(); own != nil {
		return own
	}
	return from(t.info.Address, ofName(t.name))
}

// others are the counters that failures elsewhere raise too. The account's own
// count only for the right password: else they would tell which names it has.
func (t attempt) others() []subject {
	switch {
	case isDevice(t.place):
		return nil
	case t.right && t.place != "":
		return []subject{ofPlace(t.account.ID, t.place)}
	case t.right:
		return from(t.info.Address, ofName(t.name), ofAccount(t.account.ID))
	}
	return from(t.info.Address, ofName(t.name))
}

// failed are the counters that a refusal raises: a wrong code counts for the
// account, from a known place for the place.
func (t attempt) failed(refusal error) []subject {
	switch {
	case t.own() == nil:
		if errs.Is(refusal, "wrong_code") {
			return from(t.info.Address, ofAccount(t.account.ID))
		}
		return from(t.info.Address, ofName(t.name))
	case isDevice(t.place):
		return t.own()
	case !errs.Is(refusal, "wrong_code"):
		return append(t.own()[:1], from(t.info.Address, ofName(t.name))...)
	case t.place != "":
		return append(t.own()[:1], from(t.info.Address, ofPlace(t.account.ID, t.place))...)
	}
	return append(t.own()[:1], from(t.info.Address, ofAccount(t.account.ID))...)
}

// longer returns the refusal of the limit of the name in place of a wait, which
// would end earlier than that limit does.
func (t attempt) longer(wait error) error {
	if t.info.Held != nil && errs.KindOf(wait) == errs.Limited && !isDevice(t.place) {
		return t.info.Held
	}
	return wait
}

// judge returns the refusal of an attempt, nil for none. What was answered while
// the password was checked counts: of many guesses at the same time no more than
// a few learn whether they are right. A refusal is counted: commit.
func (a *Accounts) judge(ctx context.Context, tx *sqldb.Tx, t attempt, code string) (refusal, err error) {
	quick := t.right && code == ""
	if err := a.lockFailures(ctx, tx, t.own(), quick); err != nil {
		return nil, t.longer(err)
	}
	held := a.lockFailures(ctx, tx, t.others(), quick)
	if held == nil && !isDevice(t.place) && !(t.right && t.place != "") {
		held = t.info.Held
	}
	held = t.longer(held)
	if held != nil {
		if errs.KindOf(held) != errs.Limited || t.own() == nil {
			return nil, held
		}
		return held, countFailures(ctx, tx, t.own()[1:], a.clock.MS())
	}
	refusal = errs.New(errs.Unauthenticated, "wrong_password", "The email address, username or password is wrong.")
	stands, err := t.stands(ctx, tx, t.right)
	if err != nil {
		return nil, err
	}
	if stands {
		refusal = a.checkSecondFactor(ctx, tx, t.account.ID, code, t.name)
	}
	if refusal != nil {
		return refusal, a.countRefusal(ctx, tx, t.failed(refusal), refusal)
	}
	return nil, a.forgiveAttempt(ctx, tx, t)
}

// forgiveAttempt deletes the failures of the same place, and from an unknown
// place those of the account. The failures elsewhere stay, and those of the
// address: an attacker may have an account as well.
func (a *Accounts) forgiveAttempt(ctx context.Context, tx *sqldb.Tx, t attempt) error {
	own := t.own()
	if own == nil {
		return forgive(ctx, tx, ofName(t.name), ofAccount(t.account.ID))
	}
	if !isDevice(t.place) {
		failed, err := loadFailures(ctx, tx, own[0].key)
		if err != nil {
			return err
		}
		if err := lowerFailures(ctx, tx, ofName(t.name).key, failed.count); err != nil {
			return err
		}
	}
	if t.place == "" {
		return forgive(ctx, tx, append(own, ofAccount(t.account.ID))...)
	}
	return forgive(ctx, tx, append(own, ofPlace(t.account.ID, t.place))...)
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
	place, err := a.knownPlace(ctx, a.db, found.account.ID, info)
	if err != nil {
		return "", Account{}, err
	}
	try := attempt{login: found, name: login, place: place, info: info}
	if err := a.checkFailures(ctx, a.db, try.beforeHash()); err != nil {
		return "", Account{}, try.longer(err)
	}
	if info.Held != nil && try.own() == nil {
		return "", Account{}, info.Held
	}
	if try.right, try.outdated, err = a.verify(ctx, found.passwordHash, password); err != nil {
		return "", Account{}, err
	}
	hash := found.passwordHash
	if try.right && try.outdated {
		if hash, err = a.hash(ctx, password); err != nil {
			return "", Account{}, err
		}
	}
	var refusal error
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if refusal, err = a.judge(ctx, tx, try, code); err != nil || refusal != nil {
			return err
		}
		if try.outdated {
			if err := replaceHash(ctx, tx, found.account.ID, found.passwordHash, hash); err != nil {
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
func (l login) stands(ctx context.Context, tx *sqldb.Tx, right bool) (bool, error) {
	if !right {
		return false, nil
	}
	now, err := lockPassword(ctx, tx, l.account.ID)
	return now == l.passwordHash, err
}

// countRefusal counts a wrong password or code, and commits. Half of a sign-in
// is nothing to count, and nothing to forgive for.
func (a *Accounts) countRefusal(ctx context.Context, tx *sqldb.Tx, counted []subject, refusal error) error {
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
	account, err := noteSignIn(ctx, tx, accountID, now.UnixMilli())
	if err != nil {
		return "", Account{}, err
	}
	if err := a.rememberNetwork(ctx, tx, accountID, info.Address); err != nil {
		return "", Account{}, err
	}
	return token, account, a.keepSession(ctx, tx, session{id: id.New(now), tokenHash: HashToken(token), accountID: accountID, info: info})
}
