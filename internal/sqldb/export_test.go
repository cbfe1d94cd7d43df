package sqldb

import "context"

// SetCheckpoints sets the size of the log in bytes from which it is copied, and
// after how much more again.
func (db *DB) SetCheckpoints(from, every int64) {
	db.checkpoints.from, db.checkpoints.every = from, every
}

// DeleteBatchesOf is DB.DeleteBatches with a batch size.
func DeleteBatchesOf(ctx context.Context, db *DB, rows int64, table, key, where string, args ...any) error {
	return db.deleteBatches(ctx, rows, table, key, where, args...)
}
