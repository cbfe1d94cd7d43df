package signin

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/account/passkey"
	"github.com/regulars/regulars/internal/account/provider"
	"github.com/regulars/regulars/internal/account/session"
	"github.com/regulars/regulars/internal/account/totp"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// confirmOwner marks the email address of an account as verified. On first
// verification it deletes every sign-in method except the password, since
// another person may have added it; the caller sets a new password.
func (a *Accounts) confirmOwner(ctx context.Context, tx *sqldb.Tx, accountID string) (first bool, err error) {
	first, err = account.MarkVerified(ctx, tx, accountID, a.clock.MS())
	if err != nil || !first {
		return first, err
	}
	if err := deleteSignInMethodsOf(ctx, tx, accountID); err != nil {
		return true, err
	}
	if err := a.revokeKeys(ctx, tx, accountID); err != nil {
		return true, err
	}
	if err := session.DeleteOf(ctx, tx, accountID, ""); err != nil {
		return true, err
	}
	return true, link.DeleteMailed(ctx, tx, accountID)
}

// VerifyEmail creates the account of a registration. A contested one (see
// Register) gets no password but a mail to choose it, see HasPassword. username
// replaces the registered one unless it is empty. It fails with Gone
// "link_expired" (also if the address has an account), Invalid "invalid_input"
// or Conflict "username_taken"; the token remains valid after the last two.
func (a *Accounts) VerifyEmail(ctx context.Context, token, username string) (account.Account, error) {
	var acct account.Account
	var n account.Draft
	err := a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		r, err := link.LockRegistration(ctx, tx, account.HashToken(token))
		if errs.KindOf(err) == errs.NotFound || err == nil && r.ExpiresAt <= a.clock.MS() {
			return link.Expired()
		}
		if err != nil {
			return err
		}
		n = r.Draft
		n.AssignID(a.clock.Now())
		if err := n.SetUsername(username); err != nil {
			return err
		}
		if found, err := account.FindLogin(ctx, tx, n.Email); err != nil || found.Account.ID != "" {
			return firstError(err, link.Expired())
		}
		if err := link.DeleteRegistrations(ctx, tx, n.EmailKey); err != nil {
			return err
		}
		if !r.Contested {
			acct, err = account.InsertAccount(ctx, tx, n)
			return err
		}
		n.PasswordHash = ""
		if acct, err = account.InsertAccount(ctx, tx, n); err != nil {
			return err
		}
		return a.sendResetLink(ctx, tx, acct, r.Language, resetLifetime)
	})
	if err == nil {
		return acct, nil
	}
	err = a.conflictOf(ctx, n, err)
	if errs.Is(err, "email_taken") { // lost a race for the address
		err = link.Expired()
	}
	return account.Account{}, err
}

func firstError(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// deleteSignInMethodsOf deletes every sign-in method of an account except its
// password and API keys.
func deleteSignInMethodsOf(ctx context.Context, tx *sqldb.Tx, accountID string) error {
	if err := passkey.DeleteOf(ctx, tx, accountID); err != nil {
		return err
	}
	if err := totp.DeleteOf(ctx, tx, accountID); err != nil {
		return err
	}
	return provider.DeleteOf(ctx, tx, accountID)
}
