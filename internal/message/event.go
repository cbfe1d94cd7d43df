package message

import (
	"context"

	"github.com/regulars/regulars/internal/event"
)

// EventPosted is the type of the event of a new message.
const EventPosted = "message.posted"

var events = []event.Type{
	{Name: EventPosted, Member: "the author", Data: EventMessage{}, Description: "A message or a reply was posted."},
}

// EventMessage is the data of events with a message.
type EventMessage struct {
	Message View `json:"message"`
}

// appendPosted appends EventPosted and returns its message.
func (d *draft) appendPosted(ctx context.Context) (View, error) {
	seen, err := d.view(ctx, d.message.ID)
	if err != nil {
		return seen, err
	}
	e := event.Event{CommunityID: d.communityID, Type: EventPosted, UserID: d.message.AuthorID, Actor: d.caller.Ref()}
	return seen, event.Append(ctx, d.tx, d.message.PostedAt, e, EventMessage{seen})
}

// view returns the message, or the one that was posted with the same nonce before,
// as its author sees it.
func (d *draft) view(ctx context.Context, messageID string) (View, error) {
	one := d.message
	if messageID != one.ID {
		var err error
		if one, err = load(ctx, d.tx, d.communityID, messageID); err != nil {
			return View{}, err
		}
	}
	views, err := d.Views(ctx, d.tx, d.communityID, Reader{MemberID: d.author.ID}, map[string]string{one.ChannelID: d.place.Channel.Topic}, []Message{one})
	if err != nil {
		return View{}, err
	}
	views[0].Nonce = orNull(d.in.Nonce)
	return views[0], nil
}
