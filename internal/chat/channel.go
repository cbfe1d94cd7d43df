package chat

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/patch"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Type is the kind of a channel, by its name on the wire.
type Type string

// Kinds of channels.
const (
	Open         Type = "open" // text
	Announcement Type = "announcement"
	Whisper      Type = "whisper"
	Forum        Type = "forum"  // has topics
	Direct       Type = "direct" // private, between few members
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
	CategoryID  string // "": none
	URL         string // of an iframe channel
	Position    int    // order in the category, from 0; may have gaps
	Private     bool   // hidden by the override of @all
	Overrides   []access.Override
	SlowMode    int64 // seconds between two messages of a member; 0: off
	Version     int64 // from 1, incremented by each change
	CreatedAt   int64 // Unix milliseconds
	UpdatedAt   int64 // Unix milliseconds

	TradingDiscussions bool // messages pay XP as discussions of trading
}

// MaxSlowMode is the longest SlowMode, in seconds.
const MaxSlowMode = 21_600

// Limits per community, and of texts in characters.
const (
	maxChannels    = 500
	maxCategories  = 100
	maxTopic       = 100
	maxDescription = 500
)

// Input is the data of a new channel.
type Input struct {
	Topic       string // 1 to 100 characters
	Type        Type   // "": Open
	Description string // at most 500 characters
	CategoryID  string // "": none
	Private     bool
	URL         string // iframe channels only
	SlowMode    int64  // at most MaxSlowMode

	TradingDiscussions bool
}

// normalise converts the input to its stored form. It fails with every invalid
// field.
func (in *Input) normalise(parent community.Community) error {
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
	check(in.SlowMode >= 0 && in.SlowMode <= MaxSlowMode, "slowMode", "invalid", "Slow mode is 0 (off) to %d seconds.", MaxSlowMode)
	if in.Type != Iframe {
		check(in.URL == "", "url", "not_taken", "Only an iframe channel has a url.")
		return errs.InvalidFields(wrong)
	}
	origin, ok := community.FrameOrigin(in.URL)
	check(ok, "url", "invalid", "An iframe channel has the https address of a page, without a user name or password in it.")
	check(!ok || slices.Contains(parent.Settings.AllowedFrameOrigins, origin), "url", "origin_not_allowed",
		"Pages of %s may not be shown here. Add it to the community's setting allowedFrameOrigins first.", origin)
	return errs.InvalidFields(wrong)
}

// Channels returns the channels visible to the actor: those without a category,
// then category by category, each in order.
func (c *Chat) Channels(ctx context.Context, actor actor.Actor, communityID string) ([]Channel, error) {
	if err := c.access.Can(ctx, actor, communityID, permission.AnyMember); err != nil {
		return nil, err
	}
	subject, err := c.access.ChannelActorOf(ctx, c.db, actor, communityID)
	if err != nil {
		return nil, err
	}
	return c.SeenBy(ctx, subject, communityID)
}

// SeenBy returns the channels visible to the subject, in the order of Channels.
func (c *Chat) SeenBy(ctx context.Context, subject access.ChannelActor, communityID string) ([]Channel, error) {
	all, err := All(ctx, c.db, communityID)
	return slices.DeleteFunc(all, func(ch Channel) bool { return !ch.SeenBy(subject) }), err
}

// SeenBy reports whether the channel is visible to the subject.
func (ch Channel) SeenBy(subject access.ChannelActor) bool {
	return subject.Resolve(ch.ID, ch.Overrides, permission.ViewMessageHistory).Allowed
}

// Channel returns a channel. It fails with NotFound "channel_not_found", also if
// the channel is hidden from the actor.
func (c *Chat) Channel(ctx context.Context, actor actor.Actor, communityID, channelID string) (Channel, error) {
	if err := c.access.Can(ctx, actor, communityID, permission.ViewChannels); err != nil {
		return Channel{}, err
	}
	return c.channel(ctx, c.db, actor, communityID, channelID)
}

func (c *Chat) channel(ctx context.Context, q sqldb.Querier, actor actor.Actor, communityID, channelID string) (Channel, error) {
	subject, err := c.access.ChannelActorOf(ctx, q, actor, communityID)
	if err != nil {
		return Channel{}, err
	}
	found, err := Load(ctx, q, communityID, channelID)
	if err == nil && !found.SeenBy(subject) {
		err = errs.Missing("channel")
	}
	return found, err
}

// Frame returns the address and the origin of the page in an iframe channel. It
// fails with Conflict "not_a_frame" for other channels, or "origin_not_allowed"
// if the community no longer allows the origin.
func (c *Chat) Frame(ctx context.Context, caller actor.Actor, communityID string, ch Channel) (address, origin string, err error) {
	if err := c.access.Can(ctx, caller, communityID, permission.AnyMember); err != nil {
		return "", "", err
	}
	parent, err := community.Load(ctx, c.db, communityID)
	if err != nil {
		return "", "", err
	}
	origin, ok := community.FrameOrigin(ch.URL)
	if ch.Type != Iframe || !ok {
		return "", "", errs.New(errs.Conflict, "not_a_frame", "This channel shows no page.")
	}
	if !slices.Contains(parent.Settings.AllowedFrameOrigins, origin) {
		return "", "", errs.New(errs.Conflict, "origin_not_allowed", "Pages of %s are no longer allowed here. Someone who manages the settings can allow them again.", origin)
	}
	return ch.URL, origin, nil
}

// CreateChannel creates a channel at the end of its category. It fails with the
// errors of Can for Channels, Invalid "invalid_input" with every invalid field,
// NotFound "category_not_found", Conflict "too_many_channels", or, for a private
// channel, Forbidden "missing_permission" if the actor cannot see channels.
func (c *Chat) CreateChannel(ctx context.Context, actor actor.Actor, communityID string, in Input) (Channel, error) {
	now := c.clock.Now()
	created := Channel{ID: id.New(now), Version: 1, CreatedAt: now.UnixMilli(), UpdatedAt: now.UnixMilli()}
	err := c.change(ctx, actor, communityID, func(tx *sqldb.Tx) error {
		parent, err := community.Load(ctx, tx, communityID)
		if err != nil {
			return err
		}
		if err := in.normalise(parent); err != nil {
			return err
		}
		all, err := All(ctx, tx, communityID)
		if err != nil {
			return err
		}
		if len(all) >= maxChannels {
			return errs.New(errs.Conflict, "too_many_channels", "A community has at most %d channels. Delete an unused one.", maxChannels)
		}
		if err := categoryExists(ctx, tx, communityID, in.CategoryID); err != nil {
			return err
		}
		created.Topic, created.Type, created.Description, created.CategoryID, created.URL = in.Topic, in.Type, in.Description, in.CategoryID, in.URL
		created.SlowMode, created.TradingDiscussions = in.SlowMode, in.TradingDiscussions
		created.Position = end(all, in.CategoryID)
		if err := insertChannel(ctx, tx, communityID, created); err != nil {
			return err
		}
		if in.Private || in.Type == Direct {
			if err := c.hide(ctx, tx, actor, communityID, &created, true); err != nil {
				return err
			}
		}
		return recordChannel(ctx, tx, actor, created.UpdatedAt, communityID, "channel.create", Channel{}, created)
	})
	return created, err
}

// Change is a partial update; nil fields are unchanged.
type Change struct {
	Topic       *string
	Type        *Type // only open and announcement are interchangeable
	Description *string
	CategoryID  *string // "": none
	Position    *int    // before the channel at this position in the category; a too large one is the end
	Private     *bool
	URL         *string
	SlowMode    *int64 // seconds
	Version     int64  // that the caller has read; 0: any

	TradingDiscussions *bool
}

func (c Change) apply(old Channel) Input {
	in := Input{Topic: old.Topic, Type: old.Type, Description: old.Description, CategoryID: old.CategoryID, Private: old.Private, URL: old.URL, SlowMode: old.SlowMode, TradingDiscussions: old.TradingDiscussions}
	patch.Set(&in.Topic, c.Topic)
	patch.Set(&in.Type, c.Type)
	patch.Set(&in.Description, c.Description)
	patch.Set(&in.CategoryID, c.CategoryID)
	patch.Set(&in.Private, c.Private)
	patch.Set(&in.URL, c.URL)
	patch.Set(&in.SlowMode, c.SlowMode)
	patch.Set(&in.TradingDiscussions, c.TradingDiscussions)
	return in
}

// UpdateChannel changes a channel. It fails as CreateChannel does, or with
// NotFound "channel_not_found" or Conflict "type_fixed", "direct_private" or
// "stale_version".
func (c *Chat) UpdateChannel(ctx context.Context, actor actor.Actor, communityID, channelID string, change Change) (Channel, error) {
	var changed Channel
	err := c.change(ctx, actor, communityID, func(tx *sqldb.Tx) error {
		old, err := c.channel(ctx, tx, actor, communityID, channelID)
		if err != nil {
			return err
		}
		if change.Version != 0 && change.Version != old.Version {
			return errs.New(errs.Conflict, "stale_version", "The channel was changed meanwhile. Read it again.").WithDetails(map[string]any{"version": old.Version})
		}
		changed, err = c.update(ctx, tx, actor, communityID, old, change)
		if err != nil || len(channelChanges(old, changed)) == 0 {
			return err
		}
		return recordChannel(ctx, tx, actor, changed.UpdatedAt, communityID, "channel.update", old, changed)
	})
	return changed, err
}

func (c *Chat) update(ctx context.Context, tx *sqldb.Tx, actor actor.Actor, communityID string, old Channel, change Change) (Channel, error) {
	parent, err := community.Load(ctx, tx, communityID)
	if err != nil {
		return old, err
	}
	in := change.apply(old)
	if in.Type == old.Type && in.URL == old.URL && old.Type == Iframe {
		// Other changes are valid even if the origin is no longer allowed.
		in.Type, in.URL = Open, ""
		err = in.normalise(parent)
		in.Type, in.URL = old.Type, old.URL
	} else {
		err = in.normalise(parent)
	}
	if err != nil {
		return old, err
	}
	if in.Type != old.Type && (!isText(in.Type) || !isText(old.Type)) {
		return old, errs.New(errs.Conflict, "type_fixed", "The type of a channel cannot be changed, except between open and announcement.")
	}
	if in.Type == Direct && change.Private != nil && !in.Private {
		return old, directPrivate()
	}
	if err := categoryExists(ctx, tx, communityID, in.CategoryID); err != nil {
		return old, err
	}
	changed := old
	changed.Topic, changed.Type, changed.Description, changed.CategoryID, changed.URL = in.Topic, in.Type, in.Description, in.CategoryID, in.URL
	changed.SlowMode, changed.TradingDiscussions = in.SlowMode, in.TradingDiscussions
	if change.Position != nil || changed.CategoryID != old.CategoryID {
		if err := place(ctx, tx, communityID, &changed, change.Position); err != nil {
			return old, err
		}
	}
	if in.Private != old.Private {
		if err := c.hide(ctx, tx, actor, communityID, &changed, in.Private); err != nil {
			return old, err
		}
	}
	if len(channelChanges(old, changed)) == 0 {
		return old, nil
	}
	changed.Version, changed.UpdatedAt = old.Version+1, c.clock.MS()
	return changed, updateChannel(ctx, tx, communityID, changed)
}

func isText(t Type) bool { return t == Open || t == Announcement }

// end returns the position after the last channel of a category.
func end(all []Channel, categoryID string) int {
	next := 0
	for _, ch := range all {
		if ch.CategoryID == categoryID {
			next = max(next, ch.Position+1)
		}
	}
	return next
}

// place sets the position of a channel in its category and shifts the following
// ones. A nil position is the end.
func place(ctx context.Context, tx *sqldb.Tx, communityID string, moved *Channel, wanted *int) error {
	all, err := All(ctx, tx, communityID)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(all, func(ch Channel) bool { return ch.CategoryID != moved.CategoryID || ch.ID == moved.ID })
	if wanted == nil {
		moved.Position = end(others, moved.CategoryID)
		return nil
	}
	at := min(max(*wanted, 0), len(others))
	moved.Position = at
	for i, ch := range others {
		position := i
		if i >= at {
			position++
		}
		if ch.Position == position {
			continue
		}
		if err := moveChannel(ctx, tx, communityID, ch.ID, ch.CategoryID, position); err != nil {
			return err
		}
	}
	return nil
}

// DeleteChannel deletes a channel; hooks queue the deletion of its content. It fails as UpdateChannel does.
func (c *Chat) DeleteChannel(ctx context.Context, actor actor.Actor, communityID, channelID string) error {
	return c.change(ctx, actor, communityID, func(tx *sqldb.Tx) error {
		old, err := c.channel(ctx, tx, actor, communityID, channelID)
		if err != nil {
			return err
		}
		if err := deleteChannel(ctx, tx, communityID, channelID); err != nil {
			return err
		}
		for _, hook := range c.deleted {
			if err := hook(ctx, tx, communityID, old); err != nil {
				return err
			}
		}
		return recordChannel(ctx, tx, actor, c.clock.MS(), communityID, "channel.delete", old, Channel{})
	})
}

func recordChannel(ctx context.Context, tx *sqldb.Tx, by actor.Actor, now int64, communityID string, action audit.Verb, before, after Channel) error {
	about := after
	if after.ID == "" {
		about = before
	}
	if err := appendEvent(ctx, tx, by, now, communityID, before, after); err != nil {
		return err
	}
	return audit.Record(ctx, tx, by, now, communityID, action, channelTarget(about), channelChanges(before, after)...)
}

func channelTarget(ch Channel) audit.Target {
	return audit.Target{Type: "channel", ID: ch.ID, Name: ch.Topic}
}

func channelChanges(before, after Channel) []audit.Change {
	return audit.DiffTarget(before.ID != "", after.ID != "",
		audit.Change{Field: "topic", Old: before.Topic, New: after.Topic},
		audit.Change{Field: "channelType", Old: before.Type, New: after.Type},
		audit.Change{Field: "description", Old: before.Description, New: after.Description},
		audit.Change{Field: "categoryId", Old: before.CategoryID, New: after.CategoryID},
		audit.Change{Field: "position", Old: before.Position, New: after.Position},
		audit.Change{Field: "private", Old: before.Private, New: after.Private},
		audit.Change{Field: "url", Old: before.URL, New: after.URL},
		audit.Change{Field: "slowMode", Old: before.SlowMode, New: after.SlowMode},
		audit.Change{Field: "tradingDiscussions", Old: before.TradingDiscussions, New: after.TradingDiscussions},
	)
}
