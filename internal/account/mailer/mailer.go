// Package mailer mails accounts.
package mailer

import (
	"context"
	"net/url"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

// Mailer mails accounts; without a mail.Mail it sends nothing.
type Mailer struct {
	mail    *mail.Mail
	BaseURL func() string
}

// New returns a Mailer. baseURL returns the address of the server without
// trailing slash, "" if it is unknown.
func New(m *mail.Mail, baseURL func() string) *Mailer {
	return &Mailer{mail: m, BaseURL: baseURL}
}

// Notify mails an account a link to a page, if mail is configured.
func (m *Mailer) Notify(ctx context.Context, tx *sqldb.Tx, acct account.Account, template mail.Template, page string) error {
	if !m.CanMailLinks() {
		return nil
	}
	confirmed, err := account.Confirmed(ctx, tx, acct.ID)
	if err != nil {
		return err
	}
	return m.mail.Send(ctx, tx, mail.Message{
		Sender: "account:" + acct.ID, Confirmed: confirmed,
		To: acct.Email, ToName: acct.Username, Language: acct.Language, Template: template,
		Values: map[string]string{"link": m.BaseURL() + page},
	})
}

// NotifyMethodAdded notifies an account of a new sign-in method, if mail is
// configured. kind is one of mail's kinds; name may be empty.
func (m *Mailer) NotifyMethodAdded(ctx context.Context, tx *sqldb.Tx, accountID, kind, name string) error {
	if !m.CanMailLinks() {
		return nil
	}
	acct, err := account.LoadAccount(ctx, tx, accountID)
	if err != nil {
		return err
	}
	confirmed, err := account.Confirmed(ctx, tx, acct.ID)
	if err != nil {
		return err
	}
	return m.mail.Send(ctx, tx, mail.Message{
		Sender: "account:" + acct.ID, Confirmed: confirmed,
		To: acct.Email, ToName: acct.Username, Language: acct.Language, Template: mail.SignInAdded,
		Values: map[string]string{"kind": kind, "name": name, "link": m.BaseURL() + "/account/security"},
	})
}

// Link returns the address of a page with a token.
func (m *Mailer) Link(page, token string) string { return link.URL(m.BaseURL(), page, token) }

// Unavailable is the error of a server that cannot send mail.
func Unavailable() error {
	return errs.New(errs.Unavailable, "mail_unavailable", "This server cannot send email. Ask the people who run this server.")
}

// Installation is the name of this server in authenticator apps and devices.
func (m *Mailer) Installation() string {
	base, err := url.Parse(m.BaseURL())
	if err != nil || base.Host == "" {
		return "Regulars"
	}
	return "Regulars (" + base.Host + ")"
}

// CanMailLinks reports whether mail is configured and the address of the server
// is known.
func (m *Mailer) CanMailLinks() bool { return m.mail != nil && m.BaseURL() != "" }
