// Package event appends events to the database in the transaction of the change
// they describe, numbers them, and delivers them to consumers and readers.
// Writers do not know the readers.
package event

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Event is a change in a community.
type Event struct {
	CommunityID string
	Type        string          // the name of a Type
	UserID      string          // the member that the event concerns; "": none, or erased
	Actor       string          // actor.Actor.Ref of the actor; "": the server, or erased
	ID          string          // set by Append
	Sequence    int64           // in the community, from 1; 0 until the event is numbered
	OccurredAt  int64           // Unix milliseconds
	Data        json.RawMessage // the data of the type, or {"erased":true}
	Erased      bool            // the member was erased

	// ConversationID is set for events of a conversation, which live connections of its
	// participants and consumers with Conversations see, and no one else.
	ConversationID string

	// Depth is the number of automations in the chain of causes of the event, see WithDepth.
	Depth int
}

// Decode decodes the data of the event into the struct of its type.
func (e *Event) Decode(data any) error {
	if err := json.Unmarshal(e.Data, data); err != nil {
		return fmt.Errorf("data of event %s: %w", e.ID, err)
	}
	return nil
}

// topic is the topic of notifications about numbered events; the payload is the
// community. appendedTopic is that of events to number, in this process.
const (
	topic         = "events"
	appendedTopic = "events.appended"
)

// Append inserts an event with the given data in the caller's transaction. now
// is in Unix milliseconds.
//
// The event gets its sequence soon after the commit, on SQLite in the same
// transaction; see Events.
func Append(ctx context.Context, tx *sqldb.Tx, now int64, e Event, data any) error {
	encoded, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("append event %s: %w", e.Type, err)
	}
	e.ID, e.OccurredAt, e.Data, e.Depth = id.New(time.UnixMilli(now)), now, encoded, depthOf(ctx)
	if !tx.IsSerial() {
		tx.NotifyLocal(appendedTopic, "")
		return insertEvent(ctx, tx, &e)
	}
	numbered, err := nextSequence(ctx, tx, &e)
	if err != nil {
		return err
	}
	if err := insertEvent(ctx, tx, &e); err != nil {
		return err
	}
	if !numbered { // events of transactions without IsSerial come first
		return numberAll(ctx, tx)
	}
	return tx.Notify(ctx, topic, e.CommunityID)
}

type depthKey struct{}

// WithDepth returns a context in which Append appends events of a depth: 0 for what
// people and keys do, and 1 more than that of its cause for what an automation does.
// A consumer gets such a context, so what it appends has the depth of its batch.
func WithDepth(ctx context.Context, depth int) context.Context {
	return context.WithValue(ctx, depthKey{}, depth)
}

func depthOf(ctx context.Context) int {
	depth, _ := ctx.Value(depthKey{}).(int)
	return depth
}

// ActorType returns the type of an actor on the wire, with its id: user, key, hook,
// automation or system.
func ActorType(ref string) (kind, actorID string) {
	prefix, actorID, _ := strings.Cut(ref, ":")
	switch prefix {
	case "account", "member":
		return "user", actorID
	case "key", "hook", "automation":
		return prefix, actorID
	}
	return "system", ""
}
