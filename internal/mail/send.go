package mail

import (
	"context"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

// sendArgs ask for one message to be sent.
type sendArgs struct {
	MessageID string `json:"messageId"`
}

// Kind is the queue's name for sending a message.
func (sendArgs) Kind() string { return "mail.send" }

// send hands a message over to the server. What the server refuses for now is
// tried again by the queue, for about half a day.
func (m *Mail) send(ctx context.Context, j *jobs.Job, args sendArgs) error {
	kept, err := m.load(ctx, m.db, args.MessageID)
	if errs.KindOf(err) == errs.NotFound {
		return nil // erased meanwhile
	}
	switch {
	case err != nil:
		return err
	case kept.State == Throttled:
		return jobs.Snooze(throttlePause) // its process ended between the two
	case kept.State != Waiting:
		return nil
	}
	if kept.ExpiresAt != 0 && kept.ExpiresAt <= m.clock.MS() {
		return m.end(ctx, j, kept.ID, Expired, kept.Error)
	}
	if m.server == nil {
		return m.end(ctx, j, kept.ID, Held, "")
	}
	if admitted, err := m.admit(ctx, j, kept); err != nil || !admitted {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	failure := m.server.deliver(limited, m.from, kept)
	switch {
	case failure == nil:
		return m.end(ctx, j, kept.ID, Sent, "")
	case ctx.Err() != nil:
		return failure // the engine stops
	case final(failure) || j.Attempt >= j.MaxAttempts:
		m.log.WarnContext(ctx, "mail given up", "mail_id", kept.ID, "error", failure)
		return m.end(ctx, j, kept.ID, Failed, failure.Error())
	}
	err = j.Tx(ctx, func(tx *sqldb.Tx) error {
		return setState(ctx, tx, kept.ID, Waiting, ending{Waiting, explain(failure.Error()), 0})
	})
	if err != nil {
		return err
	}
	return failure
}

// giveUp ends a message whose job the queue gives up.
func (m *Mail) giveUp(ctx context.Context, tx *sqldb.Tx, args sendArgs, _ jobs.Cause) error {
	kept, err := load(ctx, tx, args.MessageID)
	if errs.KindOf(err) == errs.NotFound || err == nil && kept.State != Waiting && kept.State != Throttled {
		return nil
	}
	if err != nil {
		return err
	}
	return setState(ctx, tx, kept.ID, kept.State, ending{Failed, kept.Error, m.clock.MS()})
}

func (m *Mail) end(ctx context.Context, j *jobs.Job, messageID, state, why string) error {
	return j.Tx(ctx, func(tx *sqldb.Tx) error {
		if state == Sent {
			if err := emptySecret(ctx, tx, messageID); err != nil {
				return err
			}
		}
		return setState(ctx, tx, messageID, Waiting, ending{state, explain(why), m.clock.MS()})
	})
}

// explain makes an answer of a server fit for the table.
func explain(why string) string {
	if len(why) > 500 {
		why = why[:500]
	}
	return strings.ToValidUTF8(strings.ReplaceAll(why, "\x00", ""), "")
}
