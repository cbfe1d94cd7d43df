package account

import (
	"context"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// recentSignIn is the time after a sign-in during which it proves the person's
// presence.
const recentSignIn = 10 * time.Minute

// Proof re-authenticates a signed-in person before a change of sign-in methods:
// by password or two-factor code. The zero Proof is valid for ten minutes after
// a sign-in.
type Proof struct {
	Password, Code string
	Address        string // network address; counts failures too
}

// Recent reports whether the zero Proof is valid for the actor.
func (a *Accounts) Recent(ctx context.Context, actor actor.Actor) (bool, error) {
	if err := RequireSession(actor); err != nil {
		return false, err
	}
	started, err := sessionStart(ctx, a.db, actor.SessionID)
	return a.clock.MS()-started < recentSignIn.Milliseconds(), err
}

// Reauthenticate re-authenticates the actor. It fails like RequireSession, with
// Forbidden "proof_required" for the zero Proof more than ten minutes after the
// sign-in, Unauthenticated "wrong_password" or "wrong_code", or Limited
// "too_many_sign_ins". It owns transactions.
func (a *Accounts) Reauthenticate(ctx context.Context, actor actor.Actor, p Proof) error {
	err := a.reauthenticate(ctx, actor, p)
	if errs.Is(err, "proof_required") {
		return errs.New(errs.Forbidden, "proof_required", "You signed in more than ten minutes ago. Sign in again, then repeat this.")
	}
	return err
}

// reauthenticate returns nil for a valid proof. It fails with Unauthenticated
// "wrong_password" or "wrong_code", Limited "too_many_sign_ins", or Forbidden
// "proof_required". It owns transactions: failures are counted even if the
// caller's change is not applied.
func (a *Accounts) reauthenticate(ctx context.Context, actor actor.Actor, p Proof) error {
	if err := RequireSession(actor); err != nil {
		return err
	}
	ctx = sqldb.BeforeCommit(ctx, func(context.Context, *sqldb.Tx) error { return nil }) // the caller's hooks belong to its own transaction
	switch {
	case p.Password != "":
		return a.reauthenticateByPassword(ctx, actor, p)
	case p.Code != "":
		return a.attempt(ctx, []counter{bySession(actor.SessionID)}, withAddress(p.Address, byAccount(actor.AccountID)), func(tx *sqldb.Tx) error {
			return a.useCode(ctx, tx, actor.AccountID, p.Code)
		})
	}
	fresh, err := a.Recent(ctx, actor)
	if err != nil || fresh {
		return err
	}
	return errs.New(errs.Forbidden, "proof_required", "Your sign-in was a while ago. Enter your password, or sign in again.")
}

func (a *Accounts) reauthenticateByPassword(ctx context.Context, actor actor.Actor, p Proof) error {
	locked := []counter{bySession(actor.SessionID)}
	if err := a.checkFailures(ctx, a.db, locked); err != nil {
		return err // before the costly hash
	}
	hash, err := passwordHash(ctx, a.db, actor.AccountID)
	if err != nil {
		return err
	}
	right, _, err := a.verify(ctx, hash, p.Password)
	if err != nil {
		return err
	}
	return a.attempt(ctx, locked, withAddress(p.Address, byAccount(actor.AccountID)), func(*sqldb.Tx) error {
		if right {
			return nil
		}
		return errs.New(errs.Unauthenticated, "wrong_password", "The password is wrong.")
	})
}

// attempt runs try in a transaction unless one of the locked counters requires
// a delay. An Unauthenticated error is counted in both locked and others, and
// the transaction commits. Only the session's own failures delay it: failures
// elsewhere must not keep its owner from re-authenticating.
func (a *Accounts) attempt(ctx context.Context, locked, others []counter, try func(*sqldb.Tx) error) error {
	var refusal error
	err := a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := a.lockFailures(ctx, tx, locked, false); err != nil {
			return err
		}
		refusal = try(tx)
		if errs.KindOf(refusal) == errs.Unauthenticated {
			return countFailures(ctx, tx, append(slices.Clone(locked), others...), a.clock.MS())
		}
		return refusal
	})
	if err != nil {
		return err
	}
	return refusal
}

// RequireSession returns nil for a person with a full session. It fails with
// Unauthenticated "authentication_required", or Forbidden "session_required"
// or "limited_session".
func RequireSession(caller actor.Actor) error {
	switch {
	case caller.Kind == actor.Anonymous:
		return actor.AuthenticationRequired()
	case caller.Kind != actor.Session:
		return actor.SessionRequired()
	case caller.OnlyCommunity != "":
		return actor.LimitedSession()
	}
	return nil
}

// ReauthenticateOwner is Reauthenticate before a sign-in method is added, which also requires a
// verified email address: the method would outlast a later verification by the
// owner of the address. It fails with Forbidden "email_not_verified" too.
func (a *Accounts) ReauthenticateOwner(ctx context.Context, actor actor.Actor, p Proof) error {
	if err := RequireSession(actor); err != nil {
		return err
	}
	if err := a.requireVerified(ctx, actor.AccountID); err != nil {
		return err
	}
	return a.reauthenticate(ctx, actor, p)
}
