package member

import (
	"context"
	"fmt"
	"slices"

	"github.com/regulars/regulars/internal/sqldb"
)

var states = []string{Active, Deleted, Pending, Left, Banned}

// SetState brings memberships into a state, in the caller's transaction, and
// keeps the community's number of members exact. It returns the ids of those
// who were in another state before, sorted: who is in it already, and who is
// no member in whatever state, is not among them. A transfer of the community
// from or to a member that is no longer active ends. now is in Unix milliseconds.
// Who may do so, and what follows from it, is the caller's to know.
func SetState(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string, to string, now int64) (changed []string, err error) {
	if !slices.Contains(states, to) {
		return nil, fmt.Errorf("no state of a member: %q", to)
	}
	before, err := lockStates(ctx, tx, communityID, userIDs)
	if err != nil {
		return nil, err
	}
	var delta int64
	for _, m := range before {
		if m.state == to {
			continue
		}
		changed = append(changed, m.userID)
		delta += activeness(to) - activeness(m.state)
	}
	if len(changed) == 0 {
		return nil, nil
	}
	if err := setStates(ctx, tx, communityID, changed, to, now); err != nil {
		return nil, err
	}
	if to != Active {
		if err := cancelTransfers(ctx, tx, communityID, changed, now); err != nil {
			return nil, err
		}
	}
	return changed, count(ctx, tx, communityID, delta)
}

// bringBack gives deleted memberships the state they had, in the caller's
// transaction, and returns the ids of those that were deleted, sorted.
func bringBack(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string, now int64) (restored []string, err error) {
	before, err := lockStates(ctx, tx, communityID, userIDs)
	if err != nil {
		return nil, err
	}
	var delta int64
	for _, m := range before {
		if m.state == Deleted {
			restored = append(restored, m.userID)
			delta += activeness(m.before)
		}
	}
	if len(restored) == 0 {
		return nil, nil
	}
	if err := setStatesBack(ctx, tx, communityID, restored, now); err != nil {
		return nil, err
	}
	return restored, count(ctx, tx, communityID, delta)
}

// activeness is what a membership adds to the number of members.
func activeness(state string) int64 {
	if state == Active {
		return 1
	}
	return 0
}
