package sqldb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/regulars/regulars/migrations"
)

// Migrate migrates the schema to the newest version of this program. It fails if
// a newer program has migrated the database further. Processes may call it
// concurrently.
func (db *DB) Migrate(ctx context.Context) error {
	provider, err := db.provider()
	if err != nil {
		return err
	}
	for {
		current, newest, err := provider.GetVersions(ctx)
		if err != nil {
			return fmt.Errorf("read schema version: %w", err)
		}
		if current > newest {
			return fmt.Errorf("the database has schema version %d, this program knows %d: start the newer version of the program", current, newest)
		}
		_, failed := provider.Up(ctx)
		if failed == nil {
			return nil
		}
		// goose has no lock for SQLite: the failure is a lost race if another
		// process has migrated further meanwhile.
		reached, _, err := provider.GetVersions(ctx)
		if err != nil || reached == current || db.dialect != SQLite {
			return errors.Join(fmt.Errorf("migrate: %w", failed), err)
		}
	}
}

// SchemaVersion returns the schema version of the database and the newest one
// of this program.
func (db *DB) SchemaVersion(ctx context.Context) (current, newest int64, err error) {
	provider, err := db.provider()
	if err != nil {
		return 0, 0, err
	}
	return provider.GetVersions(ctx)
}

func (db *DB) provider() (*goose.Provider, error) {
	other, dialect := ".postgres.sql", goose.DialectSQLite3
	options := []goose.ProviderOption{}
	if db.dialect == Postgres {
		other, dialect = ".sqlite.sql", goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // retries every second, for 5 minutes
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	names, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		return nil, err
	}
	excluded := []string{}
	for _, name := range names {
		if strings.HasSuffix(name, other) {
			excluded = append(excluded, name)
		}
	}
	return goose.NewProvider(dialect, db.write, migrations.Files, append(options, goose.WithExcludeNames(excluded))...)
}
