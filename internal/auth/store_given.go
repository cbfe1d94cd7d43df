package auth

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

func setFirstPassword(ctx context.Context, tx *sqldb.Tx, accountID, hash string) error {
	_, err := tx.Exec(ctx, "UPDATE accounts SET password_hash = $1 WHERE id = $2 AND password_hash = ''", hash, accountID)
	return err
}

// countSeen counts the sessions that work in a community, have not ended and
// were used after since.
func countSeen(ctx context.Context, q sqldb.Querier, accountID, communityID string, since, now int64) (int, error) {
	return sqldb.One(ctx, q, "session", sqldb.Value[int], `SELECT count(*) FROM sessions
		WHERE account_id = $1 AND community_id IN ('', $2) AND seen_at > $3 AND expires_at > $4`, accountID, communityID, since, now)
}
