package message

import (
	"github.com/regulars/regulars/internal/event"
)

// Types of events.
const (
	EventPosted          = "message.posted"
	EventUpdated         = "message.updated"
	EventDeleted         = "message.deleted"
	EventReactionAdded   = "reaction.added"
	EventReactionRemoved = "reaction.removed"
)

var events = []event.Type{
	{Name: EventPosted, Member: "the author", Data: EventMessage{}, Description: "A message or a reply was posted."},
	{Name: EventUpdated, Member: "the author", Data: EventMessage{}, Description: "A message was edited, pinned or unpinned."},
	{Name: EventDeleted, Member: "the author", Data: EventRemoval{}, Description: "A message was deleted. It stays visible without its content while it has replies."},
	{Name: EventReactionAdded, Member: "the reacting member", Data: EventReaction{}, Description: "A member reacted to a message."},
	{Name: EventReactionRemoved, Member: "the reacting member", Data: EventReaction{}, Description: "A reaction was removed."},
}

// EventMessage is the data of events with a message.
type EventMessage struct {
	Message View `json:"message"`
}

// EventRemoval is the data of EventDeleted.
type EventRemoval struct {
	MessageID string `json:"messageId"`
	ChannelID string `json:"channelId"`
	TopicID   string `json:"topicId,omitempty"`
	ParentID  string `json:"parentId,omitempty"`
}

// EventReaction is the data of events of reactions.
type EventReaction struct {
	MessageID string `json:"messageId"`
	ChannelID string `json:"channelId"`
	Emoji     string `json:"emoji"`
	Shortcode string `json:"shortcode"`
	User      Author `json:"user"`
}
