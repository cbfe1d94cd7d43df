package assign

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// withRole returns the ids of members with a role, in any state, in order,
// after one.
func withRole(ctx context.Context, q sqldb.Querier, communityID, roleID, after string, limit int) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT user_id FROM members WHERE community_id = $1 AND user_id > $2 AND "+
		q.Dialect().JSONHas("roles", "$3")+" ORDER BY user_id LIMIT $4", communityID, after, roleID, limit)
}
