package mail

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/ratelimit"
	"github.com/regulars/regulars/internal/sqldb"
)

// unknownSender shares one quota among messages without a Sender.
const unknownSender = "unknown"

// requested are templates sent at the request of the address itself. They
// contain no text of other people and are never throttled.
var requested = map[Template]bool{VerifyEmail: true, AccountExists: true, ResetPassword: true, ConfirmEmail: true}

// unsolicited are templates caused by other people, even for a confirmed
// address.
var unsolicited = map[Template]bool{Welcome: true, Invited: true, TransferOffered: true}

// systemValues are values set by this program.
var systemValues = map[string]bool{
	"link": true, "kind": true, "status": true, "created": true, "updated": true, "unchanged": true, "skipped": true, "failed": true,
}

// quotaSender returns the account that the message counts against, or "" if it
// is exempt.
func (msg Message) quotaSender() string {
	switch {
	case msg.Confirmed || requested[msg.Template]:
		return ""
	case msg.Sender == "":
		return unknownSender
	}
	return msg.Sender
}

// stripFreeText removes text chosen by other people if the recipient did not
// ask for the message. Only the name of the community remains, without
// addresses.
func (msg Message) stripFreeText() Message {
	if msg.Confirmed && !unsolicited[msg.Template] {
		return msg
	}
	msg.ToName = ""
	msg.Values = maps.Clone(msg.Values)
	maps.DeleteFunc(msg.Values, func(name, _ string) bool { return !systemValues[name] && name != "community" })
	if name, ok := msg.Values["community"]; ok {
		msg.Values["community"] = stripAddresses(name)
	}
	return msg
}

// throttleDelay is how long the job of a throttled message is snoozed unless
// release wakes it.
const throttleDelay = 24 * time.Hour

// admit counts an attempt against the quotas of the sender and the community.
// If a quota is exhausted, or an older message of both is throttled, it
// throttles the message and returns a Snooze: a message has a single job and
// is not sent twice. It reports false if the message was stopped or erased.
// The counter of the sender is always locked first to prevent deadlocks
// between nodes.
func (m *Mail) admit(ctx context.Context, j *jobs.Job, entry OutboxMessage) (ok bool, err error) {
	if entry.Sender == "" {
		return true, nil
	}
	throttled := false
	err = j.Tx(ctx, func(tx *sqldb.Tx) error {
		throttled = false
		if ok, err = m.consumeQuota(ctx, tx, entry); err != nil || ok {
			return err
		}
		if throttled, err = throttle(ctx, tx, entry.ID); err != nil || !throttled {
			return err
		}
		return j.Step(ctx, tx)
	})
	if err == nil && throttled {
		err = jobs.Snooze(throttleDelay)
	}
	return ok, err
}

func (m *Mail) consumeQuota(ctx context.Context, tx *sqldb.Tx, entry OutboxMessage) (bool, error) {
	current, err := load(ctx, tx, entry.ID)
	if errs.KindOf(err) == errs.NotFound {
		return false, nil // erased since it was loaded
	}
	if err != nil || current.State != Waiting {
		return false, err
	}
	waits, err := olderThrottled(ctx, tx, entry)
	if err != nil || waits {
		return false, err
	}
	now := m.clock.Now()
	bySender := ratelimit.Limit{Name: "mails to strangers: account", Max: m.unconfirmedPerHour, Window: time.Hour}
	byCommunity := ratelimit.Limit{Name: "mails to strangers: community", Max: m.unconfirmedPerHour, Window: time.Hour}
	taken, err := ratelimit.Allow(ctx, tx, now, bySender, entry.Sender)
	if err != nil || !taken.OK || entry.CommunityID == "" {
		return taken.OK, err
	}
	if taken, err = ratelimit.Allow(ctx, tx, now, byCommunity, entry.CommunityID); err != nil || taken.OK {
		return taken.OK, err
	}
	return false, ratelimit.Refund(ctx, tx, bySender, entry.Sender)
}

// ReleaseArgs are the arguments of the job that releases throttled messages.
type ReleaseArgs struct{}

// Kind implements jobs.Args.
func (ReleaseArgs) Kind() string { return "mail.release" }

// maxReleased bounds the messages queued per release.
const maxReleased = 1000

// release wakes the jobs of the oldest throttled messages of each sender and
// community once a minute. Sending checks the quotas again.
func (m *Mail) release(ctx context.Context, j *jobs.Job, _ ReleaseArgs) error {
	return j.Tx(ctx, func(tx *sqldb.Tx) error { return m.releaseTx(ctx, tx) })
}

func (m *Mail) releaseTx(ctx context.Context, tx *sqldb.Tx) error {
	list, err := oldestThrottled(ctx, tx, m.unconfirmedPerHour/60+1, maxReleased)
	if err != nil {
		return err
	}
	for _, t := range list {
		starts, err := jobs.Wake(ctx, tx, sendArgs{t.id}, jobs.Options{CommunityID: t.communityID, Unique: t.id})
		if err != nil {
			return err
		}
		if !starts {
			continue // the attempt that throttled it is still running; the next release wakes its job
		}
		if err := setState(ctx, tx, t.id, Throttled, outcome{Waiting, "", 0}); err != nil {
			return err
		}
	}
	return nil
}

// Backlog is the number of throttled messages of one sender and community.
type Backlog struct {
	Sender      string // account:<id> or key:<id>
	CommunityID string // "": none
	Waiting     int64
	Oldest      int64 // Unix milliseconds
}

// maxBacklogs bounds the list of backlogs.
const maxBacklogs = 200

// Backlogs returns at most 200 backlogs, largest first. It fails as Queue does.
func (m *Mail) Backlogs(ctx context.Context, caller actor.Actor) ([]Backlog, error) {
	if err := caller.RequireInstallationOwner(); err != nil {
		return nil, err
	}
	return backlogs(ctx, m.db, maxBacklogs)
}

// StopBacklog stops the unsent messages of a backlog and returns their number.
// A message being delivered at that moment is sent.
func (m *Mail) StopBacklog(ctx context.Context, tx *sqldb.Tx, b Backlog, reason string) (int64, error) {
	return stopBacklog(ctx, tx, b, reason, m.clock.MS())
}

// noticeFactor raises the limit of notices about sign-in methods, which must
// arrive.
const noticeFactor = 3

// limitGroups are templates that share a limit per recipient; the others, sent
// by communities, share the group "". Separate groups prevent that mails of
// one kind block another: anyone may register with the address of another
// person.
var limitGroups = map[Template]string{
	VerifyEmail: "registration", AccountExists: "registration", ResetPassword: "reset", PasswordChanged: "notice", SignInAdded: "notice",
	TransferOffered: "transfer", TransferEnded: "transfer",
	ConfirmEmail: "email change", EmailChanging: "notice", EmailChanged: "notice",
}

// countRecipient counts a message and reports whether its recipient is below
// the limit.
func (m *Mail) countRecipient(ctx context.Context, tx *sqldb.Tx, msg Message) (bool, error) {
	kind := limitGroups[msg.Template]
	limit := ratelimit.Limit{Name: "mails: " + kind, Max: m.perHour, Window: time.Hour}
	if kind == "notice" {
		limit.Max *= noticeFactor
	}
	taken, err := ratelimit.Allow(ctx, tx, m.clock.Now(), limit, canonicalMailbox(msg.To))
	return taken.OK, err
}

// canonicalMailbox is an address in lower case without its +tag, the same for
// all addresses that usually reach one mailbox.
func canonicalMailbox(address string) string {
	address = strings.ToLower(address)
	at := strings.LastIndexByte(address, '@')
	if local, _, sorted := strings.Cut(address[:at], "+"); sorted && local != "" {
		return local + address[at:]
	}
	return address
}

// suppress empties a message and ends it. The row and its job remain, so that
// suppressing takes as long as queueing.
func (m *Mail) suppress(ctx context.Context, tx *sqldb.Tx, k *OutboxMessage) {
	k.Subject, k.Text, k.HTML = "", "", ""
	k.State, k.EndedAt = Suppressed, k.CreatedAt
	template := k.Template
	tx.AfterCommit(func() {
		m.suppressed.Add(1)
		m.log.WarnContext(ctx, "mail suppressed: hourly limit of the recipient reached", "template", string(template))
	})
}

// SuppressedTotal returns the number of messages this process has suppressed.
func (m *Mail) SuppressedTotal() int64 { return m.suppressed.Load() }
