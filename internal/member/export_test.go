package member

import "context"

// SetBatch sets how many members lose a role or tag in one transaction.
func (s *Members) SetBatch(n int) { s.batch = n }

// RemoveTagOnce does the first batch of the job that removes a deleted tag, and
// no more of it, as a process that dies then.
func (s *Members) RemoveTagOnce(ctx context.Context, communityID, tagID string) error {
	_, err := s.removeTagOnce(ctx, s.db.Tx, removeTag{CommunityID: communityID, TagID: tagID, At: s.clock.MS()}, "")
	return err
}
