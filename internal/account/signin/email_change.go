package signin

import (
	"cmp"
	"context"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/link"
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

// startEmailChange replaces the pending email change of a locked account and
// mails both addresses; keeping the current address deletes the pending change.
// It does not check whether another account has the new address, so neither
// response nor timing reveals one.
func (a *Accounts) startEmailChange(ctx context.Context, tx *sqldb.Tx, acct account.Account, email, acceptLanguage string) error {
	if email == acct.Email {
		return link.DeleteEmailChangeOf(ctx, tx, acct.ID)
	}
	now := a.clock.Now()
	quota, err := ratelimit.Allow(ctx, tx, now, ratelimit.Limit{Name: "email changes", Max: maxEmailChangesPerHour, Window: time.Hour}, acct.ID)
	if err != nil {
		return err
	}
	if !quota.OK {
		return errs.New(errs.Limited, "too_many_mails", "An account can change its email address %d times an hour. Try again later.", maxEmailChangesPerHour).WithRetry(quota.Reset)
	}
	token := account.NewToken()
	pending := link.EmailChange{
		AccountID: acct.ID, Email: email, EmailKey: account.EmailKey(email), TokenHash: account.HashToken(token),
		CreatedAt: now.UnixMilli(), ExpiresAt: now.Add(emailChangeLifetime).UnixMilli(),
	}
	if err := link.UpsertEmailChange(ctx, tx, pending); err != nil {
		return err
	}
	language := cmp.Or(acct.Language, i18n.Match(acceptLanguage).String())
	err = a.mail.Send(ctx, tx, mail.Message{
		To: email, Language: language, ExpiresAt: pending.ExpiresAt, Template: mail.ConfirmEmail, Sender: "account:" + acct.ID,
		Values: map[string]string{"link": a.mailer.Link(link.EmailPage, token)},
	})
	if err != nil {
		return err
	}
	acct.Language = language
	return a.mailer.Notify(ctx, tx, acct, mail.EmailChanging, link.ForgotPage)
}

// PendingEmail returns the unconfirmed new email address of an account, "" for
// none.
func (a *Accounts) PendingEmail(ctx context.Context, accountID string) (string, error) {
	return link.PendingEmail(ctx, a.db, accountID, a.clock.MS())
}

// EmailChange is the email change that a link confirms.
type EmailChange struct{ Username, Email string }

// PendingChange returns the email change of a link, or Gone "link_expired".
func (a *Accounts) PendingChange(ctx context.Context, token string) (EmailChange, error) {
	pending, err := a.unexpiredChange(link.EmailChangeByToken(ctx, a.db, account.HashToken(token)))
	if err != nil {
		return EmailChange{}, err
	}
	account, err := account.LoadAccount(ctx, a.db, pending.AccountID)
	return EmailChange{account.Username, pending.Email}, err
}

func (a *Accounts) unexpiredChange(c link.EmailChange, err error) (link.EmailChange, error) {
	if errs.KindOf(err) == errs.NotFound || err == nil && c.ExpiresAt <= a.clock.MS() {
		err = link.Expired()
	}
	return c, err
}

// CancelEmailChange deletes the pending email change of the actor, if any. It
// fails with Forbidden "session_required" or "limited_session".
func (a *Accounts) CancelEmailChange(ctx context.Context, actor actor.Actor) error {
	if err := account.RequireSession(actor); err != nil {
		return err
	}
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error { return link.DeleteEmailChangeOf(ctx, tx, actor.AccountID) })
}

// ConfirmEmail sets the email address of a link, marks it verified, notifies
// the previous address and deletes the links mailed to it. It fails with Gone
// "link_expired" (also for a used, replaced or unknown link), or with Conflict
// "email_taken", after which the link still works.
func (a *Accounts) ConfirmEmail(ctx context.Context, token, source string) (acct account.Account, err error) {
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		acct, err = a.confirmEmail(ctx, tx, account.HashToken(token), source)
		return err
	})
	if err != nil {
		return account.Account{}, err
	}
	return acct, nil
}

func (a *Accounts) confirmEmail(ctx context.Context, tx *sqldb.Tx, hash, source string) (account.Account, error) {
	pending, err := a.unexpiredChange(link.EmailChangeByToken(ctx, tx, hash))
	if err != nil {
		return account.Account{}, err
	}
	before, err := account.LockAccount(ctx, tx, pending.AccountID) // lock order: accounts before email changes
	if err != nil {
		return account.Account{}, err
	}
	if _, err := a.unexpiredChange(link.EmailChangeByToken(ctx, tx, hash)); err != nil {
		return account.Account{}, err // used or replaced before the lock
	}
	if pending.EmailKey != account.EmailKey(before.Email) {
		taken, _, err := account.KeysTaken(ctx, tx, pending.EmailKey, "")
		if err != nil {
			return account.Account{}, err
		}
		if taken {
			return account.Account{}, account.Conflict(account.EmailTaken)
		}
	}
	if err := a.mailer.Notify(ctx, tx, before, mail.EmailChanged, link.SignInPage); err != nil {
		return account.Account{}, err
	}
	if err := account.UpdateEmail(ctx, tx, before.ID, pending.Email, pending.EmailKey, a.clock.MS()); err != nil {
		if sqldb.IsDuplicate(err) { // lost a race
			err = account.Conflict(account.EmailTaken).Because(err)
		}
		return account.Account{}, err
	}
	if err := a.deleteOldAddressLinks(ctx, tx, pending); err != nil {
		return account.Account{}, err
	}
	after := before
	after.Email = pending.Email
	by := actor.Actor{Kind: actor.Session, AccountID: after.ID, Name: after.Username}
	return after, a.changeHooks.Run(ctx, tx, by, before, after, source)
}

// deleteOldAddressLinks deletes the links to the previous address, the change
// itself, and the registrations of the new address.
func (a *Accounts) deleteOldAddressLinks(ctx context.Context, tx *sqldb.Tx, pending link.EmailChange) error {
	if err := link.DeleteMailed(ctx, tx, pending.AccountID); err != nil {
		return err
	}
	return link.DeleteRegistrations(ctx, tx, pending.EmailKey)
}
