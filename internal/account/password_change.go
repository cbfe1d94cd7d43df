package account

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

// PasswordChange is a new password and what shows that its owner wants it.
type PasswordChange struct {
	Current string // "" for an account without a password, shortly after a sign-in
	New     string
	Address string // of the network, which wrong ones are counted for too
	Device  string // cookie of RememberDevice, which stays known
}

// ChangePassword gives the person who is signed in another password, ends all
// their other sessions and their API keys and writes to them. It fails with Unauthenticated
// "wrong_password", Limited "too_many_sign_ins", Invalid "invalid_input", or
// Forbidden "session_required", "limited_session" or "proof_required". Wrong
// ones are counted: do not call it in a BeforeCommit context.
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
		return errs.InvalidFields([]errs.Field{{Field: "currentPassword", Code: "required", Message: "The password you have now is needed."}})
	}
	if err := checkNewPassword(account, change.New); err != nil {
		return err // before anything is hashed
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
		if err == nil && now != old { // changed meanwhile: what was proven is no proof any more
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

// newHash checks a new password of an account and hashes it.
func (a *Accounts) hashNewPassword(ctx context.Context, account Account, password string) (string, error) {
	if err := checkNewPassword(account, password); err != nil {
		return "", err
	}
	return a.hash(ctx, password)
}

// setPassword gives an account a password, ends its sessions but one, its places but
// the one of info, its
// person's keys and everything that the old password had begun, and writes to the person. The
// account is changed before its sessions are: a sign-in by the old password
// either sees the new one or is ended with the others.
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

// forgiveOwner forgets the places of an account but the one of info, and
// deletes the failures there, as a sign-in does: failures of the name elsewhere
// stay. The network becomes known, so these do not hold up the next sign-in
// there. The failures of the account were of people that knew the old password.
func (a *Accounts) resetAfterPasswordChange(ctx context.Context, tx *sqldb.Tx, account Account, info SessionInfo) error {
	place, err := a.knownClient(ctx, tx, account.ID, info)
	if err != nil {
		return err
	}
	if err := a.forgetClients(ctx, tx, account.ID, info); err != nil {
		return err
	}
	if err := a.rememberNetwork(ctx, tx, account.ID, info.Address); err != nil {
		return err
	}
	if err := a.resetAfterSignIn(ctx, tx, passwordAttempt{login: login{account: account}, name: account.Email, client: place, info: info}); err != nil {
		return err
	}
	return resetFailures(ctx, tx, byAccount(account.ID))
}
