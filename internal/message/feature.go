package message

import (
	"context"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/message/image"
	"github.com/regulars/regulars/internal/sqldb"
)

// Feature describes the package to the application.
func (m *Messages) Feature() feature.Feature {
	return feature.Feature{
		Name:         "message",
		Sweeps:       []func(context.Context) error{m.sweepNonces, m.sweepDeleted, m.sweepImages},
		EraseMembers: m.EraseMembers,
		AuditVerbs:   []audit.Verb{verbDelete, verbDeleteRecent, verbPin, verbUnpin, verbRemoveReaction},
		Events:       events,
	}
}

// EraseMembers removes members from messages, in the caller's transaction: as
// authors, from mentions and earlier texts, with their images, and from reactions.
// The number of reactions stays.
func (m *Messages) EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	mentioning, err := mentioning(ctx, tx, communityID, memberIDs)
	if err != nil {
		return err
	}
	for i := range mentioning {
		mentioning[i].eraseMentions(memberIDs)
		if err := setContent(ctx, tx, communityID, &mentioning[i]); err != nil {
			return err
		}
	}
	if err := eraseEarlierMentions(ctx, tx, communityID, memberIDs); err != nil {
		return err
	}
	refs, err := member.ActorRefs(ctx, tx, communityID, memberIDs)
	if err != nil {
		return err
	}
	if err := eraseHistoryActors(ctx, tx, communityID, refs); err != nil {
		return err
	}
	if err := unmarkImages(ctx, tx, communityID, memberIDs); err != nil {
		return err
	}
	if err := image.EraseMembers(ctx, tx, communityID, memberIDs, refs); err != nil {
		return err
	}
	return eraseAuthors(ctx, tx, communityID, memberIDs)
}

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
