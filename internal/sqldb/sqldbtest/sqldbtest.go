// Package sqldbtest gives each test a fresh, migrated database on every
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

// Each runs f once per engine, as the parallel subtests "sqlite" and
// "postgres". On a machine without PostgreSQL the second one is left out with
// a line that says so; with REGULARS_TEST_ALL=1 it fails instead.
func Each(t *testing.T, f func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	EachAddress(t, func(t *testing.T, address string) { f(t, Open(t, address)) })
}

// EachAddress is Each for tests that open the database themselves: f gets the
// address of a migrated database.
func EachAddress(t *testing.T, f func(t *testing.T, address string)) {
	t.Helper()
	for _, engine := range Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			f(t, Address(t, engine))
		})
	}
}

// Engines are the engines this machine can test, see Each.
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

// Address returns the address of a fresh, migrated database of one engine. It
// is gone when the test ends.
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

// Open opens a database for the time of a test. A power cut would harm a
// SQLite file opened so: nothing waits for the disk.
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

// template is the content of a migrated SQLite file: copying it is quicker
// than migrating again.
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
	if err := db.Close(); err != nil { // folds the write-ahead log into the file
		return nil, err
	}
	return os.ReadFile(path)
})

// DiskFull returns the error of db's engine for a disk without space.
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
