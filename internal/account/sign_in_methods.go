package account

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
)

// Methods are the sign-in methods of an account.
type Methods struct {
	Password      bool
	TOTP          bool // two-factor authentication is on
	RecoveryCodes int  // unused
	Passkeys      []Passkey
	Identities    []Identity
	Recent        bool // the zero Proof is valid
}

// Methods returns the sign-in methods of the actor. It fails with Forbidden
// "session_required" or "limited_session".
func (a *Accounts) Methods(ctx context.Context, actor actor.Actor) (m Methods, err error) {
	if m.Recent, err = a.Recent(ctx, actor); err != nil {
		return Methods{}, err
	}
	hash, err := passwordHash(ctx, a.db, actor.AccountID)
	if err != nil {
		return Methods{}, err
	}
	totp, err := loadTOTP(ctx, a.db, actor.AccountID, "")
	if err != nil {
		return Methods{}, err
	}
	m.Password, m.TOTP = hash != "", totp.confirmedAt > 0
	if m.RecoveryCodes, err = countRecoveryCodes(ctx, a.db, actor.AccountID); err != nil {
		return Methods{}, err
	}
	if m.Passkeys, err = a.Passkeys(ctx, actor); err != nil {
		return Methods{}, err
	}
	m.Identities, err = a.Identities(ctx, actor)
	return m, err
}
