package post

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/sqldb"
)

// loadNamed returns active members by id or by the key of their username, and all
// roles.
func loadNamed(ctx context.Context, q sqldb.Querier, communityID string, ids, keys []string) (*named, error) {
	n := &named{byID: map[string]message.Mention{}, byKey: map[string]message.Mention{}, byTitle: map[string]message.Mention{}}
	members, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (m [3]string, err error) { return m, s.Scan(&m[0], &m[1], &m[2]) },
		"SELECT user_id, username, username_key FROM members WHERE community_id = $1 AND state = 'active' AND ("+q.Dialect().In("user_id", "$2")+" OR "+q.Dialect().In("username_key", "$3")+")",
		communityID, sqldb.Keys(ids), sqldb.Keys(keys))
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		one := message.Mention{Kind: message.MentionsMember, ID: m[0], Name: m[1]}
		n.byID[m[0]], n.byKey[m[2]] = one, one
	}
	roles, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (r [2]string, err error) { return r, s.Scan(&r[0], &r[1]) },
		"SELECT id, title FROM roles WHERE community_id = $1 AND NOT everyone", communityID)
	for _, r := range roles {
		n.byTitle[account.UsernameKey(r[1])] = message.Mention{Kind: message.MentionsRole, ID: r[0], Name: r[1]}
	}
	return n, err
}

// nonceRow is the request that a nonce belongs to; the zero row: none.
type nonceRow struct {
	messageID, fingerprint string
	createdAt              int64
}

// lockNonce returns the request of a nonce, which no other transaction takes until
// the end of this one.
func lockNonce(ctx context.Context, tx *sqldb.Tx, communityID string, m *message.Message, nonce string) (nonceRow, error) {
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

func putNonce(ctx context.Context, tx *sqldb.Tx, communityID string, m *message.Message, nonce, fingerprint string) error {
	return tx.Queue(ctx, `INSERT INTO message_nonces (community_id, channel_id, author_id, nonce, message_id, fingerprint, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (community_id, channel_id, author_id, nonce) DO UPDATE SET message_id = excluded.message_id, fingerprint = excluded.fingerprint, created_at = excluded.created_at`,
		communityID, m.ChannelID, m.AuthorID, nonce, m.ID, fingerprint, m.PostedAt)
}

// lastPost returns when the author of a message posted in a channel with slow mode for
// the last time, in Unix milliseconds; 0: never. Their next post waits for the
// transaction.
func lastPost(ctx context.Context, tx *sqldb.Tx, communityID string, m *message.Message) (int64, error) {
	if err := tx.LockExclusive(ctx, "slow mode "+communityID+" "+m.ChannelID+" "+m.AuthorID); err != nil {
		return 0, err
	}
	return sqldb.One(ctx, tx, "post", sqldb.Value[int64], "SELECT COALESCE(MAX(posted_at), 0) FROM slow_mode_posts WHERE community_id = $1 AND channel_id = $2 AND user_id = $3", communityID, m.ChannelID, m.AuthorID)
}

func putLastPost(ctx context.Context, tx *sqldb.Tx, communityID string, m *message.Message) error {
	return tx.Queue(ctx, `INSERT INTO slow_mode_posts (community_id, channel_id, user_id, posted_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (community_id, channel_id, user_id) DO UPDATE SET posted_at = excluded.posted_at`, communityID, m.ChannelID, m.AuthorID, m.PostedAt)
}

func deleteNonces(ctx context.Context, db *sqldb.DB, before int64) error {
	return db.DeleteBatches(ctx, "message_nonces", "community_id, channel_id, author_id, nonce", "created_at < $1", before)
}

// EraseMembers deletes the nonces of members and when they posted in channels with slow
// mode, in the caller's transaction. It is a roster.Eraser.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	d, keys := tx.Dialect(), sqldb.Keys(memberIDs)
	if _, err := tx.Exec(ctx, "DELETE FROM message_nonces WHERE community_id = $1 AND "+d.In("author_id", "$2"), communityID, keys); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "DELETE FROM slow_mode_posts WHERE community_id = $1 AND "+d.In("user_id", "$2"), communityID, keys)
	return err
}

// Clear deletes when members posted in a deleted channel with slow mode. It is a
// change.Clearer. Nonces expire.
func Clear(ctx context.Context, tx *sqldb.Tx, communityID, channelID string, limit int) (int64, error) {
	return tx.Exec(ctx, "DELETE FROM slow_mode_posts WHERE community_id = $1 AND channel_id = $2 AND user_id IN (SELECT user_id FROM slow_mode_posts WHERE community_id = $1 AND channel_id = $2 LIMIT $3)", communityID, channelID, limit)
}
