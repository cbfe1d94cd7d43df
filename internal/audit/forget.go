package audit

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/sqldb"
)

// Forget takes the names of people out of a community's log, and what changed
// about them, in the caller's transaction: that something was done, when and
// by which id, stays. ids are those of accounts, about those of other targets
// that tell of them.
func Forget(ctx context.Context, tx *sqldb.Tx, communityID string, ids, about []string) error {
	if err := forgetTargets(ctx, tx, communityID, slices.Concat(ids, about)); err != nil {
		return err
	}
	actors := make([]string, len(ids))
	for i, accountID := range ids {
		actors[i] = "account:" + accountID
	}
	return forgetActors(ctx, tx, communityID, actors)
}
