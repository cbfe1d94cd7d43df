// Package tally counts what members write and how often they react. The numbers change in
// the transactions of messages and reactions, so they are exact. Members without a row
// have written nothing.
package tally

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// Delta is a change of the numbers of a member.
type Delta struct{ Messages, Replies, Reactions int64 }

// Plus returns the sum of two changes.
func (d Delta) Plus(e Delta) Delta {
	return Delta{d.Messages + e.Messages, d.Replies + e.Replies, d.Reactions + e.Reactions}
}

// Add changes the numbers of a member in the caller's transaction. It does nothing for
// the id "" of an erased author.
func Add(ctx context.Context, tx *sqldb.Tx, communityID, memberID string, d Delta) error {
	if memberID == "" || d == (Delta{}) {
		return nil
	}
	return upsert(ctx, tx, communityID, memberID, d)
}

// Subtract lowers the numbers of members who have a row, in the order of their ids, so
// that concurrent transactions do not deadlock. Ids of erased members have none.
func Subtract(ctx context.Context, tx *sqldb.Tx, communityID string, by map[string]Delta) error {
	return subtract(ctx, tx, communityID, by)
}

// EraseMembers deletes the numbers of members in the caller's transaction.
func EraseMembers(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs []string) error {
	return deleteRows(ctx, tx, communityID, memberIDs)
}
