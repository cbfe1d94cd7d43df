package account

import (
	"context"
	"strings"
	"time"
	"unicode"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// SessionLifetime is how long after its start a session ends by itself.
const SessionLifetime = 7 * 24 * time.Hour

// SessionInfo is what a person may see of a session to know it again.
type SessionInfo struct {
	UserAgent string
	Address   string // of the network, without a port
	Device    string // cookie of RememberDevice, "": none
	Held      error  // Limited: returned unless a known place gives the right password
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

// AuthenticateSession returns the actor of a session token; Name is empty for an
// unclaimed member. It fails with Unauthenticated "invalid_credential" or
// "credential_expired". It costs one read by a unique key.
func (a *Accounts) AuthenticateSession(ctx context.Context, token string) (actor.Actor, error) {
	s, err := sessionByHash(ctx, a.db, HashToken(token))
	if errs.KindOf(err) == errs.NotFound {
		return actor.Actor{}, InvalidCredential()
	}
	if err != nil {
		return actor.Actor{}, err
	}
	now := a.clock.MS()
	if s.expiresAt <= now {
		return actor.Actor{}, CredentialExpired()
	}
	a.touch.Do(ctx, s.seenAt, now, func(ctx context.Context) error {
		return touchSession(ctx, a.db, s.actor.SessionID, now)
	})
	return s.actor, nil
}

// SignOut ends the session of a token; a session that has ended is fine.
func (a *Accounts) SignOut(ctx context.Context, token string) error {
	return deleteSession(ctx, a.db, HashToken(token))
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

// keepSession adds a session that begins now.
func (a *Accounts) keepSession(ctx context.Context, tx *sqldb.Tx, s session) error {
	now := a.clock.Now()
	s.info = SessionInfo{UserAgent: Printable(s.info.UserAgent), Address: Printable(s.info.Address)}
	s.createdAt, s.expiresAt = now.UnixMilli(), now.Add(SessionLifetime).UnixMilli()
	return insertSession(ctx, tx, s)
}

// Printable makes what a client says of itself fit for the database.
func Printable(s string) string {
	if len(s) > 300 {
		s = s[:300]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// Sweep deletes what is of no use any more: sessions a month after their end
// (until then their tokens are told that they have expired), links that have
// expired, failed sign-ins that are forgotten.
func (a *Accounts) Sweep(ctx context.Context) error {
	return sweep(ctx, a.db, a.clock.Now())
}
