package sqldb

import (
	"context"

	"github.com/regulars/regulars/internal/clock"
)

// SetCheckpoints sets the size of the log in bytes from which it is copied, and
// after how much more again.
func (db *DB) SetCheckpoints(from, every int64) {
	db.checkpoints.SetSizes(from, every)
}

// WaitingWriters returns how many callers wait for the writing connection of SQLite.
func (db *DB) WaitingWriters() int {
	db.writerQueue.mu.Lock()
	defer db.writerQueue.mu.Unlock()
	return len(db.writerQueue.waiting)
}

// DeleteBatchesOf is DB.DeleteBatches with a batch size.
func DeleteBatchesOf(ctx context.Context, db *DB, rows int64, table, key, where string, args ...any) error {
	return db.deleteBatches(ctx, rows, table, key, where, args...)
}

// CheckpointSmall runs a small checkpoint of SQLite.
func (db *DB) CheckpointSmall(ctx context.Context) {
	db.checkpoints.StartSmall(clock.Clock{})
	db.checkpoints.Wait(ctx)
}
