package member

import (
	"context"
	"fmt"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/ownership/transfer"
	"github.com/regulars/regulars/internal/sqldb"
)

var states = []string{Active, Deleted, Pending, Left, Banned}

// SetState sets the state of members, in the caller's transaction, and updates
// the number of members. It returns the sorted ids of members that were in
// another state. It cancels the transfers of the community from or to members
// that are no longer active. now is in Unix milliseconds. The caller checks
// permissions and records events.
func SetState(ctx context.Context, tx *sqldb.Tx, by actor.Actor, communityID string, userIDs []string, to string, now int64) (changed []string, err error) {
	if !slices.Contains(states, to) {
		return nil, fmt.Errorf("no state of a member: %q", to)
	}
	before, err := LockStates(ctx, tx, communityID, userIDs)
	if err != nil {
		return nil, err
	}
	var delta int64
	for _, m := range before {
		if m.State == to {
			continue
		}
		changed = append(changed, m.UserID)
		delta += activeCount(to) - activeCount(m.State)
	}
	if len(changed) == 0 {
		return nil, nil
	}
	if err := setStates(ctx, tx, communityID, changed, to, now); err != nil {
		return nil, err
	}
	if to != Active {
		if err := transfer.CancelOf(ctx, tx, by, communityID, changed, now); err != nil {
			return nil, err
		}
	}
	return changed, count(ctx, tx, communityID, delta)
}

// RestoreState restores the previous state of deleted members, in the caller's
// transaction, and returns their sorted ids.
func RestoreState(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string, now int64) (restored []string, err error) {
	before, err := LockStates(ctx, tx, communityID, userIDs)
	if err != nil {
		return nil, err
	}
	var delta int64
	for _, m := range before {
		if m.State == Deleted {
			restored = append(restored, m.UserID)
			delta += activeCount(m.Before)
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

// activeCount is 1 for an active state, else 0.
func activeCount(state string) int64 {
	if state == Active {
		return 1
	}
	return 0
}

// AnyState are all states, for Directory.FindIn.
var AnyState = []string{Active, Pending, Left, Banned, Deleted}

// InactiveReason returns why a membership is neither active nor pending, with
// the error code; "" if it is.
func InactiveReason(state string) (code, message string) {
	switch state {
	case Deleted:
		return "member_deleted", "This member is deleted. Restore the member first."
	case Left:
		return "member_left", "This member has left the community. The person has to join again."
	case Banned:
		return "member_banned", "This member is banned. Lift the ban first."
	}
	return "", ""
}
