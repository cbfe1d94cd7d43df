// Package mail writes to people: sentences of a template in the language of the
// recipient, kept in an outbox with the change they speak of and sent by a job.
// Without an SMTP server the messages stay in the outbox, where the development
// mailbox shows them.
package mail

import (
	"context"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"sync/atomic"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
)

// Deps is what mail stands on.
type Deps struct {
	DB    *sqldb.DB
	Jobs  *jobs.Engine // not started; nil: messages are queued for another process
	Clock clock.Clock
	Log   *slog.Logger
	Keys  *seal.Keyring // what messages say is sealed with

	SMTPURL string // smtp://user:password@host:port or smtps://...; "": nothing is sent
	From    string // Name <address>; needed with SMTPURL
	PerHour int    // mails of one kind to one recipient, see Send; 0: no limit

	StrangersPerHour int // mails of one sender, and of one community, to addresses that were never confirmed; 0: no limit
}

// Mail is the outbox and the way out of it.
type Mail struct {
	db     *sqldb.DB
	clock  clock.Clock
	log    *slog.Logger
	keys   *seal.Keyring
	from   *netmail.Address
	server *server // nil: none is set

	perHour          int
	strangersPerHour int
	heldBack         atomic.Int64
}

// New checks the settings and registers the worker that sends.
func New(d Deps) (*Mail, error) {
	m := &Mail{db: d.DB, clock: d.Clock, log: d.Log, keys: d.Keys, perHour: d.PerHour, strangersPerHour: d.StrangersPerHour}
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
		jobs.Register(d.Jobs, m.send, m.giveUp)
		jobs.Register(d.Jobs, m.release)
		d.Jobs.Schedule("mail.release", "* * * * *", ReleaseArgs{})
	}
	return m, nil
}

// Sends reports whether messages leave this server; else they stay in the
// outbox.
func (m *Mail) Sends() bool { return m.server != nil }

// Message is a mail to one person.
type Message struct {
	To          string // an email address
	ToName      string // "": none is written
	Language    string // BCP 47, of the person or the community; "" and unknown ones: English
	Template    Template
	Values      map[string]string // what the template names, each in one line
	CommunityID string            // "": it speaks of no community
	ExpiresAt   int64             // Unix milliseconds, after which it is not sent any more; 0: never

	Sender    string // the account that causes it, account:<id> or key:<id>; needed unless Confirmed
	Confirmed bool   // the recipient has confirmed the address; otherwise no free text is sent to it, and it counts against the quota of the sender and of the community
}

// Send writes a message into the outbox and queues its way out; both exist if
// and only if tx commits. One too many for its recipient is held back. It fails
// with Invalid "mail_refused" when an address, a name or a value holds what
// would not stay in its line.
func (m *Mail) Send(ctx context.Context, tx *sqldb.Tx, msg Message) error {
	_, err := m.Offer(ctx, tx, msg)
	return err
}

// Offer is Send that reports false when the message was held back. That is for
// what has to stay true then, and not to be told to anybody: it would tell who
// was written to, and so who has an account.
func (m *Mail) Offer(ctx context.Context, tx *sqldb.Tx, msg Message) (written bool, err error) {
	if err := msg.check(); err != nil {
		return false, err
	}
	msg = msg.withoutFreeText()
	now := m.clock.Now()
	language := i18n.Match(msg.Language)
	content, err := render(i18n.For(language), msg, now)
	if err != nil {
		return false, err
	}
	kept := Kept{
		ID: id.New(now), CommunityID: msg.CommunityID, To: msg.To, ToName: msg.ToName, Language: language.String(), Template: msg.Template,
		Subject: content.subject, Text: content.text(), HTML: content.html(), State: Waiting, CreatedAt: now.UnixMilli(), ExpiresAt: msg.ExpiresAt,
		Sender: msg.quotaSender(),
	}
	if err := m.seal(&kept); err != nil {
		return false, err
	}
	if written, err = m.within(ctx, tx, msg); err != nil {
		return false, err
	}
	if !written {
		m.holdBack(ctx, tx, &kept)
	}
	if err := insert(ctx, tx, kept); err != nil {
		return false, fmt.Errorf("queue mail: %w", err)
	}
	priority := 0
	if kept.Sender == "" {
		priority = 1 // it does not wait behind mails to strangers
	}
	_, err = jobs.Insert(ctx, tx, sendArgs{kept.ID}, jobs.Options{CommunityID: msg.CommunityID, Unique: kept.ID, Priority: priority})
	return written, err
}
