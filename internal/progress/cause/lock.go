package cause

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

const lockName = "rewards of fields "

// Examine lets AwaitExaminers wait until the transaction ends. The transaction calls it
// before it reads the values that members are paid for, and before any other lock.
func Examine(ctx context.Context, tx *sqldb.Tx, communityID string) error {
	return tx.LockShared(ctx, lockName+communityID)
}

// AwaitExaminers waits for the transactions that have called Examine, so that the caller
// sees the rewards that they paid for values that an undone bulk job had written.
func AwaitExaminers(ctx context.Context, tx *sqldb.Tx, communityID string) error {
	return tx.LockExclusive(ctx, lockName+communityID)
}
