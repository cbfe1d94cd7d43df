package message

import (
	"context"
	"strings"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/message/cursor"
	"github.com/regulars/regulars/internal/message/place"
	"github.com/regulars/regulars/internal/message/search"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/words"
)

// Filter selects messages. At most one of Before and After is set.
type Filter struct {
	ChannelID string   // "": all visible channels, no conversations
	User      string   // reference of the author; "": all
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
	Messages []View
	Total    int64 // of all that match, without Before and After
	Capped   bool  // there are more
}

// List returns a part of the messages that the actor can see. It fails as
// access.Can does for getMessages, with NotFound "channel_not_found" or
// "user_not_found".
func (m *Messages) List(ctx context.Context, caller actor.Actor, communityID string, f Filter) (Page, error) {
	if err := m.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return Page{}, err
	}
	s, err := m.scope(ctx, caller, communityID, f)
	if err != nil {
		return Page{}, err
	}
	list, err := selectMessages(ctx, m.DB, communityID, s, f)
	if err != nil {
		return Page{}, err
	}
	p := Page{}
	if p.Total, p.Capped, err = countMessages(ctx, m.DB, communityID, s); err != nil {
		return Page{}, err
	}
	p.Messages, err = m.seen(ctx, caller, communityID, s, list)
	return p, err
}

// seen returns messages of a scope as the actor sees them.
func (m *Messages) seen(ctx context.Context, caller actor.Actor, communityID string, s scope, list []Message) ([]View, error) {
	r, err := m.ReaderOf(ctx, caller, communityID, s.memberID)
	if err != nil {
		return nil, err
	}
	return m.Views(ctx, m.DB, communityID, r, s.names, list)
}

// Replies returns a part of the replies to a message, the oldest first, and the
// cursor of the next part; "" at the end. It fails with NotFound "message_not_found"
// or Invalid "invalid_cursor".
func (m *Messages) Replies(ctx context.Context, caller actor.Actor, communityID, messageID, from string, limit int) ([]View, string, error) {
	if err := m.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return nil, "", err
	}
	one, p, err := m.Find(ctx, m.DB, caller, communityID, messageID)
	if err != nil {
		return nil, "", err
	}
	cursors := cursor.Of("replies", one.ID)
	after, err := cursors.Parse(from, 1)
	if err != nil {
		return nil, "", err
	}
	s := newScope([]place.Place{p})
	list, err := selectReplies(ctx, m.DB, communityID, s, one.ID, strings.Join(after, ""), limit+1)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(list) > limit {
		list, next = list[:limit], cursors.After(list[limit-1].ID)
	}
	found, err := m.seen(ctx, caller, communityID, s, list)
	return found, next, err
}

// Get returns a message that the actor can see. It fails with NotFound
// "message_not_found".
func (m *Messages) Get(ctx context.Context, caller actor.Actor, communityID, messageID string) (View, error) {
	if err := m.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return View{}, err
	}
	one, p, err := m.Find(ctx, m.DB, caller, communityID, messageID)
	if err != nil {
		return View{}, err
	}
	r, err := m.ReaderOf(ctx, caller, communityID, p.Subject.MemberID)
	if err != nil {
		return View{}, err
	}
	return m.view(ctx, m.DB, communityID, r, p, one)
}

// Find returns a visible message with its channel, as the actor sees it. It fails
// with NotFound "message_not_found".
func (m *Messages) Find(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID, messageID string) (Message, place.Place, error) {
	one, err := load(ctx, q, communityID, messageID)
	if err != nil {
		return one, place.Place{}, err
	}
	p, err := place.Of(ctx, q, m.Access, caller, communityID, one.ChannelID)
	if errs.KindOf(err) == errs.NotFound || err == nil && !(one.Visible() && p.Sees(one.Hushed, one.AuthorID)) {
		err = errs.Missing("message")
	}
	return one, p, err
}

// ByID returns messages of any channel by their ids, deleted ones without their content.
// The caller has checked that the actor may read them.
func (m *Messages) ByID(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID string, ids []string) (map[string]View, error) {
	list, err := selectByID(ctx, q, communityID, ids)
	if err != nil {
		return nil, err
	}
	channels, err := chat.All(ctx, q, communityID)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, one := range channels {
		names[one.ID] = one.Topic
	}
	r, err := m.ReaderOf(ctx, caller, communityID, "")
	if err != nil {
		return nil, err
	}
	views, err := m.Views(ctx, q, communityID, r, names, list)
	found := make(map[string]View, len(views))
	for _, one := range views {
		found[one.ID] = one
	}
	return found, err
}

// scope is the part of the messages of a community that a filter means and an actor
// can see.
type scope struct {
	memberID string            // of the actor; "": a key
	authorID string            // "": all
	all      []string          // channels in which the actor sees all messages
	own      []string          // channels in which they see those of whisperers and their own
	names    map[string]string // of the channels
	exact    bool              // one channel, all of it
}

func (m *Messages) scope(ctx context.Context, caller actor.Actor, communityID string, f Filter) (scope, error) {
	var places []place.Place
	if f.ChannelID != "" {
		p, err := place.Of(ctx, m.DB, m.Access, caller, communityID, f.ChannelID)
		if err != nil {
			return scope{}, err
		}
		places = append(places, p)
	} else {
		subject, err := m.Access.ChannelActorOf(ctx, m.DB, caller, communityID)
		if err != nil {
			return scope{}, err
		}
		if places, err = m.visiblePlaces(ctx, caller, communityID, subject); err != nil {
			return scope{}, err
		}
	}
	s := newScope(places)
	if f.User != "" {
		author, err := directory.Load(ctx, m.DB, communityID, f.User, member.AnyState...)
		if err != nil {
			return scope{}, err
		}
		s.authorID, s.exact = author.ID, false
	}
	return s, nil
}

func (m *Messages) visiblePlaces(ctx context.Context, caller actor.Actor, communityID string, subject access.ChannelActor) ([]place.Place, error) {
	channels, err := chat.All(ctx, m.DB, communityID)
	if err != nil {
		return nil, err
	}
	var places []place.Place
	for _, c := range channels {
		if c.Type != chat.Direct && c.SeenBy(subject) {
			places = append(places, place.Place{Channel: c, Subject: subject, ByKey: place.IsKey(caller)})
		}
	}
	return places, nil
}

func newScope(places []place.Place) scope {
	s := scope{names: map[string]string{}}
	for _, p := range places {
		s.memberID, s.names[p.Channel.ID] = p.Subject.MemberID, p.Channel.Topic
		if p.SeesAll() {
			s.all = append(s.all, p.Channel.ID)
		} else {
			s.own = append(s.own, p.Channel.ID)
		}
	}
	s.exact = len(places) == 1 && len(s.all) == 1
	return s
}

// Place returns a channel as the actor sees it. It fails as access.Can does for
// getMessages, or with NotFound "channel_not_found".
func (m *Messages) Place(ctx context.Context, caller actor.Actor, communityID, channelID string) (place.Place, error) {
	if err := m.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return place.Place{}, err
	}
	return place.Of(ctx, m.DB, m.Access, caller, communityID, channelID)
}

// Hit is a message that a search found.
type Hit struct {
	View
	Highlight []words.Span `json:"highlight" nullable:"false" doc:"The places of message that match, in UTF-16 units."`
}

// Search returns messages that match, newest first, and the cursor of the next page, ""
// at the end. It fails as List does, or with Invalid "invalid_input" or "invalid_cursor".
func (m *Messages) Search(ctx context.Context, caller actor.Actor, communityID string, f search.Filter) (hits []Hit, next string, err error) {
	if err := m.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return nil, "", err
	}
	q, err := words.ParseQuery(f.Query)
	if err != nil {
		return nil, "", err
	}
	in, err := m.scope(ctx, caller, communityID, Filter{ChannelID: f.ChannelID, User: f.User})
	if err != nil {
		return nil, "", err
	}
	cursors := cursor.Of("search", f.Digest())
	after, err := cursors.Parse(f.Cursor, 1)
	if err != nil {
		return nil, "", err
	}
	r := f.Range(communityID, strings.Join(after, ""))
	found, err := find(ctx, m.DB, finding{in, f.Has, r, q}, f.Limit+1)
	if err != nil {
		return nil, "", err
	}
	if len(found) > f.Limit {
		found, next = found[:f.Limit], cursors.After(found[f.Limit-1].ID)
	}
	views, err := m.seen(ctx, caller, communityID, in, found)
	hits = make([]Hit, len(views))
	for i := range views {
		hits[i] = Hit{views[i], orEmpty(q.Highlights(views[i].Text))}
	}
	return hits, next, err
}

// searched returns the text that search finds.
func (m *Message) searched() search.Text {
	return search.Text{MessageID: m.ID, ChannelID: m.ChannelID, Text: m.Text}
}
