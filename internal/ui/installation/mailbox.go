package installation

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/ui"
)

const mailsPerPage = 50

// mailboxPolicy admits inline styles of a message only.
const mailboxPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-popups"

func (h *handlers) showMailbox(v *ui.Request) error { return h.renderMailbox(v, nil) }

func (h *handlers) renderMailbox(v *ui.Request, cause error) error {
	status, alert, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	list, next, err := h.Mail.Unsent(v.Context(), v.Actor, v.URL.Query().Get("cursor"), mailsPerPage)
	if err != nil {
		return err
	}
	p, err := h.Page(v, "Mail", mailPath, "How this server sends mail, and the messages that were not sent.")
	if err != nil {
		return err
	}
	p.Alert = alert
	view := MailboxView{Page: p}
	if view.Delivery, err = h.delivery(v, p); err != nil {
		return err
	}
	if view.Backlogs, err = h.backlogs(v); err != nil {
		return err
	}
	if view.Actions, err = h.recentActions(v, p, "mail."); err != nil {
		return err
	}
	for _, k := range list {
		view.Mails = append(view.Mails, mailRow(k))
	}
	if next != "" {
		view.Older = "/-/mail?cursor=" + next
	}
	return ui.Render(v, status, MailboxPage(view))
}

func (h *handlers) showMail(v *ui.Request) error {
	k, err := h.unsentMail(v)
	if err != nil {
		return err
	}
	p, err := h.Page(v, "", mailPath, "")
	if err != nil {
		return err
	}
	p.Title = k.Subject
	return ui.Render(v, http.StatusOK, MailPage(MailView{Page: p, MailRow: mailRow(k), Blocks: blocks(k.Text), HasHTML: k.HTML != "", Error: k.Error}))
}

// showMailHTML is a message the way a program for mail shows it.
func (h *handlers) showMailHTML(v *ui.Request) error {
	k, err := h.unsentMail(v)
	if err != nil {
		return err
	}
	if k.HTML == "" {
		return errs.New(errs.Gone, "mail_erased", "The text of this message has expired.")
	}
	v.W.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.W.Header().Set("Content-Security-Policy", mailboxPolicy)
	_, err = v.W.Write([]byte(k.HTML))
	return ui.IgnoreDisconnect(err)
}

// unsentMail is the message of the address, without its text if it was sent.
func (h *handlers) unsentMail(v *ui.Request) (mail.OutboxMessage, error) {
	k, err := h.Mail.Get(v.Context(), v.Actor, v.PathValue("mail"))
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

// backlogs are the messages to unconfirmed addresses that wait for a quota.
func (h *handlers) backlogs(v *ui.Request) ([]BacklogRow, error) {
	list, err := h.Mail.Backlogs(v.Context(), v.Actor)
	if err != nil {
		return nil, err
	}
	rows := make([]BacklogRow, len(list))
	for i, b := range list {
		rows[i] = BacklogRow{Backlog: b, Account: b.Sender, Community: b.CommunityID}
		if accountID, ok := strings.CutPrefix(b.Sender, "account:"); ok {
			if account, err := h.Accounts.Account(v.Context(), accountID); err == nil {
				rows[i].Account = account.Username
			}
		}
		if here, err := h.Communities.Get(v.Context(), b.CommunityID); err == nil {
			rows[i].Community = here.Name
		}
	}
	return rows, nil
}

// reasonField is the field for the reason to stop the messages of a row.
func reasonField(p ui.Page, row int, b BacklogRow) ui.Field {
	f := ui.Field{Name: "reason-" + strconv.Itoa(row), Label: p.T("Reason"), Required: true, MaxLength: 500}
	if b.CommunityID != "" {
		f.Help = p.T("The community reads it in its audit log.")
	}
	return f
}

func (h *handlers) stopMails(v *ui.Request) error {
	backlog := mail.Backlog{Sender: v.PostFormValue("sender"), CommunityID: v.PostFormValue("community")}
	_, err := h.Accounts.StopMails(v.Context(), v.Actor, backlog, v.PostFormValue("reason-"+v.PostFormValue("row")))
	if wrong := ui.FieldErrors(v.Context(), err); wrong != nil {
		return v.Redirect("/-/mail", "Nothing was stopped: enter a reason of at most 500 characters")
	}
	if err != nil {
		return err
	}
	return v.Redirect("/-/mail", "The mails were stopped")
}
