package account

import (
	"context"
	"errors"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

const (
	resetLifetime = time.Hour
	// resetsAnHour bounds what an account is written, whoever asks.
	maxResetsPerHour = 5
)

// resetRequest asks for a link to choose a new password.
type resetRequest struct {
	Email    string `json:"email"`
	Language string `json:"language"`
}

// Kind is the queue's name for such requests.
func (resetRequest) Kind() string { return "auth.reset" }

// ForgotPassword has a link to choose a new password written to the person
// with an email address, if there is an account or a community added the person
// as a member, up to five times an hour. It does the
// same whether there is one or not: to find out is left to a job. language is a
// BCP 47 tag or an Accept-Language header. It fails with Invalid
// "invalid_input" or Unavailable "mail_unavailable".
func (a *Accounts) ForgotPassword(ctx context.Context, email, language string) error {
	if a.mail == nil {
		return mailUnavailable()
	}
	email, _, problem := CheckEmail(email)
	if problem != "" {
		return errs.InvalidFields([]errs.Field{{Field: "email", Code: "invalid", Message: problem}})
	}
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := jobs.Insert(ctx, tx, resetRequest{Email: email, Language: language}, jobs.Options{})
		return err
	})
}

// RegisterJobs names the workers of this package to the engine. Call it before
// the engine starts.
func (a *Accounts) RegisterJobs(engine *jobs.Engine) { jobs.Register(engine, a.handleReset) }

func (a *Accounts) handleReset(ctx context.Context, j *jobs.Job, request resetRequest) error {
	if a.mail == nil || a.baseURL() == "" {
		return jobs.Fatal(errors.New("mails cannot be written here"))
	}
	return j.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := a.sendReset(ctx, tx, request); err != nil {
			return err
		}
		return j.Complete(ctx, tx) // one mail, also after a crash
	})
}

// sendReset writes to the address the account has, which may be another one
// than was asked for with the same key.
func (a *Accounts) sendReset(ctx context.Context, tx *sqldb.Tx, request resetRequest) error {
	found, err := findLogin(ctx, tx, request.Email)
	if err != nil {
		return err
	}
	if found.account.ID == "" {
		return a.sendFirstPassword(ctx, tx, request)
	}
	recent, err := countLinks(ctx, tx, linkReset, found.account.ID, a.clock.MS()-time.Hour.Milliseconds())
	if err != nil || recent >= maxResetsPerHour {
		return err
	}
	return a.sendResetLink(ctx, tx, found.account, request.Language, resetLifetime)
}

// sendResetLink mails a link to choose a password to the address of an account.
func (a *Accounts) sendResetLink(ctx context.Context, tx *sqldb.Tx, account Account, language string, lifetime time.Duration) error {
	token, until, err := a.newLink(ctx, tx, Link{Purpose: linkReset, accountID: account.ID}, lifetime)
	if err != nil {
		return err
	}
	return a.mail.Send(ctx, tx, mail.Message{
		To: account.Email, Language: language, ExpiresAt: until, Template: mail.ResetPassword,
		Values: map[string]string{"link": a.link(ResetPage, token)},
	})
}

// ResetPassword gives the account of a link a new password and ends its
// sessions and its person's API keys; the first time, it also takes all other
// ways to sign in, since the address was not proven before. It fails with Gone "link_expired", also for a link that was used or
// never existed, or with Invalid "invalid_input"; the link works again after
// that. A known device or network of info stays known.
//
// The link of a person without an account makes it, with the username that a
// community gave or, where that is not "", with username: it fails with
// Conflict "username_taken" while an account has it.
func (a *Accounts) ResetPassword(ctx context.Context, token, password, username string, info SessionInfo) (Account, error) {
	// Nobody without a link makes the server hash.
	l, err := a.loadValidLink(ctx, token, linkReset)
	if err != nil {
		return Account{}, err
	}
	if l.accountID == "" {
		return a.createWithPassword(ctx, l, token, password, username)
	}
	account, err := LoadAccount(ctx, a.db, l.accountID)
	if errs.KindOf(err) == errs.NotFound { // the account was deleted
		return Account{}, LinkExpired()
	}
	if err != nil {
		return Account{}, err
	}
	hash, err := a.hashNewPassword(ctx, account, password)
	if err != nil {
		return Account{}, err
	}
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := a.useLink(ctx, tx, token, linkReset); err != nil {
			return err
		}
		if err := deleteRegistrations(ctx, tx, EmailKey(account.Email)); err != nil {
			return err
		}
		if _, err := a.confirmOwner(ctx, tx, account.ID); err != nil {
			return err
		}
		return a.setPassword(ctx, tx, account, hash, "", info)
	})
	if err != nil {
		return Account{}, err
	}
	return account, nil
}
