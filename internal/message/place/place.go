// Package place decides what an actor may see and do in a channel, and in whose name
// it writes there.
package place

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Place is a channel as an actor sees it.
type Place struct {
	Channel chat.Channel
	Subject access.ChannelActor
	ByKey   bool // the actor is a key of the community or the command line, whose own permission decides
}

// Of returns a channel that the actor can see. It fails with NotFound
// "channel_not_found".
func Of(ctx context.Context, q sqldb.Querier, a *access.Access, caller actor.Actor, communityID, channelID string) (Place, error) {
	found, err := chat.Load(ctx, q, communityID, channelID)
	if errs.KindOf(err) == errs.NotFound {
		return Place{}, errs.Missing("channel")
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

// IsKey reports whether the actor names the members for whom it acts.
func IsKey(caller actor.Actor) bool {
	return caller.Kind == actor.CommunityKey || caller.Kind == actor.Command
}

// Allows reports whether the actor has a channel permission here.
func (p Place) Allows(name string) bool {
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

// Counted reports whether messages and reactions here count for the figures of
// members: those of conversations do not.
func (p Place) Counted() bool { return p.Channel.Type != chat.Direct }

// WithoutActor returns a channel for a change that the rights in it do not limit.
func WithoutActor(ctx context.Context, q sqldb.Querier, communityID, channelID string) (Place, error) {
	found, err := chat.Load(ctx, q, communityID, channelID)
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
