package sqldb

import "context"

// DeleteBatchesOf is DB.DeleteBatches with a batch size.
func DeleteBatchesOf(ctx context.Context, db *DB, rows int64, table, key, where string, args ...any) error {
	return db.deleteBatches(ctx, rows, table, key, where, args...)
}
