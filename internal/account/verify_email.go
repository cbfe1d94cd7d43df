package account

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// confirmOwner marks the email address of an account as verified. On first
// verification it deletes every sign-in method except the password, since
// another person may have added it; the caller sets a new password.
func (a *Accounts) confirmOwner(ctx context.Context, tx *sqldb.Tx, accountID string) (first bool, err error) {
	first, err = markVerified(ctx, tx, accountID, a.clock.MS())
	if err != nil || !first {
		return first, err
	}
	if err := deleteSignInMethodsOf(ctx, tx, accountID); err != nil {
		return true, err
	}
	if err := a.revokeKeys(ctx, tx, accountID); err != nil {
		return true, err
	}
	if err := deleteSessionsOf(ctx, tx, accountID, ""); err != nil {
		return true, err
	}
	return true, deleteMailedLinksOf(ctx, tx, accountID)
}

// Confirmed reports whether the email address of an account is verified.
func Confirmed(ctx context.Context, q sqldb.Querier, accountID string) (bool, error) {
	at, err := verifiedAt(ctx, q, accountID)
	return at != 0, err
}

// InUse reports whether an account has a verified address and has signed in;
// false for an unknown account.
func InUse(ctx context.Context, q sqldb.Querier, accountID string) (bool, error) {
	account, err := LoadAccount(ctx, q, accountID)
	if errs.KindOf(err) == errs.NotFound {
		return false, nil
	}
	if err != nil || account.SignedInAt == 0 {
		return false, err
	}
	return Confirmed(ctx, q, accountID)
}

func (a *Accounts) requireVerified(ctx context.Context, accountID string) error {
	at, err := verifiedAt(ctx, a.db, accountID)
	if err == nil && at == 0 {
		return errs.New(errs.Forbidden, "email_not_verified", "The email address of this account is not verified. Choose a new password with \"Forgot password\", which verifies it, and try again.")
	}
	return err
}

// VerifyEmail creates the account of a registration. A contested one (see
// Register) gets no password but a mail to choose it, see HasPassword. username
// replaces the registered one unless it is empty. It fails with Gone
// "link_expired" (also if the address has an account), Invalid "invalid_input"
// or Conflict "username_taken"; the token remains valid after the last two.
func (a *Accounts) VerifyEmail(ctx context.Context, token, username string) (Account, error) {
	var account Account
	var n newAccount
	err := a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		r, err := lockRegistration(ctx, tx, HashToken(token))
		if errs.KindOf(err) == errs.NotFound || err == nil && r.expiresAt <= a.clock.MS() {
			return LinkExpired()
		}
		if err != nil {
			return err
		}
		n = r.newAccount
		n.assignID(a.clock.Now())
		if err := n.setUsername(username); err != nil {
			return err
		}
		if found, err := findLogin(ctx, tx, n.Email); err != nil || found.account.ID != "" {
			return firstError(err, LinkExpired())
		}
		if err := deleteRegistrations(ctx, tx, n.EmailKey); err != nil {
			return err
		}
		if !r.contested {
			account, err = insertAccount(ctx, tx, n)
			return err
		}
		n.passwordHash = ""
		if account, err = insertAccount(ctx, tx, n); err != nil {
			return err
		}
		return a.sendResetLink(ctx, tx, account, r.language, resetLifetime)
	})
	if err == nil {
		return account, nil
	}
	err = a.conflictOf(ctx, n, err)
	if errs.Is(err, "email_taken") { // lost a race for the address
		err = LinkExpired()
	}
	return Account{}, err
}

func firstError(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
