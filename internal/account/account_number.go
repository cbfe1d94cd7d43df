package account

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// NewNumbers returns n numbers that no account and no member of the
// installation has, ascending, in the caller's transaction.
func NewNumbers(ctx context.Context, tx *sqldb.Tx, n int) ([]int64, error) {
	return tx.AllocateNumbers(ctx, "user_numbers", n)
}
