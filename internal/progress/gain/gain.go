// Package gain queues checks after members have earned something, for features with
// conditions that count it. The features run the checks.
package gain

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/condition"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/sqldb"
)

// Members are members who earned something.
type Members struct {
	CommunityID string   `json:"communityId"`
	UserIDs     []string `json:"userIds"`
	At          int64    `json:"at"` // Unix milliseconds
}

// Counter is a feature whose conditions may count what members earned.
type Counter struct {
	// Counts reports whether a condition of a community does.
	Counts func(ctx context.Context, q sqldb.Querier, communityID string) (bool, error)
	// Check returns the arguments of the job that checks some members.
	Check func(Members) jobs.Args
}

// Counted reports whether conditions count what members earned.
func Counted(conditions condition.Node) bool {
	actions := conditions.Actions()
	return slices.Contains(actions, condition.XPEarned) || slices.Contains(actions, condition.CoinsEarned)
}

// Hook returns the hook of the ledger that queues the checks. The checks run after the
// commit, in transactions of their own; what they pay queues the next ones.
func Hook(now clock.Clock, counters ...Counter) ledger.MoveHook {
	return func(ctx context.Context, tx *sqldb.Tx, communityID string, moves []ledger.Move) error {
		earners := Members{CommunityID: communityID, At: now.MS()}
		known := map[string]bool{}
		for _, move := range moves {
			if move.Earned > 0 && !known[move.UserID] {
				known[move.UserID] = true
				earners.UserIDs = append(earners.UserIDs, move.UserID)
			}
		}
		if len(earners.UserIDs) == 0 {
			return nil
		}
		for _, c := range counters {
			counted, err := c.Counts(ctx, tx, communityID)
			if err != nil {
				return err
			}
			if !counted {
				continue
			}
			if _, err := jobs.Insert(ctx, tx, c.Check(earners), jobs.Options{CommunityID: communityID}); err != nil {
				return err
			}
		}
		return nil
	}
}
