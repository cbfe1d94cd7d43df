package account

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

// MethodAdded writes to the person of an account that there is a new way to
// sign in: one of mail's kinds, and its name where it has one. Where nothing
// can be written nothing is.
func (a *Accounts) MethodAdded(ctx context.Context, tx *sqldb.Tx, accountID, kind, name string) error {
	if a.mail == nil || a.baseURL() == "" {
		return nil
	}
	account, err := LoadAccount(ctx, tx, accountID)
	if err != nil {
		return err
	}
	confirmed, err := Confirmed(ctx, tx, account.ID)
	if err != nil {
		return err
	}
	return a.mail.Send(ctx, tx, mail.Message{
		Sender: "account:" + account.ID, Confirmed: confirmed,
		To: account.Email, ToName: account.Username, Language: account.Language, Template: mail.SignInAdded,
		Values: map[string]string{"kind": kind, "name": name, "link": a.baseURL() + "/account/security"},
	})
}

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
