package cause

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/sqldb"
)

// ReverseBatch is the number of rewards that one transaction reverses.
const ReverseBatch = 200

// Reverse reverses entries that an undone bulk job has led to, in the caller's transaction;
// spent amounts stay. It skips ids that are "".
func Reverse(ctx context.Context, tx *sqldb.Tx, l *ledger.Ledger, communityID string, entries []string) error {
	entries = slices.DeleteFunc(entries, func(entryID string) bool { return entryID == "" })
	if len(entries) == 0 {
		return nil
	}
	results, err := l.ReverseMany(ctx, tx, communityID, entries, "Undo of a bulk job")
	for _, result := range results {
		if result.Err != nil && !errs.Is(result.Err, "already_reversed") && !errs.Is(result.Err, "not_reversible") {
			return result.Err
		}
	}
	return err
}
