package app

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// countTables returns the number of tables of a SQLite database, and how many of
// them are the migrations'.
func countTables(ctx context.Context, q sqldb.Querier) (tables, migrated int, err error) {
	err = q.QueryRow(ctx, "SELECT count(*), count(CASE WHEN name = 'goose_db_version' THEN 1 END) FROM sqlite_master WHERE type = 'table'").Scan(&tables, &migrated)
	return tables, migrated, err
}
