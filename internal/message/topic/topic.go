// Package topic stores the topics of forums. Their messages are those of package
// message.
package topic

import (
	"context"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/change"
	"github.com/regulars/regulars/internal/message/place"
	"github.com/regulars/regulars/internal/message/post"
	"github.com/regulars/regulars/internal/message/search"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// stored is a topic of a forum as the database has it.
type stored struct {
	ID            string
	ChannelID     string // the forum
	AuthorID      string // of the member; "": erased
	Title         string
	Tags          []string
	Pinned        bool // lists show it first
	Locked        bool // only those who manage messages post in it
	Messages      int64
	LastMessageAt int64 // Unix milliseconds
	Version       int64 // from 1
	CreatedAt     int64 // Unix milliseconds
}

// Limits of a topic.
const (
	MaxTitle = 200 // characters
	MaxTags  = 10
	maxTag   = 50 // characters
)

// inAnyChannel is what a key needs to change topics. Channels decide what a person may.
const inAnyChannel = permission.ViewChannels

// Topics are the topics of all communities. It is safe for concurrent use.
type Topics struct {
	m       *message.Messages
	posts   *post.Posts
	changes *change.Changes
}

// New returns the Topics of a database.
func New(messages *message.Messages, posts *post.Posts, changes *change.Changes) *Topics {
	return &Topics{messages, posts, changes}
}

// Input is a topic to create.
type Input struct {
	Title string // 1 to 200 characters
	Tags  []string
	First post.Input
}

// Create creates a topic with its first message. The same nonce returns the first
// topic again. It fails as Messages.Send does, or with Conflict "not_a_forum".
func (t *Topics) Create(ctx context.Context, caller actor.Actor, communityID, channelID string, in Input) (Topic, error) {
	now := t.m.Clock.Now()
	created := stored{ID: id.New(now), ChannelID: channelID, Version: 1, CreatedAt: now.UnixMilli(), LastMessageAt: now.UnixMilli()}
	var wrong []errs.Field
	created.Title, wrong = title(in.Title, wrong)
	created.Tags, wrong = tags(in.Tags, wrong)
	in.First.Opening = &post.Opening{
		ID: created.ID, Title: created.Title, Wrong: wrong,
		Insert: func(ctx context.Context, tx *sqldb.Tx, first *message.Message) error {
			created.AuthorID = first.AuthorID
			if err := insertTopic(ctx, tx, communityID, created); err != nil {
				return err
			}
			counted := created
			counted.Messages = 1
			return t.append(ctx, tx, caller, communityID, EventCreated, counted)
		},
	}
	first, err := t.posts.Send(ctx, caller, communityID, channelID, in.First)
	if err != nil {
		return Topic{}, err
	}
	if first.TopicID == nil { // the nonce belongs to a message of another kind
		return Topic{}, errs.Missing("topic")
	}
	found, err := loadTopic(ctx, t.m.DB, communityID, *first.TopicID)
	if err != nil {
		return Topic{}, err
	}
	return t.seen(ctx, t.m.DB, caller, communityID, found)
}

func title(given string, wrong []errs.Field) (string, []errs.Field) {
	line, ok := text.Line(given, MaxTitle)
	if !ok || line == "" {
		wrong = append(wrong, errs.Wrong("title", "invalid", "A title has 1 to %d characters, none of them a control character.", MaxTitle))
	}
	return line, wrong
}

// tags returns the tags without repetitions.
func tags(given []string, wrong []errs.Field) ([]string, []errs.Field) {
	list, seen := []string{}, map[string]bool{}
	for _, one := range given {
		line, ok := text.Line(one, maxTag)
		if !ok || utf8.RuneCountInString(line) == 0 {
			return list, append(wrong, errs.Wrong("tags", "invalid", "A tag has 1 to %d characters, none of them a control character.", maxTag))
		}
		if !seen[line] {
			list, seen[line] = append(list, line), true
		}
	}
	if len(list) > MaxTags {
		wrong = append(wrong, errs.Wrong("tags", "too_many", "A topic has at most %d tags.", MaxTags))
	}
	return list, wrong
}

// Change is a partial update; nil fields are unchanged.
type Change struct {
	Title     *string
	Tags      *[]string
	Pinned    *bool
	Locked    *bool
	ChannelID *string // of another forum, to which the topic moves
	Version   int64   // the one that the caller has read; 0: any
}

// manages reports whether the change needs the right to manage messages.
func (c Change) manages() bool { return c.Pinned != nil || c.Locked != nil || c.ChannelID != nil }

// Update changes a topic. The author changes title and tags, managers of
// messages the rest; a key of the community changes everything. It fails with Invalid
// "invalid_input", Forbidden "missing_permission" or "not_author", NotFound
// "channel_not_found" or "topic_not_found", or Conflict "not_a_forum" or
// "stale_version".
func (t *Topics) Update(ctx context.Context, caller actor.Actor, communityID, channelID, topicID string, c Change) (v Topic, err error) {
	err = t.change(ctx, caller, communityID, channelID, topicID, func(tx *sqldb.Tx, p place.Place, old stored) error {
		if c.Version != 0 && c.Version != old.Version {
			return errs.New(errs.Conflict, "stale_version", "The topic was changed meanwhile. Read it again.").WithDetails(map[string]any{"version": old.Version})
		}
		if err := allows(p, old, c); err != nil {
			return err
		}
		changed, err := c.apply(old)
		if err != nil {
			return err
		}
		if changed.ChannelID != old.ChannelID {
			if err := t.move(ctx, tx, caller, communityID, old, changed.ChannelID); err != nil {
				return err
			}
		}
		if !old.same(changed) {
			changed.Version++
			if err := updateTopic(ctx, tx, communityID, changed); err != nil {
				return err
			}
			if err := t.append(ctx, tx, caller, communityID, EventUpdated, changed); err != nil {
				return err
			}
		}
		v, err = t.seen(ctx, tx, caller, communityID, changed)
		return err
	})
	return v, err
}

// allows checks the rights of a person for a change.
func allows(p place.Place, old stored, c Change) error {
	switch {
	case p.ByKey:
		return nil
	case c.manages() && !p.Allows(permission.ManageMessages):
		return permission.LackInChannel(permission.ManageMessages)
	case (c.Title != nil || c.Tags != nil) && (old.AuthorID == "" || old.AuthorID != p.Subject.MemberID):
		return errs.New(errs.Forbidden, "not_author", "Only the author changes the title and the tags of a topic.")
	}
	return nil
}

func (c Change) apply(to stored) (stored, error) {
	var wrong []errs.Field
	if c.Title != nil {
		to.Title, wrong = title(*c.Title, wrong)
	}
	if c.Tags != nil {
		to.Tags, wrong = tags(*c.Tags, wrong)
	}
	if c.Pinned != nil {
		to.Pinned = *c.Pinned
	}
	if c.Locked != nil {
		to.Locked = *c.Locked
	}
	if c.ChannelID != nil {
		to.ChannelID = *c.ChannelID
	}
	return to, errs.InvalidFields(wrong)
}

// move moves the messages of a topic to another forum in which the actor manages
// messages.
func (t *Topics) move(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string, moved stored, to string) error {
	target, err := t.forum(ctx, tx, caller, communityID, to)
	if err != nil {
		return err
	}
	if !target.ByKey {
		if err := target.Require(permission.ManageMessages); err != nil {
			return err
		}
	}
	if err := message.MoveTopic(ctx, tx, communityID, moved.ID, moved.ChannelID, to); err != nil {
		return err
	}
	found, err := texts(ctx, tx, communityID, moved.ID)
	for i := 0; err == nil && i < len(found); i++ {
		err = search.Put(ctx, tx, communityID, found[i])
	}
	return err
}

// Delete deletes a topic with its messages. The author may while no one else has
// written in it; otherwise it takes delete_messages, or a key of the community. It
// fails with NotFound "channel_not_found" or "topic_not_found", Forbidden
// "missing_permission", or Conflict "not_a_forum".
func (t *Topics) Delete(ctx context.Context, caller actor.Actor, communityID, channelID, topicID string) error {
	return t.change(ctx, caller, communityID, channelID, topicID, func(tx *sqldb.Tx, p place.Place, old stored) error {
		if !p.ByKey && !p.Allows(permission.DeleteMessages) {
			own := old.AuthorID != "" && old.AuthorID == p.Subject.MemberID
			alone, err := message.WroteAlone(ctx, tx, communityID, topicID, old.AuthorID)
			if err != nil {
				return err
			}
			if !own || !alone {
				return permission.LackInChannel(permission.DeleteMessages)
			}
		}
		if err := t.changes.DeleteTopic(ctx, tx, communityID, topicID, old.ChannelID, caller.Ref()); err != nil {
			return err
		}
		if err := deleteTopic(ctx, tx, communityID, topicID); err != nil {
			return err
		}
		e := event.Event{CommunityID: communityID, Type: EventDeleted, UserID: old.AuthorID, Actor: caller.Ref()}
		return event.Append(ctx, tx, t.m.Clock.MS(), e, EventTopicRemoval{old.ID, old.ChannelID})
	})
}

// change runs f in a transaction with a locked topic.
func (t *Topics) change(ctx context.Context, caller actor.Actor, communityID, channelID, topicID string, f func(*sqldb.Tx, place.Place, stored) error) error {
	if err := t.m.Access.Can(ctx, caller, communityID, inAnyChannel); err != nil {
		return err
	}
	return t.m.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		p, err := t.forum(ctx, tx, caller, communityID, channelID)
		if err != nil {
			return err
		}
		found, err := lockTopic(ctx, tx, communityID, topicID)
		if err == nil && found.ChannelID != channelID {
			err = errs.Missing("topic")
		}
		if err != nil {
			return err
		}
		return f(tx, p, found)
	})
}

// forum returns a forum that the actor sees.
func (t *Topics) forum(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID, channelID string) (place.Place, error) {
	p, err := place.Of(ctx, q, t.m.Access, caller, communityID, channelID, "")
	if err == nil && p.Channel.Type != chat.Forum {
		err = post.NotAForum()
	}
	return p, err
}
