package account

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
)

// Methods are the ways in which somebody may sign in.
type Methods struct {
	Password      bool
	TOTP          bool // a code is asked for beside the password
	RecoveryCodes int  // that have not been used
	Passkeys      []Passkey
	Identities    []Identity
	Fresh         bool // the zero Proof will do now
}

// Methods returns how the actor may sign in. It fails with Forbidden
// "session_required" or "limited_session".
func (a *Accounts) Methods(ctx context.Context, actor actor.Actor) (m Methods, err error) {
	if m.Fresh, err = a.Fresh(ctx, actor); err != nil {
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
