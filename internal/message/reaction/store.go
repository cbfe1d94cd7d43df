package reaction

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// CountsOf returns the reactions to messages, by message, the first kind first.
// readerID is the member that Count.Me is about.
func CountsOf(ctx context.Context, q sqldb.Querier, communityID, readerID string, messageIDs []string) (map[string][]Count, error) {
	byMessage := map[string][]Count{}
	if len(messageIDs) == 0 {
		return byMessage, nil
	}
	rows, err := q.Query(ctx, `SELECT message_id, emoji, count(*), MIN(reacted_at), MAX(CASE WHEN user_id = $3 THEN 1 ELSE 0 END) FROM message_reactions
		WHERE community_id = $1 AND `+q.Dialect().In("message_id", "$2")+" GROUP BY message_id, emoji ORDER BY message_id, MIN(reacted_at), emoji", communityID, sqldb.Keys(messageIDs), readerID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var messageID string
		var first int64
		var me int
		var kind Count
		if err := rows.Scan(&messageID, &kind.Emoji, &kind.Count, &first, &me); err != nil {
			return nil, err
		}
		kind.Me = me == 1
		byMessage[messageID] = append(byMessage[messageID], kind)
	}
	return byMessage, rows.Err()
}

// Insert stores a reaction, in the caller's transaction.
func Insert(ctx context.Context, tx *sqldb.Tx, communityID, messageID string, one Given) error {
	_, err := tx.Exec(ctx, "INSERT INTO message_reactions (community_id, message_id, emoji, user_id, reacted_at) VALUES ($1, $2, $3, $4, $5)", communityID, messageID, one.Emoji, one.MemberID, one.At)
	return err
}

// Delete deletes the reaction of a kind of a member, in the caller's transaction.
func Delete(ctx context.Context, tx *sqldb.Tx, communityID, messageID, emoji, memberID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM message_reactions WHERE community_id = $1 AND message_id = $2 AND emoji = $3 AND user_id = $4", communityID, messageID, emoji, memberID)
	return err
}

// DeleteAll deletes all reactions to messages, in the caller's transaction.
func DeleteAll(ctx context.Context, tx *sqldb.Tx, communityID string, messageIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM message_reactions WHERE community_id = $1 AND "+tx.Dialect().In("message_id", "$2"), communityID, sqldb.Keys(messageIDs))
	return err
}

// Select returns reactions in the order of time.
func Select(ctx context.Context, q sqldb.Querier, communityID string, f Filter) ([]Given, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (g Given, err error) {
		return g, s.Scan(&g.Emoji, &g.MemberID, &g.At)
	}, `SELECT emoji, user_id, reacted_at FROM message_reactions WHERE community_id = $1 AND message_id = $2 AND ($3 = '' OR emoji = $3)
		AND (reacted_at, emoji, user_id) > (CAST($4 AS BIGINT), $5, $6) ORDER BY reacted_at, emoji, user_id LIMIT $7`,
		communityID, f.MessageID, f.Emoji, f.After.At, f.After.Emoji, f.After.MemberID, f.Limit)
}

// EraseMembers replaces members in reactions by random ids, in the caller's
// transaction, so that the numbers stay.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	d := tx.Dialect()
	_, err := tx.Exec(ctx, "UPDATE message_reactions SET user_id = "+d.RandomID()+" WHERE community_id = $1 AND "+d.In("user_id", "$2"), communityID, sqldb.Keys(memberIDs))
	return err
}
