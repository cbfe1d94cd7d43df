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
	// maxEmailChangesPerHour limits the mails that an account causes to
	// addresses of others.
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
// mails both addresses; keeping the current address deletes the pending change.
// It does not check whether another account has the new address, so neither
// response nor timing reveals one.
func (a *Accounts) startEmailChange(ctx context.Context, tx *sqldb.Tx, account Account, email, acceptLanguage string) error {
	if email == account.Email {
		return deleteEmailChangeOf(ctx, tx, account.ID)
	}
	now := a.clock.Now()
	quota, err := ratelimit.Allow(ctx, tx, now, ratelimit.Limit{Name: "email changes", Max: maxEmailChangesPerHour, Window: time.Hour}, account.ID)
	if err != nil {
		return err
	}
	if !quota.OK {
		return errs.New(errs.Limited, "too_many_mails", "An account can change its email address %d times an hour. Try again later.", maxEmailChangesPerHour).WithRetry(quota.Reset)
	}
	token := NewToken()
	pending := emailChange{
		accountID: account.ID, email: email, emailKey: EmailKey(email), tokenHash: HashToken(token),
		createdAt: now.UnixMilli(), expiresAt: now.Add(emailChangeLifetime).UnixMilli(),
	}
	if err := upsertEmailChange(ctx, tx, pending); err != nil {
		return err
	}
	language := cmp.Or(account.Language, i18n.Match(acceptLanguage).String())
	err = a.mail.Send(ctx, tx, mail.Message{
		To: email, Language: language, ExpiresAt: pending.expiresAt, Template: mail.ConfirmEmail, Sender: "account:" + account.ID,
		Values: map[string]string{"link": a.link(EmailPage, token)},
	})
	if err != nil {
		return err
	}
	account.Language = language
	return a.notify(ctx, tx, account, mail.EmailChanging, ForgotPage)
}

// PendingEmail returns the unconfirmed new email address of an account, "" for
// none.
func (a *Accounts) PendingEmail(ctx context.Context, accountID string) (string, error) {
	return pendingEmail(ctx, a.db, accountID, a.clock.MS())
}

// EmailChange is the email change that a link confirms.
type EmailChange struct{ Username, Email string }

// PendingChange returns the email change of a link, or Gone "link_expired".
func (a *Accounts) PendingChange(ctx context.Context, token string) (EmailChange, error) {
	pending, err := a.unexpiredChange(emailChangeByToken(ctx, a.db, HashToken(token)))
	if err != nil {
		return EmailChange{}, err
	}
	account, err := LoadAccount(ctx, a.db, pending.accountID)
	return EmailChange{account.Username, pending.email}, err
}

func (a *Accounts) unexpiredChange(c emailChange, err error) (emailChange, error) {
	if errs.KindOf(err) == errs.NotFound || err == nil && c.expiresAt <= a.clock.MS() {
		err = LinkExpired()
	}
	return c, err
}

// CancelEmailChange deletes the pending email change of the actor, if any. It
// fails with Forbidden "session_required" or "limited_session".
func (a *Accounts) CancelEmailChange(ctx context.Context, actor actor.Actor) error {
	if err := RequireSession(actor); err != nil {
		return err
	}
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error { return deleteEmailChangeOf(ctx, tx, actor.AccountID) })
}

// ConfirmEmail sets the email address of a link, marks it verified, notifies
// the previous address and deletes the links mailed to it. It fails with Gone
// "link_expired" (also for a used, replaced or unknown link), or with Conflict
// "email_taken", after which the link still works.
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
	pending, err := a.unexpiredChange(emailChangeByToken(ctx, tx, hash))
	if err != nil {
		return Account{}, err
	}
	before, err := lockAccount(ctx, tx, pending.accountID) // lock order: accounts before email changes
	if err != nil {
		return Account{}, err
	}
	if _, err := a.unexpiredChange(emailChangeByToken(ctx, tx, hash)); err != nil {
		return Account{}, err // used or replaced before the lock
	}
	if pending.emailKey != EmailKey(before.Email) {
		taken, _, err := keysTaken(ctx, tx, pending.emailKey, "")
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
	if err := updateEmail(ctx, tx, before.ID, pending.email, pending.emailKey, a.clock.MS()); err != nil {
		if sqldb.IsDuplicate(err) { // lost a race
			err = conflict(emailTaken).Because(err)
		}
		return Account{}, err
	}
	if err := a.deleteOldAddressLinks(ctx, tx, pending); err != nil {
		return Account{}, err
	}
	after := before
	after.Email = pending.email
	ctx = actor.NewContext(ctx, actor.Actor{Kind: actor.Session, AccountID: after.ID, Name: after.Username})
	return after, a.runChangeHooks(ctx, tx, before, after, source)
}

// deleteOldAddress deletes the links to the previous address, the change
// itself, and the registrations of the new address.
func (a *Accounts) deleteOldAddressLinks(ctx context.Context, tx *sqldb.Tx, pending emailChange) error {
	if err := deleteMailedLinksOf(ctx, tx, pending.accountID); err != nil {
		return err
	}
	return deleteRegistrations(ctx, tx, pending.emailKey)
}
