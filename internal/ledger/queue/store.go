package queue

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

func insert(ctx context.Context, tx *sqldb.Tx, communityID, row string, packed []byte, entries int) error {
	return tx.Queue(ctx, "INSERT INTO ledger_unsealed (community_id, id, ids, entries) VALUES ($1, $2, $3, $4)", communityID, row, packed, entries)
}

func selectCommunities(ctx context.Context, q sqldb.Querier, limit int) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT DISTINCT community_id FROM ledger_unsealed LIMIT $1", limit)
}

// eachRow calls f with at most limit rows, the oldest first, while it wants more.
func eachRow(ctx context.Context, q sqldb.Querier, communityID string, limit int, f func(row string, packed []byte) (more bool, err error)) error {
	found, err := q.Query(ctx, "SELECT id, ids FROM ledger_unsealed WHERE community_id = $1 ORDER BY id LIMIT $2", communityID, limit)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		var row string
		var packed []byte
		if err := found.Scan(&row, &packed); err != nil {
			return err
		}
		if more, err := f(row, packed); err != nil || !more {
			return err
		}
	}
	return found.Err()
}

func deleteRows(ctx context.Context, tx *sqldb.Tx, communityID string, rows []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM ledger_unsealed WHERE community_id = $1 AND "+tx.Dialect().In("id", "$2"), communityID, sqldb.Keys(rows))
	return err
}
