package account

import (
	"context"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

const maxStopReason = 500 // characters

// StopMails deletes the unsent mails of a sender and a community to unconfirmed
// addresses, records the reason in the audit log of the community, and returns
// the number of mails. Only the owner of the installation may call it. It fails
// with Forbidden "owner_required" and Invalid "invalid_input".
func (a *Accounts) StopMails(ctx context.Context, caller actor.Actor, b mail.Backlog, reason string) (stopped int64, err error) {
	if !caller.InstallationOwner || caller.OnlyCommunity != "" {
		return 0, errs.New(errs.Forbidden, "owner_required", "Only the owner of the installation can stop mails.")
	}
	reason, ok := text.Line(reason, maxStopReason)
	if !ok || reason == "" {
		return 0, errs.InvalidFields([]errs.Field{errs.Wrong("reason", "invalid_input", "The reason has 1 to %d characters.", maxStopReason)})
	}
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if stopped, err = a.mail.StopBacklog(ctx, tx, b, reason); err != nil || stopped == 0 || b.CommunityID == "" {
			return err
		}
		target := audit.Target{Type: "mail", ID: b.Sender, Name: b.Sender}
		if accountID, person := strings.CutPrefix(b.Sender, "account:"); person {
			if account, err := LoadAccount(ctx, tx, accountID); err == nil {
				target.Name = account.Username
			} else if errs.KindOf(err) != errs.NotFound {
				return err
			}
		}
		return audit.Record(actor.NewContext(ctx, caller), tx, a.clock.MS(), b.CommunityID, "mail.stop", target,
			audit.Change{Field: "count", New: strconv.FormatInt(stopped, 10)}, audit.Change{Field: "reason", New: reason})
	})
	return stopped, err
}

// The pages that links in mails lead to, each with ?token=.
const (
	VerifyPage = "/verify-email"
	EmailPage  = "/confirm-email"
	ResetPage  = "/reset-password"
	ForgotPage = "/forgot-password"
	LinkPage   = "/link"
	SignInPage = "/sign-in"
)

// notify mails an account a link to a page, if mail is configured.
func (a *Accounts) notify(ctx context.Context, tx *sqldb.Tx, account Account, template mail.Template, page string) error {
	if a.mail == nil || a.baseURL() == "" {
		return nil
	}
	confirmed, err := Confirmed(ctx, tx, account.ID)
	if err != nil {
		return err
	}
	return a.mail.Send(ctx, tx, mail.Message{
		Sender: "account:" + account.ID, Confirmed: confirmed,
		To: account.Email, ToName: account.Username, Language: account.Language, Template: template,
		Values: map[string]string{"link": a.baseURL() + page},
	})
}

// NotifyMethodAdded notifies an account of a new sign-in method, if mail is
// configured. kind is one of mail's kinds; name may be empty.
func (a *Accounts) NotifyMethodAdded(ctx context.Context, tx *sqldb.Tx, accountID, kind, name string) error {
	if a.mail == nil || a.baseURL() == "" {
		return nil
	}
	account, err := LoadAccount(ctx, tx, accountID)
	if err != nil {
		return err
	}
	confirmed, err := Confirmed(ctx, tx, account.ID)
	if err != nil {
		return err
	}
	return a.mail.Send(ctx, tx, mail.Message{
		Sender: "account:" + account.ID, Confirmed: confirmed,
		To: account.Email, ToName: account.Username, Language: account.Language, Template: mail.SignInAdded,
		Values: map[string]string{"kind": kind, "name": name, "link": a.baseURL() + "/account/security"},
	})
}

// link returns the address of a page with a token.
func (a *Accounts) link(page, token string) string { return LinkURL(a.baseURL(), page, token) }

// LinkURL returns the address of a page with a token on the server at base.
func LinkURL(base, page, token string) string { return base + page + "?token=" + token }

func mailUnavailable() error {
	return errs.New(errs.Unavailable, "mail_unavailable", "This server cannot send email. Ask the people who run this server.")
}
