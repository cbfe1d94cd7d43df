package signin

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

// sendFirstPassword mails a person without an account, added by a community;
// the link creates the account.
func (a *Accounts) sendFirstPassword(ctx context.Context, tx *sqldb.Tx, request resetRequest) error {
	email, key, _ := account.CheckEmail(request.Email)
	_, added, err := a.assignedUsername(ctx, tx, key)
	if err != nil || !added {
		return err
	}
	recent, err := link.CountFirst(ctx, tx, key, a.clock.MS()-time.Hour.Milliseconds())
	if err != nil || recent >= maxResetsPerHour {
		return err
	}
	token, until, err := a.CreateFirstPasswordLink(ctx, tx, email)
	if err != nil {
		return err
	}
	return a.mail.Send(ctx, tx, mail.Message{
		To: email, Language: request.Language, ExpiresAt: until, Template: mail.ResetPassword,
		Values: map[string]string{"link": a.mailer.Link(link.ResetPage, token)},
	})
}

// CreateFirstPasswordLink creates a link, valid for an hour, to choose the first password
// of a confirmed address, in the caller's transaction; the account is created
// when it is used. expiresAt is in Unix milliseconds.
func (a *Accounts) CreateFirstPasswordLink(ctx context.Context, tx *sqldb.Tx, email string) (token string, expiresAt int64, err error) {
	return a.links.New(ctx, tx, link.Link{Purpose: link.Reset, Email: email, EmailKey: account.EmailKey(email)}, resetLifetime)
}

// createWithPassword creates the account of a person added by a community.
func (a *Accounts) createWithPassword(ctx context.Context, l link.Link, token, password, username string) (account.Account, error) {
	n, err := a.accountForEmail(ctx, a.db, l.Email, username)
	if err != nil {
		return account.Account{}, err
	}
	if n.PasswordHash, err = a.hashNewPassword(ctx, account.Account{Email: n.Email, Username: n.Username}, password); err != nil {
		return account.Account{}, err
	}
	var acct account.Account
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := a.links.Use(ctx, tx, token, link.Reset); err != nil {
			return err
		}
		if err := link.DeleteRegistrations(ctx, tx, n.EmailKey); err != nil {
			return err
		}
		if err := link.DeleteFirst(ctx, tx, n.EmailKey); err != nil {
			return err
		}
		acct, err = account.InsertAccount(ctx, tx, n)
		return err
	})
	if err == nil {
		return acct, nil
	}
	err = a.conflictOf(ctx, n, err)
	if errs.Is(err, "email_taken") { // created meanwhile; ForgotPassword works for it
		err = link.Expired()
	}
	return account.Account{}, err
}

// accountForEmail returns the account to create for a confirmed address. An
// empty username selects the one that a community assigned, else one derived
// from the address.
func (a *Accounts) accountForEmail(ctx context.Context, q sqldb.Querier, email, username string) (n account.Draft, err error) {
	n.Email, n.EmailKey, _ = account.CheckEmail(email) // checked before
	n.AssignID(a.clock.Now())
	if username == "" {
		if username, _, err = a.assignedUsername(ctx, q, n.EmailKey); err != nil {
			return n, err
		}
	}
	if username == "" {
		return n, n.PickUsername(ctx, q, "")
	}
	return n, n.SetUsername(username)
}
