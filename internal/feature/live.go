package feature

import (
	"context"
	"encoding/json"

	"github.com/regulars/regulars/internal/event"
)

// Audience is a class of viewers to whom an event looks the same. An event is
// rendered once for each audience, however many clients it has.
type Audience struct {
	Author    bool // the event concerns the viewer
	Hidden    bool // the viewer has blocked the member that the event concerns
	SeesEmail bool // may read the data of other members
	Moderates bool // has manage_messages in the channel
	Whispers  bool // has post_messages in the channel from an override or a role other than @all
}

// Live delivers the events of a channel to the live connections of its viewers. Types
// that no Live covers reach only the member that they concern.
type Live struct {
	Prefix string // of event types, such as "message."

	// Render returns the data of an event for an audience that sees its channel, in
	// the form of the REST interface; visible is false if it must not see the event.
	Render func(ctx context.Context, e event.Event, a Audience) (data json.RawMessage, visible bool, err error)
	// Blocking returns the members that have blocked a member; nil: blocks change
	// nothing.
	Blocking func(ctx context.Context, communityID, memberID string) ([]string, error)
	// Participants returns the members of a direct conversation, which no list of
	// channels has; none if the channel is not a conversation. nil: there are none.
	Participants func(ctx context.Context, communityID, channelID string) ([]string, error)
}
