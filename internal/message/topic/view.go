package topic

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/place"
	"github.com/regulars/regulars/internal/sqldb"
)

// Topic is a topic as a reader sees it, on the wire.
type Topic struct {
	ID            string         `json:"topicId" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	ChannelID     string         `json:"channelId"`
	Title         string         `json:"title"`
	User          message.Author `json:"user"`
	MessageCount  int64          `json:"messageCount" doc:"Messages and replies."`
	LastMessageAt string         `json:"lastMessageAt" format:"date-time"`
	Pinned        bool           `json:"pinned"`
	Locked        bool           `json:"locked" doc:"Only those who manage messages post in it."`
	Tags          []string       `json:"tags" nullable:"false"`
	Version       int64          `json:"version" doc:"Incremented by each update, from 1."`
	CreatedAt     string         `json:"createdAt" format:"date-time"`
}

// same reports whether an update changes nothing.
func (t stored) same(other stored) bool {
	return t.Title == other.Title && t.Pinned == other.Pinned && t.Locked == other.Locked && t.ChannelID == other.ChannelID && slices.Equal(t.Tags, other.Tags)
}

// seen returns a topic as the actor sees it.
func (t *Topics) seen(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID string, one stored) (Topic, error) {
	p, err := place.Of(ctx, q, t.m.Access, caller, communityID, one.ChannelID, "")
	if err != nil {
		return Topic{}, err
	}
	r, err := t.m.ReaderOf(ctx, caller, communityID, p.Subject.MemberID)
	if err != nil {
		return Topic{}, err
	}
	views, err := t.views(ctx, q, communityID, r, []stored{one})
	if err != nil {
		return Topic{}, err
	}
	return views[0], nil
}

func (t *Topics) views(ctx context.Context, q sqldb.Querier, communityID string, r message.Reader, list []stored) ([]Topic, error) {
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].AuthorID
	}
	authors, err := t.m.Authors(ctx, q, communityID, r, ids)
	if err != nil {
		return nil, err
	}
	views := make([]Topic, len(list))
	for i, one := range list {
		views[i] = Topic{
			ID: one.ID, ChannelID: one.ChannelID, Title: one.Title, User: authors[one.AuthorID], MessageCount: one.Messages, LastMessageAt: clock.Format(one.LastMessageAt),
			Pinned: one.Pinned, Locked: one.Locked, Tags: one.Tags, Version: one.Version, CreatedAt: clock.Format(one.CreatedAt),
		}
	}
	return views, nil
}

// Types of events.
const (
	EventCreated = "topic.created"
	EventUpdated = "topic.updated"
	EventDeleted = "topic.deleted"
)

var events = []event.Type{
	{Name: EventCreated, Member: "the author", Data: EventTopic{}, Description: "A topic of a forum was created, with its first message."},
	{Name: EventUpdated, Member: "the author", Data: EventTopic{}, Description: "A topic was renamed, tagged, pinned, locked or moved."},
	{Name: EventDeleted, Member: "the author", Data: EventTopicRemoval{}, Description: "A topic was deleted with its messages, which have no events of their own."},
}

// EventTopic is the data of EventCreated and EventUpdated.
type EventTopic struct {
	Topic Topic `json:"topic"`
}

// EventTopicRemoval is the data of EventDeleted.
type EventTopicRemoval struct {
	TopicID   string `json:"topicId"`
	ChannelID string `json:"channelId"`
}

// append appends an event with a topic as its author sees it.
func (t *Topics) append(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID, kind string, about stored) error {
	at := t.m.Clock.MS()
	if kind == EventCreated {
		at = about.CreatedAt // before that of its first message
	}
	views, err := t.views(ctx, tx, communityID, message.Reader{MemberID: about.AuthorID}, []stored{about})
	if err != nil {
		return err
	}
	e := event.Event{CommunityID: communityID, Type: kind, UserID: about.AuthorID, Actor: caller.Ref()}
	return event.Append(ctx, tx, at, e, EventTopic{views[0]})
}
