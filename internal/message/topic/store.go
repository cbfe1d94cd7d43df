package topic

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/post"
	"github.com/regulars/regulars/internal/message/search"
	"github.com/regulars/regulars/internal/sqldb"
)

const topicColumns = "id, channel_id, author_id, title, tags, pinned, locked, message_count, last_message_at, version, created_at"

func scanTopic(s sqldb.Scanner) (t stored, err error) {
	var tags string
	if err := s.Scan(&t.ID, &t.ChannelID, &t.AuthorID, &t.Title, &tags, &t.Pinned, &t.Locked, &t.Messages, &t.LastMessageAt, &t.Version, &t.CreatedAt); err != nil {
		return t, err
	}
	return t, json.Unmarshal([]byte(tags), &t.Tags)
}

func insertTopic(ctx context.Context, tx *sqldb.Tx, communityID string, t stored) error {
	_, err := tx.Exec(ctx, "INSERT INTO topics (community_id, "+topicColumns+") VALUES ("+sqldb.Placeholders(1, 12)+")",
		communityID, t.ID, t.ChannelID, t.AuthorID, t.Title, sqldb.Keys(t.Tags), t.Pinned, t.Locked, t.Messages, t.LastMessageAt, t.Version, t.CreatedAt)
	return err
}

func loadTopic(ctx context.Context, q sqldb.Querier, communityID, topicID string) (stored, error) {
	return sqldb.One(ctx, q, "topic", scanTopic, "SELECT "+topicColumns+" FROM topics WHERE community_id = $1 AND id = $2", communityID, topicID)
}

func lockTopic(ctx context.Context, tx *sqldb.Tx, communityID, topicID string) (stored, error) {
	return sqldb.One(ctx, tx, "topic", scanTopic, "SELECT "+topicColumns+" FROM topics WHERE community_id = $1 AND id = $2 "+tx.Dialect().Lock(), communityID, topicID)
}

// Lock is Deps.LockTopic of package post.
func Lock(ctx context.Context, tx *sqldb.Tx, communityID, topicID string) (post.Topic, error) {
	found, err := lockTopic(ctx, tx, communityID, topicID)
	return post.Topic{ChannelID: found.ChannelID, Locked: found.Locked}, err
}

// Count adds a posted message to its topic, if it has one. It is a message.Hook.
func Count(ctx context.Context, tx *sqldb.Tx, communityID string, posted *message.Message) error {
	if posted.TopicID == "" {
		return nil
	}
	_, err := tx.Exec(ctx, "UPDATE topics SET message_count = message_count + 1, last_message_at = CASE WHEN last_message_at < $3 THEN $3 ELSE last_message_at END WHERE community_id = $1 AND id = $2", communityID, posted.TopicID, posted.PostedAt)
	return err
}

// Uncount removes a deleted message from its topic, if it has one. It is a
// message.Hook.
func Uncount(ctx context.Context, tx *sqldb.Tx, communityID string, deleted *message.Message) error {
	if deleted.TopicID == "" {
		return nil
	}
	_, err := tx.Exec(ctx, `UPDATE topics SET message_count = message_count - 1, last_message_at = COALESCE((SELECT m.posted_at FROM messages m
			WHERE m.community_id = $1 AND m.topic_id = $2 AND m.topic_id <> '' AND m.deleted_at = 0 ORDER BY m.id DESC LIMIT 1), created_at)
		WHERE community_id = $1 AND id = $2`, communityID, deleted.TopicID)
	return err
}

// texts returns the texts of a topic, as search has them.
func texts(ctx context.Context, q sqldb.Querier, communityID, topicID string) ([]search.Text, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (t search.Text, err error) {
		return t, s.Scan(&t.MessageID, &t.ChannelID, &t.Text)
	}, "SELECT m.id, m.channel_id, m.text FROM messages m WHERE m.community_id = $1 AND m.topic_id = $2 AND m.topic_id <> '' AND m.deleted_at = 0", communityID, topicID)
}

func updateTopic(ctx context.Context, tx *sqldb.Tx, communityID string, t stored) error {
	_, err := tx.Exec(ctx, "UPDATE topics SET channel_id = $3, title = $4, tags = $5, pinned = $6, locked = $7, version = $8 WHERE community_id = $1 AND id = $2",
		communityID, t.ID, t.ChannelID, t.Title, sqldb.Keys(t.Tags), t.Pinned, t.Locked, t.Version)
	return err
}

func deleteTopic(ctx context.Context, tx *sqldb.Tx, communityID, topicID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM topics WHERE community_id = $1 AND id = $2", communityID, topicID)
	return err
}

// sortColumns are the columns that lists are sorted by, after pinned and before id.
var sortColumns = map[Sort]string{Latest: "last_message_at, ", Top: "message_count, "}

// selectTopics returns the topics of a forum after a position; nil: from the first.
func selectTopics(ctx context.Context, q sqldb.Querier, communityID, channelID string, by Sort, after *position, limit int) ([]stored, error) {
	key := "pinned, " + sortColumns[by] + "id"
	where, args := "community_id = $1 AND channel_id = $2", []any{communityID, channelID, limit}
	if after != nil && by == ByCreation {
		where, args = where+" AND ("+key+") < ($4, $5)", append(args, after.pinned, after.id)
	} else if after != nil {
		where, args = where+" AND ("+key+") < ($4, $5, $6)", append(args, after.pinned, after.key, after.id)
	}
	return sqldb.All(ctx, q, scanTopic, "SELECT "+topicColumns+" FROM topics WHERE "+where+" ORDER BY "+strings.ReplaceAll(key, ",", " DESC,")+" DESC LIMIT $3", args...)
}

// EraseMembers removes members as authors of topics, in the caller's transaction. It
// is a roster.Eraser.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	_, err := tx.Exec(ctx, "UPDATE topics SET author_id = '' WHERE community_id = $1 AND "+tx.Dialect().In("author_id", "$2"), communityID, sqldb.Keys(memberIDs))
	return err
}

// Clear deletes topics of a deleted channel. It is a change.Clearer.
func Clear(ctx context.Context, tx *sqldb.Tx, communityID, channelID string, limit int) (int64, error) {
	return tx.Exec(ctx, "DELETE FROM topics WHERE community_id = $1 AND id IN (SELECT id FROM topics WHERE community_id = $1 AND channel_id = $2 LIMIT $3)", communityID, channelID, limit)
}
