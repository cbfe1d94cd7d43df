package member

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

type nameRow struct {
	namedRole
	isTag bool
}

// selectNames reads roles and tags at once: a read of one person needs both.
func selectNames(ctx context.Context, q sqldb.Querier, communityID string, tagIDs []string) ([]nameRow, error) {
	tags, args := "tags WHERE", []any{communityID}
	if tagIDs != nil {
		tags, args = q.Dialect().FromKeys("tags", "id", "$2")+" AND", append(args, sqldb.Keys(tagIDs))
	}
	query := `SELECT id, title, rank, everyone, FALSE FROM roles WHERE community_id = $1
		UNION ALL SELECT id, name, 0, FALSE, TRUE FROM ` + tags + " community_id = $1"
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (nameRow, error) {
		var r nameRow
		return r, s.Scan(&r.id, &r.title, &r.rank, &r.everyone, &r.isTag)
	}, query, args...)
}
