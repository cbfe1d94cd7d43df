package tier

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// lockMembers locks members in any state after an id, in the order of their ids.
func lockMembers(ctx context.Context, tx *sqldb.Tx, communityID, after string, limit int) ([]string, error) {
	return sqldb.All(ctx, tx, sqldb.Value[string], "SELECT user_id FROM members WHERE community_id = $1 AND user_id > $2 ORDER BY user_id LIMIT $3 "+tx.Dialect().Lock(), communityID, after, limit)
}

// lockSome locks members in any state by their ids.
func lockSome(ctx context.Context, tx *sqldb.Tx, communityID string, ids []string) error {
	_, err := sqldb.All(ctx, tx, sqldb.Value[string], "SELECT user_id FROM members WHERE community_id = $1 AND "+tx.Dialect().In("user_id", "$2")+" ORDER BY user_id "+tx.Dialect().Lock(), communityID, sqldb.Keys(ids))
	return err
}

// balances returns the XP of members by their ids; those without are absent.
func balances(ctx context.Context, q sqldb.Querier, communityID string, ids []string) (map[string]int64, error) {
	found := make(map[string]int64, len(ids))
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var userID string
		var xp int64
		err = s.Scan(&userID, &xp)
		found[userID] = xp
		return none, err
	}, `SELECT h.user_id, b.posted FROM ledger_holders h JOIN ledger_balances b ON b.community_id = h.community_id AND b.holder = h.holder AND b.unit = 'xp'
		WHERE h.community_id = $1 AND `+q.Dialect().In("h.user_id", "$2"), communityID, sqldb.Keys(ids))
	return found, err
}
