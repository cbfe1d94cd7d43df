// Package place decides what an actor may see and do in a channel, and in whose name
// it writes there.
package place

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/direct"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/sqldb"
)

// Place is a channel as an actor sees it.
type Place struct {
	Channel chat.Channel // of a conversation: its id and type
	// Conversation is nil for a channel.
	Conversation *direct.Conversation
	Subject      access.ChannelActor
	ByKey        bool // the actor is a key of the community or the command line, whose own permission decides
}

// Of returns a channel or a conversation that the actor can see. A key of the community
// sees conversations of the member that it names in participant, a reference as in
// directory.Find. It fails with NotFound "channel_not_found".
func Of(ctx context.Context, q sqldb.Querier, a *access.Access, caller actor.Actor, communityID, channelID, participant string) (Place, error) {
	found, err := chat.Load(ctx, q, communityID, channelID)
	if errs.KindOf(err) == errs.NotFound {
		return ofConversation(ctx, q, a, caller, communityID, channelID, participant)
	}
	if err != nil {
		return Place{}, err
	}
	subject, err := a.ChannelActorOf(ctx, q, caller, communityID)
	if err != nil {
		return Place{}, err
	}
	p := Place{Channel: found, Subject: subject, ByKey: IsKey(caller)}
	if !found.SeenBy(subject) {
		return Place{}, errs.Missing("channel")
	}
	return p, nil
}

// conversation returns a conversation as a participant sees it.
func conversation(in direct.Conversation, subject access.ChannelActor, byKey bool) Place {
	return Place{Channel: chat.Channel{ID: in.ID, Type: chat.Direct}, Conversation: &in, Subject: subject, ByKey: byKey}
}

// ofConversation is Of for a conversation.
func ofConversation(ctx context.Context, q sqldb.Querier, a *access.Access, caller actor.Actor, communityID, conversationID, participant string) (Place, error) {
	in, err := direct.Load(ctx, q, communityID, conversationID)
	if err != nil {
		return Place{}, err
	}
	subject, err := participantOf(ctx, q, a, caller, communityID, participant)
	if err != nil {
		return Place{}, err
	}
	closed := subject.FixedRule == access.RuleNotMember || subject.FixedRule == access.RuleSuspended
	if closed || subject.MemberID == "" || !in.Includes(subject.MemberID) || len(subject.Channels) > 0 && !slices.Contains(subject.Channels, in.ID) {
		return Place{}, errs.Missing("channel")
	}
	return conversation(in, subject, IsKey(caller)), nil
}

// participantOf returns the member for whom the actor sees conversations.
func participantOf(ctx context.Context, q sqldb.Querier, a *access.Access, caller actor.Actor, communityID, ref string) (access.ChannelActor, error) {
	if !IsKey(caller) {
		return a.ChannelActorOf(ctx, q, caller, communityID)
	}
	if ref == "" {
		return access.ChannelActor{}, errs.Missing("channel")
	}
	named, err := directory.Load(ctx, q, communityID, ref, member.AnyState...)
	if err != nil {
		return access.ChannelActor{}, err
	}
	return a.ChannelActorOfMember(ctx, q, communityID, named.ID)
}

// IsKey reports whether the actor names the members for whom it acts.
func IsKey(caller actor.Actor) bool {
	return caller.Kind == actor.CommunityKey || caller.Kind == actor.Command
}

// inConversations are the channel permissions of the participants of a conversation.
var inConversations = []string{
	permission.ViewMessageHistory, permission.PostMessages, permission.ShareLinks, permission.AttachFiles, permission.ShareAttachments, permission.AllowMentions, permission.Pinable,
}

// Allows reports whether the actor has a channel permission here.
func (p Place) Allows(name string) bool {
	if p.Conversation != nil {
		return slices.Contains(inConversations, name)
	}
	return p.Subject.Resolve(p.Channel.ID, p.Channel.Overrides, name).Allowed
}

// Require returns Forbidden "missing_permission" without a channel permission.
func (p Place) Require(name string) error {
	if p.Allows(name) {
		return nil
	}
	return permission.LackInChannel(name)
}

// RequirePosting checks that the actor may write here. In an announcement channel
// that takes a role or an override.
func (p Place) RequirePosting() error {
	if p.Conversation != nil {
		return nil
	}
	decision := p.Subject.Resolve(p.Channel.ID, p.Channel.Overrides, permission.PostMessages)
	if !decision.Allowed || p.Channel.Type == chat.Announcement && decision.Rule == access.RuleEveryone {
		return permission.LackInChannel(permission.PostMessages)
	}
	return nil
}

// Whispers reports whether all who see a whisper channel see what the subject
// writes there: a role other than @all, or an override, lets it post.
func Whispers(subject access.ChannelActor, in chat.Channel) bool {
	decision := subject.Resolve(in.ID, in.Overrides, permission.PostMessages)
	return decision.Allowed && decision.Rule != access.RuleEveryone
}

// SeesAll reports whether the actor sees every message here: in a whisper channel
// that takes to be a whisperer, or to manage messages.
func (p Place) SeesAll() bool {
	return p.Channel.Type != chat.Whisper || Whispers(p.Subject, p.Channel) || p.Allows(permission.ManageMessages)
}

// Sees reports whether the actor sees a message of the channel. hushed: it is for
// whisperers only.
func (p Place) Sees(hushed bool, authorID string) bool {
	return !hushed || authorID != "" && authorID == p.Subject.MemberID || p.SeesAll()
}

// Hushed reports whether a message of the actor's member is for whisperers only.
func (p Place) Hushed() bool {
	return p.Channel.Type == chat.Whisper && !p.ByKey && !Whispers(p.Subject, p.Channel)
}

// ConversationID returns the id of a conversation, "" for a channel.
func (p Place) ConversationID() string {
	if p.Conversation == nil {
		return ""
	}
	return p.Conversation.ID
}

// Counted reports whether messages and reactions here count for the figures of
// members: those of conversations do not.
func (p Place) Counted() bool { return p.Channel.Type != chat.Direct }

// WithoutActor returns a channel for a change that the rights in it do not limit.
func WithoutActor(ctx context.Context, q sqldb.Querier, communityID, channelID string) (Place, error) {
	found, err := chat.Load(ctx, q, communityID, channelID)
	if errs.KindOf(err) == errs.NotFound {
		in, err := direct.Load(ctx, q, communityID, channelID)
		return conversation(in, access.ChannelActor{}, true), err
	}
	return Place{Channel: found, ByKey: true}, err
}

// Manages reports whether the actor manages messages here: a person by the channel, a
// key of the community by its permission for channels.
func (p Place) Manages(ctx context.Context, auth *access.Access, caller actor.Actor, communityID string) (bool, error) {
	if !p.ByKey {
		return p.Allows(permission.ManageMessages), nil
	}
	err := auth.Can(ctx, caller, communityID, permission.ManageChannels)
	if errs.KindOf(err) == errs.Forbidden {
		return false, nil
	}
	return err == nil, err
}
