package mail

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
)

// States of a message.
const (
	Waiting  = "waiting" // to be sent or retried
	Sent     = "sent"    // accepted by the server
	NoServer = "kept"    // not sent because there is no server
	Failed   = "failed"  // rejected by the server
	Expired  = "expired" // not sent before ExpiresAt

	Throttled = "throttled" // waits for the quota of its sender or community
	Stopped   = "stopped"   // stopped by the owner of the installation; Error is the reason

	Suppressed = "held_back" // over the hourly limit of its recipient; not shown
)

// OutboxMessage is a message in the outbox.
type OutboxMessage struct {
	ID, CommunityID     string
	To, ToName          string
	Language            string
	Template            Template
	Subject, Text, HTML string // Text and HTML are "" once erased, and sealed in the database
	State               string
	Error               string // why it was not sent; "" without an error
	CreatedAt           int64  // Unix milliseconds
	ExpiresAt           int64  // Unix milliseconds, 0: never
	EndedAt             int64  // Unix milliseconds, 0: not ended
	Sender              string // account charged for the quota; "": none
}

// Get returns a message to the owner of the installation. It fails with Forbidden
// "owner_required" or NotFound "mail_not_found".
func (m *Mail) Get(ctx context.Context, caller actor.Actor, messageID string) (OutboxMessage, error) {
	if err := caller.RequireInstallationOwner(); err != nil {
		return OutboxMessage{}, err
	}
	return m.load(ctx, m.db, messageID)
}

// Unsent returns messages that were not sent, newest first, and the cursor of
// the next page, "" at the end. They contain secrets: it fails with Forbidden
// "owner_required" unless the actor owns the installation.
func (m *Mail) Unsent(ctx context.Context, caller actor.Actor, cursor string, limit int) (list []OutboxMessage, next string, err error) {
	if err := caller.RequireInstallationOwner(); err != nil {
		return nil, "", err
	}
	list, err = unsent(ctx, m.db, cursor, limit+1)
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	for i, sealed := range list {
		opened, unreadable := m.open(sealed)
		if unreadable != nil { // log it and list the others
			m.log.ErrorContext(ctx, "mail not readable", "mail_id", sealed.ID, "error", unreadable)
			opened.Text, opened.HTML = "", ""
		}
		list[i] = opened
	}
	return list, next, err
}

// Retention of ended messages.
const (
	bodyRetention = 7 * 24 * time.Hour
	rowRetention  = 90 * 24 * time.Hour
)

// Sweep erases the bodies of messages that ended a week ago or have an expired
// link, deletes messages after 90 days, and suppressed ones at once.
func (m *Mail) Sweep(ctx context.Context) error {
	now := m.clock.Now()
	return m.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := eraseBodies(ctx, tx, now.Add(-bodyRetention).UnixMilli(), now.UnixMilli()); err != nil {
			return err
		}
		return deleteEnded(ctx, tx, now.Add(-rowRetention).UnixMilli())
	})
}

// EraseRecipients deletes the messages of a community to the given addresses.
func EraseRecipients(ctx context.Context, tx *sqldb.Tx, communityID string, addresses []string) error {
	return deleteSentTo(ctx, tx, communityID, addresses)
}

// SealedColumns are the bodies of messages, which contain sign-in links and
// passwords.
func SealedColumns() []seal.Column { return []seal.Column{textColumn, htmlColumn} }

func (m *Mail) seal(k *OutboxMessage) (err error) {
	if k.Text, err = m.keys.Seal(textColumn, k.ID, k.Text); err != nil {
		return err
	}
	k.HTML, err = m.keys.Seal(htmlColumn, k.ID, k.HTML)
	return err
}

// open decrypts a message of the outbox.
func (m *Mail) open(k OutboxMessage) (_ OutboxMessage, err error) {
	if k.Text, err = m.keys.Open(textColumn, k.ID, k.Text); err != nil {
		return k, err
	}
	k.HTML, err = m.keys.Open(htmlColumn, k.ID, k.HTML)
	return k, err
}

func (m *Mail) load(ctx context.Context, q sqldb.Querier, messageID string) (OutboxMessage, error) {
	entry, err := load(ctx, q, messageID)
	if err != nil {
		return entry, err
	}
	return m.open(entry)
}

var (
	textColumn = seal.Column{Table: "mail_outbox", Name: "body_text", Key: "id"}
	htmlColumn = seal.Column{Table: "mail_outbox", Name: "body_html", Key: "id"}
)

// Queue counts the messages of the outbox that were not sent.
type Queue struct {
	Waiting   int64 // to be sent or retried
	Throttled int64
	Failed    int64
	Stopped   int64
	Expired   int64
	NoServer  int64
	Oldest    int64 // time of the oldest one that waits to be sent or retried, Unix milliseconds; 0: none
}

// Queue returns the state of the outbox. It fails with Forbidden "owner_required"
// unless the actor owns the installation.
func (m *Mail) Queue(ctx context.Context, caller actor.Actor) (q Queue, err error) {
	if err := caller.RequireInstallationOwner(); err != nil {
		return q, err
	}
	rows, err := countByState(ctx, m.db)
	for _, row := range rows {
		switch row.state {
		case Waiting:
			q.Waiting, q.Oldest = row.count, row.oldest
		case Throttled:
			q.Throttled = row.count
		case Failed:
			q.Failed = row.count
		case Stopped:
			q.Stopped = row.count
		case Expired:
			q.Expired = row.count
		case NoServer:
			q.NoServer = row.count
		}
	}
	return q, err
}
