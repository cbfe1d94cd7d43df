package member

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// SetBatch sets how many members lose a role or tag in one transaction.
func (s *Members) SetBatch(n int) { s.batch = n }

// RemoveTagOnce does the first batch of the job that removes a deleted tag, and
// no more of it, as a process that dies then.
func (s *Members) RemoveTagOnce(ctx context.Context, communityID, tagID string) error {
	_, err := s.removeTagOnce(ctx, func(ctx context.Context, f func(*sqldb.Tx) error) error { return s.db.Tx(ctx, f) }, removeTag{CommunityID: communityID, TagID: tagID, At: s.clock.MS()}, "", &skipped{})
	return err
}

// WorkOnce does one batch of the work on a field.
func (s *Members) WorkOnce(ctx context.Context, communityID, fieldID string) (more bool, err error) {
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		more, err = s.workOn(ctx, tx, communityID, fieldID)
		return err
	})
	return more, err
}

// KeyBatch is how many keys one transaction deletes.
const KeyBatch = keyBatch
