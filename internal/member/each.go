package member

import (
	"context"
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
	read := src.query(s.db.Dialect(), communityID)
	for last := ""; ; {
		found, err := read.after(last).page(ctx, s.db, order{by: byCreation}, eachAtOnce, 0)
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
		last = found[len(found)-1].ID
	}
}
