package fieldchange

import (
	"context"

	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// WorkOnce does one batch of the work on a field.
func (s *Changes) WorkOnce(ctx context.Context, communityID, fieldID string) (more bool, err error) {
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		more, err = s.runBatch(ctx, tx, communityID, fieldID)
		return err
	})
	return more, err
}

// KeyBatch is how many keys one transaction deletes.
const KeyBatch = member.KeyBatch
