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

// Size returns the size of the database in bytes, without a write-ahead log.
func (db *DB) Size(ctx context.Context) (int64, error) {
	if db.dialect == SQLite {
		return One(ctx, db, "database", Value[int64], "SELECT c.page_count * s.page_size FROM pragma_page_count c, pragma_page_size s")
	}
	return One(ctx, db, "database", Value[int64], "SELECT pg_database_size(current_database())")
}
