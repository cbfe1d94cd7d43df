// Package list selects the messages that a reader sees: of channels, by search, replies
// and pinned ones.
package list

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/cursor"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/place"
)

// Lists read the messages of all communities. It is safe for concurrent use.
type Lists struct{ m *message.Messages }

// New returns the Lists of a database.
func New(m *message.Messages) *Lists { return &Lists{m} }

// Filter selects messages. At most one of Before and After is set.
type Filter struct {
	ChannelID string   // "": all visible channels, no conversations
	TopicID   string   // of the forum ChannelID; "": all
	User      string   // reference of the author; "": all. For a key in a conversation: the participant that reads
	Before    Position // the newest messages before it
	After     Position // the messages directly after it
	Count     int      // 1 to 200
}

// Position is between messages: beside a message, or at an instant.
type Position struct {
	MessageID string // "": none
	At        int64  // Unix milliseconds; 0: none
}

// Set reports whether the position was given.
func (p Position) Set() bool { return p != Position{} }

// maxTotal is the number up to which messages are counted, except those of a
// channel.
const maxTotal = 10_000

// Page is a part of the messages of a filter, newest first.
type Page struct {
	Messages []message.View
	Total    int64 // of all that match, without Before and After
	Capped   bool  // there are more
}

// List returns a part of the messages that the actor can see. It fails as
// access.Can does for getMessages, with NotFound "channel_not_found" or
// "user_not_found".
func (l *Lists) List(ctx context.Context, caller actor.Actor, communityID string, f Filter) (Page, error) {
	if err := l.m.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return Page{}, err
	}
	s, err := l.scope(ctx, caller, communityID, f)
	if err != nil {
		return Page{}, err
	}
	list, err := selectMessages(ctx, l.m.DB, communityID, s, f)
	if err != nil {
		return Page{}, err
	}
	p := Page{}
	if p.Total, p.Capped, err = countMessages(ctx, l.m.DB, communityID, s); err != nil {
		return Page{}, err
	}
	p.Messages, err = l.seen(ctx, caller, communityID, s, list)
	return p, err
}

// seen returns messages of a scope as the actor sees them.
func (l *Lists) seen(ctx context.Context, caller actor.Actor, communityID string, s scope, list []message.Message) ([]message.View, error) {
	r, err := l.m.ReaderOf(ctx, caller, communityID, s.memberID)
	if err != nil {
		return nil, err
	}
	return l.m.Views(ctx, l.m.DB, communityID, r, s.names, list)
}

// Replies returns a part of the replies to a message, the oldest first, and the
// cursor of the next part; "" at the end. It fails with NotFound "message_not_found"
// or Invalid "invalid_cursor".
func (l *Lists) Replies(ctx context.Context, caller actor.Actor, communityID, messageID, participant, from string, limit int) ([]message.View, string, error) {
	if err := l.m.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return nil, "", err
	}
	one, p, err := l.m.Find(ctx, l.m.DB, caller, communityID, messageID, participant)
	if err != nil {
		return nil, "", err
	}
	cursors := cursor.Of("replies", one.ID)
	after, err := cursors.ParseID(from, "")
	if err != nil {
		return nil, "", err
	}
	s := newScope([]place.Place{p})
	list, err := selectReplies(ctx, l.m.DB, communityID, s, one.ID, after, limit+1)
	if err != nil {
		return nil, "", err
	}
	list, next := cursor.Page(cursors, list, limit, func(m *message.Message) string { return m.ID })
	found, err := l.seen(ctx, caller, communityID, s, list)
	return found, next, err
}

// Get returns a message that the actor can see. It fails with NotFound
// "message_not_found".
func (l *Lists) Get(ctx context.Context, caller actor.Actor, communityID, messageID, participant string) (message.View, error) {
	if err := l.m.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return message.View{}, err
	}
	one, p, err := l.m.Find(ctx, l.m.DB, caller, communityID, messageID, participant)
	if err != nil {
		return message.View{}, err
	}
	r, err := l.m.ReaderOf(ctx, caller, communityID, p.Subject.MemberID)
	if err != nil {
		return message.View{}, err
	}
	return l.m.View(ctx, l.m.DB, communityID, r, p, one)
}

// Pins returns the pinned messages of a channel that the actor sees, the last pinned
// first. It fails with NotFound "channel_not_found".
func (l *Lists) Pins(ctx context.Context, caller actor.Actor, communityID, channelID string) ([]message.View, error) {
	if err := l.m.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return nil, err
	}
	s, err := l.scope(ctx, caller, communityID, Filter{ChannelID: channelID})
	if err != nil {
		return nil, err
	}
	list, err := selectPins(ctx, l.m.DB, communityID, s)
	if err != nil {
		return nil, err
	}
	return l.seen(ctx, caller, communityID, s, list)
}
