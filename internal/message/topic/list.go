package topic

import (
	"context"
	"strconv"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/cursor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
)

// Sort is the order of a list, by its name on the wire. Pinned topics are first in
// each order.
type Sort string

// Orders of lists.
const (
	Latest     Sort = "latest" // by the last message
	ByCreation Sort = "new"    // by creation
	Top        Sort = "top"    // by the number of messages
)

// List returns a part of the topics of a forum, and the cursor of the next part; ""
// at the end. It fails as access.Can does for getMessages, with Invalid
// "invalid_cursor", NotFound "channel_not_found" or Conflict "not_a_forum".
func (t *Topics) List(ctx context.Context, caller actor.Actor, communityID, channelID string, by Sort, from string, limit int) ([]Topic, string, error) {
	if err := t.m.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return nil, "", err
	}
	p, err := t.forum(ctx, t.m.DB, caller, communityID, channelID)
	if err != nil {
		return nil, "", err
	}
	after, err := parsePosition(listOf(channelID, by), from)
	if err != nil {
		return nil, "", err
	}
	found, err := selectTopics(ctx, t.m.DB, communityID, channelID, by, after, limit+1)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(found) > limit {
		found = found[:limit]
		next = positionOf(found[limit-1], by).cursor(listOf(channelID, by))
	}
	r, err := t.m.ReaderOf(ctx, caller, communityID, p.Subject.MemberID)
	if err != nil {
		return nil, "", err
	}
	views, err := t.views(ctx, t.m.DB, communityID, r, found)
	return views, next, err
}

// Get returns a topic of a forum. It fails as List does, or with NotFound
// "topic_not_found".
func (t *Topics) Get(ctx context.Context, caller actor.Actor, communityID, channelID, topicID string) (Topic, error) {
	if err := t.m.Access.Can(ctx, caller, communityID, permission.GetMessages); err != nil {
		return Topic{}, err
	}
	if _, err := t.forum(ctx, t.m.DB, caller, communityID, channelID); err != nil {
		return Topic{}, err
	}
	found, err := loadTopic(ctx, t.m.DB, communityID, topicID)
	if err == nil && found.ChannelID != channelID {
		err = errs.Missing("topic")
	}
	if err != nil {
		return Topic{}, err
	}
	return t.seen(ctx, t.m.DB, caller, communityID, found)
}

// position is the place of a topic in a list.
type position struct {
	pinned bool
	key    int64 // what the list is sorted by; 0 for ByCreation
	id     string
}

func positionOf(t stored, by Sort) position {
	p := position{pinned: t.Pinned, id: t.ID}
	switch by {
	case Latest:
		p.key = t.LastMessageAt
	case Top:
		p.key = t.Messages
	}
	return p
}

// listOf is the list of the topics of a forum in an order.
func listOf(channelID string, by Sort) cursor.List { return cursor.Of("topics", channelID, string(by)) }

func (p position) cursor(in cursor.List) string {
	return in.After(strconv.FormatBool(p.pinned), strconv.FormatInt(p.key, 10), p.id)
}

// parsePosition parses a cursor of a list; nil of "".
func parsePosition(in cursor.List, given string) (*position, error) {
	parts, err := in.Parse(given, 3)
	if err != nil || parts == nil {
		return nil, err
	}
	pinned, wrongBool := strconv.ParseBool(parts[0])
	key, wrongKey := strconv.ParseInt(parts[1], 10, 64)
	if wrongBool != nil || wrongKey != nil || !id.Valid(parts[2]) {
		return nil, cursor.ErrForeign()
	}
	return &position{pinned, key, parts[2]}, nil
}
