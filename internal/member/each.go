package member

import (
	"context"
	"fmt"

	"github.com/regulars/regulars/internal/sqldb"
)

// eachAtOnce is how many members Each reads at a time.
const eachAtOnce = 1_000

// Each calls visit for every active member a filter chooses, in the order they
// were made, and stops at its first error. Sort, Page and Limit of the filter
// do not count. Who comes or goes meanwhile may be among them or not.
func (s *Members) Each(ctx context.Context, communityID string, f Filter, visit func(*Member) error) error {
	src, err := s.source(ctx, communityID, f, true)
	if err != nil {
		return err
	}
	src.args = append(src.args, "")
	args := src.args
	query := fmt.Sprintf("SELECT %s FROM %s WHERE %s AND %s > $%d ORDER BY %s LIMIT %d", memberColumns, src.tables, src.where, src.user, len(args), src.user, eachAtOnce)
	for {
		found, err := sqldb.All(ctx, s.db, scanMember, query, args...)
		if err != nil {
			return err
		}
		for i := range found {
			if err := visit(&found[i]); err != nil {
				return err
			}
		}
		if len(found) < eachAtOnce {
			return nil
		}
		args[len(args)-1] = found[len(found)-1].ID
	}
}
