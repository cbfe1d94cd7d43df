package signin

import (
	"context"
	"errors"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/account/mailer"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

const (
	resetLifetime = time.Hour
	// maxResetsPerHour limits the reset mails to one address.
	maxResetsPerHour = 5
)

// resetRequest is the job that mails a reset link.
type resetRequest struct {
	Email    string `json:"email"`
	Language string `json:"language"`
}

// Kind implements jobs.Args.
func (resetRequest) Kind() string { return "auth.reset" }

// ForgotPassword mails a link to choose a new password, at most five times an
// hour, if the email address belongs to an account or an unclaimed member. A
// job looks the address up, so that neither response nor timing reveals the
// result. language is a BCP 47 tag or an Accept-Language header. It fails with
// Invalid "invalid_input" or Unavailable "mail_unavailable".
func (a *Accounts) ForgotPassword(ctx context.Context, email, language string) error {
	if a.mail == nil {
		return mailer.Unavailable()
	}
	email, _, problem := account.CheckEmail(email)
	if problem != "" {
		return errs.InvalidFields([]errs.Field{{Field: "email", Code: "invalid", Message: problem}})
	}
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := jobs.Insert(ctx, tx, resetRequest{Email: email, Language: language}, jobs.Options{})
		return err
	})
}

// RegisterJobs registers the workers of this package. Call it before the engine
// starts.
func (a *Accounts) RegisterJobs(engine *jobs.Engine) { jobs.Register(engine, a.handleReset) }

func (a *Accounts) handleReset(ctx context.Context, j *jobs.Job, request resetRequest) error {
	if !a.mailer.CanMailLinks() {
		return jobs.Fatal(errors.New("mail is not configured"))
	}
	return j.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := a.sendReset(ctx, tx, request); err != nil {
			return err
		}
		return j.Complete(ctx, tx) // exactly one mail, even after a crash
	})
}

// sendReset writes to the address of the account, which may differ in spelling
// from the requested one.
func (a *Accounts) sendReset(ctx context.Context, tx *sqldb.Tx, request resetRequest) error {
	found, err := account.FindLogin(ctx, tx, request.Email)
	if err != nil {
		return err
	}
	if found.Account.ID == "" {
		return a.sendFirstPassword(ctx, tx, request)
	}
	recent, err := link.Count(ctx, tx, link.Reset, found.Account.ID, a.clock.MS()-time.Hour.Milliseconds())
	if err != nil || recent >= maxResetsPerHour {
		return err
	}
	return a.sendResetLink(ctx, tx, found.Account, request.Language, resetLifetime)
}

// sendResetLink mails a link to choose a password to the address of an account.
func (a *Accounts) sendResetLink(ctx context.Context, tx *sqldb.Tx, account account.Account, language string, lifetime time.Duration) error {
	token, until, err := a.links.New(ctx, tx, link.Link{Purpose: link.Reset, AccountID: account.ID}, lifetime)
	if err != nil {
		return err
	}
	return a.mail.Send(ctx, tx, mail.Message{
		To: account.Email, Language: language, ExpiresAt: until, Template: mail.ResetPassword,
		Values: map[string]string{"link": a.mailer.Link(link.ResetPage, token)},
	})
}

// ResetPassword sets the password of the account of a link, ends its sessions
// and revokes the person's API keys. The first time, it deletes all other
// sign-in methods too, since the address was unverified before. It fails with
// Gone "link_expired", also for a used or unknown link, or with Invalid
// "invalid_input", after which the link still works. The device or network of
// info stays known.
//
// If the link is of a person without an account, it creates the account. Its
// username is the argument or, if that is empty, the one that a community
// assigned; it fails with Conflict "username_taken" if it belongs to another
// account.
func (a *Accounts) ResetPassword(ctx context.Context, token, password, username string, info account.SessionInfo) (account.Account, error) {
	// Check the link before the costly hash.
	l, err := a.links.LoadValid(ctx, token, link.Reset)
	if err != nil {
		return account.Account{}, err
	}
	if l.AccountID == "" {
		return a.createWithPassword(ctx, l, token, password, username)
	}
	acct, err := account.LoadAccount(ctx, a.db, l.AccountID)
	if errs.KindOf(err) == errs.NotFound { // deleted account
		return account.Account{}, link.Expired()
	}
	if err != nil {
		return account.Account{}, err
	}
	hash, err := a.hashNewPassword(ctx, acct, password)
	if err != nil {
		return account.Account{}, err
	}
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := a.links.Use(ctx, tx, token, link.Reset); err != nil {
			return err
		}
		if err := link.DeleteRegistrations(ctx, tx, account.EmailKey(acct.Email)); err != nil {
			return err
		}
		if _, err := a.confirmOwner(ctx, tx, acct.ID); err != nil {
			return err
		}
		return a.setPassword(ctx, tx, acct, hash, "", info)
	})
	if err != nil {
		return account.Account{}, err
	}
	return acct, nil
}
