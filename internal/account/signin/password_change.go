package signin

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/flow"
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/account/password"
	"github.com/regulars/regulars/internal/account/session"
	"github.com/regulars/regulars/internal/account/throttle"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

// PasswordChange is the input of ChangePassword.
type PasswordChange struct {
	Current string // "": the account has no password, and the sign-in is recent
	New     string
	Address string // network address; counts wrong passwords too
	Device  string // cookie of RememberDevice; the device stays known
}

// ChangePassword changes the password of the actor, ends all other sessions,
// revokes the person's API keys and sends a notification. It fails with
// Unauthenticated "wrong_password", Limited "too_many_sign_ins", Invalid
// "invalid_input", or Forbidden "session_required", "limited_session" or
// "proof_required". Wrong passwords are counted: do not call it in a
// BeforeCommit context.
func (a *Accounts) ChangePassword(ctx context.Context, actor actor.Actor, change PasswordChange) error {
	if err := account.RequireSession(actor); err != nil {
		return err
	}
	acct, err := account.LoadAccount(ctx, a.db, actor.AccountID)
	if err != nil {
		return err
	}
	old, err := account.PasswordHash(ctx, a.db, acct.ID)
	if err != nil {
		return err
	}
	if old != "" && change.Current == "" {
		return errs.InvalidFields([]errs.Field{{Field: "currentPassword", Code: "required", Message: "Enter your current password."}})
	}
	if err := checkNewPassword(acct, change.New); err != nil {
		return err // before hashing
	}
	if err := a.Proofs.Verify(ctx, actor, account.Proof{Password: change.Current, Address: change.Address}); err != nil {
		return err
	}
	hash, err := a.hashNewPassword(ctx, acct, change.New)
	if err != nil {
		return err
	}
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		now, err := account.LockPassword(ctx, tx, acct.ID)
		if err == nil && now != old { // changed since re-authentication
			err = errs.New(errs.Unauthenticated, "wrong_password", "The password is wrong.")
		}
		if err != nil {
			return err
		}
		return a.setPassword(ctx, tx, acct, hash, actor.SessionID, account.SessionInfo{Address: change.Address, Device: change.Device})
	})
}

func checkNewPassword(acct account.Account, plain string) error {
	problem := password.Problem(plain, account.EmailKey(acct.Email), account.UsernameKey(acct.Username))
	if problem == "" {
		return nil
	}
	return errs.InvalidFields([]errs.Field{{Field: "newPassword", Code: "invalid", Message: problem}})
}

// hashNewPassword validates and hashes a new password of an account.
func (a *Accounts) hashNewPassword(ctx context.Context, account account.Account, password string) (string, error) {
	if err := checkNewPassword(account, password); err != nil {
		return "", err
	}
	return a.hasher.Hash(ctx, password)
}

// setPassword sets the password hash, ends all sessions except one, forgets the
// known clients except that of info, revokes the person's API keys, deletes
// pending links and sign-in flows, and sends a notification. It updates the
// account before its sessions: a concurrent sign-in with the old password
// either sees the new one or ends with the other sessions.
func (a *Accounts) setPassword(ctx context.Context, tx *sqldb.Tx, acct account.Account, hash, except string, info account.SessionInfo) error {
	if err := account.UpdatePassword(ctx, tx, acct.ID, hash, a.clock.MS()); err != nil {
		return err
	}
	if err := session.DeleteOf(ctx, tx, acct.ID, except); err != nil {
		return err
	}
	if err := a.revokeKeys(ctx, tx, acct.ID); err != nil {
		return err
	}
	if err := a.resetAfterPasswordChange(ctx, tx, acct, info); err != nil {
		return err
	}
	if err := link.DeleteMailed(ctx, tx, acct.ID); err != nil {
		return err
	}
	if err := flow.DeleteOf(ctx, tx, acct.ID); err != nil {
		return err
	}
	return a.mailer.Notify(ctx, tx, acct, mail.PasswordChanged, link.ForgotPage)
}

// resetAfterPasswordChange forgets all known clients except that of info, and
// resets the failures there like a sign-in; failures of the name elsewhere
// remain. It makes the network known, so that those do not delay the next
// sign-in. The failures of the account are reset: they required the old
// password.
func (a *Accounts) resetAfterPasswordChange(ctx context.Context, tx *sqldb.Tx, acct account.Account, info account.SessionInfo) error {
	client, err := a.Clients.Known(ctx, tx, acct.ID, info)
	if err != nil {
		return err
	}
	if err := a.Clients.Forget(ctx, tx, acct.ID, info); err != nil {
		return err
	}
	if err := a.Clients.RememberNetwork(ctx, tx, acct.ID, info.Address); err != nil {
		return err
	}
	attempt := throttle.PasswordAttempt{Login: account.Login{Account: acct}, Name: acct.Email, Client: client, Info: info}
	if err := attempt.ResetAfterSignIn(ctx, tx); err != nil {
		return err
	}
	return throttle.ResetFailures(ctx, tx, throttle.ByAccount(acct.ID))
}
