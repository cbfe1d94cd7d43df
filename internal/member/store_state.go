package member

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

type membership struct{ userID, state, before string }

// lockStates reads the states of those of the users who are members in
// whatever state, sorted by id: two that lock many never wait for each other.
func lockStates(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) ([]membership, error) {
	d := tx.Dialect()
	return sqldb.All(ctx, tx, func(s sqldb.Scanner) (membership, error) {
		var m membership
		return m, s.Scan(&m.userID, &m.state, &m.before)
	}, "SELECT user_id, state, state_before FROM members WHERE community_id = $1 AND "+d.In("user_id", "$2")+" ORDER BY user_id "+d.Lock(), communityID, sqldb.Keys(userIDs))
}
