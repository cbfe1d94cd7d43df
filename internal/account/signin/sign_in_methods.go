package signin

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/passkey"
	"github.com/regulars/regulars/internal/account/provider"
	"github.com/regulars/regulars/internal/account/totp"
	"github.com/regulars/regulars/internal/actor"
)

// Methods are the sign-in methods of an account.
type Methods struct {
	Password      bool
	TOTP          bool // two-factor authentication is on
	RecoveryCodes int  // unused
	Passkeys      []passkey.Passkey
	Identities    []provider.Identity
	Recent        bool // the zero Proof is valid
}

// Methods returns the sign-in methods of the actor. It fails with Forbidden
// "session_required" or "limited_session".
func (a *Accounts) Methods(ctx context.Context, actor actor.Actor) (m Methods, err error) {
	if m.Recent, err = a.Proofs.Recent(ctx, actor); err != nil {
		return Methods{}, err
	}
	hash, err := account.PasswordHash(ctx, a.db, actor.AccountID)
	if err != nil {
		return Methods{}, err
	}
	second, err := totp.Load(ctx, a.db, actor.AccountID, "")
	if err != nil {
		return Methods{}, err
	}
	m.Password, m.TOTP = hash != "", second.ConfirmedAt > 0
	if m.RecoveryCodes, err = totp.CountRecoveryCodes(ctx, a.db, actor.AccountID); err != nil {
		return Methods{}, err
	}
	if m.Passkeys, err = a.Passkeys(ctx, actor); err != nil {
		return Methods{}, err
	}
	m.Identities, err = a.Provider.Identities(ctx, actor)
	return m, err
}

// HasPassword reports whether an account can sign in with a password.
func (a *Accounts) HasPassword(ctx context.Context, accountID string) (bool, error) {
	hash, err := account.PasswordHash(ctx, a.db, accountID)
	return hash != "", err
}
