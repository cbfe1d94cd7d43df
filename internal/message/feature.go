package message

import (
	"context"

	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/sqldb"
)

// Feature describes the package to the application.
func (m *Messages) Feature() feature.Feature {
	return feature.Feature{
		Name:         "message",
		Sweeps:       []func(context.Context) error{m.sweepNonces},
		EraseMembers: m.EraseMembers,
		Events:       events,
	}
}

// EraseMembers removes members from messages, in the caller's transaction: as
// authors, from mentions and earlier texts, with their images, and from reactions,
// whose number stays.
func (m *Messages) EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	mentioning, err := mentioning(ctx, tx, communityID, memberIDs)
	if err != nil {
		return err
	}
	for i := range mentioning {
		mentioning[i].eraseMentions(memberIDs)
		if err := setText(ctx, tx, communityID, &mentioning[i]); err != nil {
			return err
		}
	}
	return eraseAuthors(ctx, tx, communityID, memberIDs)
}

// EventPosted is the type of the event of a new message.
const EventPosted = "message.posted"

var events = []event.Type{
	{Name: EventPosted, Member: "the author", Data: EventMessage{}, Description: "A message or a reply was posted."},
}

// EventMessage is the data of events with a message.
type EventMessage struct {
	Message View `json:"message"`
}
