package message

import (
	"context"
	"encoding/json"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/block"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
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
		Live:         m.live(),
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

// live delivers the events of messages to the viewers of their channels.
func (m *Messages) live() []feature.Live {
	blocking := func(ctx context.Context, communityID, memberID string) ([]string, error) {
		return block.Blocking(ctx, m.DB, communityID, memberID)
	}
	return []feature.Live{{Prefix: "message.", Render: m.render, Blocking: blocking}, {Prefix: "reaction.", Render: m.render}}
}

// render returns the data of an event for an audience, with the message as it is now.
// visible is false for a message that is deleted meanwhile, or for whisperers only.
func (m *Messages) render(ctx context.Context, e event.Event, a feature.Audience) (data json.RawMessage, visible bool, err error) {
	var in struct {
		Message *struct {
			ID    string  `json:"id"`
			Nonce *string `json:"nonce"`
		} `json:"message"`
		MessageID string `json:"messageId"`
	}
	if err := json.Unmarshal(e.Data, &in); err != nil {
		return nil, false, err
	}
	if in.Message != nil {
		in.MessageID = in.Message.ID
	}
	one, err := load(ctx, m.DB, e.CommunityID, in.MessageID)
	if errs.KindOf(err) == errs.NotFound || err == nil && one.Hushed && !a.Author && !a.Whispers && !a.Moderates {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if in.Message == nil {
		return withoutEmail(e.Data, a)
	}
	seen, visible, err := m.rendered(ctx, e, a, one)
	if err != nil || !visible {
		return nil, false, err
	}
	if a.Author {
		seen.Nonce = in.Message.Nonce
	}
	data, err = json.Marshal(EventMessage{seen})
	return data, err == nil, err
}

// rendered returns a message as an audience sees it.
func (m *Messages) rendered(ctx context.Context, e event.Event, a feature.Audience, one Message) (v View, visible bool, err error) {
	in, err := chat.Load(ctx, m.DB, e.CommunityID, one.ChannelID)
	if errs.KindOf(err) == errs.NotFound || !one.Visible() {
		return v, false, nil
	}
	if err != nil {
		return v, false, err
	}
	r := Reader{SeesEmail: a.SeesEmail}
	if a.Author {
		r.MemberID = e.UserID
	}
	if a.Hidden {
		r.blocked = []string{one.AuthorID}
	}
	views, err := m.Views(ctx, m.DB, e.CommunityID, r, map[string]string{one.ChannelID: in.Topic}, []Message{one})
	if err != nil {
		return v, false, err
	}
	return views[0], true, nil
}

// withoutEmail returns the data of an event about a member for an audience.
func withoutEmail(data json.RawMessage, a feature.Audience) (json.RawMessage, bool, error) {
	var in map[string]any
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, false, err
	}
	if user, ok := in["user"].(map[string]any); ok && !a.Author && !a.SeesEmail {
		delete(user, "email")
	}
	data, err := json.Marshal(in)
	return data, err == nil, err
}
