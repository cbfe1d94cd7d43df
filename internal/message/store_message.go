package message

import (
	"context"
	"encoding/json"
	"math/rand/v2"

	"github.com/regulars/regulars/internal/member/tally"
	"github.com/regulars/regulars/internal/message/search"
	"github.com/regulars/regulars/internal/sqldb"
)

// Columns are those that Scan reads, of messages m.
const Columns = "m.id, m.channel_id, m.kind, m.author_id, m.text, m.mentions, m.parent_id, m.reply_to_id, m.topic_id, m.via_type, m.via_name, m.hushed, m.has_image, m.has_link, " +
	"m.reply_count, m.pinned_at, m.edited_at, m.deleted_at, m.posted_at"

// Scan reads the Columns of a message.
func Scan(s sqldb.Scanner) (m Message, err error) {
	var mentions string
	if err := s.Scan(&m.ID, &m.ChannelID, &m.Kind, &m.AuthorID, &m.Text, &mentions, &m.ParentID, &m.ReplyToID, &m.TopicID, &m.Via.Type, &m.Via.Name, &m.Hushed, &m.HasImage, &m.HasLink,
		&m.Replies, &m.PinnedAt, &m.EditedAt, &m.DeletedAt, &m.PostedAt); err != nil {
		return m, err
	}
	if mentions != "[]" {
		err = json.Unmarshal([]byte(mentions), &m.Mentions)
	}
	return m, err
}

// IsVisible is the condition of messages m that lists show.
const IsVisible = "(m.deleted_at = 0 OR m.reply_count > 0)"

// Insert stores a new message, without what it mentions and what counts it.
func Insert(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message) error {
	mentions, err := json.Marshal(orEmpty(m.Mentions))
	if err != nil {
		return err
	}
	return tx.Queue(ctx, `INSERT INTO messages (community_id, id, channel_id, kind, author_id, text, mentions, parent_id, reply_to_id, topic_id, via_type, via_name, hushed, has_image, has_link,
		reply_count, pinned_at, edited_at, deleted_at, posted_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, 0, 0, 0, $16)`,
		communityID, m.ID, m.ChannelID, m.Kind, m.AuthorID, m.Text, string(mentions), m.ParentID, m.ReplyToID, m.TopicID, m.Via.Type, m.Via.Name, m.Hushed, m.HasImage, m.HasLink, m.PostedAt)
}

// Load returns a message, also a deleted one. It fails with NotFound
// "message_not_found".
func Load(ctx context.Context, q sqldb.Querier, communityID, messageID string) (Message, error) {
	return sqldb.One(ctx, q, "message", Scan, "SELECT "+Columns+" FROM messages m WHERE m.community_id = $1 AND m.id = $2", communityID, messageID)
}

// Lock is Load for a change.
func Lock(ctx context.Context, tx *sqldb.Tx, communityID, messageID string) (Message, error) {
	return sqldb.One(ctx, tx, "message", Scan, "SELECT "+Columns+" FROM messages m WHERE m.community_id = $1 AND m.id = $2 "+tx.Dialect().Lock(), communityID, messageID)
}

func selectByID(ctx context.Context, q sqldb.Querier, communityID string, ids []string) ([]Message, error) {
	return sqldb.All(ctx, q, Scan, "SELECT "+Columns+" FROM messages m WHERE m.community_id = $1 AND "+q.Dialect().In("m.id", "$2"), communityID, sqldb.Keys(ids))
}

// ChannelOf returns the channel or conversation of a message. It fails as Load does.
func ChannelOf(ctx context.Context, q sqldb.Querier, communityID, messageID string) (string, error) {
	return sqldb.One(ctx, q, "message", sqldb.Value[string], "SELECT channel_id FROM messages WHERE community_id = $1 AND id = $2", communityID, messageID)
}

// SetReplies stores the number of replies of a message.
func SetReplies(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message) error {
	_, err := tx.Exec(ctx, "UPDATE messages SET reply_count = $4 WHERE community_id = $1 AND channel_id = $2 AND id = $3", communityID, m.ChannelID, m.ID, m.Replies)
	return err
}

// Count adds to the number of visible messages of a channel. It adds to a row that no
// other transaction has changed, so that writers do not wait for each other.
func Count(ctx context.Context, tx *sqldb.Tx, communityID, channelID string, delta int64) error {
	const add = " ON CONFLICT (community_id, channel_id, shard) DO UPDATE SET total = message_counts.total + excluded.total"
	if tx.Dialect() != sqldb.Postgres {
		return tx.Queue(ctx, "INSERT INTO message_counts (community_id, channel_id, shard, total) VALUES ($1, $2, 0, $3)"+add, communityID, channelID, delta)
	}
	free := "SELECT shard FROM message_counts WHERE community_id = $1 AND channel_id = $2 ORDER BY shard LIMIT 1 " + tx.Dialect().SkipLocked()
	return tx.Queue(ctx, "WITH added AS (UPDATE message_counts SET total = total + $4 WHERE community_id = $1 AND channel_id = $2 AND shard = ("+free+") RETURNING 1) "+
		"INSERT INTO message_counts (community_id, channel_id, shard, total) SELECT $1, $2, CAST($3 AS BIGINT), CAST($4 AS BIGINT) WHERE NOT EXISTS (SELECT 1 FROM added)"+add, communityID, channelID, rand.Int64(), delta)
}

// CountWritten adds to the figures of the author of a message.
func CountWritten(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message, delta int64) error {
	if m.Kind == Reply {
		return tally.Add(ctx, tx, communityID, m.AuthorID, tally.Delta{Replies: delta})
	}
	return tally.Add(ctx, tx, communityID, m.AuthorID, tally.Delta{Messages: delta})
}

// InsertMentions stores whom a message mentions.
func InsertMentions(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message) error {
	for _, one := range m.Mentions {
		err := tx.Queue(ctx, `INSERT INTO message_mentions (community_id, channel_id, target, message_id, notify) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (community_id, channel_id, target, message_id) DO NOTHING`, communityID, m.ChannelID, one.Target(), m.ID, one.Notify)
		if err != nil {
			return err
		}
	}
	return nil
}

// MoveTopic moves the messages of a topic to another forum, with their mentions and
// numbers, in the caller's transaction.
func MoveTopic(ctx context.Context, tx *sqldb.Tx, communityID, topicID, from, to string) error {
	visible, err := countTopic(ctx, tx, communityID, topicID)
	if err != nil {
		return err
	}
	if err := moveTopic(ctx, tx, communityID, topicID, to); err != nil {
		return err
	}
	if err := Count(ctx, tx, communityID, from, -visible); err != nil {
		return err
	}
	return Count(ctx, tx, communityID, to, visible)
}

// WroteAlone reports whether a member is the only author in a topic.
func WroteAlone(ctx context.Context, q sqldb.Querier, communityID, topicID, memberID string) (bool, error) {
	others, err := countOthers(ctx, q, communityID, topicID, memberID)
	return others == 0, err
}

// ofTopic is the condition of messages of a topic, with the partial index messages_topic.
const ofTopic = "m.community_id = $1 AND m.topic_id = $2 AND m.topic_id <> ''"

// countTopic returns the number of visible messages of a topic.
func countTopic(ctx context.Context, q sqldb.Querier, communityID, topicID string) (int64, error) {
	return sqldb.One(ctx, q, "messages", sqldb.Value[int64], "SELECT count(*) FROM messages m WHERE "+ofTopic+" AND "+IsVisible, communityID, topicID)
}

// countOthers returns 1 if another than a member has written in a topic, else 0.
func countOthers(ctx context.Context, q sqldb.Querier, communityID, topicID, memberID string) (int64, error) {
	return sqldb.One(ctx, q, "messages", sqldb.Value[int64], "SELECT count(*) FROM (SELECT 1 FROM messages m WHERE "+ofTopic+" AND m.author_id <> $3 LIMIT 1) t", communityID, topicID, memberID)
}

// idsOfTopic selects the ids of the messages of a topic.
const idsOfTopic = "(SELECT m.id FROM messages m WHERE " + ofTopic + ")"

func moveTopic(ctx context.Context, tx *sqldb.Tx, communityID, topicID, to string) error {
	for _, statement := range []string{
		"UPDATE message_mentions SET channel_id = $3 WHERE community_id = $1 AND message_id IN " + idsOfTopic,
		"UPDATE messages SET channel_id = $3 WHERE community_id = $1 AND topic_id = $2 AND topic_id <> ''",
	} {
		if _, err := tx.Exec(ctx, statement, communityID, topicID, to); err != nil {
			return err
		}
	}
	return nil
}

func parentOf(ctx context.Context, q sqldb.Querier, communityID, messageID string) (string, error) {
	return sqldb.One(ctx, q, "message", sqldb.Value[string], "SELECT parent_id FROM messages WHERE community_id = $1 AND id = $2", communityID, messageID)
}

// SetContent stores the text of a message, what it names and what it has, and indexes
// it.
func SetContent(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message) error {
	mentions, err := json.Marshal(orEmpty(m.Mentions))
	if err != nil {
		return err
	}
	if _, err = tx.Exec(ctx, "UPDATE messages SET text = $4, mentions = $5, has_link = $6, has_image = $7, edited_at = $8 WHERE community_id = $1 AND channel_id = $2 AND id = $3",
		communityID, m.ChannelID, m.ID, m.Text, string(mentions), m.HasLink, m.HasImage, m.EditedAt); err != nil {
		return err
	}
	return search.Put(ctx, tx, communityID, m.Searched())
}

// SetDeleted stores that a message is deleted, and unpins it.
func SetDeleted(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message) error {
	_, err := tx.Exec(ctx, "UPDATE messages SET deleted_at = $4, pinned_at = 0 WHERE community_id = $1 AND channel_id = $2 AND id = $3", communityID, m.ChannelID, m.ID, m.DeletedAt)
	return err
}

// DeleteMentions deletes whom a message mentions.
func DeleteMentions(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message) error {
	_, err := tx.Exec(ctx, "DELETE FROM message_mentions WHERE community_id = $1 AND message_id = $2", communityID, m.ID)
	return err
}

// SetPinned stores when a message was pinned.
func SetPinned(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message) error {
	_, err := tx.Exec(ctx, "UPDATE messages SET pinned_at = $4 WHERE community_id = $1 AND channel_id = $2 AND id = $3", communityID, m.ChannelID, m.ID, m.PinnedAt)
	return err
}

// CountReacted adds to the reactions of a member.
func CountReacted(ctx context.Context, tx *sqldb.Tx, communityID, memberID string, delta int64) error {
	return tally.Add(ctx, tx, communityID, memberID, tally.Delta{Reactions: delta})
}

// UncountReactions subtracts the reactions to messages from the figures of the members
// that reacted.
func UncountReactions(ctx context.Context, tx *sqldb.Tx, communityID string, messageIDs []string) error {
	return subtract(ctx, tx, communityID, messageIDs, "SELECT r.user_id, 0, 0, count(*) FROM message_reactions r WHERE r.community_id = $1 AND "+tx.Dialect().In("r.message_id", "$2")+" GROUP BY r.user_id")
}

// subtract lowers the figures of members by the rows of a query about messages: member,
// messages, replies, reactions.
func subtract(ctx context.Context, tx *sqldb.Tx, communityID string, messageIDs []string, query string) error {
	by := map[string]tally.Delta{}
	_, err := sqldb.All(ctx, tx, func(s sqldb.Scanner) (none struct{}, err error) {
		var memberID string
		var d tally.Delta
		err = s.Scan(&memberID, &d.Messages, &d.Replies, &d.Reactions)
		by[memberID] = d
		return none, err
	}, query, communityID, sqldb.Keys(messageIDs))
	if err != nil {
		return err
	}
	return tally.Subtract(ctx, tx, communityID, by)
}

// Blank deletes a deleted message without replies, and removes the text of another one.
func Blank(ctx context.Context, tx *sqldb.Tx, communityID, messageID string) error {
	for _, statement := range []string{
		"DELETE FROM messages WHERE community_id = $1 AND id = $2 AND reply_count = 0",
		"UPDATE messages SET text = '', mentions = '[]' WHERE community_id = $1 AND id = $2",
	} {
		if _, err := tx.Exec(ctx, statement, communityID, messageID); err != nil {
			return err
		}
	}
	return nil
}

// EraseInDeleted replaces the mention of an erased member in a deleted text.
func EraseInDeleted(ctx context.Context, tx *sqldb.Tx, communityID, messageID, mention string) error {
	_, err := tx.Exec(ctx, "UPDATE messages SET text = replace(text, $3, $4), mentions = '[]' WHERE community_id = $1 AND id = $2 AND deleted_at <> 0", communityID, messageID, mention, "@"+ErasedName)
	return err
}

// NewestOfTopic returns the newest visible messages of a topic, for a change.
func NewestOfTopic(ctx context.Context, tx *sqldb.Tx, communityID, topicID string, limit int) ([]Message, error) {
	return sqldb.All(ctx, tx, Scan, "SELECT "+Columns+" FROM messages m WHERE "+ofTopic+" AND "+IsVisible+" ORDER BY m.id DESC LIMIT $3 "+tx.Dialect().Lock(), communityID, topicID, limit)
}

// SetAllDeleted stores that messages are deleted, with what counts and mentions them.
// Their replies are among them, or were deleted before.
func SetAllDeleted(ctx context.Context, tx *sqldb.Tx, communityID string, ids []string, at int64) error {
	keys := sqldb.Keys(ids)
	if err := uncountWritten(ctx, tx, communityID, ids); err != nil {
		return err
	}
	if err := UncountReactions(ctx, tx, communityID, ids); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "DELETE FROM message_mentions WHERE community_id = $1 AND "+tx.Dialect().In("message_id", "$2"), communityID, keys); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "UPDATE messages SET deleted_at = CASE WHEN deleted_at = 0 THEN $3 ELSE deleted_at END, pinned_at = 0, reply_count = 0 WHERE community_id = $1 AND "+tx.Dialect().In("id", "$2"), communityID, keys, at)
	return err
}

// uncountWritten subtracts messages that are not deleted from the figures of their authors.
func uncountWritten(ctx context.Context, tx *sqldb.Tx, communityID string, ids []string) error {
	return subtract(ctx, tx, communityID, ids, `SELECT m.author_id, CAST(SUM(CASE WHEN m.kind = 'reply' THEN 0 ELSE 1 END) AS BIGINT), CAST(SUM(CASE WHEN m.kind = 'reply' THEN 1 ELSE 0 END) AS BIGINT), 0
		FROM messages m WHERE m.community_id = $1 AND m.deleted_at = 0 AND `+tx.Dialect().In("m.id", "$2")+" GROUP BY m.author_id")
}

// NewestOfChannel returns the ids of the newest messages of a channel, deleted ones too.
func NewestOfChannel(ctx context.Context, q sqldb.Querier, communityID, channelID string, limit int) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT id FROM messages WHERE community_id = $1 AND channel_id = $2 ORDER BY id DESC LIMIT $3", communityID, channelID, limit)
}

// DeleteAll deletes messages of a deleted channel with what counts and mentions them.
// counted: they count for the figures of members.
func DeleteAll(ctx context.Context, tx *sqldb.Tx, communityID, channelID string, ids []string, counted bool) error {
	if counted {
		if err := uncountWritten(ctx, tx, communityID, ids); err != nil {
			return err
		}
		if err := UncountReactions(ctx, tx, communityID, ids); err != nil {
			return err
		}
	}
	keys := sqldb.Keys(ids)
	if _, err := tx.Exec(ctx, "DELETE FROM message_mentions WHERE community_id = $1 AND "+tx.Dialect().In("message_id", "$2"), communityID, keys); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "DELETE FROM message_counts WHERE community_id = $1 AND channel_id = $2", communityID, channelID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "DELETE FROM messages WHERE community_id = $1 AND channel_id = $2 AND "+tx.Dialect().In("id", "$3"), communityID, channelID, keys)
	return err
}
