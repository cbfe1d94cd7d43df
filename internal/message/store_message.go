package message

import (
	"context"
	"encoding/json"
	"math/rand/v2"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member/tally"
	"github.com/regulars/regulars/internal/message/image"
	"github.com/regulars/regulars/internal/sqldb"
)

const messageColumns = "m.id, m.channel_id, m.kind, m.author_id, m.text, m.mentions, m.parent_id, m.reply_to_id, m.topic_id, m.via_type, m.via_name, m.hushed, m.has_image, m.has_link, " +
	"m.reply_count, m.pinned_at, m.edited_at, m.deleted_at, m.posted_at"

func scanMessage(s sqldb.Scanner) (m Message, err error) {
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

func insert(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message) error {
	mentions, err := json.Marshal(orEmpty(m.Mentions))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO messages (community_id, id, channel_id, kind, author_id, text, mentions, parent_id, reply_to_id, topic_id, via_type, via_name, hushed, has_image, has_link,
		reply_count, pinned_at, edited_at, deleted_at, posted_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, 0, 0, 0, $16)`,
		communityID, m.ID, m.ChannelID, m.Kind, m.AuthorID, m.Text, string(mentions), m.ParentID, m.ReplyToID, m.TopicID, m.Via.Type, m.Via.Name, m.Hushed, m.HasImage, m.HasLink, m.PostedAt)
	return err
}

// load returns a message, also a deleted one. It fails with NotFound
// "message_not_found".
func load(ctx context.Context, q sqldb.Querier, communityID, messageID string) (Message, error) {
	return sqldb.One(ctx, q, "message", scanMessage, "SELECT "+messageColumns+" FROM messages m WHERE m.community_id = $1 AND m.id = $2", communityID, messageID)
}

// lock is load for a change.
func lock(ctx context.Context, tx *sqldb.Tx, communityID, messageID string) (Message, error) {
	return sqldb.One(ctx, tx, "message", scanMessage, "SELECT "+messageColumns+" FROM messages m WHERE m.community_id = $1 AND m.id = $2 "+tx.Dialect().Lock(), communityID, messageID)
}

func selectByID(ctx context.Context, q sqldb.Querier, communityID string, ids []string) ([]Message, error) {
	return sqldb.All(ctx, q, scanMessage, "SELECT "+messageColumns+" FROM messages m WHERE m.community_id = $1 AND "+q.Dialect().In("m.id", "$2"), communityID, sqldb.Keys(ids))
}

func channelOf(ctx context.Context, q sqldb.Querier, communityID, messageID string) (string, error) {
	return sqldb.One(ctx, q, "message", sqldb.Value[string], "SELECT channel_id FROM messages WHERE community_id = $1 AND id = $2", communityID, messageID)
}

func setReplies(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message) error {
	_, err := tx.Exec(ctx, "UPDATE messages SET reply_count = $4 WHERE community_id = $1 AND channel_id = $2 AND id = $3", communityID, m.ChannelID, m.ID, m.Replies)
	return err
}

// count adds to the number of visible messages of a channel. It adds to a row that no
// other transaction has changed, so that writers do not wait for each other.
func count(ctx context.Context, tx *sqldb.Tx, communityID, channelID string, delta int64) error {
	shard := int64(0)
	if tx.Dialect() == sqldb.Postgres {
		free := "SELECT shard FROM message_counts WHERE community_id = $1 AND channel_id = $2 ORDER BY shard LIMIT 1 " + tx.Dialect().SkipLocked()
		n, err := tx.Exec(ctx, "UPDATE message_counts SET total = total + $3 WHERE community_id = $1 AND channel_id = $2 AND shard = ("+free+")", communityID, channelID, delta)
		if err != nil || n > 0 {
			return err
		}
		shard = rand.Int64()
	}
	_, err := tx.Exec(ctx, `INSERT INTO message_counts (community_id, channel_id, shard, total) VALUES ($1, $2, $3, $4)
		ON CONFLICT (community_id, channel_id, shard) DO UPDATE SET total = message_counts.total + excluded.total`, communityID, channelID, shard, delta)
	return err
}

// countWritten adds to the figures of the author of a message.
func countWritten(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message, delta int64) error {
	if m.Kind == Reply {
		return tally.Add(ctx, tx, communityID, m.AuthorID, tally.Delta{Replies: delta})
	}
	return tally.Add(ctx, tx, communityID, m.AuthorID, tally.Delta{Messages: delta})
}

func insertMentions(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message) error {
	for _, one := range m.Mentions {
		_, err := tx.Exec(ctx, `INSERT INTO message_mentions (community_id, channel_id, target, message_id, notify) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (community_id, channel_id, target, message_id) DO NOTHING`, communityID, m.ChannelID, one.target(), m.ID, one.Notify)
		if err != nil {
			return err
		}
	}
	return nil
}

// loadNamed returns active members by id or by the key of their username, and all
// roles.
func loadNamed(ctx context.Context, q sqldb.Querier, communityID string, ids, keys []string) (*named, error) {
	n := &named{byID: map[string]Mention{}, byKey: map[string]Mention{}, byTitle: map[string]Mention{}}
	members, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (m [3]string, err error) { return m, s.Scan(&m[0], &m[1], &m[2]) },
		"SELECT user_id, username, username_key FROM members WHERE community_id = $1 AND state = 'active' AND ("+q.Dialect().In("user_id", "$2")+" OR "+q.Dialect().In("username_key", "$3")+")",
		communityID, sqldb.Keys(ids), sqldb.Keys(keys))
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		one := Mention{Kind: MentionsMember, ID: m[0], Name: m[1]}
		n.byID[m[0]], n.byKey[m[2]] = one, one
	}
	roles, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (r [2]string, err error) { return r, s.Scan(&r[0], &r[1]) },
		"SELECT id, title FROM roles WHERE community_id = $1 AND NOT everyone", communityID)
	for _, r := range roles {
		n.byTitle[account.UsernameKey(r[1])] = Mention{Kind: MentionsRole, ID: r[0], Name: r[1]}
	}
	return n, err
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
	if err := count(ctx, tx, communityID, from, -visible); err != nil {
		return err
	}
	return count(ctx, tx, communityID, to, visible)
}

// DeleteTopic deletes the messages of a topic as deletions of each would, but without
// events, in the caller's transaction. by is the actor.
func (m *Messages) DeleteTopic(ctx context.Context, tx *sqldb.Tx, communityID, topicID, channelID, by string) error {
	if err := lockOfTopic(ctx, tx, communityID, topicID); err != nil {
		return err
	}
	visible, err := countTopic(ctx, tx, communityID, topicID)
	if err != nil {
		return err
	}
	written, err := tallyOfTopic(ctx, tx, communityID, topicID)
	if err != nil {
		return err
	}
	if err := tally.Subtract(ctx, tx, communityID, written); err != nil {
		return err
	}
	now := m.Clock.Now()
	deleted := Version{id: id.New(now), Kind: Deleted, actor: by, at: now.UnixMilli()}
	rich, err := sqldb.All(ctx, tx, scanMessage, "SELECT "+messageColumns+" FROM messages m WHERE "+ofTopic+" AND m.deleted_at = 0 AND "+isRich, communityID, topicID)
	if err != nil {
		return err
	}
	for i := range rich {
		if err := insertHistory(ctx, tx, communityID, &rich[i], deleted); err != nil {
			return err
		}
		if err := image.Detach(ctx, tx, communityID, rich[i].ID); err != nil {
			return err
		}
	}
	if err := deleteTopic(ctx, tx, communityID, topicID, deleted); err != nil {
		return err
	}
	return count(ctx, tx, communityID, channelID, -visible)
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
	return sqldb.One(ctx, q, "messages", sqldb.Value[int64], "SELECT count(*) FROM messages m WHERE "+ofTopic+" AND "+visible, communityID, topicID)
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

// lockOfTopic locks the messages of a topic, so that none is deleted or gets a reaction
// until the transaction ends.
func lockOfTopic(ctx context.Context, tx *sqldb.Tx, communityID, topicID string) error {
	_, err := tx.Exec(ctx, "SELECT m.id FROM messages m WHERE "+ofTopic+" ORDER BY m.id "+tx.Dialect().Lock(), communityID, topicID)
	return err
}

// tallyOfTopic returns what members have written and reacted in a topic.
func tallyOfTopic(ctx context.Context, q sqldb.Querier, communityID, topicID string) (map[string]tally.Delta, error) {
	return tallies(ctx, q, `SELECT m.author_id, CAST(SUM(CASE WHEN m.kind = 'reply' THEN 0 ELSE 1 END) AS BIGINT), CAST(SUM(CASE WHEN m.kind = 'reply' THEN 1 ELSE 0 END) AS BIGINT), 0
		FROM messages m WHERE `+ofTopic+` AND m.deleted_at = 0 GROUP BY m.author_id
		UNION ALL SELECT r.user_id, 0, 0, count(*) FROM message_reactions r WHERE r.community_id = $1 AND r.message_id IN `+idsOfTopic+" GROUP BY r.user_id", communityID, topicID)
}

// isRich is the condition of messages with more than a text and reactions.
const isRich = "(m.has_image OR m.mentions <> '[]')"

// deleteTopic deletes the messages of a topic; those with isRich have their history.
func deleteTopic(ctx context.Context, tx *sqldb.Tx, communityID, topicID string, v Version) error {
	for _, s := range []struct {
		statement string
		args      []any
	}{
		{`INSERT INTO message_history (community_id, message_id, id, kind, text, actor, at) SELECT m.community_id, m.id, $3, 'deleted', m.text, $4, CAST($5 AS BIGINT) FROM messages m
			WHERE ` + ofTopic + " AND m.deleted_at = 0 AND NOT " + isRich, []any{v.id, v.actor, v.at}},
		{"DELETE FROM message_reactions WHERE community_id = $1 AND message_id IN " + idsOfTopic, nil},
		{"DELETE FROM message_mentions WHERE community_id = $1 AND message_id IN " + idsOfTopic, nil},
		{"UPDATE messages SET deleted_at = CASE WHEN deleted_at = 0 THEN $3 ELSE deleted_at END, pinned_at = 0, reply_count = 0 WHERE community_id = $1 AND topic_id = $2 AND topic_id <> ''", []any{v.at}},
	} {
		if _, err := tx.Exec(ctx, s.statement, append([]any{communityID, topicID}, s.args...)...); err != nil {
			return err
		}
	}
	return nil
}
