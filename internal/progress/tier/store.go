package tier

import (
	"context"
	"fmt"
	"math"
	"strings"

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

// countByXP returns how many balances of XP are at least each of the rising amounts, but
// less than the next one. Balances of 0 do not count. Each count is a range of an index.
func countByXP(ctx context.Context, q sqldb.Querier, communityID string, amounts []int64) ([]int64, error) {
	ranges := make([]string, len(amounts))
	for i, amount := range amounts {
		next := int64(math.MaxInt64)
		if i+1 < len(amounts) {
			next = amounts[i+1]
		}
		ranges[i] = fmt.Sprintf("SELECT %d AS i, COUNT(*) FROM ledger_balances WHERE community_id = $1 AND unit = 'xp' AND posted >= %d AND posted < %d", i, max(amount, 1), next)
	}
	counts := make([]int64, len(amounts))
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var i int
		var n int64
		err = s.Scan(&i, &n)
		counts[i] = n
		return none, err
	}, strings.Join(ranges, " UNION ALL "), communityID)
	return counts, err
}

// inactive returns the members that count nowhere: they left or are deleted.
func inactive(ctx context.Context, q sqldb.Querier, communityID string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT user_id FROM members WHERE community_id = $1 AND state <> 'active'", communityID)
}
