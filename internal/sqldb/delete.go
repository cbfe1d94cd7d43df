package sqldb

import (
	"context"
	"fmt"
)

// deleteRows is how many rows one statement of DeleteBatches deletes.
const deleteRows = 5_000

// DeleteBatches deletes the rows of a table that where selects, a bounded
// number in each transaction, so that other writers get their turn. key names
// the columns of a unique key, separated by commas. A failure leaves the rest
// of the rows for the next call.
func (db *DB) DeleteBatches(ctx context.Context, table, key, where string, args ...any) error {
	return db.deleteBatches(ctx, deleteRows, table, key, where, args...)
}

func (db *DB) deleteBatches(ctx context.Context, rows int64, table, key, where string, args ...any) error {
	query := fmt.Sprintf("DELETE FROM %[1]s WHERE (%[2]s) IN (SELECT %[2]s FROM %[1]s WHERE %[3]s LIMIT %[4]d)", table, key, where, rows)
	for {
		deleted, err := db.Exec(ctx, query, args...)
		if err != nil || deleted < rows {
			return err
		}
	}
}
