package account

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

// sendFirstPassword mails a person without an account, added by a community;
// the link creates the account.
func (a *Accounts) sendFirstPassword(ctx context.Context, tx *sqldb.Tx, request resetRequest) error {
	email, key, _ := CheckEmail(request.Email)
	_, added, err := a.assignedUsername(ctx, tx, key)
	if err != nil || !added {
		return err
	}
	recent, err := countFirstLinks(ctx, tx, key, a.clock.MS()-time.Hour.Milliseconds())
	if err != nil || recent >= maxResetsPerHour {
		return err
	}
	token, until, err := a.CreateFirstPasswordLink(ctx, tx, email)
	if err != nil {
		return err
	}
	return a.mail.Send(ctx, tx, mail.Message{
		To: email, Language: request.Language, ExpiresAt: until, Template: mail.ResetPassword,
		Values: map[string]string{"link": a.link(ResetPage, token)},
	})
}

// CreateFirstPasswordLink creates a link, valid for an hour, to choose the first password
// of a confirmed address, in the caller's transaction; the account is created
// when it is used. expiresAt is in Unix milliseconds.
func (a *Accounts) CreateFirstPasswordLink(ctx context.Context, tx *sqldb.Tx, email string) (token string, expiresAt int64, err error) {
	return a.newLink(ctx, tx, Link{Purpose: linkReset, email: email, emailKey: EmailKey(email)}, resetLifetime)
}

// createWithPassword creates the account of a person added by a community.
func (a *Accounts) createWithPassword(ctx context.Context, l Link, token, password, username string) (Account, error) {
	n, err := a.accountForEmail(ctx, a.db, l.email, username)
	if err != nil {
		return Account{}, err
	}
	if n.passwordHash, err = a.hashNewPassword(ctx, Account{Email: n.Email, Username: n.Username}, password); err != nil {
		return Account{}, err
	}
	var account Account
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := a.useLink(ctx, tx, token, linkReset); err != nil {
			return err
		}
		if err := deleteRegistrations(ctx, tx, n.EmailKey); err != nil {
			return err
		}
		if err := deleteFirstLinks(ctx, tx, n.EmailKey); err != nil {
			return err
		}
		account, err = insertAccount(ctx, tx, n)
		return err
	})
	if err == nil {
		return account, nil
	}
	err = a.conflictOf(ctx, n, err)
	if errs.Is(err, "email_taken") { // created meanwhile; ForgotPassword works for it
		err = LinkExpired()
	}
	return Account{}, err
}

// accountForEmail returns the account to create for a confirmed address. An
// empty username selects the one that a community assigned, else one derived
// from the address.
func (a *Accounts) accountForEmail(ctx context.Context, q sqldb.Querier, email, username string) (n newAccount, err error) {
	n.Email, n.EmailKey, _ = CheckEmail(email) // checked before
	n.assignID(a.clock.Now())
	if username == "" {
		if username, _, err = a.assignedUsername(ctx, q, n.EmailKey); err != nil {
			return n, err
		}
	}
	if username == "" {
		return n, n.pickUsername(ctx, q, "")
	}
	return n, n.setUsername(username)
}
