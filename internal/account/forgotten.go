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
func (a *Accounts) RegisterJobs(engine *jobs.Engine) { jobs.Register(engine, a.writeReset) }

func (a *Accounts) writeReset(ctx context.Context, j *jobs.Job, ask resetRequest) error {
	if a.mail == nil || a.baseURL() == "" {
		return jobs.Fatal(errors.New("mails cannot be written here"))
	}
	return j.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := a.sendReset(ctx, tx, ask); err != nil {
			return err
		}
		return j.Complete(ctx, tx) // one mail, also after a crash
	})
}

// sendReset writes to the address the account has, which may be another one
// than was asked for with the same key.
func (a *Accounts) sendReset(ctx context.Context, tx *sqldb.Tx, ask resetRequest) error {
	found, err := findLogin(ctx, tx, ask.Email)
	if err != nil {
		return err
	}
	if found.account.ID == "" {
		return a.sendFirst(ctx, tx, ask)
	}
	recent, err := countLinks(ctx, tx, linkReset, found.account.ID, a.clock.MS()-time.Hour.Milliseconds())
	if err != nil || recent >= resetsAnHour {
		return err
	}
	return a.writeResetTo(ctx, tx, found.account, ask.Language)
}

// sendFirst writes to a person without an account whom a community added: the
// link makes the account.
func (a *Accounts) sendFirst(ctx context.Context, tx *sqldb.Tx, ask resetRequest) error {
	email, key, _ := CheckEmail(ask.Email)
	_, added, err := a.givenName(ctx, tx, key)
	if err != nil || !added {
		return err
	}
	recent, err := countFirstLinks(ctx, tx, key, a.clock.MS()-time.Hour.Milliseconds())
	if err != nil || recent >= resetsAnHour {
		return err
	}
	token, until, err := a.FirstPassword(ctx, tx, email)
	if err != nil {
		return err
	}
	return a.mail.Send(ctx, tx, mail.Message{
		To: email, Language: ask.Language, ExpiresAt: until, Template: mail.ResetPassword,
		Values: map[string]string{"link": a.link(ResetPage, token)},
	})
}

// FirstPassword returns the token of a link, which works for an hour, that
// makes the account of a confirmed address with a password of the person's
// choice, in the caller's transaction. expiresAt is in Unix milliseconds.
func (a *Accounts) FirstPassword(ctx context.Context, tx *sqldb.Tx, email string) (token string, expiresAt int64, err error) {
	now := a.clock.MS()
	token, expiresAt = NewToken(), now+resetLifetime.Milliseconds()
	return token, expiresAt, InsertLink(ctx, tx, Link{TokenHash: HashToken(token), Purpose: linkReset, email: email, emailKey: EmailKey(email), CreatedAt: now, ExpiresAt: expiresAt})
}

// writeResetTo writes a link to choose a password to the person of an account.
func (a *Accounts) writeResetTo(ctx context.Context, tx *sqldb.Tx, account Account, language string) error {
	now := a.clock.MS()
	token, until := NewToken(), now+resetLifetime.Milliseconds()
	err := InsertLink(ctx, tx, Link{TokenHash: HashToken(token), Purpose: linkReset, accountID: account.ID, CreatedAt: now, ExpiresAt: until})
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
	l, err := loadLink(ctx, a.db, HashToken(token), linkReset)
	if err = a.unexpired(l, err); err != nil {
		return Account{}, err
	}
	if l.accountID == "" {
		return a.firstPassword(ctx, l, token, password, username)
	}
	account, err := LoadAccount(ctx, a.db, l.accountID)
	if errs.KindOf(err) == errs.NotFound { // the account was deleted
		return Account{}, LinkExpired()
	}
	if err != nil {
		return Account{}, err
	}
	hash, err := a.newHash(ctx, account, password)
	if err != nil {
		return Account{}, err
	}
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		l, err := takeLink(ctx, tx, HashToken(token), linkReset)
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

// firstPassword makes the account of a person whom a community added.
func (a *Accounts) firstPassword(ctx context.Context, l Link, token, password, username string) (Account, error) {
	made, err := a.addressed(ctx, a.db, l.email, username)
	if err != nil {
		return Account{}, err
	}
	if made.passwordHash, err = a.newHash(ctx, Account{Email: made.Email, Username: made.Username}, password); err != nil {
		return Account{}, err
	}
	var account Account
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		l, err := takeLink(ctx, tx, HashToken(token), linkReset)
		if err := a.unexpired(l, err); err != nil {
			return err
		}
		if err := deleteRegistrations(ctx, tx, made.EmailKey); err != nil {
			return err
		}
		if err := deleteFirstLinks(ctx, tx, made.EmailKey); err != nil {
			return err
		}
		account, err = insertAccount(ctx, tx, made)
		return err
	})
	if err == nil {
		return account, nil
	}
	err = a.taken(ctx, made, err)
	if errs.Is(err, "email_taken") { // the address has an account by now: forgotten passwords are for that
		err = LinkExpired()
	}
	return Account{}, err
}

// addressed returns the account to be made for an address that its person
// confirmed. username is what the person wants, "" for the name that a
// community gave, or one made of the address.
func (a *Accounts) addressed(ctx context.Context, q sqldb.Querier, email, username string) (made newAccount, err error) {
	made.Email, made.EmailKey, _ = CheckEmail(email) // checked before
	made.identify(a.clock.Now())
	if username == "" {
		if username, _, err = a.givenName(ctx, q, made.EmailKey); err != nil {
			return made, err
		}
	}
	if username == "" {
		return made, made.findUsername(ctx, q, claims{})
	}
	return made, made.rename(username)
}

// unexpired returns Gone "link_expired" for a link that is not there or works
// no more, else the error that it was read with.
func (a *Accounts) unexpired(l Link, err error) error {
	if errs.KindOf(err) == errs.NotFound || err == nil && l.ExpiresAt <= a.clock.MS() {
		return LinkExpired()
	}
	return err
}
