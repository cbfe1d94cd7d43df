// Package reauth re-authenticates signed-in persons.
package reauth

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/password"
	"github.com/regulars/regulars/internal/account/session"
	"github.com/regulars/regulars/internal/account/throttle"
	"github.com/regulars/regulars/internal/account/totp"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// recentSignIn is the time after a sign-in during which it proves the person's
// presence.
const recentSignIn = 10 * time.Minute

// Proofs re-authenticates signed-in persons.
type Proofs struct {
	db       *sqldb.DB
	clock    clock.Clock
	hasher   *password.Hasher
	throttle *throttle.Throttle
	codes    *totp.Codes
}

// New returns the Proofs of a database.
func New(db *sqldb.DB, c clock.Clock, h *password.Hasher, t *throttle.Throttle, codes *totp.Codes) *Proofs {
	return &Proofs{db, c, h, t, codes}
}

// Recent reports whether the zero Proof is valid for the actor.
func (p *Proofs) Recent(ctx context.Context, actor actor.Actor) (bool, error) {
	if err := account.RequireSession(actor); err != nil {
		return false, err
	}
	started, err := session.StartedAt(ctx, p.db, actor.SessionID)
	return p.clock.MS()-started < recentSignIn.Milliseconds(), err
}

// Reauthenticate re-authenticates the actor. It fails like RequireSession, with
// Forbidden "proof_required" for the zero Proof more than ten minutes after the
// sign-in, Unauthenticated "wrong_password" or "wrong_code", or Limited
// "too_many_sign_ins". It owns transactions.
func (p *Proofs) Reauthenticate(ctx context.Context, actor actor.Actor, proof account.Proof) error {
	err := p.Verify(ctx, actor, proof)
	if errs.Is(err, "proof_required") {
		return errs.New(errs.Forbidden, "proof_required", "You signed in more than ten minutes ago. Sign in again, then repeat this.")
	}
	return err
}

// Verify returns nil for a valid proof. It fails with Unauthenticated
// "wrong_password" or "wrong_code", Limited "too_many_sign_ins", or Forbidden
// "proof_required". It owns transactions: failures are counted even if the
// caller's change is not applied.
func (p *Proofs) Verify(ctx context.Context, actor actor.Actor, proof account.Proof) error {
	if err := account.RequireSession(actor); err != nil {
		return err
	}
	ctx = sqldb.BeforeCommit(ctx, func(context.Context, *sqldb.Tx) error { return nil }) // the caller's hooks belong to its own transaction
	switch {
	case proof.Password != "":
		return p.reauthenticateByPassword(ctx, actor, proof)
	case proof.Code != "":
		return p.throttle.Attempt(ctx, []throttle.Counter{throttle.BySession(actor.SessionID)}, throttle.WithAddress(proof.Address, throttle.ByAccount(actor.AccountID)), func(tx *sqldb.Tx) error {
			return p.codes.Use(ctx, tx, actor.AccountID, proof.Code)
		})
	}
	fresh, err := p.Recent(ctx, actor)
	if err != nil || fresh {
		return err
	}
	return errs.New(errs.Forbidden, "proof_required", "Your sign-in was a while ago. Enter your password, or sign in again.")
}

func (p *Proofs) reauthenticateByPassword(ctx context.Context, actor actor.Actor, proof account.Proof) error {
	locked := []throttle.Counter{throttle.BySession(actor.SessionID)}
	if err := p.throttle.CheckFailures(ctx, p.db, locked); err != nil {
		return err // before the costly hash
	}
	hash, err := account.PasswordHash(ctx, p.db, actor.AccountID)
	if err != nil {
		return err
	}
	right, _, err := p.hasher.Verify(ctx, hash, proof.Password)
	if err != nil {
		return err
	}
	return p.throttle.Attempt(ctx, locked, throttle.WithAddress(proof.Address, throttle.ByAccount(actor.AccountID)), func(*sqldb.Tx) error {
		if right {
			return nil
		}
		return errs.New(errs.Unauthenticated, "wrong_password", "The password is wrong.")
	})
}

// ReauthenticateOwner is Reauthenticate before a sign-in method is added, which also requires a
// verified email address: the method would outlast a later verification by the
// owner of the address. It fails with Forbidden "email_not_verified" too.
func (p *Proofs) ReauthenticateOwner(ctx context.Context, actor actor.Actor, proof account.Proof) error {
	if err := account.RequireSession(actor); err != nil {
		return err
	}
	if err := p.RequireVerified(ctx, actor.AccountID); err != nil {
		return err
	}
	return p.Verify(ctx, actor, proof)
}

// RequireVerified fails with Forbidden "email_not_verified" if the address of an
// account is not verified.
func (p *Proofs) RequireVerified(ctx context.Context, accountID string) error {
	at, err := account.VerifiedAt(ctx, p.db, accountID)
	if err == nil && at == 0 {
		return errs.New(errs.Forbidden, "email_not_verified", "The email address of this account is not verified. Choose a new password with \"Forgot password\", which verifies it, and try again.")
	}
	return err
}
