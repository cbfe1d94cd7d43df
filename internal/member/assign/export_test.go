package assign

import (
	"context"

	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// SetBatch sets how many members lose a role or tag in one transaction.
func (s *Assignments) SetBatch(n int) { s.batch = n }

// RemoveTagOnce does the first batch of the job that removes a deleted tag, and
// no more of it, as a process that dies then.
func (s *Assignments) RemoveTagOnce(ctx context.Context, communityID, tagID string) error {
	_, err := s.removeTagOnce(ctx, func(ctx context.Context, f func(*sqldb.Tx) error) error { return s.db.Tx(ctx, f) }, removeTag{CommunityID: communityID, TagID: tagID, At: s.clock.MS()}, "", &member.Skipped{})
	return err
}
