package audit

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// Forget takes the names of people out of a community's log, and what changed
// about them, in the caller's transaction: that something was done, when and
// by which id, stays. actors are the references of these people, targets the
// ids of what tells of them.
func Forget(ctx context.Context, tx *sqldb.Tx, communityID string, actors, targets []string) error {
	if err := forgetTargets(ctx, tx, communityID, targets); err != nil {
		return err
	}
	return forgetActors(ctx, tx, communityID, actors)
}
