package sqldb

import (
	"context"
	"fmt"
	"strings"
)

const minPostgresVersion = 150000

// Check checks the database itself: damaged pages on SQLite, the server
// version and the encoding on PostgreSQL. problem is empty if all is well.
func (db *DB) Check(ctx context.Context) (problem string, err error) {
	if db.dialect == SQLite {
		lines, err := All(ctx, db, Value[string], "PRAGMA quick_check(5)")
		if err != nil || len(lines) == 1 && lines[0] == "ok" {
			return "", err
		}
		return "the database file is damaged: " + strings.Join(lines, "; "), nil
	}
	version, err := One(ctx, db, "setting", Value[int64], "SELECT CAST(current_setting('server_version_num') AS BIGINT)")
	if err != nil {
		return "", err
	}
	if version < minPostgresVersion {
		return fmt.Sprintf("PostgreSQL %d is too old: upgrade to version 15 or later", version/10000), nil
	}
	encoding, err := One(ctx, db, "setting", Value[string], "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()")
	if err == nil && encoding != "UTF8" {
		return "the encoding of the database is " + encoding + ": recreate it with UTF8", nil
	}
	return "", err
}
