package account

import (
	"context"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// freshSignIn is how long after it a sign-in still proves who is there.
const recentSignIn = 10 * time.Minute

// Proof is what somebody who is signed in shows before the ways to sign in
// change: the password, or a code of the second factor. The zero Proof will do
// for ten minutes after a sign-in.
type Proof struct {
	Password, Code string
	Address        string // of the network, which wrong ones are counted for too
}

// Fresh reports whether the zero Proof will do for the actor.
func (a *Accounts) Fresh(ctx context.Context, actor actor.Actor) (bool, error) {
	if err := RequireSession(actor); err != nil {
		return false, err
	}
	started, err := sessionStart(ctx, a.db, actor.SessionID)
	return a.clock.MS()-started < recentSignIn.Milliseconds(), err
}

// Prove returns nil if the actor, a signed-in person, proves that they are still
// there. It fails as RequireSession does, with Forbidden "proof_required" for
// the zero Proof more than ten minutes after the sign-in, Unauthenticated
// "wrong_password" or "wrong_code", or Limited "too_many_sign_ins". It owns
// transactions.
func (a *Accounts) Prove(ctx context.Context, actor actor.Actor, p Proof) error {
	err := a.reauthenticate(ctx, actor, p)
	if errs.Is(err, "proof_required") {
		return errs.New(errs.Forbidden, "proof_required", "You signed in more than ten minutes ago. Sign in again, then repeat this.")
	}
	return err
}

// prove returns nil when the proof is good. It fails with Unauthenticated
// "wrong_password" or "wrong_code", Limited "too_many_sign_ins", or Forbidden
// "proof_required". It owns transactions: what is wrong is counted even though
// the change it stands before is not made.
func (a *Accounts) reauthenticate(ctx context.Context, actor actor.Actor, p Proof) error {
	if err := RequireSession(actor); err != nil {
		return err
	}
	ctx = sqldb.BeforeCommit(ctx, func(context.Context, *sqldb.Tx) error { return nil }) // the change itself is yet to come
	switch {
	case p.Password != "":
		return a.reauthenticateByPassword(ctx, actor, p)
	case p.Code != "":
		return a.attempt(ctx, []counter{bySession(actor.SessionID)}, withAddress(p.Address, byAccount(actor.AccountID)), func(tx *sqldb.Tx) error {
			return a.useCode(ctx, tx, actor.AccountID, p.Code)
		})
	}
	fresh, err := a.Fresh(ctx, actor)
	if err != nil || fresh {
		return err
	}
	return errs.New(errs.Forbidden, "proof_required", "Your sign-in was a while ago: give your password, or sign in again.")
}

func (a *Accounts) reauthenticateByPassword(ctx context.Context, actor actor.Actor, p Proof) error {
	waits := []counter{bySession(actor.SessionID)}
	if err := a.checkFailures(ctx, a.db, waits); err != nil {
		return err // before a hash is computed
	}
	hash, err := passwordHash(ctx, a.db, actor.AccountID)
	if err != nil {
		return err
	}
	right, _, err := a.verify(ctx, hash, p.Password)
	if err != nil {
		return err
	}
	return a.attempt(ctx, waits, withAddress(p.Address, byAccount(actor.AccountID)), func(*sqldb.Tx) error {
		if right {
			return nil
		}
		return errs.New(errs.Unauthenticated, "wrong_password", "The password is wrong.")
	})
}

// guess runs try in a transaction, alone for waits, whose failures it waits for.
// A refusal by Unauthenticated is counted for them and for others as a failed
// sign-in, and commits. A session waits for its own failures only: others must
// not keep its owner from proving who they are.
func (a *Accounts) attempt(ctx context.Context, waits, others []counter, try func(*sqldb.Tx) error) error {
	var refusal error
	err := a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := a.lockFailures(ctx, tx, waits, false); err != nil {
			return err
		}
		refusal = try(tx)
		if errs.KindOf(refusal) == errs.Unauthenticated {
			return countFailures(ctx, tx, append(slices.Clone(waits), others...), a.clock.MS())
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

// ProveOwner is prove for whoever adds a way to sign in: nobody does before
// the address of the account is proven, since it would outlast the person who
// has that address. It fails with Forbidden "email_not_verified" too.
func (a *Accounts) ProveOwner(ctx context.Context, actor actor.Actor, p Proof) error {
	if err := RequireSession(actor); err != nil {
		return err
	}
	if err := a.requireVerified(ctx, actor.AccountID); err != nil {
		return err
	}
	return a.reauthenticate(ctx, actor, p)
}
