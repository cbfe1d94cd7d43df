package member

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// lockOwners returns the owners who are members, sorted; none of them goes
// until the transaction ends.
func lockOwners(ctx context.Context, tx *sqldb.Tx, communityID string) ([]string, error) {
	return sqldb.All(ctx, tx, sqldb.Value[string],
		"SELECT user_id FROM members WHERE community_id = $1 AND owner AND state = 'active' ORDER BY user_id "+tx.Dialect().Lock(), communityID)
}

func disown(ctx context.Context, tx *sqldb.Tx, communityID, memberID string) error {
	_, err := tx.Exec(ctx, "UPDATE members SET owner = FALSE WHERE community_id = $1 AND user_id = $2 AND owner", communityID, memberID)
	return err
}

func setJoined(ctx context.Context, tx *sqldb.Tx, communityID, memberID string, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE members SET joined_at = $1 WHERE community_id = $2 AND user_id = $3", now, communityID, memberID)
	return err
}
