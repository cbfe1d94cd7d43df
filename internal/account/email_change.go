package account

import (
	"cmp"
	"context"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/ratelimit"
	"github.com/regulars/regulars/internal/sqldb"
)

const (
	emailChangeLifetime = 24 * time.Hour
	// emailChangesAnHour bounds the mails that an account causes to addresses
	// that are not its own.
	maxEmailChangesPerHour = 5
)

// emailChange is a row of email_changes.
type emailChange struct {
	accountID            string
	email, emailKey      string
	tokenHash            string
	createdAt, expiresAt int64
}

// startEmailChange replaces the pending email change of a locked account and
// writes to both addresses; the current address ends the pending change. It does
// not look for another account with the new address, so neither its answer nor
// its time depends on one.
func (a *Accounts) startEmailChange(ctx context.Context, tx *sqldb.Tx, account Account, email, speaks string) error {
	if email == account.Email {
		return deleteEmailChangeOf(ctx, tx, account.ID)
	}
	now := a.clock.Now()
	taken, err := ratelimit.Allow(ctx, tx, now, ratelimit.Limit{Name: "email changes", Max: maxEmailChangesPerHour, Window: time.Hour}, account.ID)
	if err != nil {
		return err
	}
	if !taken.OK {
		return errs.New(errs.Limited, "too_many_mails", "An account can change its email address %d times an hour. Try again later.", maxEmailChangesPerHour).WithRetry(taken.Reset)
	}
	token := NewToken()
	asked := emailChange{
		accountID: account.ID, email: email, emailKey: EmailKey(email), tokenHash: HashToken(token),
		createdAt: now.UnixMilli(), expiresAt: now.Add(emailChangeLifetime).UnixMilli(),
	}
	if err := upsertEmailChange(ctx, tx, asked); err != nil {
		return err
	}
	language := cmp.Or(account.Language, i18n.Match(speaks).String())
	err = a.mail.Send(ctx, tx, mail.Message{
		To: email, Language: language, ExpiresAt: asked.expiresAt, Template: mail.ConfirmEmail, Sender: "account:" + account.ID,
		Values: map[string]string{"link": a.link(EmailPage, token)},
	})
	if err != nil {
		return err
	}
	account.Language = language
	return a.notify(ctx, tx, account, mail.EmailChanging, ForgotPage)
}

// PendingEmail returns the new email address of an account that waits for its
// confirmation, "" for none.
func (a *Accounts) PendingEmail(ctx context.Context, accountID string) (string, error) {
	return pendingEmail(ctx, a.db, accountID, a.clock.MS())
}

// EmailChange is what the link of an email change is about.
type EmailChange struct{ Username, Email string }

// PendingChange returns the email change of a link, or Gone "link_expired".
func (a *Accounts) PendingChange(ctx context.Context, token string) (EmailChange, error) {
	asked, err := a.unexpiredChange(emailChangeByToken(ctx, a.db, HashToken(token)))
	if err != nil {
		return EmailChange{}, err
	}
	account, err := LoadAccount(ctx, a.db, asked.accountID)
	return EmailChange{account.Username, asked.email}, err
}

func (a *Accounts) unexpiredChange(c emailChange, err error) (emailChange, error) {
	if errs.KindOf(err) == errs.NotFound || err == nil && c.expiresAt <= a.clock.MS() {
		err = LinkExpired()
	}
	return c, err
}

// CancelEmailChange ends the pending email change of the actor, if there is
// one. It fails with Forbidden "session_required" or "limited_session".
func (a *Accounts) CancelEmailChange(ctx context.Context, actor actor.Actor) error {
	if err := RequireSession(actor); err != nil {
		return err
	}
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error { return deleteEmailChangeOf(ctx, tx, actor.AccountID) })
}

// ConfirmEmail gives the account of a link its new email address, which is
// proven by that, and writes to the previous one. Links that were mailed to the
// previous address end. It fails with Gone "link_expired" (also for a link that
// was used, replaced or never existed), or with Conflict "email_taken"; the link
// works again after that.
func (a *Accounts) ConfirmEmail(ctx context.Context, token, source string) (account Account, err error) {
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		account, err = a.confirmEmail(ctx, tx, HashToken(token), source)
		return err
	})
	if err != nil {
		return Account{}, err
	}
	return account, nil
}

func (a *Accounts) confirmEmail(ctx context.Context, tx *sqldb.Tx, hash, source string) (Account, error) {
	asked, err := a.unexpiredChange(emailChangeByToken(ctx, tx, hash))
	if err != nil {
		return Account{}, err
	}
	before, err := lockAccount(ctx, tx, asked.accountID) // accounts before email changes, as everywhere
	if err != nil {
		return Account{}, err
	}
	if _, err := a.unexpiredChange(emailChangeByToken(ctx, tx, hash)); err != nil {
		return Account{}, err // used or replaced before the lock
	}
	if asked.emailKey != EmailKey(before.Email) {
		taken, _, err := keysTaken(ctx, tx, asked.emailKey, "")
		if err != nil {
			return Account{}, err
		}
		if taken {
			return Account{}, conflict(emailTaken)
		}
	}
	if err := a.notify(ctx, tx, before, mail.EmailChanged, SignInPage); err != nil {
		return Account{}, err
	}
	if err := updateEmail(ctx, tx, before.ID, asked.email, asked.emailKey, a.clock.MS()); err != nil {
		if sqldb.IsDuplicate(err) { // another transaction was first
			err = conflict(emailTaken).Because(err)
		}
		return Account{}, err
	}
	if err := a.deleteOldAddress(ctx, tx, asked); err != nil {
		return Account{}, err
	}
	after := before
	after.Email = asked.email
	ctx = actor.NewContext(ctx, actor.Actor{Kind: actor.Session, AccountID: after.ID, Name: after.Username})
	return after, a.runChangeHooks(ctx, tx, before, after, source)
}

// endOldAddress ends the links to the previous address, the change itself, and
// the registrations of the new address.
func (a *Accounts) deleteOldAddress(ctx context.Context, tx *sqldb.Tx, asked emailChange) error {
	if err := deleteMailedLinksOf(ctx, tx, asked.accountID); err != nil {
		return err
	}
	return deleteRegistrations(ctx, tx, asked.emailKey)
}
