// Package mail sends mail from templates in the language of the recipient. A
// message is written to an outbox in the transaction of the change it reports
// and sent by a job. Without an SMTP server messages remain in the outbox, where
// the development mailbox shows them.
package mail

import (
	"context"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"sync/atomic"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Deps are the dependencies and settings of Mail.
type Deps struct {
	DB    *sqldb.DB
	Jobs  *jobs.Engine // not started; nil: another process sends
	Clock clock.Clock
	Log   *slog.Logger
	Keys  *seal.Keyring // seal the bodies of messages

	SMTPURL string // smtp://user:password@host:port or smtps://...; "": nothing is sent
	From    string // Name <address>; required with SMTPURL
	PerHour int    // mails of one kind to one recipient, see Send; 0: unlimited

	UnconfirmedPerHour int // mails of one sender, and of one community, to unconfirmed addresses; 0: unlimited
}

// Mail is the outbox and its delivery.
type Mail struct {
	db     *sqldb.DB
	clock  clock.Clock
	log    *slog.Logger
	keys   *seal.Keyring
	from   *netmail.Address
	server *server // nil without an SMTP server

	perHour            int
	unconfirmedPerHour int
	suppressed         atomic.Int64
}

// New validates the settings and registers the delivery jobs.
func New(d Deps) (*Mail, error) {
	m := &Mail{db: d.DB, clock: d.Clock, log: d.Log, keys: d.Keys, perHour: d.PerHour, unconfirmedPerHour: d.UnconfirmedPerHour}
	if d.SMTPURL != "" {
		var err error
		if m.server, err = parseServer(d.SMTPURL); err != nil {
			return nil, err
		}
		if m.from, err = netmail.ParseAddress(d.From); err != nil {
			return nil, fmt.Errorf("mail sender %q is not an address such as Regulars <mail@example.com>", d.From)
		}
	}
	if d.Jobs != nil {
		jobs.Register(d.Jobs, m.send, m.fail)
		jobs.Register(d.Jobs, m.release)
		d.Jobs.Schedule("mail.release", "* * * * *", ReleaseArgs{})
	}
	return m, nil
}

// Configured reports whether an SMTP server is configured.
func (m *Mail) Configured() bool { return m.server != nil }

// Message is a mail to one recipient.
type Message struct {
	To          string // an email address
	ToName      string // "": omitted
	Language    string // BCP 47; English if empty or unsupported
	Template    Template
	Values      map[string]string // values of the template, one line each
	CommunityID string            // "": concerns no community
	ExpiresAt   int64             // Unix milliseconds, after which it is no longer sent; 0: never

	Sender    string // account that causes it, account:<id> or key:<id>; required unless Confirmed
	Confirmed bool   // the recipient has confirmed the address; otherwise the mail contains no free text and counts against the quotas of the sender and the community
}

// Send writes a message to the outbox and queues its delivery, both as part of
// tx. A message over the hourly limit of its recipient is suppressed. It
// returns Invalid "mail_refused" if an address, a name or a value is too long
// or contains line breaks or control characters.
func (m *Mail) Send(ctx context.Context, tx *sqldb.Tx, msg Message) error {
	_, err := m.TrySend(ctx, tx, msg)
	return err
}

// TrySend is Send and reports false if the message was suppressed. Do not
// reveal the result: it would disclose that an account exists.
func (m *Mail) TrySend(ctx context.Context, tx *sqldb.Tx, msg Message) (written bool, err error) {
	if err := msg.validate(); err != nil {
		return false, err
	}
	msg = msg.stripFreeText()
	now := m.clock.Now()
	language := i18n.Match(msg.Language)
	content, err := render(i18n.For(language), msg, now)
	if err != nil {
		return false, err
	}
	entry := OutboxMessage{
		ID: id.New(now), CommunityID: msg.CommunityID, To: msg.To, ToName: msg.ToName, Language: language.String(), Template: msg.Template,
		Subject: content.subject, Text: content.text(), HTML: content.html(), State: Waiting, CreatedAt: now.UnixMilli(), ExpiresAt: msg.ExpiresAt,
		Sender: msg.quotaSender(),
	}
	if err := m.seal(&entry); err != nil {
		return false, err
	}
	if written, err = m.countRecipient(ctx, tx, msg); err != nil {
		return false, err
	}
	if !written {
		m.suppress(ctx, tx, &entry)
	}
	if err := insert(ctx, tx, entry); err != nil {
		return false, fmt.Errorf("queue mail: %w", err)
	}
	priority := 0
	if entry.Sender == "" {
		priority = 1 // ahead of mails to unconfirmed addresses
	}
	_, err = jobs.Insert(ctx, tx, sendArgs{entry.ID}, jobs.Options{CommunityID: msg.CommunityID, Unique: entry.ID, Priority: priority})
	return written, err
}

// validate rejects values that could add a header, a recipient or a line.
func (msg Message) validate() error {
	if parsed, err := netmail.ParseAddress(msg.To); err != nil || parsed.Address != msg.To || len(msg.To) > maxAddress || !isReadable(msg.To) {
		return errs.New(errs.Invalid, "mail_refused", "The recipient is not an email address.")
	}
	if !isReadable(msg.ToName) {
		return errs.New(errs.Invalid, "mail_refused", "The name of the recipient contains control characters.")
	}
	for name, value := range msg.Values {
		if !isReadable(value) {
			return errs.New(errs.Invalid, "mail_refused", "The value %s is too long or contains control characters.", name)
		}
	}
	return nil
}

func isReadable(part string) bool { return len(part) <= maxValue && text.Readable(part, maxValue) }

// Maximum sizes in bytes.
const (
	maxAddress = 254
	maxValue   = 2000
)
