// Package readstate stores how far members have read the channels of communities, and
// their preferences for them. It derives the numbers of unread messages and mentions from
// the messages: an edit, a deletion or a move needs no correction here.
package readstate

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/block"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/direct"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/place"
	"github.com/regulars/regulars/internal/sqldb"
)

// MaxCount is the number up to which messages of a channel are counted.
const MaxCount = 1000

// State is the read state and the preferences of a member in a channel.
type State struct {
	Preferences
	Unread        int64  // visible messages of others after the marker, up to MaxCount
	Mentions      int64  // those of them that mention the member, up to MaxCount
	Capped        bool   // a count is higher
	LastMessageID string // the newest visible message; "": none
	LastReadID    string // the last message that the member has read; "": none
}

// Deps are the parts that ReadStates uses.
type Deps struct {
	DB       *sqldb.DB
	Clock    clock.Clock
	Access   *access.Access
	Messages *message.Messages
}

// ReadStates are the markers and preferences of all communities. It is safe for
// concurrent use.
type ReadStates struct {
	d      Deps
	typing *typing
}

// New returns the ReadStates of a database.
func New(d Deps) *ReadStates { return &ReadStates{d, newTyping()} }

// Of returns the states of channels that the actor can see, by channel. It is nil if
// the actor is not a member, such as a key of the community. It fails as access.Can does.
func (r *ReadStates) Of(ctx context.Context, caller actor.Actor, communityID string, channels []chat.Channel) (map[string]State, error) {
	if err := r.d.Access.Can(ctx, caller, communityID, permission.AnyMember); err != nil {
		return nil, err
	}
	if caller.RequirePerson() != nil {
		return nil, nil
	}
	self, err := r.d.Access.MembershipOf(ctx, r.d.DB, caller, communityID)
	if err != nil || !self.Member {
		return nil, err
	}
	subject, err := r.d.Access.ChannelActorOf(ctx, r.d.DB, caller, communityID)
	if err != nil {
		return nil, err
	}
	who, err := newReader(ctx, r.d.DB, communityID, self.MemberID, self.JoinedAt, subject)
	if err != nil {
		return nil, err
	}
	for _, c := range channels {
		who.add(place.Place{Channel: c, Subject: subject})
	}
	return selectStates(ctx, r.d.DB, communityID, who)
}

// OfConversations returns the states of conversations of a member, by conversation. The
// caller has checked that the actor may list the conversations of the member; one that is
// not theirs is left out.
func (r *ReadStates) OfConversations(ctx context.Context, caller actor.Actor, communityID, user string, list []direct.Conversation) (map[string]State, error) {
	if err := r.d.Access.CanAny(ctx, caller, communityID, permission.GetMessages, permission.SendMessage); err != nil {
		return nil, err
	}
	self, err := place.Author(ctx, r.d.DB, caller, communityID, user)
	if err != nil {
		return nil, err
	}
	subject, err := r.d.Access.ChannelActorOfMember(ctx, r.d.DB, communityID, self.ID)
	if err != nil {
		return nil, err
	}
	who, err := newReader(ctx, r.d.DB, communityID, self.ID, self.JoinedAt, subject)
	if err != nil {
		return nil, err
	}
	for _, one := range list {
		if one.Includes(self.ID) {
			who.channels = append(who.channels, one.ID)
		}
	}
	return selectStates(ctx, r.d.DB, communityID, who)
}

// Read moves the marker of the actor to a message, with force also back. It fails with
// Forbidden "person_required", or NotFound "channel_not_found" or "message_not_found".
func (r *ReadStates) Read(ctx context.Context, caller actor.Actor, communityID, channelID, messageID string, force bool) (s State, err error) {
	err = r.atMessage(ctx, caller, communityID, channelID, messageID, func(tx *sqldb.Tx, who reader) error {
		if force || messageID > who.baseline {
			if err := setMarker(ctx, tx, communityID, who.memberID, channelID, messageID, force); err != nil {
				return err
			}
		}
		states, err := selectStates(ctx, tx, communityID, who)
		s = states[channelID]
		return err
	})
	return s, err
}

// MarkUnread moves the marker of the actor before a message, which is unread then with
// those after it. It fails as Read does.
func (r *ReadStates) MarkUnread(ctx context.Context, caller actor.Actor, communityID, channelID, messageID string) error {
	return r.atMessage(ctx, caller, communityID, channelID, messageID, func(tx *sqldb.Tx, who reader) error {
		return setMarkerBefore(ctx, tx, communityID, who.memberID, channelID, messageID)
	})
}

// atMessage is inChannel for a message of the channel that the actor sees.
func (r *ReadStates) atMessage(ctx context.Context, caller actor.Actor, communityID, channelID, messageID string, f func(*sqldb.Tx, reader) error) error {
	return r.inChannel(ctx, caller, communityID, channelID, func(tx *sqldb.Tx, who reader) error {
		read, _, err := r.d.Messages.Find(ctx, tx, caller, communityID, messageID, "")
		if err == nil && read.ChannelID != channelID {
			err = errs.Missing("message")
		}
		if err != nil {
			return err
		}
		return f(tx, who)
	})
}

// MoveOwn moves the marker of the author to a message that was posted. It is a
// message.Hook.
func MoveOwn(ctx context.Context, tx *sqldb.Tx, communityID string, posted *message.Message) error {
	if posted.AuthorID == "" {
		return nil
	}
	return setMarker(ctx, tx, communityID, posted.AuthorID, posted.ChannelID, posted.ID, false)
}

// inChannel runs a transaction for the member of the actor in a channel that they see.
func (r *ReadStates) inChannel(ctx context.Context, caller actor.Actor, communityID, channelID string, f func(*sqldb.Tx, reader) error) error {
	if err := r.requireMember(ctx, caller, communityID); err != nil {
		return err
	}
	return r.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		p, err := place.Of(ctx, tx, r.d.Access, caller, communityID, channelID, "")
		if err != nil {
			return err
		}
		self, err := directory.Self(ctx, tx, caller, communityID)
		if err != nil {
			return err
		}
		who, err := newReader(ctx, tx, communityID, self.ID, self.JoinedAt, p.Subject)
		if err != nil {
			return err
		}
		who.add(p)
		return f(tx, who)
	})
}

func (r *ReadStates) requireMember(ctx context.Context, caller actor.Actor, communityID string) error {
	if err := caller.RequirePerson(); err != nil {
		return err
	}
	return r.d.Access.Can(ctx, caller, communityID, permission.GetMessages)
}

// reader is a member with the channels to read the state of.
type reader struct {
	memberID string
	baseline string   // position of the marker where there is none: after the time of joining
	targets  []string // of mentions that concern the member
	blocked  []string // authors; their messages do not count
	channels []string
	whole    []string // whisper channels of which the member sees all messages
}

func newReader(ctx context.Context, q sqldb.Querier, communityID, memberID string, joinedAt int64, subject access.ChannelActor) (reader, error) {
	who := reader{memberID: memberID, baseline: id.First(joinedAt + 1), targets: []string{memberID, message.Everyone}}
	for _, role := range subject.Roles {
		who.targets = append(who.targets, role.ID)
	}
	var err error
	who.blocked, err = block.BlockedBy(ctx, q, communityID, memberID)
	return who, err
}

func (who *reader) add(p place.Place) {
	who.channels = append(who.channels, p.Channel.ID)
	if p.Channel.Type == chat.Whisper && p.SeesAll() {
		who.whole = append(who.whole, p.Channel.ID)
	}
}
