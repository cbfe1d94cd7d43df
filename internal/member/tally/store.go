package tally

import (
	"context"
	"maps"
	"slices"

	"github.com/regulars/regulars/internal/sqldb"
)

func upsert(ctx context.Context, tx *sqldb.Tx, communityID, memberID string, d Delta) error {
	return tx.Queue(ctx, `INSERT INTO message_totals (community_id, user_id, messages, replies, reactions) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (community_id, user_id) DO UPDATE SET messages = message_totals.messages + excluded.messages,
			replies = message_totals.replies + excluded.replies, reactions = message_totals.reactions + excluded.reactions`,
		communityID, memberID, d.Messages, d.Replies, d.Reactions)
}

func subtract(ctx context.Context, tx *sqldb.Tx, communityID string, by map[string]Delta) error {
	for _, memberID := range slices.Sorted(maps.Keys(by)) {
		d := by[memberID]
		_, err := tx.Exec(ctx, `UPDATE message_totals SET messages = messages - $3, replies = replies - $4, reactions = reactions - $5
			WHERE community_id = $1 AND user_id = $2`, communityID, memberID, d.Messages, d.Replies, d.Reactions)
		if err != nil {
			return err
		}
	}
	return nil
}

func deleteRows(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM message_totals WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(memberIDs))
	return err
}
