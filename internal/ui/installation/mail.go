package installation

import (
	"net/http"
	"strconv"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/ui"
)

// delivery describes how mail is sent and the state of the queue.
func (h *handlers) delivery(v *ui.Request, p ui.Page) (view DeliveryView, err error) {
	d := h.Mail.Delivery()
	view = DeliveryView{
		Sends: d.Host != "", Server: d.Host + ":" + strconv.Itoa(d.Port), Encryption: p.T(encryptionWords[d.Encryption]), User: d.User, From: d.From, To: p.Person.Email,
		Rows: h.settingRows(p.Reader, inGroups([]string{"Mail"})),
	}
	if view.Queue, err = h.Mail.Queue(v.Context(), v.Actor); err != nil {
		return view, err
	}
	testID := v.URL.Query().Get("test")
	if testID == "" {
		return view, nil
	}
	result, err := h.Mail.Test(v.Context(), v.Actor, testID)
	if errs.KindOf(err) == errs.NotFound {
		return view, nil // deleted since
	}
	view.Test = &TestView{TestResult: result}
	if failure, failed := failureOf[result.Failed]; failed {
		view.Test.Reason, view.Test.Remedy = p.T(failure.reason, d.Host), p.T(failure.remedy)
	}
	return view, err
}

// encryptionWords are what the kinds of encryption are called, keys of sentences.
var encryptionWords = map[string]string{
	"tls": i18n.Key("TLS"), "required": i18n.Key("STARTTLS, required"), "optional": i18n.Key("STARTTLS, if the server offers it"), "off": i18n.Key("None"),
}

// failureOf is the reason and the remedy of a failed test mail, keys of
// sentences with %s for the mail server.
var failureOf = map[mail.Step]struct{ reason, remedy string }{
	mail.StepConnect:   {i18n.Key("%s does not respond."), i18n.Key("Check host and port in REGULARS_SMTP_URL, and whether a firewall blocks the connection.")},
	mail.StepTLS:       {i18n.Key("No encrypted connection to %s could be opened."), i18n.Key("Check the certificate of the mail server, its port, and the scheme and tls= in REGULARS_SMTP_URL.")},
	mail.StepSignIn:    {i18n.Key("%s rejected the user or the password."), i18n.Key("Check user and password in REGULARS_SMTP_URL.")},
	mail.StepSender:    {i18n.Key("%s rejected the sender."), i18n.Key("Set REGULARS_MAIL_FROM to an address that this user may send from.")},
	mail.StepRecipient: {i18n.Key("%s rejected your address."), i18n.Key("Check the email address of your account, and whether the mail server accepts mail to other domains.")},
	mail.StepMessage:   {i18n.Key("%s rejected the message."), i18n.Key("Read the error below, and ask the operator of the mail server.")},
}

// sendTestMail sends a mail to the person's own address.
func (h *handlers) sendTestMail(v *ui.Request) error {
	result, err := h.Installation.SendTestMail(v.Context(), v.Actor, ui.PrinterOf(v.Context()).Language().String())
	if errs.KindOf(err) == errs.Limited {
		ui.SetRetryAfter(v, err)
		return h.renderMailbox(v, err)
	}
	if err != nil {
		return err
	}
	http.Redirect(v.W, v.Request, mailPath+"?test="+result.ID+"#test", http.StatusSeeOther)
	return nil
}

// TestView is the result of a test mail in the words of the reader.
type TestView struct {
	mail.TestResult
	Reason, Remedy string // of a failure
}
