package mail

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/sqldb"
)

// The states of a message.
const (
	Waiting = "waiting" // to be sent, or to be tried again
	Sent    = "sent"    // the server has taken it
	Held    = "kept"    // there was no server to send it with
	Failed  = "failed"  // the server does not take it
	Expired = "expired" // what it says was not true any more before it could be sent

	Throttled = "throttled" // it waits for the quota of its sender or its community
	Stopped   = "stopped"   // the owner of the installation stopped it, Error is the reason

	HeldBack = "held_back" // its recipient got too many; nobody sees it
)

// Kept is a message in the outbox.
type Kept struct {
	ID, CommunityID     string
	To, ToName          string
	Language            string
	Template            Template
	Subject, Text, HTML string // Text and HTML are "" once they were erased, and sealed in the database
	State               string
	Error               string // why it has not been sent, "" when nothing went wrong
	CreatedAt           int64  // Unix milliseconds
	ExpiresAt           int64  // Unix milliseconds, 0: never
	EndedAt             int64  // Unix milliseconds, 0: it waits
	Sender              string // counts against the quota of this account; "": against none
}

// Get returns a message, or NotFound "mail_not_found".
func (m *Mail) Get(ctx context.Context, messageID string) (Kept, error) {
	return m.load(ctx, m.db, messageID)
}

// Unsent returns messages that have not been sent, newest first, and the cursor
// of the next page, "" at the end. They hold secrets: they are for whoever runs
// the installation.
func (m *Mail) Unsent(ctx context.Context, cursor string, limit int) (list []Kept, next string, err error) {
	list, err = unsent(ctx, m.db, cursor, limit+1)
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	for i, sealed := range list {
		opened, unreadable := m.open(sealed)
		if unreadable != nil { // one must not hide the others
			m.log.ErrorContext(ctx, "mail not readable", "mail_id", sealed.ID, "error", unreadable)
			opened.Text, opened.HTML = "", ""
		}
		list[i] = opened
	}
	return list, next, err
}

// How long the bodies of messages that have ended are kept, and their rows.
const (
	keepBodies = 7 * 24 * time.Hour
	keepRows   = 90 * 24 * time.Hour
)

// Sweep empties messages that ended a week ago or hold a link that works no
// more, and forgets them after 90 days, and at once what was held back.
func (m *Mail) Sweep(ctx context.Context) error {
	now := m.clock.Now()
	return m.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := emptyBodies(ctx, tx, now.Add(-keepBodies).UnixMilli(), now.UnixMilli()); err != nil {
			return err
		}
		return remove(ctx, tx, now.Add(-keepRows).UnixMilli())
	})
}
