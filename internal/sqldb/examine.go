package sqldb

import (
	"context"
	"fmt"
	"strings"
)

// oldestPostgres is the first server version whose SQL is enough.
const oldestPostgres = 150000

// Examine looks for what is wrong with the database itself: damaged pages on
// SQLite; a server that is too old, or another encoding than UTF-8, on
// PostgreSQL. "" is that nothing was found.
func (db *DB) Examine(ctx context.Context) (problem string, err error) {
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
	if version < oldestPostgres {
		return fmt.Sprintf("PostgreSQL is version %d, the oldest that works is 15", version/10000), nil
	}
	encoding, err := One(ctx, db, "setting", Value[string], "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()")
	if err == nil && encoding != "UTF8" {
		return "the database has the encoding " + encoding + ": make it anew with UTF8", nil
	}
	return "", err
}
