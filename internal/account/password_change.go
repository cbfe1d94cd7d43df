package account

import (
	"context"

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
	if err := RequireSession(actor); err != nil {
		return err
	}
	account, err := LoadAccount(ctx, a.db, actor.AccountID)
	if err != nil {
		return err
	}
	old, err := passwordHash(ctx, a.db, account.ID)
	if err != nil {
		return err
	}
	if old != "" && change.Current == "" {
		return errs.InvalidFields([]errs.Field{{Field: "currentPassword", Code: "required", Message: "Enter your current password."}})
	}
	if err := checkNewPassword(account, change.New); err != nil {
		return err // before hashing
	}
	if err := a.reauthenticate(ctx, actor, Proof{Password: change.Current, Address: change.Address}); err != nil {
		return err
	}
	hash, err := a.hashNewPassword(ctx, account, change.New)
	if err != nil {
		return err
	}
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		now, err := lockPassword(ctx, tx, account.ID)
		if err == nil && now != old { // changed since re-authentication
			err = errs.New(errs.Unauthenticated, "wrong_password", "The password is wrong.")
		}
		if err != nil {
			return err
		}
		return a.setPassword(ctx, tx, account, hash, actor.SessionID, SessionInfo{Address: change.Address, Device: change.Device})
	})
}

func checkNewPassword(account Account, password string) error {
	problem := PasswordProblem(password, EmailKey(account.Email), UsernameKey(account.Username))
	if problem == "" {
		return nil
	}
	return errs.InvalidFields([]errs.Field{{Field: "newPassword", Code: "invalid", Message: problem}})
}

// hashNewPassword validates and hashes a new password of an account.
func (a *Accounts) hashNewPassword(ctx context.Context, account Account, password string) (string, error) {
	if err := checkNewPassword(account, password); err != nil {
		return "", err
	}
	return a.hash(ctx, password)
}

// setPassword sets the password hash, ends all sessions except one, forgets the
// known clients except that of info, revokes the person's API keys, deletes
// pending links and sign-in flows, and sends a notification. It updates the
// account before its sessions: a concurrent sign-in with the old password
// either sees the new one or ends with the other sessions.
func (a *Accounts) setPassword(ctx context.Context, tx *sqldb.Tx, account Account, hash, except string, info SessionInfo) error {
	if err := updatePassword(ctx, tx, account.ID, hash, a.clock.MS()); err != nil {
		return err
	}
	if err := deleteSessionsOf(ctx, tx, account.ID, except); err != nil {
		return err
	}
	if err := a.revokeKeys(ctx, tx, account.ID); err != nil {
		return err
	}
	if err := a.resetAfterPasswordChange(ctx, tx, account, info); err != nil {
		return err
	}
	if err := deleteMailedLinksOf(ctx, tx, account.ID); err != nil {
		return err
	}
	if err := deleteFlowsOf(ctx, tx, account.ID); err != nil {
		return err
	}
	return a.notify(ctx, tx, account, mail.PasswordChanged, ForgotPage)
}

// resetAfterPasswordChange forgets all known clients except that of info, and
// resets the failures there like a sign-in; failures of the name elsewhere
// remain. It makes the network known, so that those do not delay the next
// sign-in. The failures of the account are reset: they required the old
// password.
func (a *Accounts) resetAfterPasswordChange(ctx context.Context, tx *sqldb.Tx, account Account, info SessionInfo) error {
	client, err := a.knownClient(ctx, tx, account.ID, info)
	if err != nil {
		return err
	}
	if err := a.forgetClients(ctx, tx, account.ID, info); err != nil {
		return err
	}
	if err := a.rememberNetwork(ctx, tx, account.ID, info.Address); err != nil {
		return err
	}
	if err := a.resetAfterSignIn(ctx, tx, passwordAttempt{login: login{account: account}, name: account.Email, client: client, info: info}); err != nil {
		return err
	}
	return resetFailures(ctx, tx, byAccount(account.ID))
}
