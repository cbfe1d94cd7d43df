package directory

import (
	"context"

	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/figure"
)

// eachBatch is the number of members that Each reads at a time.
const eachBatch = 1_000

// Each calls visit for every active member that a filter selects, with the member's
// figures, in the order of creation, and stops at its first error. Sort, Page and Limit
// are ignored. Concurrent changes may be seen or missed.
func (s *Directory) Each(ctx context.Context, communityID string, f Filter, visit func(*member.Member, figure.Figures) error) error {
	src, err := s.accessPath(ctx, communityID, f, true)
	if err != nil {
		return err
	}
	read := src.query(s.db.Dialect(), communityID)
	for last := ""; ; {
		found, err := read.after(last).page(ctx, s.db, order{by: byCreation}, eachBatch, 0)
		if err != nil {
			return err
		}
		figures, err := s.figuresOf(ctx, communityID, found...)
		if err != nil {
			return err
		}
		for i := range found {
			if err := visit(&found[i], figures[found[i].ID]); err != nil {
				return err
			}
		}
		if len(found) < eachBatch {
			return nil
		}
		last = found[len(found)-1].ID
	}
}
