package member

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// withRole returns the ids, sorted and after one, of members in whatever state
// who have a role.
func withRole(ctx context.Context, q sqldb.Querier, communityID, roleID, after string, limit int) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT user_id FROM members WHERE community_id = $1 AND user_id > $2 AND "+
		q.Dialect().JSONHas("roles", "$3")+" ORDER BY user_id LIMIT $4", communityID, after, roleID, limit)
}
