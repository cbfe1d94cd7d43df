package list

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/message/place"
)

// scope is the part of the messages of a community that a filter means and an actor
// can see.
type scope struct {
	memberID string            // of the actor; "": a key
	authorID string            // "": all
	topicID  string            // "": all
	all      []string          // channels in which the actor sees all messages
	own      []string          // channels in which they see those of whisperers and their own
	names    map[string]string // of the channels
	exact    bool              // one channel, all of it
}

func (l *Lists) scope(ctx context.Context, caller actor.Actor, communityID string, f Filter) (scope, error) {
	var places []place.Place
	if f.ChannelID != "" {
		p, err := place.Of(ctx, l.m.DB, l.m.Access, caller, communityID, f.ChannelID, f.User)
		if err != nil {
			return scope{}, err
		}
		if p.Conversation != nil && p.ByKey {
			f.User = ""
		}
		places = append(places, p)
	} else {
		subject, err := l.m.Access.ChannelActorOf(ctx, l.m.DB, caller, communityID)
		if err != nil {
			return scope{}, err
		}
		if places, err = l.visiblePlaces(ctx, caller, communityID, subject); err != nil {
			return scope{}, err
		}
	}
	s := newScope(places)
	if f.TopicID != "" {
		s.topicID, s.exact = f.TopicID, false
	}
	if f.User != "" {
		author, err := directory.Load(ctx, l.m.DB, communityID, f.User, member.AnyState...)
		if err != nil {
			return scope{}, err
		}
		s.authorID, s.exact = author.ID, false
	}
	return s, nil
}

func (l *Lists) visiblePlaces(ctx context.Context, caller actor.Actor, communityID string, subject access.ChannelActor) ([]place.Place, error) {
	channels, err := chat.All(ctx, l.m.DB, communityID)
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
