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
// nothing if a newer program has migrated the database further, and fails if this
// program cannot use that schema, or if the schema is from before the first release.
// Processes may call it concurrently.
func (db *DB) Migrate(ctx context.Context) error {
	provider, err := db.provider()
	if err != nil {
		return err
	}
	for {
		s, err := db.schema(ctx, provider)
		if err != nil {
			return err
		}
		if s.Current > s.Newest && s.Usable() {
			return nil
		}
		if s.Current > s.Newest {
			return fmt.Errorf("the database has schema version %d, this program knows %d: start the newer version of the program", s.Current, s.Newest)
		}
		if isUnreleased(s.Current) {
			return fmt.Errorf("the database has schema version %d, from before the first release, and cannot be migrated: %s", s.Current, unreleasedRemedy)
		}
		if err := db.raiseOldest(ctx, s); err != nil {
			return err
		}
		_, failed := provider.Up(ctx)
		if failed == nil {
			return db.recordOldest(ctx, provider)
		}
		// goose has no lock for SQLite: the failure is a lost race if another
		// process has migrated further meanwhile.
		reached, _, err := provider.GetVersions(ctx)
		if err != nil || reached == s.Current || db.dialect != SQLite {
			return errors.Join(fmt.Errorf("migrate: %w", failed), err)
		}
	}
}

// Schema are versions of the schema: numbers of migrations.
type Schema struct {
	Current int64 // of the database
	Newest  int64 // of this program
	Oldest  int64 // of the oldest program that can use the database; 0: unknown
}

// Usable reports whether this program can use the database.
func (s Schema) Usable() bool {
	return s.Current == s.Newest || s.Current > s.Newest && s.Oldest != 0 && s.Oldest <= s.Newest
}

// Schema returns the versions of the schema.
func (db *DB) Schema(ctx context.Context) (Schema, error) {
	provider, err := db.provider()
	if err != nil {
		return Schema{}, err
	}
	return db.schema(ctx, provider)
}

func (db *DB) schema(ctx context.Context, provider *goose.Provider) (s Schema, err error) {
	if s.Current, s.Newest, err = provider.GetVersions(ctx); err != nil {
		return s, fmt.Errorf("read schema version: %w", err)
	}
	if s.Current >= migrations.Compatibility {
		err = db.QueryRow(ctx, "SELECT COALESCE(max(oldest), 0) FROM schema_compatibility").Scan(&s.Oldest)
	}
	return s, err
}

// raiseOldest records the oldest program that can use the schema of this program, if
// there is a table for it. It precedes the migration: a program that must not use
// the new schema does not start in between.
func (db *DB) raiseOldest(ctx context.Context, s Schema) error {
	oldest, err := migrations.Oldest()
	if err != nil || s.Current < migrations.Compatibility || s.Oldest >= oldest {
		return err
	}
	_, err = db.Exec(ctx, `
		INSERT INTO schema_compatibility (id, oldest) VALUES (1, $1)
		ON CONFLICT (id) DO UPDATE SET oldest = excluded.oldest WHERE schema_compatibility.oldest < excluded.oldest`, oldest)
	return err
}

// recordOldest is raiseOldest after the migration, which may have created the table.
func (db *DB) recordOldest(ctx context.Context, provider *goose.Provider) error {
	s, err := db.schema(ctx, provider)
	if err != nil {
		return err
	}
	return db.raiseOldest(ctx, s)
}

// SchemaVersion returns the schema version of the database and the newest one
// of this program.
func (db *DB) SchemaVersion(ctx context.Context) (current, newest int64, err error) {
	s, err := db.Schema(ctx)
	return s.Current, s.Newest, err
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
