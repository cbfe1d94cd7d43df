package member

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// selectChangedByOthers returns the ids of those of the users who have a change
// that came from none of the sources.
func selectChangedByOthers(ctx context.Context, q sqldb.Querier, communityID string, userIDs, sourceIDs []string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], `SELECT DISTINCT user_id FROM field_history
		WHERE community_id = $1 AND `+q.Dialect().In("user_id", "$2")+" AND NOT "+q.Dialect().In("source_id", "$3"), communityID, sqldb.Keys(userIDs), sqldb.Keys(sourceIDs))
}
