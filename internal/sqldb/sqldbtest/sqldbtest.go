// Package sqldbtest provides each test with a new, migrated database on every
// engine.
package sqldbtest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/pgtest"
)

// Each runs f once per engine, as the parallel subtests "sqlite" and "postgres".
// On a machine without PostgreSQL it logs that the second one is left out; with
// REGULARS_TEST_ALL=1 it fails.
func Each(t *testing.T, f func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	EachAddress(t, func(t *testing.T, address string) { f(t, Open(t, address)) })
}

// EachAddress is Each for tests that open the migrated database themselves.
func EachAddress(t *testing.T, f func(t *testing.T, address string)) {
	t.Helper()
	for _, engine := range Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			f(t, Address(t, engine))
		})
	}
}

// Engines returns the engines that this machine can test, see Each.
func Engines(t testing.TB) []sqldb.Dialect {
	t.Helper()
	_, missing := pgtest.Programs()
	if missing == nil {
		return []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres}
	}
	if os.Getenv("REGULARS_TEST_ALL") == "1" {
		t.Fatal(missing)
	}
	t.Logf("LEFT OUT on PostgreSQL: %v", missing)
	return []sqldb.Dialect{sqldb.SQLite}
}

// Address returns the address of a new, migrated database, removed at the end of
// the test.
func Address(t testing.TB, engine sqldb.Dialect) string {
	t.Helper()
	if engine == sqldb.Postgres {
		return pgtest.URL(t)
	}
	content, err := template()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "test.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// Open opens a database until the end of the test. SQLite does not fsync.
func Open(t testing.TB, address string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), address, sqldb.Options{Synchronous: "OFF"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// template returns the content of a migrated SQLite file, which is faster to
// copy than to migrate.
var template = sync.OnceValues(func() (content []byte, err error) {
	dir, err := os.MkdirTemp("", "sqldbtest-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "template.db")
	ctx := context.Background()
	db, err := sqldb.Open(ctx, "sqlite:"+path, sqldb.Options{Synchronous: "OFF"})
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := db.Close(); err != nil { // checkpoints the write-ahead log
		return nil, err
	}
	return os.ReadFile(path)
})

// DiskFull returns the error of db's engine for a full disk.
func DiskFull(t testing.TB, db *sqldb.DB) error {
	t.Helper()
	statements := []string{"DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"}
	if db.Dialect() == sqldb.SQLite {
		db = Open(t, Address(t, sqldb.SQLite))
		statements = []string{"PRAGMA max_page_count = 1", "CREATE TABLE large AS SELECT zeroblob(10000000) AS content"}
	}
	return db.Tx(t.Context(), func(tx *sqldb.Tx) (err error) {
		for _, statement := range statements {
			if _, err = tx.Exec(t.Context(), statement); err != nil {
				return err
			}
		}
		return err
	})
}
