package list

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/search"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/words"
)

// query is a WHERE clause under construction.
type query struct {
	dialect sqldb.Dialect
	where   []string
	args    []any
}

// param adds an argument and returns its placeholder.
func (c *query) param(value any) string {
	c.args = append(c.args, value)
	return "$" + strconv.Itoa(len(c.args))
}

func (c *query) add(condition string) { c.where = append(c.where, condition) }

func (c *query) text() string { return strings.Join(c.where, " AND ") }

// query returns the condition of the messages of a scope.
func (s scope) query(d sqldb.Dialect, communityID string) *query {
	c := &query{dialect: d}
	c.add("m.community_id = " + c.param(communityID))
	c.add(message.IsVisible)
	if s.topicID != "" {
		c.add("m.topic_id = " + c.param(s.topicID) + " AND m.topic_id <> ''") // as the index
	}
	if s.authorID != "" {
		c.add("m.author_id = " + c.param(s.authorID))
	}
	switch {
	case len(s.all)+len(s.own) == 1:
		c.add("m.channel_id = " + c.param(append(s.all, s.own...)[0]))
		if len(s.own) == 1 {
			c.add("(NOT m.hushed OR m.author_id = " + c.param(s.memberID) + ")")
		}
	case len(s.own) == 0:
		c.add(d.In("m.channel_id", c.param(sqldb.Keys(s.all))))
	default:
		c.add("(" + d.In("m.channel_id", c.param(sqldb.Keys(s.all))) + " OR " + d.In("m.channel_id", c.param(sqldb.Keys(s.own))) + " AND (NOT m.hushed OR m.author_id = " + c.param(s.memberID) + "))")
	}
	return c
}

// selectMessages returns the messages of a filter, newest first.
func selectMessages(ctx context.Context, q sqldb.Querier, communityID string, s scope, f Filter) ([]message.Message, error) {
	c := s.query(q.Dialect(), communityID)
	order := "DESC"
	switch {
	case f.Before.Set():
		c.add("m.id < " + c.param(f.Before.id()))
	case f.After.Set():
		order = "ASC"
		c.add("m.id > " + c.param(f.After.id()))
	}
	list, err := sqldb.All(ctx, q, message.Scan, "SELECT "+message.Columns+" FROM messages m WHERE "+c.text()+" ORDER BY m.id "+order+" LIMIT "+c.param(f.Count), c.args...)
	if order == "ASC" {
		slices.Reverse(list)
	}
	return list, err
}

// id returns the id between the messages before and after the position.
func (p Position) id() string {
	if p.MessageID != "" {
		return p.MessageID
	}
	return id.First(p.At)
}

// countMessages counts the messages of a scope; capped reports that there are more.
func countMessages(ctx context.Context, q sqldb.Querier, communityID string, s scope) (total int64, capped bool, err error) {
	if s.exact {
		total, err = sqldb.One(ctx, q, "messages", sqldb.Value[int64],
			"SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM message_counts WHERE community_id = $1 AND channel_id = $2", communityID, s.all[0])
		return total, false, err
	}
	c := s.query(q.Dialect(), communityID)
	total, err = sqldb.One(ctx, q, "messages", sqldb.Value[int64],
		"SELECT count(*) FROM (SELECT 1 FROM messages m WHERE "+c.text()+" LIMIT "+c.param(maxTotal+1)+") t", c.args...)
	return min(total, maxTotal), total > maxTotal, err
}

// finding is a search in the messages that a reader sees.
type finding struct {
	scope
	has string // search.HasImage, search.HasLink; "": all
	search.Range
	query *words.Query
}

// find returns the messages of a finding, newest first.
func find(ctx context.Context, q sqldb.Querier, f finding, limit int) ([]message.Message, error) {
	if q.Dialect() == sqldb.SQLite {
		return f.found(ctx, q, limit)
	}
	c := f.conditions(q.Dialect())
	list, err := c.search(ctx, q, search.Walked(f.Range, f.query, c.param), limit)
	if err != nil || len(list) == limit {
		return list, err
	}
	var more bool
	if f.Range, more, err = f.Rest(ctx, q); err != nil || !more {
		return list, err
	}
	older, err := f.found(ctx, q, limit-len(list))
	return append(list, older...), err
}

func (f finding) found(ctx context.Context, q sqldb.Querier, limit int) ([]message.Message, error) {
	c := f.conditions(q.Dialect())
	return c.search(ctx, q, search.Found(q.Dialect(), f.Range, f.query, c.param), limit)
}

// conditions returns those of the messages m that the reader sees.
func (f finding) conditions(d sqldb.Dialect) *query {
	c := f.scope.query(d, f.CommunityID)
	c.add("m.deleted_at = 0")
	switch f.has {
	case search.HasImage:
		c.add("m.has_image")
	case search.HasLink:
		c.add("m.has_link")
	}
	return c
}

func (c *query) search(ctx context.Context, q sqldb.Querier, s search.Source, limit int) ([]message.Message, error) {
	return sqldb.All(ctx, q, message.Scan, "SELECT "+message.Columns+" FROM "+s.From+" WHERE "+s.Where+" AND "+c.text()+" ORDER BY "+s.Order+" LIMIT "+c.param(limit), c.args...)
}

// selectReplies returns the visible replies to a message after an id, oldest first.
func selectReplies(ctx context.Context, q sqldb.Querier, communityID string, s scope, parentID, after string, limit int) ([]message.Message, error) {
	c := s.query(q.Dialect(), communityID)
	c.add("m.parent_id = " + c.param(parentID) + " AND m.parent_id <> '' AND m.id > " + c.param(after))
	return sqldb.All(ctx, q, message.Scan, "SELECT "+message.Columns+" FROM messages m WHERE "+c.text()+" ORDER BY m.id LIMIT "+c.param(limit), c.args...)
}

// selectPins returns the pinned messages of a scope, the last pinned first.
func selectPins(ctx context.Context, q sqldb.Querier, communityID string, s scope) ([]message.Message, error) {
	c := s.query(q.Dialect(), communityID)
	c.add("m.pinned_at <> 0")
	return sqldb.All(ctx, q, message.Scan, "SELECT "+message.Columns+" FROM messages m WHERE "+c.text()+" ORDER BY m.pinned_at DESC LIMIT "+c.param(message.MaxPins), c.args...)
}
