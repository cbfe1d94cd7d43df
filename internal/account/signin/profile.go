package signin

import (
	"context"

	"golang.org/x/text/language"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/mailer"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Update is a partial update of an account; nil fields are unchanged.
type Update struct {
	Username                         *string
	Email                            *string // takes effect with ConfirmEmail; the current address cancels a pending change
	FirstName, LastName, DisplayName *string // up to 50 characters, "": none
	Language                         *string // BCP 47 tag of pages and mails, "": the browser's

	Password       string // the current one; "" within ten minutes of the sign-in
	Address        string // network address; counts wrong passwords too
	Source         string // of history rows: "api" or "console"
	AcceptLanguage string // Accept-Language header, for mails to an account without a language
}

// onlyLanguage reports whether the change needs no proof.
func (c Update) onlyLanguage() bool {
	return c.Username == nil && c.Email == nil && c.FirstName == nil && c.LastName == nil && c.DisplayName == nil && c.Password == ""
}

// UpdateAccount applies a change to the actor's account in one transaction. A
// new email address takes effect with ConfirmEmail. Everything except the
// language needs a proof: the password, or a sign-in within ten minutes. It
// fails with Invalid "invalid_input", Forbidden "session_required",
// "limited_session", "proof_required" or "email_not_verified" (for a new email
// address only), Unauthenticated "wrong_password", Conflict "username_taken",
// Limited "too_many_sign_ins" or "too_many_mails", or Unavailable
// "mail_unavailable". Wrong passwords are counted: do not call it in a
// BeforeCommit context.
func (a *Accounts) UpdateAccount(ctx context.Context, caller actor.Actor, change Update) (account.Account, error) {
	if err := account.RequireSession(caller); err != nil {
		return account.Account{}, err
	}
	if err := change.normalize(); err != nil {
		return account.Account{}, err
	}
	acct, err := account.LoadAccount(ctx, a.db, caller.AccountID)
	if err != nil {
		return account.Account{}, err
	}
	if change.Email != nil && *change.Email != acct.Email {
		if !a.mailer.CanMailLinks() {
			return account.Account{}, mailer.Unavailable()
		}
		if err := a.Proofs.RequireVerified(ctx, acct.ID); err != nil { // otherwise the owner of an unverified address would lose the account
			return account.Account{}, err
		}
	}
	provenHash, err := account.PasswordHash(ctx, a.db, acct.ID)
	if err != nil {
		return account.Account{}, err
	}
	if !change.onlyLanguage() {
		if err := a.Proofs.Verify(ctx, caller, account.Proof{Password: change.Password, Address: change.Address}); err != nil {
			return account.Account{}, err
		}
	}
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		hash, err := account.LockPassword(ctx, tx, acct.ID)
		if err != nil {
			return err
		}
		if hash != provenHash { // the password changed since the proof
			return errs.New(errs.Forbidden, "proof_required", "The password of this account was changed just now. Sign in again, then try again.")
		}
		acct, err = a.applyChange(ctx, tx, caller, acct.ID, change)
		return err
	})
	return acct, err
}

// applyChange applies a change to a locked account.
func (a *Accounts) applyChange(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, accountID string, change Update) (account.Account, error) {
	acct, err := account.LoadAccount(ctx, tx, accountID)
	if err != nil {
		return account.Account{}, err
	}
	if before := acct; change.applyTo(&acct) && acct != before {
		if err := account.UpdateProfile(ctx, tx, acct, a.clock.MS()); err != nil {
			return account.Account{}, err
		}
	}
	if change.Username != nil {
		if acct, err = a.Rename(ctx, tx, caller, acct.ID, *change.Username, change.Source); err != nil {
			return account.Account{}, err
		}
	}
	if change.Email != nil {
		err = a.startEmailChange(ctx, tx, acct, *change.Email, change.AcceptLanguage)
	}
	return acct, err
}

// applyTo sets names and language, and reports whether the change has any.
func (c Update) applyTo(account *account.Account) (any bool) {
	for _, one := range []struct{ from, to *string }{
		{c.FirstName, &account.FirstName}, {c.LastName, &account.LastName}, {c.DisplayName, &account.DisplayName}, {c.Language, &account.Language},
	} {
		if one.from != nil {
			*one.to, any = *one.from, true
		}
	}
	return any
}

// normalize replaces each value by its stored form, or returns Invalid
// "invalid_input" with every wrong field.
func (c *Update) normalize() error {
	var wrong []errs.Field
	check := func(field string, value **string, read func(string) (stored, problem string)) {
		if *value == nil {
			return
		}
		stored, problem := read(**value)
		if *value = &stored; problem != "" {
			wrong = append(wrong, errs.Field{Field: field, Code: "invalid", Message: problem})
		}
	}
	check("username", &c.Username, func(value string) (string, string) {
		stored, _, problem := account.CheckUsername(value)
		return stored, problem
	})
	check("email", &c.Email, func(value string) (string, string) {
		stored, _, problem := account.CheckEmail(value)
		return stored, problem
	})
	check("firstname", &c.FirstName, parseName)
	check("lastname", &c.LastName, parseName)
	check("displayname", &c.DisplayName, parseName)
	check("language", &c.Language, parseLanguage)
	return errs.InvalidFields(wrong)
}

func parseName(value string) (stored, problem string) {
	stored, ok := text.Line(value, account.MaxName)
	if !ok {
		problem = "A name has up to 50 characters and no control characters."
	}
	return stored, problem
}

func parseLanguage(value string) (stored, problem string) {
	if value == "" {
		return "", ""
	}
	tag, err := language.Parse(value)
	if err != nil {
		problem = "Enter a language tag, such as en or de-AT."
	}
	return tag.String(), problem
}

// Rename changes the username of an account in the caller's transaction; all
// communities show the new name. The caller checks that the actor may rename
// the account. It fails with Invalid "invalid_input", NotFound
// "account_not_found", or Conflict "username_taken".
func (a *Accounts) Rename(ctx context.Context, tx *sqldb.Tx, by actor.Actor, accountID, username, source string) (account.Account, error) {
	username, key, problem := account.CheckUsername(username)
	if problem != "" {
		return account.Account{}, errs.InvalidFields([]errs.Field{{Field: "username", Code: "invalid", Message: problem}})
	}
	before, err := account.LockAccount(ctx, tx, accountID)
	if err != nil || before.Username == username {
		return before, err
	}
	if key != account.UsernameKey(before.Username) {
		_, taken, err := account.KeysTaken(ctx, tx, "", key)
		if err != nil {
			return account.Account{}, err
		}
		if taken {
			return account.Account{}, account.Conflict(account.UsernameTaken)
		}
	}
	if err := account.UpdateUsername(ctx, tx, accountID, username, key, a.clock.MS()); err != nil {
		if sqldb.IsDuplicate(err) { // lost a race
			err = account.Conflict(account.UsernameTaken).Because(err)
		}
		return account.Account{}, err
	}
	after := before
	after.Username = username
	return after, a.changeHooks.Run(ctx, tx, by, before, after, source)
}
