package console

import (
	"net/http"
	"strings"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/mail"
)

const mailsPerPage = 50

// mailboxPolicy lets the HTML of a message show its own style and nothing else.
const mailboxPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-popups"

// postmaster lets in who may read the mail of everybody: the installation's
// owner.
func (c *console) postmaster(h handler) http.HandlerFunc {
	return c.signed(func(v *visit) error {
		if !v.actor.InstallationOwner || v.actor.OnlyCommunity != "" || c.Mail == nil {
			return errNoPage()
		}
		v.w.Header().Set("Cache-Control", "no-store")
		return h(v)
	})
}

func (c *console) showMailbox(v *visit) error {
	list, next, err := c.Mail.Unsent(v.Context(), v.URL.Query().Get("cursor"), mailsPerPage)
	if err != nil {
		return err
	}
	p, err := c.page(v, "Mailbox", "", "Messages that have not left this server.")
	if err != nil {
		return err
	}
	view := MailboxView{Page: p, Sends: c.Mail.Configured()}
	if view.Backlogs, err = c.backlogs(v); err != nil {
		return err
	}
	for _, k := range list {
		view.Mails = append(view.Mails, mailRow(k))
	}
	if next != "" {
		view.Older = "/-/mail?cursor=" + next
	}
	return render(v, http.StatusOK, MailboxPage(view))
}

func (c *console) showMail(v *visit) error {
	k, err := c.unsentMail(v)
	if err != nil {
		return err
	}
	p, err := c.page(v, "", "", "")
	if err != nil {
		return err
	}
	p.Title = k.Subject
	return render(v, http.StatusOK, MailPage(MailView{Page: p, MailRow: mailRow(k), Blocks: blocks(k.Text), HasHTML: k.HTML != "", Error: k.Error}))
}

// showMailHTML is a message the way a program for mail shows it.
func (c *console) showMailHTML(v *visit) error {
	k, err := c.unsentMail(v)
	if err != nil {
		return err
	}
	if k.HTML == "" {
		return errs.New(errs.Gone, "mail_erased", "The text of this message is no longer kept.")
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Security-Policy", mailboxPolicy)
	_, err = v.w.Write([]byte(k.HTML))
	return sent(err)
}

// unsentMail is the message of the address. What was sent is its reader's: the
// text is not shown again.
func (c *console) unsentMail(v *visit) (mail.OutboxMessage, error) {
	k, err := c.Mail.Get(v.Context(), v.PathValue("mail"))
	if k.State == mail.Sent {
		k.Text, k.HTML = "", ""
	}
	return k, err
}

func mailRow(k mail.OutboxMessage) MailRow {
	return MailRow{ID: k.ID, To: k.To, Subject: k.Subject, State: k.State, CreatedAt: k.CreatedAt}
}

// mailState is what a state is called, a key of a sentence, with its icon and
// class.
func mailState(state string) (word, icon, class string) {
	switch state {
	case mail.Waiting:
		return i18n.Key("To be sent"), "clock", "busy"
	case mail.NoServer:
		return i18n.Key("Kept here"), "store", ""
	case mail.Failed:
		return i18n.Key("Refused"), "circle-x", "failed"
	case mail.Throttled:
		return i18n.Key("Waiting for its quota"), "clock", "busy"
	case mail.Stopped:
		return i18n.Key("Stopped"), "ban", "failed"
	case mail.Expired:
		return i18n.Key("Out of date"), "ban", ""
	}
	return i18n.Key("Sent"), "circle-check", "ok"
}

// blocks are the paragraphs of a text.
func blocks(text string) []string {
	if text = strings.TrimSpace(text); text == "" {
		return nil
	}
	return strings.Split(text, "\n\n")
}

// mayReadMail reports whether the menu leads to the mailbox.
func (c *console) mayReadMail(actor actor.Actor) bool {
	return actor.InstallationOwner && actor.OnlyCommunity == "" && c.Mail != nil
}

// backlogs are the messages to unconfirmed addresses that wait for a quota.
func (c *console) backlogs(v *visit) ([]BacklogRow, error) {
	list, err := c.Mail.Backlogs(v.Context())
	if err != nil {
		return nil, err
	}
	rows := make([]BacklogRow, len(list))
	for i, b := range list {
		rows[i] = BacklogRow{Backlog: b, Account: b.Sender, Community: b.CommunityID}
		if accountID, ok := strings.CutPrefix(b.Sender, "account:"); ok {
			if account, err := c.Accounts.Account(v.Context(), accountID); err == nil {
				rows[i].Account = account.Username
			}
		}
		if here, err := c.Communities.Get(v.Context(), b.CommunityID); err == nil {
			rows[i].Community = here.Name
		}
	}
	return rows, nil
}

func (c *console) stopMails(v *visit) error {
	backlog := mail.Backlog{Sender: v.PostFormValue("sender"), CommunityID: v.PostFormValue("community")}
	_, err := c.Accounts.StopMails(v.Context(), v.actor, backlog, v.PostFormValue("reason-"+v.PostFormValue("row")))
	if wrong := wrongFields(v.Context(), err); wrong != nil {
		return v.goTo("/-/mail", "Nothing was stopped: give a reason of at most 500 characters")
	}
	if err != nil {
		return err
	}
	return v.goTo("/-/mail", "The mails were stopped")
}
