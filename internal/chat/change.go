package chat

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// CreateChannel makes a channel, the last of its category. It fails as Can
// does for Channels, with Invalid "invalid_input" naming every wrong field,
// NotFound "category_not_found", Conflict "too_many_channels", or Forbidden
// "missing_permission" for a private one where the actor does not see channels.
func (c *Chat) CreateChannel(ctx context.Context, actor actor.Actor, communityID string, in Input) (Channel, error) {
	now := c.clock.Now()
	made := Channel{ID: id.New(now), CreatedAt: now.UnixMilli(), UpdatedAt: now.UnixMilli()}
	err := c.change(ctx, actor, communityID, func(ctx context.Context, tx *sqldb.Tx) error {
		home, err := community.Load(ctx, tx, communityID)
		if err != nil {
			return err
		}
		if err := in.normalise(home); err != nil {
			return err
		}
		all, err := channelsOf(ctx, tx, communityID)
		if err != nil {
			return err
		}
		if len(all) >= maxChannels {
			return errs.New(errs.Conflict, "too_many_channels", "A community has at most %d channels. Delete one that nobody needs.", maxChannels)
		}
		if err := categoryExists(ctx, tx, communityID, in.CategoryID); err != nil {
			return err
		}
		made.Topic, made.Type, made.Description, made.CategoryID, made.URL = in.Topic, in.Type, in.Description, in.CategoryID, in.URL
		made.Position = end(all, in.CategoryID)
		if err := insertChannel(ctx, tx, communityID, made); err != nil {
			return err
		}
		if in.Private || in.Type == Direct {
			if err := c.hide(ctx, tx, actor, communityID, &made, true); err != nil {
				return err
			}
		}
		return noteChannel(ctx, tx, made.UpdatedAt, communityID, "channel.create", Channel{}, made)
	})
	return made, err
}

// Change is what UpdateChannel changes; nil leaves it as it is.
type Change struct {
	Topic       *string
	Type        *Type // open and announcement can become each other
	Description *string
	CategoryID  *string // "": in none
	Position    *int    // among the channels of the category: before the one that is there; too large is the end
	Private     *bool
	URL         *string
}

func (c Change) of(old Channel) Input {
	in := Input{Topic: old.Topic, Type: old.Type, Description: old.Description, CategoryID: old.CategoryID, Private: old.Private, URL: old.URL}
	set(&in.Topic, c.Topic)
	set(&in.Type, c.Type)
	set(&in.Description, c.Description)
	set(&in.CategoryID, c.CategoryID)
	set(&in.Private, c.Private)
	set(&in.URL, c.URL)
	return in
}

func set[T any](target, value *T) {
	if value != nil {
		*target = *value
	}
}

// UpdateChannel changes a channel. It fails as CreateChannel does, with
// NotFound "channel_not_found" or Conflict "type_fixed" or "direct_private".
func (c *Chat) UpdateChannel(ctx context.Context, actor actor.Actor, communityID, channelID string, change Change) (Channel, error) {
	var changed Channel
	err := c.change(ctx, actor, communityID, func(ctx context.Context, tx *sqldb.Tx) error {
		old, err := c.channel(ctx, tx, actor, communityID, channelID)
		if err != nil {
			return err
		}
		changed, err = c.rewrite(ctx, tx, actor, communityID, old, change)
		if err != nil || len(channelChanges(old, changed)) == 0 {
			return err
		}
		return noteChannel(ctx, tx, changed.UpdatedAt, communityID, "channel.update", old, changed)
	})
	return changed, err
}

func (c *Chat) rewrite(ctx context.Context, tx *sqldb.Tx, actor actor.Actor, communityID string, old Channel, change Change) (Channel, error) {
	home, err := community.Load(ctx, tx, communityID)
	if err != nil {
		return old, err
	}
	in := change.of(old)
	if in.Type == old.Type && in.URL == old.URL && old.Type == Iframe {
		// An origin that is allowed no more does not keep the channel from
		// getting another name.
		in.Type, in.URL = Open, ""
		err = in.normalise(home)
		in.Type, in.URL = old.Type, old.URL
	} else {
		err = in.normalise(home)
	}
	if err != nil {
		return old, err
	}
	if in.Type != old.Type && (!spoken(in.Type) || !spoken(old.Type)) {
		return old, errs.New(errs.Conflict, "type_fixed", "A channel keeps its type; only open and announcement can become each other.")
	}
	if in.Type == Direct && change.Private != nil && !in.Private {
		return old, directPrivate()
	}
	if err := categoryExists(ctx, tx, communityID, in.CategoryID); err != nil {
		return old, err
	}
	changed := old
	changed.Topic, changed.Type, changed.Description, changed.CategoryID, changed.URL = in.Topic, in.Type, in.Description, in.CategoryID, in.URL
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
	changed.UpdatedAt = c.clock.MS()
	return changed, updateChannel(ctx, tx, communityID, changed)
}

func spoken(t Type) bool { return t == Open || t == Announcement }

// end is the position behind the last channel of a category.
func end(all []Channel, categoryID string) int {
	next := 0
	for _, ch := range all {
		if ch.CategoryID == categoryID {
			next = max(next, ch.Position+1)
		}
	}
	return next
}

// place gives a channel its position in its category, and others theirs where
// it has to get in between. A nil wanted is the end.
func place(ctx context.Context, tx *sqldb.Tx, communityID string, moved *Channel, wanted *int) error {
	all, err := channelsOf(ctx, tx, communityID)
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

// DeleteChannel deletes a channel. It fails as UpdateChannel does.
func (c *Chat) DeleteChannel(ctx context.Context, actor actor.Actor, communityID, channelID string) error {
	return c.change(ctx, actor, communityID, func(ctx context.Context, tx *sqldb.Tx) error {
		old, err := c.channel(ctx, tx, actor, communityID, channelID)
		if err != nil {
			return err
		}
		if err := deleteChannel(ctx, tx, communityID, channelID); err != nil {
			return err
		}
		return noteChannel(ctx, tx, c.clock.MS(), communityID, "channel.delete", old, Channel{})
	})
}

func noteChannel(ctx context.Context, tx *sqldb.Tx, now int64, communityID, action string, before, after Channel) error {
	about := after
	if after.ID == "" {
		about = before
	}
	return audit.Record(ctx, tx, now, communityID, action, channelTarget(about), channelChanges(before, after)...)
}

func channelTarget(ch Channel) audit.Target {
	return audit.Target{Type: "channel", ID: ch.ID, Name: ch.Topic}
}

func channelChanges(before, after Channel) (changes []audit.Change) {
	differ := func(field string, old, now any) {
		if before.ID == "" {
			old = nil
		}
		if after.ID == "" {
			now = nil
		}
		if old != now {
			changes = append(changes, audit.Change{Field: field, Old: old, New: now})
		}
	}
	differ("topic", before.Topic, after.Topic)
	differ("channelType", string(before.Type), string(after.Type))
	differ("description", before.Description, after.Description)
	differ("categoryId", before.CategoryID, after.CategoryID)
	differ("position", before.Position, after.Position)
	differ("private", before.Private, after.Private)
	differ("url", before.URL, after.URL)
	return changes
}
