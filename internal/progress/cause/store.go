package cause

import (
	"context"

	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

const lockName = "rewards of fields "

// Examine lets AwaitExaminers wait until the transaction ends. The transaction calls it
// before it reads what members are paid for, and before any other lock.
func Examine(ctx context.Context, tx *sqldb.Tx, communityID string) error {
	return tx.LockShared(ctx, lockName+communityID)
}

// AwaitExaminers waits for the transactions that have called Examine, so that the caller
// sees what they paid for values that an undone bulk job had written.
func AwaitExaminers(ctx context.Context, tx *sqldb.Tx, communityID string) error {
	return tx.LockExclusive(ctx, lockName+communityID)
}

// Load returns the Writes of members. What they meet is compared with values that are read
// later: an undo between the two then leaves a cause, or nothing that is met.
func Load(ctx context.Context, q sqldb.Querier, communityID string, ids []string) (Writes, error) {
	writes := Writes{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var key member.FieldOf
		var one write
		err = s.Scan(&key.UserID, &key.FieldID, &one.jobID, &one.at)
		writes[key] = one
		return none, err
	}, `SELECT user_id, field_id, source_id, recorded_at FROM (
			SELECT user_id, field_id, source_type, source_id, recorded_at, ROW_NUMBER() OVER (PARTITION BY user_id, field_id ORDER BY id DESC) AS recent
			FROM field_history WHERE community_id = $1 AND `+q.Dialect().In("user_id", "$2")+`) AS changes
		WHERE recent = 1 AND source_type IN ('import', 'update')`, communityID, sqldb.Keys(ids))
	return writes, err
}
