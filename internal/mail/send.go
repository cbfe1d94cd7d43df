package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/textproto"
	"slices"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/ratelimit"
	"github.com/regulars/regulars/internal/sqldb"
)

// sendArgs are the arguments of the job that sends a message.
type sendArgs struct {
	MessageID string `json:"messageId"`
}

// Kind implements jobs.Args.
func (sendArgs) Kind() string { return "mail.send" }

// send delivers a message. The queue retries temporary errors for about half a
// day.
func (m *Mail) send(ctx context.Context, j *jobs.Job, args sendArgs) error {
	entry, err := m.load(ctx, m.db, args.MessageID)
	if errs.KindOf(err) == errs.NotFound {
		return nil // erased
	}
	switch {
	case err != nil:
		return err
	case entry.State == Throttled:
		return jobs.Snooze(throttleDelay) // crashed between throttling and snoozing
	case entry.State != Waiting:
		return nil
	}
	if entry.ExpiresAt != 0 && entry.ExpiresAt <= m.clock.MS() {
		return m.finish(ctx, j, entry.ID, Expired, entry.Error)
	}
	if m.server == nil {
		return m.finish(ctx, j, entry.ID, NoServer, "")
	}
	if admitted, err := m.admit(ctx, j, entry); err != nil || !admitted {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	failure := m.server.deliver(limited, m.from, entry)
	switch {
	case failure == nil:
		return m.finish(ctx, j, entry.ID, Sent, "")
	case ctx.Err() != nil:
		return failure // the engine is stopping
	case isPermanent(failure) || j.Attempt >= j.MaxAttempts:
		m.log.WarnContext(ctx, "mail failed", "mail_id", entry.ID, "error", failure)
		return m.finish(ctx, j, entry.ID, Failed, failure.Error())
	}
	err = j.Tx(ctx, func(tx *sqldb.Tx) error {
		return setState(ctx, tx, entry.ID, Waiting, outcome{Waiting, cleanError(failure.Error()), 0})
	})
	if err != nil {
		return err
	}
	return failure
}

// fail marks a message as failed when the queue discards its job.
func (m *Mail) fail(ctx context.Context, tx *sqldb.Tx, args sendArgs, _ jobs.Cause) error {
	entry, err := load(ctx, tx, args.MessageID)
	if errs.KindOf(err) == errs.NotFound || err == nil && entry.State != Waiting && entry.State != Throttled {
		return nil
	}
	if err != nil {
		return err
	}
	return setState(ctx, tx, entry.ID, entry.State, outcome{Failed, entry.Error, m.clock.MS()})
}

func (m *Mail) finish(ctx context.Context, j *jobs.Job, messageID, state, reason string) error {
	return j.Tx(ctx, func(tx *sqldb.Tx) error {
		if state == Sent {
			if err := eraseSecretBodies(ctx, tx, messageID); err != nil {
				return err
			}
		}
		if err := setState(ctx, tx, messageID, Waiting, outcome{state, cleanError(reason), m.clock.MS()}); err != nil {
			return err
		}
		return j.Complete(ctx, tx)
	})
}

// cleanError truncates a server reply and removes invalid characters.
func cleanError(reason string) string {
	if len(reason) > 500 {
		reason = reason[:500]
	}
	return strings.ToValidUTF8(strings.ReplaceAll(reason, "\x00", ""), "")
}

// Step is the step of a delivery that failed.
type Step string

// Steps of a delivery.
const (
	StepConnect   Step = "connect"   // the server does not respond
	StepTLS       Step = "tls"       // no encrypted connection
	StepSignIn    Step = "sign-in"   // user or password
	StepSender    Step = "sender"    // the server rejects the sender
	StepRecipient Step = "recipient" // the server rejects the recipient
	StepMessage   Step = "message"   // the server rejects the message
)

var steps = []Step{StepConnect, StepTLS, StepSignIn, StepSender, StepRecipient, StepMessage}

// TestResult is the result of a test mail.
type TestResult struct {
	ID     string // of the message
	To     string
	At     int64  // Unix milliseconds
	Failed Step   // "": accepted by the server
	Reply  string // error of the server or the network, without secrets; "" if accepted
}

// Limits of test mails.
const (
	testsPerHour    = 10
	testMailTimeout = 20 * time.Second // shorter than that of queued messages: a person waits
)

// SendTest sends a message of the template TestMail at once, without the queue,
// and stores it with its result. A rejected message is no error. It fails with
// Unavailable "mail_unavailable" without a mail server, and with Limited
// "too_many_mails" after ten tests of a recipient in an hour.
func (m *Mail) SendTest(ctx context.Context, msg Message) (TestResult, error) {
	if m.server == nil {
		return TestResult{}, errs.New(errs.Unavailable, "mail_unavailable", "No mail server is set, so nothing can be sent.")
	}
	if err := msg.validate(); err != nil {
		return TestResult{}, err
	}
	msg.Template = TestMail
	now := m.clock.Now()
	language := i18n.Match(msg.Language)
	content, err := render(i18n.For(language), msg, now)
	if err != nil {
		return TestResult{}, err
	}
	if err := m.countTest(ctx, msg.To); err != nil {
		return TestResult{}, err
	}
	entry := OutboxMessage{
		ID: id.New(now), To: msg.To, ToName: msg.ToName, Language: language.String(), Template: TestMail,
		Subject: content.subject, Text: content.text(), HTML: content.html(), State: Sent, CreatedAt: now.UnixMilli(),
	}
	limited, cancel := context.WithTimeout(ctx, testMailTimeout)
	defer cancel()
	failure := m.server.deliver(limited, m.from, entry)
	result := TestResult{ID: entry.ID, To: entry.To, At: entry.CreatedAt}
	if failure != nil {
		result.Failed, result.Reply = stepOf(failure), m.server.withoutPassword(cleanError(failure.Error()))
		entry.State, entry.Error = Failed, string(result.Failed)+": "+result.Reply
	}
	entry.EndedAt = m.clock.MS()
	if err := m.seal(&entry); err != nil {
		return TestResult{}, err
	}
	return result, m.db.Tx(context.WithoutCancel(ctx), func(tx *sqldb.Tx) error { return insert(ctx, tx, entry) })
}

func (m *Mail) countTest(ctx context.Context, to string) error {
	limit := ratelimit.Limit{Name: "mails: test", Max: testsPerHour, Window: time.Hour}
	return m.db.Tx(ctx, func(tx *sqldb.Tx) error {
		counted, err := ratelimit.Allow(ctx, tx, m.clock.Now(), limit, canonicalMailbox(to))
		if err == nil && !counted.OK {
			err = errs.New(errs.Limited, "too_many_mails", "A person can send at most %d test mails an hour. Try again later.", testsPerHour).WithRetry(counted.Reset)
		}
		return err
	})
}

// Test returns the result of a test mail. It fails as Get does.
func (m *Mail) Test(ctx context.Context, caller actor.Actor, messageID string) (TestResult, error) {
	if err := caller.RequireInstallationOwner(); err != nil {
		return TestResult{}, err
	}
	entry, err := load(ctx, m.db, messageID)
	if err == nil && entry.Template != TestMail {
		err = errs.Missing("mail")
	}
	if err != nil {
		return TestResult{}, err
	}
	result := TestResult{ID: entry.ID, To: entry.To, At: entry.CreatedAt}
	if entry.State == Failed {
		result.Failed, result.Reply = StepMessage, entry.Error
		if step, reply, found := strings.Cut(entry.Error, ": "); found && slices.Contains(steps, Step(step)) {
			result.Failed, result.Reply = Step(step), reply
		}
	}
	return result, nil
}

// senderSteps are the steps of errors after signing in.
var senderSteps = map[gomail.SendErrReason]Step{
	gomail.ErrGetSender: StepSender, gomail.ErrSMTPMailFrom: StepSender, gomail.ErrGetRcpts: StepRecipient, gomail.ErrSMTPRcptTo: StepRecipient, gomail.ErrConnCheck: StepConnect,
}

// signInCodes are the codes of a server that rejects a user or a password.
var signInCodes = []int{432, 454, 504, 530, 534, 535, 538}

// stepOf returns the step in which a delivery failed.
func stepOf(err error) Step {
	if sent, ok := errors.AsType[*gomail.SendError](err); ok {
		if step, known := senderSteps[sent.Reason]; known {
			return step
		}
		return StepMessage
	}
	text := strings.ToLower(err.Error())
	if reply, ok := errors.AsType[*textproto.Error](err); ok && slices.Contains(signInCodes, reply.Code) || strings.Contains(text, "smtp auth") {
		return StepSignIn
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return StepTLS
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return StepTLS
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok || strings.Contains(text, "starttls") || strings.Contains(text, "tls: ") {
		return StepTLS
	}
	return StepConnect
}
