package signin

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/account/session"
	"github.com/regulars/regulars/internal/account/throttle"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// checkAttempt returns the rejection of an attempt, nil for success. It counts
// the failures recorded while the hash was computed, so that of many concurrent
// guesses only a few are answered. The rejection is counted: commit.
func (a *Accounts) checkAttempt(ctx context.Context, tx *sqldb.Tx, t throttle.PasswordAttempt, code string) (refusal, err error) {
	quick := t.Correct && code == ""
	if err := a.throttle.LockFailures(ctx, tx, t.OwnCounters(), quick); err != nil {
		return nil, t.LongerWait(err)
	}
	held := a.throttle.LockFailures(ctx, tx, t.SharedCounters(), quick)
	if held == nil && !throttle.IsDevice(t.Client) && !(t.Correct && t.Client != "") {
		held = t.Info.LimitError
	}
	held = t.LongerWait(held)
	if held != nil {
		if errs.KindOf(held) != errs.Limited || t.OwnCounters() == nil {
			return nil, held
		}
		return held, throttle.CountFailures(ctx, tx, t.OwnCounters()[1:], a.clock.MS())
	}
	refusal = errs.New(errs.Unauthenticated, "wrong_password", "The email address, username or password is wrong.")
	current, err := lockCurrent(ctx, tx, t.Login, t.Correct)
	if err != nil {
		return nil, err
	}
	if current {
		refusal = a.checkTwoFactor(ctx, tx, t.Account.ID, code, t.Name)
	}
	if refusal != nil {
		return refusal, a.recordRefusal(ctx, tx, t.FailureCounters(refusal), refusal)
	}
	return nil, t.ResetAfterSignIn(ctx, tx)
}

// SignIn is SignInWithCode without a code.
func (a *Accounts) SignIn(ctx context.Context, login, password string, info account.SessionInfo) (token string, account account.Account, err error) {
	return a.SignInWithCode(ctx, login, password, "", info)
}

// SignInWithCode starts a session. login is an email address or a username;
// code is a two-factor code, "" to start a challenge. It fails with
// Unauthenticated "wrong_password", the same in text and time for an unknown
// account or one without a password, with Unauthenticated "totp_required" (its
// cause is a CodeRequiredError) or "wrong_code", both only for the correct
// password, or with Limited "too_many_sign_ins" and a retry time. Failures are
// counted: do not call it in a BeforeCommit context.
func (a *Accounts) SignInWithCode(ctx context.Context, login, password, code string, info account.SessionInfo) (token string, acct account.Account, err error) {
	found, err := account.FindLogin(ctx, a.db, login)
	if err != nil {
		return "", account.Account{}, err
	}
	client, err := a.Clients.Known(ctx, a.db, found.Account.ID, info)
	if err != nil {
		return "", account.Account{}, err
	}
	attempt := throttle.PasswordAttempt{Login: found, Name: login, Client: client, Info: info}
	if err := a.throttle.CheckFailures(ctx, a.db, attempt.CountersBeforeHash()); err != nil {
		return "", account.Account{}, attempt.LongerWait(err)
	}
	if info.LimitError != nil && attempt.OwnCounters() == nil {
		return "", account.Account{}, info.LimitError
	}
	if attempt.Correct, attempt.Outdated, err = a.hasher.Verify(ctx, found.PasswordHash, password); err != nil {
		return "", account.Account{}, err
	}
	hash := found.PasswordHash
	if attempt.Correct && attempt.Outdated {
		if hash, err = a.hasher.Hash(ctx, password); err != nil {
			return "", account.Account{}, err
		}
	}
	var refusal error
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if refusal, err = a.checkAttempt(ctx, tx, attempt, code); err != nil || refusal != nil {
			return err
		}
		if attempt.Outdated {
			if err := account.RehashPassword(ctx, tx, found.Account.ID, found.PasswordHash, hash); err != nil {
				return err
			}
		}
		token, acct, err = a.Sessions.Start(ctx, tx, found.Account.ID, info)
		return err
	})
	if err == nil {
		err = refusal
	}
	if err != nil {
		return "", account.Account{}, err
	}
	return token, acct, nil
}

// lockCurrent reports whether a correct password is unchanged, and locks it
// until the transaction ends, so that a password changed during verification
// cannot be used.
func lockCurrent(ctx context.Context, tx *sqldb.Tx, l account.Login, right bool) (bool, error) {
	if !right {
		return false, nil
	}
	now, err := account.LockPassword(ctx, tx, l.Account.ID)
	return now == l.PasswordHash, err
}

// recordRefusal counts a wrong password or code; then commit. An unanswered
// challenge is not counted.
func (a *Accounts) recordRefusal(ctx context.Context, tx *sqldb.Tx, counted []throttle.Counter, refusal error) error {
	switch {
	case errs.Is(refusal, "totp_required"):
		return nil
	case errs.KindOf(refusal) == errs.Unauthenticated:
		return throttle.CountFailures(ctx, tx, counted, a.clock.MS())
	default:
		return refusal
	}
}

// RedeemLink starts the session of a sign-in link; that of a member link is
// limited to its community. It fails with Gone "link_expired", also for a used
// or unknown link, or as LimitSession does.
func (a *Accounts) RedeemLink(ctx context.Context, token string, info account.SessionInfo) (session string, acct account.Account, err error) {
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		l, err := a.links.Use(ctx, tx, token, link.SignIn, link.Member)
		if err != nil {
			return err
		}
		if l.Purpose == link.Member {
			session, acct, err = a.startLimited(ctx, tx, l, info)
		} else {
			session, acct, err = a.Sessions.Start(ctx, tx, l.AccountID, info)
		}
		if errs.KindOf(err) == errs.NotFound { // the account or membership was deleted
			return link.Expired()
		}
		return err
	})
	if err != nil {
		return "", account.Account{}, err
	}
	return session, acct, nil
}

// startLimited starts the limited session of a member link. It does not count
// as a sign-in of the account and claims no membership. It returns the account
// of a claimed member.
func (a *Accounts) startLimited(ctx context.Context, tx *sqldb.Tx, l link.Link, info account.SessionInfo) (string, account.Account, error) {
	acct, err := a.limitSession(ctx, tx, l)
	if err != nil {
		return "", account.Account{}, err
	}
	token := account.SessionPrefix + account.NewToken()
	err = a.Sessions.Add(ctx, tx, session.Session{
		ID: l.SessionID, TokenHash: account.HashToken(token), AccountID: acct.ID, CommunityID: l.CommunityID, MemberID: l.MemberID, Host: l.Host, KeyID: l.KeyID, Info: info,
	})
	return token, acct, err
}

// CreateLink creates a link, valid for an hour, and returns its token. It
// fails with NotFound "account_not_found".
func (a *Accounts) CreateLink(ctx context.Context, purpose link.Purpose, accountID string) (token string, err error) {
	if purpose != link.SignIn {
		return "", errs.New(errs.Invalid, "invalid_input", "%q is not a valid purpose of a link.", purpose)
	}
	if _, err := account.LoadAccount(ctx, a.db, accountID); err != nil {
		return "", err
	}
	token, _, err = a.links.New(ctx, a.db, link.Link{Purpose: purpose, AccountID: accountID}, link.SignInLifetime)
	return token, err
}
