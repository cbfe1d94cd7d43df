package mail

import (
	"context"
	"maps"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/ratelimit"
	"github.com/regulars/regulars/internal/sqldb"
)

// unknownSender is the sender of a message whose caller named none: all of
// those share one quota.
const unknownSender = "unknown"

// requested are the templates that answer a request made with the address
// itself. They carry no text of other people and are never throttled.
var requested = map[Template]bool{VerifyEmail: true, AccountExists: true, ResetPassword: true, ConfirmEmail: true}

// unsolicited are the templates that other people cause, even for an address
// that is confirmed.
var unsolicited = map[Template]bool{Welcome: true, Invited: true, TransferOffered: true}

// fixedValues are the values that this program chooses itself.
var fixedValues = map[string]bool{
	"link": true, "kind": true, "status": true, "created": true, "updated": true, "unchanged": true, "skipped": true, "failed": true,
}

// quotaSender returns the account that the message counts for, "" if it is
// outside the quota.
func (msg Message) quotaSender() string {
	switch {
	case msg.Confirmed || requested[msg.Template]:
		return ""
	case msg.Sender == "":
		return unknownSender
	}
	return msg.Sender
}

// withoutFreeText returns the message without text of other people's choice,
// if its recipient did not ask for it: only the name of the community is left,
// without addresses.
func (msg Message) withoutFreeText() Message {
	if msg.Confirmed && !unsolicited[msg.Template] {
		return msg
	}
	msg.ToName = ""
	msg.Values = maps.Clone(msg.Values)
	maps.DeleteFunc(msg.Values, func(name, _ string) bool { return !fixedValues[name] && name != "community" })
	if name, ok := msg.Values["community"]; ok {
		msg.Values["community"] = withoutAddresses(name)
	}
	return msg
}

// throttlePause is how long the job of a throttled message sleeps unless
// release wakes it.
const throttlePause = 24 * time.Hour

// admit counts an attempt to send a message against the quotas of its sender
// and its community. If one of them is used up, or an older message of both
// waits, it throttles the message and fails with a Snooze: a message has one
// job in all its life, so it is not sent twice. It reports false if the message
// has been stopped or erased. The sender's counter is always locked first, so
// that two nodes cannot deadlock.
func (m *Mail) admit(ctx context.Context, j *jobs.Job, kept Kept) (ok bool, err error) {
	if kept.Sender == "" {
		return true, nil
	}
	throttled := false
	err = j.Tx(ctx, func(tx *sqldb.Tx) error {
		throttled = false
		if ok, err = m.takeQuota(ctx, tx, kept); err != nil || ok {
			return err
		}
		if throttled, err = throttle(ctx, tx, kept.ID); err != nil || !throttled {
			return err
		}
		return j.Step(ctx, tx)
	})
	if err == nil && throttled {
		err = jobs.Snooze(throttlePause)
	}
	return ok, err
}

func (m *Mail) takeQuota(ctx context.Context, tx *sqldb.Tx, kept Kept) (bool, error) {
	current, err := load(ctx, tx, kept.ID)
	if errs.KindOf(err) == errs.NotFound {
		return false, nil // erased since it was read
	}
	if err != nil || current.State != Waiting {
		return false, err
	}
	waits, err := olderThrottled(ctx, tx, kept)
	if err != nil || waits {
		return false, err
	}
	now := m.clock.Now()
	bySender := ratelimit.Limit{Name: "mails to strangers: account", Max: m.strangersPerHour, Window: time.Hour}
	byCommunity := ratelimit.Limit{Name: "mails to strangers: community", Max: m.strangersPerHour, Window: time.Hour}
	taken, err := ratelimit.Allow(ctx, tx, now, bySender, kept.Sender)
	if err != nil || !taken.OK || kept.CommunityID == "" {
		return taken.OK, err
	}
	if taken, err = ratelimit.Allow(ctx, tx, now, byCommunity, kept.CommunityID); err != nil || taken.OK {
		return taken.OK, err
	}
	return false, ratelimit.Refund(ctx, tx, bySender, kept.Sender)
}

// ReleaseArgs ask for the throttled messages to be tried again.
type ReleaseArgs struct{}

// Kind is the queue's name for releasing.
func (ReleaseArgs) Kind() string { return "mail.release" }

// mostReleased bounds the messages that one release queues.
const mostReleased = 1000

// release wakes the jobs of the oldest throttled messages of each sender and
// community. It runs once a minute; sending decides whether the quotas have
// room.
func (m *Mail) release(ctx context.Context, j *jobs.Job, _ ReleaseArgs) error {
	return j.Tx(ctx, func(tx *sqldb.Tx) error { return m.releaseIn(ctx, tx) })
}

func (m *Mail) releaseIn(ctx context.Context, tx *sqldb.Tx) error {
	list, err := oldestThrottled(ctx, tx, m.strangersPerHour/60+1, mostReleased)
	if err != nil {
		return err
	}
	for _, t := range list {
		starts, err := jobs.Wake(ctx, tx, sendArgs{t.id}, jobs.Options{CommunityID: t.communityID, Unique: t.id})
		if err != nil {
			return err
		}
		if !starts {
			continue // the attempt that throttled it has not ended: the next release wakes its job
		}
		if err := setState(ctx, tx, t.id, Throttled, ending{Waiting, "", 0}); err != nil {
			return err
		}
	}
	return nil
}

// Backlog is the messages to strangers that wait for the quota of one sender
// and one community.
type Backlog struct {
	Sender      string // account:<id> or key:<id>
	CommunityID string // "": none
	Waiting     int64
	Oldest      int64 // Unix milliseconds
}

// mostBacklogs bounds a list of backlogs.
const mostBacklogs = 200

// Backlogs returns the messages that wait for a quota by sender and community,
// the largest first, 200 at most.
func (m *Mail) Backlogs(ctx context.Context) ([]Backlog, error) {
	return backlogs(ctx, m.db, mostBacklogs)
}

// StopBacklog ends the unsent messages to strangers of a sender and a
// community for a reason, and returns their number. A message that is being
// handed over at that moment is sent.
func (m *Mail) StopBacklog(ctx context.Context, tx *sqldb.Tx, b Backlog, reason string) (int64, error) {
	return stopBacklog(ctx, tx, b, reason, m.clock.MS())
}
