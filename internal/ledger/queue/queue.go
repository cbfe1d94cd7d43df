// Package queue has the entries of ledgers that no seal covers yet, in the order in which
// they are sealed.
package queue

import (
	"context"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Batch has entries from the front of a queue.
type Batch struct {
	IDs  []string // of entries
	rows []string // of the table
}

// Add puts new entries into the queue of a community, in the caller's transaction.
func Add(ctx context.Context, tx *sqldb.Tx, communityID string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	packed, err := id.Pack(ids)
	if err != nil {
		return err
	}
	return insert(ctx, tx, communityID, ids[0], packed, len(ids))
}

// Communities returns communities with a queue, at most limit.
func Communities(ctx context.Context, q sqldb.Querier, limit int) ([]string, error) {
	return selectCommunities(ctx, q, limit)
}

// Front returns about limit entries from the front of a queue: those that were added
// together stay together.
func Front(ctx context.Context, q sqldb.Querier, communityID string, limit int) (b Batch, err error) {
	err = eachRow(ctx, q, communityID, limit, func(row string, packed []byte) (more bool, err error) {
		ids, err := id.Unpack(packed)
		b.rows, b.IDs = append(b.rows, row), append(b.IDs, ids...)
		return len(b.IDs) < limit, err
	})
	return b, err
}

// Remove removes a batch from the queue, in the caller's transaction, because a seal covers
// its entries.
func (b Batch) Remove(ctx context.Context, tx *sqldb.Tx, communityID string) error {
	return deleteRows(ctx, tx, communityID, b.rows)
}
