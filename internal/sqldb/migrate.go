package sqldb

import (
	"context"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/regulars/regulars/migrations"
)

// Migrate migrates the schema to the newest version of this program. It changes
// nothing and fails if a newer program has migrated the database further, or if
// the schema is from before the first release. Processes may call it concurrently.
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
		if isUnreleased(current) {
			return fmt.Errorf("the database has schema version %d, from before the first release, and cannot be migrated: %s", current, unreleasedRemedy)
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

// isUnreleased reports whether a schema is from before the first release; 0 is the
// version of an empty database.
func isUnreleased(version int64) bool { return version > 0 && version < migrations.First }

const unreleasedRemedy = "start with an empty data folder or database, and import the members from a CSV file"

func (db *DB) provider() (*goose.Provider, error) {
	dialect, options := goose.DialectSQLite3, []goose.ProviderOption{}
	if db.dialect == Postgres {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // retries every second, for 5 minutes
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(dialect, db.write, migrations.For(string(db.dialect)), options...)
}
