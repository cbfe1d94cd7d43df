package message

import (
	"context"

	"github.com/regulars/regulars/internal/emoji"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// Authors returns the authors of messages by id, and under "" that of erased ones.
func (m *Messages) Authors(ctx context.Context, q sqldb.Querier, communityID string, r Reader, ids []string) (map[string]Author, error) {
	found := map[string]Author{"": {DisplayName: deletedName, Deleted: true}}
	rows, err := q.Query(ctx, "SELECT user_id, state, username, display_name, email, avatar_id FROM members WHERE community_id = $1 AND "+q.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(ids))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var userID, state, avatarID string
		var a Author
		if err := rows.Scan(&userID, &state, &a.Username, &a.DisplayName, &a.Email, &avatarID); err != nil {
			return nil, err
		}
		if state == member.Deleted {
			found[userID] = found[""]
			continue
		}
		a.ID = &userID
		if avatarID != "" {
			a.Avatar = m.BaseURL() + media.Path(communityID, avatarID)
		}
		if !r.SeesEmail && userID != r.MemberID {
			a.Email = ""
		}
		found[userID] = a
	}
	return found, rows.Err()
}

// reactionsTo returns the reactions to messages, by message. memberID is the reader.
func reactionsTo(ctx context.Context, q sqldb.Querier, communityID, memberID string, messageIDs []string) (map[string][]Reactions, error) {
	byMessage := map[string][]Reactions{}
	if len(messageIDs) == 0 {
		return byMessage, nil
	}
	rows, err := q.Query(ctx, `SELECT message_id, emoji, count(*), MIN(reacted_at), MAX(CASE WHEN user_id = $3 THEN 1 ELSE 0 END) FROM message_reactions
		WHERE community_id = $1 AND `+q.Dialect().In("message_id", "$2")+" GROUP BY message_id, emoji ORDER BY message_id, MIN(reacted_at), emoji", communityID, sqldb.Keys(messageIDs), memberID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var messageID string
		var first int64
		var me int
		var kind Reactions
		if err := rows.Scan(&messageID, &kind.Emoji, &kind.Count, &first, &me); err != nil {
			return nil, err
		}
		kind.Me = me == 1
		known, _ := emoji.Parse(kind.Emoji)
		kind.Shortcode = known.Shortcode
		byMessage[messageID] = append(byMessage[messageID], kind)
	}
	return byMessage, rows.Err()
}

// nonceRow is the request that a nonce belongs to; the zero row: none.
type nonceRow struct {
	messageID, fingerprint string
	createdAt              int64
}

// lockNonce returns the request of a nonce, which no other transaction takes until
// the end of this one.
func lockNonce(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message, nonce string) (nonceRow, error) {
	if err := tx.LockExclusive(ctx, "nonce "+communityID+" "+m.ChannelID+" "+m.AuthorID+" "+nonce); err != nil {
		return nonceRow{}, err
	}
	found, err := sqldb.All(ctx, tx, func(s sqldb.Scanner) (n nonceRow, err error) {
		return n, s.Scan(&n.messageID, &n.fingerprint, &n.createdAt)
	}, "SELECT message_id, fingerprint, created_at FROM message_nonces WHERE community_id = $1 AND channel_id = $2 AND author_id = $3 AND nonce = $4", communityID, m.ChannelID, m.AuthorID, nonce)
	if err != nil || len(found) == 0 {
		return nonceRow{}, err
	}
	return found[0], nil
}

func putNonce(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message, nonce, fingerprint string) error {
	_, err := tx.Exec(ctx, `INSERT INTO message_nonces (community_id, channel_id, author_id, nonce, message_id, fingerprint, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (community_id, channel_id, author_id, nonce) DO UPDATE SET message_id = excluded.message_id, fingerprint = excluded.fingerprint, created_at = excluded.created_at`,
		communityID, m.ChannelID, m.AuthorID, nonce, m.ID, fingerprint, m.PostedAt)
	return err
}

// lastPost returns when the author of a message posted in a channel with slow mode for
// the last time, in Unix milliseconds; 0: never. Their next post waits for the
// transaction.
func lastPost(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message) (int64, error) {
	if err := tx.LockExclusive(ctx, "slow mode "+communityID+" "+m.ChannelID+" "+m.AuthorID); err != nil {
		return 0, err
	}
	return sqldb.One(ctx, tx, "post", sqldb.Value[int64], "SELECT COALESCE(MAX(posted_at), 0) FROM slow_mode_posts WHERE community_id = $1 AND channel_id = $2 AND user_id = $3", communityID, m.ChannelID, m.AuthorID)
}

func putLastPost(ctx context.Context, tx *sqldb.Tx, communityID string, m *Message) error {
	_, err := tx.Exec(ctx, `INSERT INTO slow_mode_posts (community_id, channel_id, user_id, posted_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (community_id, channel_id, user_id) DO UPDATE SET posted_at = excluded.posted_at`, communityID, m.ChannelID, m.AuthorID, m.PostedAt)
	return err
}

func deleteNonces(ctx context.Context, db *sqldb.DB, before int64) error {
	return db.DeleteBatches(ctx, "message_nonces", "community_id, channel_id, author_id, nonce", "created_at < $1", before)
}

// mentioning returns the messages that mention one of some members.
func mentioning(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) ([]Message, error) {
	return sqldb.All(ctx, tx, scanMessage, "SELECT "+messageColumns+` FROM messages m WHERE m.community_id = $1 AND m.id IN
		(SELECT message_id FROM message_mentions n WHERE n.community_id = $1 AND `+tx.Dialect().In("n.target", "$2")+")", communityID, sqldb.Keys(memberIDs))
}

// eraseEarlierMentions replaces the mentions of members in earlier and deleted texts.
func eraseEarlierMentions(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	type row struct{ messageID, text string }
	keys := sqldb.Keys(memberIDs)
	rows, err := sqldb.All(ctx, tx, func(s sqldb.Scanner) (r row, err error) {
		return r, s.Scan(&r.messageID, &r.text)
	}, "SELECT message_id, text FROM message_history_mentions WHERE community_id = $1 AND "+tx.Dialect().In("target", "$2"), communityID, keys)
	if err != nil {
		return err
	}
	for _, r := range rows {
		for _, statement := range []string{
			"UPDATE message_history SET text = replace(text, $3, $4) WHERE community_id = $1 AND message_id = $2",
			"UPDATE messages SET text = replace(text, $3, $4), mentions = '[]' WHERE community_id = $1 AND id = $2 AND deleted_at <> 0",
		} {
			if _, err := tx.Exec(ctx, statement, communityID, r.messageID, r.text, "@"+erasedName); err != nil {
				return err
			}
		}
	}
	_, err = tx.Exec(ctx, "DELETE FROM message_history_mentions WHERE community_id = $1 AND "+tx.Dialect().In("target", "$2"), communityID, keys)
	return err
}

// eraseHistoryActors removes actors from the history.
func eraseHistoryActors(ctx context.Context, tx *sqldb.Tx, communityID string, refs []string) error {
	_, err := tx.Exec(ctx, "UPDATE message_history SET actor = '' WHERE community_id = $1 AND "+tx.Dialect().In("actor", "$2"), communityID, sqldb.Keys(refs))
	return err
}

// unmarkImages records that messages have no image besides those of members.
func unmarkImages(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	const attached = "SELECT a.message_id FROM message_attachments a JOIN message_images i ON i.community_id = a.community_id AND i.id = a.image_id WHERE a.community_id = $1 AND "
	owned := tx.Dialect().In("i.owner_id", "$2")
	_, err := tx.Exec(ctx, "UPDATE messages SET has_image = FALSE WHERE community_id = $1 AND id IN ("+attached+owned+") AND NOT EXISTS ("+attached+"a.message_id = messages.id AND NOT "+owned+")", communityID, sqldb.Keys(memberIDs))
	return err
}

// eraseAuthors removes members from everything but texts.
func eraseAuthors(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	d, keys := tx.Dialect(), sqldb.Keys(memberIDs)
	for _, statement := range []string{
		"DELETE FROM message_history_mentions WHERE community_id = $1 AND message_id IN (SELECT id FROM messages WHERE community_id = $1 AND " + d.In("author_id", "$2") + ")",
		"DELETE FROM message_history WHERE community_id = $1 AND message_id IN (SELECT id FROM messages WHERE community_id = $1 AND " + d.In("author_id", "$2") + ")",
		"UPDATE messages SET author_id = '' WHERE community_id = $1 AND " + d.In("author_id", "$2"),
		"UPDATE message_reactions SET user_id = " + d.RandomID() + " WHERE community_id = $1 AND " + d.In("user_id", "$2"),
		"DELETE FROM message_mentions WHERE community_id = $1 AND " + d.In("target", "$2"),
		"DELETE FROM message_nonces WHERE community_id = $1 AND " + d.In("author_id", "$2"),
		"DELETE FROM slow_mode_posts WHERE community_id = $1 AND " + d.In("user_id", "$2"),
	} {
		if _, err := tx.Exec(ctx, statement, communityID, keys); err != nil {
			return err
		}
	}
	return nil
}
