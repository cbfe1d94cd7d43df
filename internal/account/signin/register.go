package signin

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/account/mailer"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// registrationLifetime is the time to verify an address.
const registrationLifetime = 24 * time.Hour

// RegisterInput is the input of Register.
type RegisterInput struct {
	Email, Username, Password string
	FirstName, LastName       string // 1 to 50 characters
	DisplayName               string // up to 50 characters, "": first and last name
	Language                  string // of the mail: a BCP 47 tag or an Accept-Language header
}

// RegistrationOpen reports whether new accounts can be registered.
func (a *Accounts) RegistrationOpen() bool { return !a.closed }

// Register mails a link that creates the account, or a notice that the address
// has one. Neither response nor timing reveals which. An account without a
// password, created by an import, gets a link to choose one: the registration
// may come from anyone. It fails with Invalid "invalid_input", Forbidden
// "registration_closed" or Unavailable "mail_unavailable".
//
// Only the link of the newest registration of an address works, so that a
// corrected registration replaces a mistyped one. But an attacker may
// register last, wait until the owner of the address opens the link, and then
// know the password of their account. So a registration that replaces one with
// another password is contested: its link creates the account without a
// password, and the owner chooses one by a further mail. A registration whose
// mail is withheld by a rate limit replaces nothing; otherwise a flood would
// leave the owner without a valid link.
func (a *Accounts) Register(ctx context.Context, in RegisterInput) error {
	if a.closed {
		return errs.New(errs.Forbidden, "registration_closed", "Registration is closed. Ask the owner of this server for an account.")
	}
	if a.mail == nil {
		return mailer.Unavailable()
	}
	n, wrong := in.validate()
	if err := errs.InvalidFields(wrong); err != nil {
		return err
	}
	n.AssignID(a.clock.Now())
	sameHash, err := a.sameRegistration(ctx, n.EmailKey, in.Password)
	if err != nil {
		return err
	}
	if n.PasswordHash, err = a.hasher.Hash(ctx, in.Password); err != nil {
		return err
	}
	token := account.NewToken()
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		found, err := account.FindLogin(ctx, tx, n.Email)
		if err != nil {
			return err
		}
		msg := mail.Message{To: n.Email, Language: in.Language, ExpiresAt: n.CreatedAt + registrationLifetime.Milliseconds()}
		switch {
		case found.Account.ID == "":
			msg.Template, msg.Values = mail.VerifyEmail, map[string]string{"link": a.mailer.Link(link.VerifyPage, token)}
		case found.PasswordHash == "":
			return a.sendResetLink(ctx, tx, found.Account, in.Language, registrationLifetime)
		default: // stores an unusable row too, to take the same time
			msg.To, msg.ExpiresAt = found.Account.Email, 0
			msg.Template, msg.Values = mail.AccountExists, map[string]string{"link": a.baseURL() + link.SignInPage}
		}
		written, err := a.mail.TrySend(ctx, tx, msg)
		if err != nil {
			return err
		}
		pending := link.Registration{
			Draft: n, TokenHash: account.HashToken(token), ExpiresAt: n.CreatedAt + registrationLifetime.Milliseconds(), Language: i18n.Match(in.Language).String(),
		}
		return link.UpsertRegistration(ctx, tx, pending, sameHash, written)
	})
}

// sameRegistration returns the token hash of the pending registration of an
// address with the same password, "" for none. It always computes a hash.
func (a *Accounts) sameRegistration(ctx context.Context, emailKey, password string) (string, error) {
	pending, err := link.PendingRegistration(ctx, a.db, emailKey, a.clock.MS())
	if err != nil {
		return "", err
	}
	same, _, err := a.hasher.Verify(ctx, pending.PasswordHash, password)
	if err != nil || !same {
		return "", err
	}
	return pending.TokenHash, nil
}

// validate returns the normalised account and every wrong field.
func (in RegisterInput) validate() (account.Draft, []errs.Field) {
	password := in.Password
	if password == "" {
		password = " " // rejected as too short
	}
	n, wrong := Input{Email: in.Email, Username: in.Username, Password: password}.validate()
	names := []struct {
		field, value string
		needed       bool
		to           *string
	}{
		{"firstname", in.FirstName, true, &n.FirstName},
		{"lastname", in.LastName, true, &n.LastName},
		{"displayname", in.DisplayName, false, &n.DisplayName},
	}
	for _, name := range names {
		line, ok := text.Line(name.value, account.MaxName)
		if *name.to = line; !ok || name.needed && line == "" {
			wrong = append(wrong, errs.Field{Field: name.field, Code: "invalid", Message: "A name has 1 to 50 characters and no control characters."})
		}
	}
	return n, wrong
}
