package account

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// registrationLifetime is how long an address may wait to be verified.
const registrationLifetime = 24 * time.Hour

// RegisterInput is what somebody asks for an account with.
type RegisterInput struct {
	Email, Username, Password string
	FirstName, LastName       string // 1 to 50 characters
	DisplayName               string // up to 50 characters, "": first and last name
	Language                  string // of the mail: a BCP 47 tag or an Accept-Language header
}

// registration is a row of registrations.
type registration struct {
	newAccount
	tokenHash string
	expiresAt int64
	contested bool   // nobody knows whose password it has
	language  string // of mails
}

// RegistrationOpen reports whether people may ask for accounts here.
func (a *Accounts) RegistrationOpen() bool { return !a.closed }

// Register writes to an address: a link that makes the account, or that it has
// one already. Nothing tells the caller which, neither the time it takes. An
// account without a password, made by an import, gets a link to choose one:
// what was asked for here may come from anybody. It fails with Invalid
// "invalid_input", Forbidden "registration_closed" or Unavailable
// "mail_unavailable".
//
// Of several registrations of an address only the newest one's link works: who
// has mistyped and tries again must not make the account that was mistyped.
// But the newest one may be somebody else's, who waits for the person with the
// address to open that link, the only one that works, and then knows the
// password of their account. So a registration that takes the place of another
// one with another password is contested: its link makes the account, and the
// person chooses its password by a further mail, whoever they are. Who asks
// again with the same password notices nothing of this. And a registration
// whose mail is held back takes no place: else a flood of them would leave the
// person without any link that works.
func (a *Accounts) Register(ctx context.Context, in RegisterInput) error {
	if a.closed {
		return errs.New(errs.Forbidden, "registration_closed", "Nobody can register here. Ask the people who run this server for an account.")
	}
	if a.mail == nil {
		return mailUnavailable()
	}
	n, wrong := in.validate()
	if err := errs.InvalidFields(wrong); err != nil {
		return err
	}
	n.assignID(a.clock.Now())
	same, err := a.sameRegistration(ctx, n.EmailKey, in.Password)
	if err != nil {
		return err
	}
	if n.passwordHash, err = a.hash(ctx, in.Password); err != nil {
		return err
	}
	token := NewToken()
	return a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		found, err := findLogin(ctx, tx, n.Email)
		if err != nil {
			return err
		}
		msg := mail.Message{To: n.Email, Language: in.Language, ExpiresAt: n.CreatedAt + registrationLifetime.Milliseconds()}
		switch {
		case found.account.ID == "":
			msg.Template, msg.Values = mail.VerifyEmail, map[string]string{"link": a.link(VerifyPage, token)}
		case found.passwordHash == "":
			return a.sendResetLink(ctx, tx, found.account, in.Language, registrationLifetime)
		default: // a row all the same, whose token nobody learns: it takes its time
			msg.To, msg.ExpiresAt = found.account.Email, 0
			msg.Template, msg.Values = mail.AccountExists, map[string]string{"link": a.baseURL() + SignInPage}
		}
		written, err := a.mail.TrySend(ctx, tx, msg)
		if err != nil {
			return err
		}
		asked := registration{
			newAccount: n, tokenHash: HashToken(token), expiresAt: n.CreatedAt + registrationLifetime.Milliseconds(), language: i18n.Match(in.Language).String(),
		}
		return upsertRegistration(ctx, tx, asked, same, written)
	})
}

// sameRegistration returns the token hash of the registration of an address
// with the same password, "" for none. It takes a hash in any case.
func (a *Accounts) sameRegistration(ctx context.Context, emailKey, password string) (string, error) {
	pending, err := pendingRegistration(ctx, a.db, emailKey, a.clock.MS())
	if err != nil {
		return "", err
	}
	same, _, err := a.verify(ctx, pending.passwordHash, password)
	if err != nil || !same {
		return "", err
	}
	return pending.tokenHash, nil
}

// checked returns what can be made of the input, and every wrong field.
func (in RegisterInput) validate() (newAccount, []errs.Field) {
	password := in.Password
	if password == "" {
		password = " " // too short, and told so
	}
	n, wrong := Input{Email: in.Email, Username: in.Username, Password: password}.validate()
	names := []struct {
		field, value string
		needed       bool
		to           *string
	}{
		{"firstname", in.FirstName, true, &n.firstName},
		{"lastname", in.LastName, true, &n.lastName},
		{"displayname", in.DisplayName, false, &n.displayName},
	}
	for _, name := range names {
		line, ok := text.Line(name.value, maxName)
		if *name.to = line; !ok || name.needed && line == "" {
			wrong = append(wrong, errs.Field{Field: name.field, Code: "invalid", Message: "A name has 1 to 50 characters, none of them a control character."})
		}
	}
	return n, wrong
}
