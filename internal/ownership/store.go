package ownership

import (
	"context"

	"github.com/regulars/regulars/internal/ownership/transfer"
	"github.com/regulars/regulars/internal/sqldb"
)

// countOwned counts the communities of an account, deleted ones included.
func countOwned(ctx context.Context, q sqldb.Querier, accountID string) (int, error) {
	return sqldb.One(ctx, q, "user", sqldb.Value[int], "SELECT count(*) FROM members WHERE account_id = $1 AND account_id <> '' AND owner AND state = 'active'", accountID)
}

// ownsDeletedToo reports whether an account owns a community, deleted or not.
func ownsDeletedToo(ctx context.Context, q sqldb.Querier, communityID, accountID string) (owns bool, err error) {
	err = q.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM members WHERE community_id = $1 AND account_id = $2 AND account_id <> '' AND owner AND state = 'active')",
		communityID, accountID).Scan(&owns)
	return owns, err
}

// transfersTo returns the open transfers to an active member, oldest first.
func transfersTo(ctx context.Context, q sqldb.Querier, accountID string, now int64) ([]transfer.Transfer, error) {
	return sqldb.All(ctx, q, transfer.Scan, `SELECT t.community_id, t.id, t.from_user_id, t.from_name, t.user_id, t.user_name, t.state, t.created_at, t.expires_at, t.ended_at
		FROM ownership_transfers t JOIN communities c ON c.id = t.community_id AND c.deleted_at = 0
		JOIN members m ON m.community_id = t.community_id AND m.user_id = t.user_id AND m.state = 'active'
		WHERE m.account_id = $1 AND m.account_id <> '' AND t.state = 'open' AND t.expires_at > $2 ORDER BY t.id`, accountID, now)
}
