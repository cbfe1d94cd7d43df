package block

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// blockRow is a row of member_blocks.
type blockRow struct {
	blockedID string
	createdAt int64
}

func scanBlock(s sqldb.Scanner) (b blockRow, err error) {
	err = s.Scan(&b.blockedID, &b.createdAt)
	return b, err
}

func selectBlocks(ctx context.Context, q sqldb.Querier, communityID, blockerID string) ([]blockRow, error) {
	return sqldb.All(ctx, q, scanBlock, "SELECT blocked_id, created_at FROM member_blocks WHERE community_id = $1 AND blocker_id = $2 ORDER BY created_at DESC, blocked_id", communityID, blockerID)
}

func selectBlocked(ctx context.Context, q sqldb.Querier, communityID, blockerID string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT blocked_id FROM member_blocks WHERE community_id = $1 AND blocker_id = $2 ORDER BY blocked_id", communityID, blockerID)
}

func selectBlocking(ctx context.Context, q sqldb.Querier, communityID, blockedID string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT blocker_id FROM member_blocks WHERE community_id = $1 AND blocked_id = $2 ORDER BY blocker_id", communityID, blockedID)
}

func countBetween(ctx context.Context, q sqldb.Querier, communityID, memberID string, others []string) (int, error) {
	d := q.Dialect()
	return sqldb.One(ctx, q, "block", sqldb.Value[int], `SELECT count(*) FROM member_blocks WHERE community_id = $1
		AND (blocker_id = $2 AND `+d.In("blocked_id", "$3")+" OR blocked_id = $2 AND "+d.In("blocker_id", "$3")+")", communityID, memberID, sqldb.Keys(others))
}

func insertBlock(ctx context.Context, tx *sqldb.Tx, communityID, blockerID string, b blockRow) error {
	_, err := tx.Exec(ctx, "INSERT INTO member_blocks (community_id, blocker_id, blocked_id, created_at) VALUES ($1, $2, $3, $4)", communityID, blockerID, b.blockedID, b.createdAt)
	return err
}

func deleteBlock(ctx context.Context, q sqldb.Querier, communityID, blockerID, blockedID string) error {
	_, err := q.Exec(ctx, "DELETE FROM member_blocks WHERE community_id = $1 AND blocker_id = $2 AND blocked_id = $3", communityID, blockerID, blockedID)
	return err
}

// EraseMembers deletes the blocks by members and of them, in the caller's
// transaction. It is a roster.Eraser.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) error {
	d := tx.Dialect()
	_, err := tx.Exec(ctx, "DELETE FROM member_blocks WHERE community_id = $1 AND ("+d.In("blocker_id", "$2")+" OR "+d.In("blocked_id", "$2")+")", communityID, sqldb.Keys(userIDs))
	return err
}
