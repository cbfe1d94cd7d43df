package auth

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
	resetsAnHour = 5
)

// resetRequest asks for a link to choose a new password.
type resetRequest struct {
	Email    string `json:"email"`
	Language string `json:"language"`
}

// Kind is the queue's name for such requests.
func (resetRequest) Kind() string { return "auth.reset" }

// ForgotPassword has a link to choose a new password written to the person
// with an email address, if there is one, up to five times an hour. It does the
// same whether there is one or not: to find out is left to a job. language is a
// BCP 47 tag or an Accept-Language header. It fails with Invalid
// "invalid_input" or Unavailable "mail_unavailable".
func (a *Auth) ForgotPassword(ctx context.Context, email, language string) error {
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
func (a *Auth) RegisterJobs(engine *jobs.Engine) { jobs.Register(engine, a.writeReset) }

func (a *Auth) writeReset(ctx context.Context, j *jobs.Job, ask resetRequest) error {
	if a.mail == nil || a.baseURL == "" {
		return jobs.Fatal(errors.New("mails cannot be written here"))
	}
	return j.Tx(ctx, func(tx *sqldb.Tx) error { return a.sendReset(ctx, tx, ask) })
}

// sendReset writes to the address the account has, which may be another one
// than was asked for with the same key.
func (a *Auth) sendReset(ctx context.Context, tx *sqldb.Tx, ask resetRequest) error {
	found, err := findLogin(ctx, tx, ask.Email)
	if err != nil || found.account.ID == "" {
		return err
	}
	recent, err := countLinks(ctx, tx, linkReset, found.account.ID, a.clock.MS()-time.Hour.Milliseconds())
	if err != nil || recent >= resetsAnHour {
		return err
	}
	return a.writeResetTo(ctx, tx, found.account, ask.Language)
}

// writeResetTo writes a link to choose a password to the person of an account.
func (a *Auth) writeResetTo(ctx context.Context, tx *sqldb.Tx, account Account, language string) error {
	now := a.clock.MS()
	token, until := newSecret(), now+resetLifetime.Milliseconds()
	err := insertLink(ctx, tx, link{tokenHash: hashSecret(token), purpose: linkReset, accountID: account.ID, createdAt: now, expiresAt: until})
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
func (a *Auth) ResetPassword(ctx context.Context, token, password string, info SessionInfo) (Account, error) {
	// Nobody without a link makes the server hash.
	l, err := loadLink(ctx, a.db, hashSecret(token), linkReset)
	if err = a.unexpired(l, err); err != nil {
		return Account{}, err
	}
	account, err := loadAccount(ctx, a.db, l.accountID)
	if errs.KindOf(err) == errs.NotFound { // the account was deleted
		return Account{}, linkExpired()
	}
	if err != nil {
		return Account{}, err
	}
	hash, err := a.newHash(ctx, account, password)
	if err != nil {
		return Account{}, err
	}
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		l, err := takeLink(ctx, tx, hashSecret(token), linkReset)
		if err := a.unexpired(l, err); err != nil {
			return err
		}
		if err := deleteRegistrations(ctx, tx, EmailKey(account.Email)); err != nil {
			return err
		}
		if _, err := a.owned(ctx, tx, account.ID); err != nil {
			return err
		}
		return a.setPassword(ctx, tx, account, hash, "", info)
	})
	if err != nil {
		return Account{}, err
	}
	return account, nil
}

// unexpired returns Gone "link_expired" for a link that is not there or works
// no more, else the error that it was read with.
func (a *Auth) unexpired(l link, err error) error {
	if errs.KindOf(err) == errs.NotFound || err == nil && l.expiresAt <= a.clock.MS() {
		return linkExpired()
	}
	return err
}
