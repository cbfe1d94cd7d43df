package chat

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Type is the kind of a channel, by its name on the wire.
type Type string

// The kinds of channels.
const (
	Open         Type = "open" // of text
	Announcement Type = "announcement"
	Whisper      Type = "whisper"
	Forum        Type = "forum"  // holds topics
	Direct       Type = "direct" // of few people: made private
	Iframe       Type = "iframe" // shows a page of an allowed origin
)

var types = []Type{Open, Announcement, Whisper, Forum, Direct, Iframe}

// Types returns the kinds of channels.
func Types() []Type { return slices.Clone(types) }

// Channel is a channel of a community.
type Channel struct {
	ID          string
	Topic       string
	Type        Type
	Description string
	CategoryID  string // "": in none
	URL         string // of an iframe channel
	Position    int    // among the channels of its category, from 0 up; there may be gaps
	Private     bool   // the override of @all hides it
	Overrides   []access.Override
	CreatedAt   int64 // Unix milliseconds
	UpdatedAt   int64 // Unix milliseconds
}

// Limits of what a community may have.
const (
	maxChannels    = 500
	maxCategories  = 100
	maxTopic       = 100
	maxDescription = 500
)

// Input is what a new channel is made from.
type Input struct {
	Topic       string // 1 to 100 characters
	Type        Type   // "": Open
	Description string // at most 500 characters
	CategoryID  string // "": in none
	Private     bool
	URL         string // of an iframe channel only
}

// normalise brings the input into the form in which it is kept, and names
// every wrong field.
func (in *Input) normalise(home community.Community) error {
	var wrong []errs.Field
	check := func(ok bool, field, code, format string, args ...any) {
		if !ok {
			wrong = append(wrong, errs.Wrong(field, code, format, args...))
		}
	}
	topic, named := text.Line(in.Topic, maxTopic)
	description, described := text.Line(in.Description, maxDescription)
	in.Topic, in.Description = topic, description
	if in.Type == "" {
		in.Type = Open
	}
	check(named && topic != "", "topic", "invalid", "A topic has 1 to 100 characters, none of them a control character.")
	check(described, "description", "invalid", "A description has at most 500 characters, none of them a control character.")
	check(slices.Contains(types, in.Type), "channelType", "unknown_type", "A channel is open, announcement, whisper, forum, direct or iframe.")
	if in.Type != Iframe {
		check(in.URL == "", "url", "not_taken", "Only an iframe channel has a url.")
		return errs.InvalidFields(wrong)
	}
	origin, ok := community.FrameOrigin(in.URL)
	check(ok, "url", "invalid", "An iframe channel has the https address of a page, without a user name or password in it.")
	check(!ok || slices.Contains(home.Settings.AllowedFrameOrigins, origin), "url", "origin_not_allowed",
		"Pages of %s may not be shown here. Add it to the community's setting allowedFrameOrigins first.", origin)
	return errs.InvalidFields(wrong)
}

// Channels returns the channels that the actor sees, those in no category
// first, then category by category, each in its order.
func (c *Chat) Channels(ctx context.Context, actor actor.Actor, communityID string) ([]Channel, error) {
	subject, err := c.auth.ChannelActorOf(ctx, c.db, actor, communityID)
	if err != nil {
		return nil, err
	}
	return c.SeenBy(ctx, subject, communityID)
}

// SeenBy returns the channels that somebody sees, in the order of Channels.
func (c *Chat) SeenBy(ctx context.Context, subject access.ChannelActor, communityID string) ([]Channel, error) {
	all, err := channelsOf(ctx, c.db, communityID)
	return slices.DeleteFunc(all, func(ch Channel) bool { return !ch.SeenBy(subject) }), err
}

// SeenBy reports whether somebody sees the channel at all.
func (ch Channel) SeenBy(subject access.ChannelActor) bool {
	return subject.Resolve(ch.ID, ch.Overrides, access.ViewMessageHistory).Allowed
}

// Channel returns a channel that the actor sees. It fails with NotFound
// "channel_not_found", for one that is hidden from them as for one that is not
// there.
func (c *Chat) Channel(ctx context.Context, actor actor.Actor, communityID, channelID string) (Channel, error) {
	return c.channel(ctx, c.db, actor, communityID, channelID)
}

func (c *Chat) channel(ctx context.Context, q sqldb.Querier, actor actor.Actor, communityID, channelID string) (Channel, error) {
	found, err := channelByID(ctx, q, communityID, channelID)
	if err != nil {
		return found, err
	}
	subject, err := c.auth.ChannelActorOf(ctx, q, actor, communityID)
	if err == nil && !found.SeenBy(subject) {
		err = errs.New(errs.NotFound, "channel_not_found", "There is no such channel.")
	}
	return found, err
}

// Frame returns the address that an iframe channel shows and its origin. It
// fails with Conflict "not_a_frame" for another channel, and "origin_not_allowed"
// when the community allows that origin no more.
func (c *Chat) Frame(ctx context.Context, communityID string, ch Channel) (address, origin string, err error) {
	home, err := community.Load(ctx, c.db, communityID)
	if err != nil {
		return "", "", err
	}
	origin, ok := community.FrameOrigin(ch.URL)
	if ch.Type != Iframe || !ok {
		return "", "", errs.New(errs.Conflict, "not_a_frame", "This channel shows no page.")
	}
	if !slices.Contains(home.Settings.AllowedFrameOrigins, origin) {
		return "", "", errs.New(errs.Conflict, "origin_not_allowed", "Pages of %s may not be shown here any more. Whoever manages the settings can allow it again.", origin)
	}
	return ch.URL, origin, nil
}
