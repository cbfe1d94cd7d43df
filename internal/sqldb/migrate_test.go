package sqldb_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
	"github.com/regulars/regulars/migrations"
)

// columnsOf lists every column of the schema as "table.column TYPE NOT NULL".
var columnsOf = map[sqldb.Dialect]string{
	sqldb.SQLite: `SELECT m.name || '.' || c.name || ' ' || replace(upper(c.type), 'INTEGER', 'BIGINT') ||
			CASE WHEN c."notnull" <> 0 OR c.pk > 0 THEN ' NOT NULL' ELSE '' END AS line
		FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'message_words_found%' AND m.name NOT IN ('goose_db_version', 'user_numbers') ORDER BY line`,
	sqldb.Postgres: `SELECT line COLLATE "C" AS line FROM (
			SELECT table_name || '.' || column_name || ' ' || upper(COALESCE(domain_name, data_type)) ||
				CASE WHEN is_nullable = 'NO' THEN ' NOT NULL' ELSE '' END AS line
			FROM information_schema.columns
			JOIN information_schema.tables USING (table_schema, table_name)
			WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> 'goose_db_version') AS lines ORDER BY line`,
}

// user_numbers is a sequence on PostgreSQL, and message_words_found an index.
func TestMigrationsCreateTheSameColumnsOnBothEngines(t *testing.T) {
	lists := [][]string{}
	for _, engine := range sqldbtest.Engines(t) {
		db := sqldbtest.Open(t, sqldbtest.Address(t, engine))
		list, err := sqldb.All(t.Context(), db, sqldb.Value[string], columnsOf[engine])
		if err != nil {
			t.Fatal(err)
		}
		if len(list) < 50 {
			t.Fatalf("%s: %d columns", engine, len(list))
		}
		lists = append(lists, list)
	}
	if diff := cmp.Diff(lists[0], lists[len(lists)-1]); diff != "" {
		t.Fatal(diff)
	}
}

func TestProcessesCanMigrateConcurrently(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		address := emptyAddress(t, engine)
		group, ctx := errgroup.WithContext(t.Context())
		for range 3 {
			db := sqldbtest.Open(t, address)
			group.Go(func() error { return db.Migrate(ctx) })
		}
		if err := group.Wait(); err != nil {
			t.Errorf("%s: %v", engine, err)
		}
	}
}

func TestMigrateRejectsNewerSchema(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context()); err != nil {
			t.Fatalf("second migration: %v", err)
		}
		current, newest, err := db.SchemaVersion(t.Context())
		if err != nil || current != newest || newest < migrations.First {
			t.Fatalf("version %d of %d, %v", current, newest, err)
		}
		mustExec(t, db, "INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, TRUE)", newest+1)
		mustExec(t, db, "UPDATE schema_compatibility SET oldest = $1", newest+1)
		err = db.Migrate(context.Background())
		if want := fmt.Sprintf("schema version %d, this program knows %d", newest+1, newest); err == nil || !strings.Contains(err.Error(), want) {
			t.Fatalf("%v, want %q", err, want)
		}
	})
}

// TestOlderProgramUsesACompatibleSchema records a newer migration, as a newer
// program does.
func TestOlderProgramUsesACompatibleSchema(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, err := db.Schema(t.Context())
		if err != nil || !s.Usable() || s.Oldest == 0 || s.Oldest >= s.Newest {
			t.Fatalf("%+v, %v", s, err)
		}
		mustExec(t, db, "INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, TRUE)", s.Newest+1)
		for oldest, usable := range map[int64]bool{s.Newest: true, s.Newest + 1: false} {
			mustExec(t, db, "UPDATE schema_compatibility SET oldest = $1", oldest)
			if err := db.Migrate(t.Context()); (err == nil) != usable {
				t.Errorf("with the oldest program %d of %d: %v", oldest, s.Newest, err)
			}
			after, err := db.Schema(t.Context())
			if want := (sqldb.Schema{Current: s.Newest + 1, Newest: s.Newest, Oldest: oldest}); err != nil || after != want || after.Usable() != usable {
				t.Errorf("%+v, %v; want %+v, usable %v", after, err, want, usable)
			}
		}
	})
}

// eachUnreleased calls f with a database from before the first release, and fails
// if f changes it.
func eachUnreleased(t *testing.T, f func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			db := sqldbtest.Open(t, emptyAddress(t, engine))
			sqldbtest.Unreleased(t, db)
			before := sqldbtest.Dump(t, db)
			f(t, db)
			if diff := cmp.Diff(before, sqldbtest.Dump(t, db)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMigrateRejectsSchemaFromBeforeTheFirstRelease(t *testing.T) {
	eachUnreleased(t, func(t *testing.T, db *sqldb.DB) {
		err := db.Migrate(t.Context())
		if want := "the database has schema version 40, from before the first release, and cannot be migrated: start with an empty data folder"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	})
}

func TestSnapshotFromBeforeTheFirstReleaseIsNotRestored(t *testing.T) {
	eachUnreleased(t, func(t *testing.T, db *sqldb.DB) {
		folder := t.TempDir()
		snapshot, err := db.WriteSnapshot(t.Context(), folder)
		if err != nil {
			t.Fatal(err)
		}
		address := emptyAddress(t, db.Dialect())
		err = sqldb.RestoreSnapshot(t.Context(), address, snapshot, folder)
		if want := "the backup has schema version 40, from before the first release, and cannot be restored"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		if tables := sqldbtest.Dump(t, sqldbtest.Open(t, address)); len(tables) > 0 {
			t.Errorf("restored %v", tables)
		}
	})
}

func TestMigrationsExpandTheBlocksOfTheirEngine(t *testing.T) {
	for _, engine := range []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres} {
		files := migrations.For(string(engine))
		names, err := fs.Glob(files, "*.sql")
		if err != nil || len(names) == 0 {
			t.Fatal(names, err)
		}
		for _, name := range names {
			text, err := fs.ReadFile(files, name)
			if err != nil || strings.ContainsAny(string(text), "{}") {
				t.Errorf("%s: %s, %v", engine, text, err)
			}
		}
	}
}

// modernc.org/sqlite is generated for one version of modernc.org/libc and fails
// in obscure ways with another.
func TestLibcIsTheVersionRequiredBySQLite(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Path}} {{.Version}} {{.GoMod}}", "modernc.org/libc", "modernc.org/sqlite").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(out))
	goMod, err := os.ReadFile(lines[5])
	if err != nil {
		t.Fatal(err)
	}
	if used := lines[0] + " " + lines[1]; !strings.Contains(string(goMod), used+"\n") {
		t.Fatalf("go.mod has %s, sqlite %s requires another version", used, lines[4])
	}
}
