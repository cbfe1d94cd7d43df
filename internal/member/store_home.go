package member

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

func memberTotals(ctx context.Context, q sqldb.Querier, communityIDs []string) (map[string]int64, error) {
	totals := map[string]int64{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (struct{}, error) {
		var communityID string
		var total int64
		err := s.Scan(&communityID, &total)
		totals[communityID] = total
		return struct{}{}, err
	}, "SELECT community_id, CAST(SUM(total) AS BIGINT) FROM member_totals WHERE "+q.Dialect().In("community_id", "$1")+" GROUP BY community_id", sqldb.Keys(communityIDs))
	return totals, err
}

func firstOwners(ctx context.Context, q sqldb.Querier, communityIDs []string) (map[string]Person, error) {
	owners := map[string]Person{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (struct{}, error) {
		var communityID string
		var p Person
		err := s.Scan(&communityID, &p.ID, &p.Number, &p.Username)
		if _, known := owners[communityID]; !known {
			owners[communityID] = p
		}
		return struct{}{}, err
	}, `SELECT m.community_id, m.user_id, m.number, m.username FROM members m
		WHERE m.owner AND m.state = 'active' AND `+q.Dialect().In("m.community_id", "$1")+" ORDER BY m.community_id, m.user_id", sqldb.Keys(communityIDs))
	return owners, err
}

// countOwned counts the communities an account owns, deleted ones too.
func countOwned(ctx context.Context, q sqldb.Querier, accountID string) (int, error) {
	return sqldb.One(ctx, q, "user", sqldb.Value[int], "SELECT count(*) FROM members WHERE account_id = $1 AND account_id <> '' AND owner AND state = 'active'", accountID)
}

// deletedHomes are the communities that the account owned when they were
// deleted, and that were deleted after oldest.
func deletedHomes(ctx context.Context, q sqldb.Querier, accountID string, oldest int64) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], `SELECT c.id FROM communities c
		JOIN members m ON m.community_id = c.id AND m.account_id = $1 AND m.account_id <> '' AND m.state = 'active' AND m.owner
		WHERE c.deleted_at <> 0 AND c.deleted_at > $2 ORDER BY c.id`, accountID, oldest)
}

// ownsDeletedToo reports whether an account owns a community, deleted or not.
func ownsDeletedToo(ctx context.Context, q sqldb.Querier, communityID, accountID string) (owns bool, err error) {
	err = q.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM members WHERE community_id = $1 AND account_id = $2 AND account_id <> '' AND owner AND state = 'active')",
		communityID, accountID).Scan(&owns)
	return owns, err
}

// deleteSomeMembers deletes up to limit memberships in whatever state and
// returns how many.
func deleteSomeMembers(ctx context.Context, tx *sqldb.Tx, communityID string, limit int) (int64, error) {
	return tx.Exec(ctx, `DELETE FROM members WHERE community_id = $1 AND user_id IN (
			SELECT user_id FROM members WHERE community_id = $1 ORDER BY user_id LIMIT $2)`, communityID, int64(limit))
}
