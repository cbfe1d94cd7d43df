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
	_, err := tx.Exec(ctx, "UPDATE audit_log SET target_name = '', changes = '[]' WHERE community_id = $1 AND "+tx.Dialect().In("target_id", "$2"), communityID, sqldb.Keys(slices.Concat(ids, about)))
	if err != nil {
		return err
	}
	actors := make([]string, len(ids))
	for i, accountID := range ids {
		actors[i] = "account:" + accountID
	}
	_, err = tx.Exec(ctx, "UPDATE audit_log SET actor_name = '' WHERE community_id = $1 AND "+tx.Dialect().In("actor", "$2"), communityID, sqldb.Keys(actors))
	return err
}
