package mail

import (
	"context"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
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
