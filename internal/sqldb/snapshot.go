package sqldb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Snapshot describes a consistent copy of a database in files. It can only be
// restored to the same engine.
type Snapshot struct {
	Engine        Dialect         `json:"engine"`
	SchemaVersion int64           `json:"schemaVersion"`
	Tables        []SnapshotTable `json:"tables,omitempty"` // PostgreSQL: parents before children
	// Sequences are the last allocated numbers of the sequences of PostgreSQL,
	// those of identity columns too. On SQLite they are in tables.
	Sequences map[string]int64 `json:"sequences,omitempty"`
}

// SnapshotTable is a table of a Snapshot, in a file of the same name.
type SnapshotTable struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
}

// ErrNotEmpty is the error of ReadSnapshot for a database with a schema.
var ErrNotEmpty = errors.New("the database is not empty")

// Files returns the names of the files.
func (s Snapshot) Files() []string {
	if s.Engine == SQLite {
		return []string{snapshotFile}
	}
	names := make([]string, len(s.Tables))
	for i, table := range s.Tables {
		names[i] = table.Name
	}
	return names
}

const snapshotFile = "database.sqlite"

// WriteSnapshot writes the whole database to folder, without blocking other
// users of the database.
func (db *DB) WriteSnapshot(ctx context.Context, folder string) (Snapshot, error) {
	version, _, err := db.SchemaVersion(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	s := Snapshot{Engine: db.dialect, SchemaVersion: version}
	if db.dialect == SQLite {
		_, err := db.Exec(ctx, "VACUUM INTO $1", filepath.Join(folder, snapshotFile))
		return s, err
	}
	err = db.rawPostgres(ctx, func(conn *pgx.Conn) error {
		s.Tables, s.Sequences, err = writeTables(ctx, conn, folder)
		return err
	})
	return s, err
}

// RestoreSnapshot restores a snapshot to the empty database at address and
// migrates it. If the database has a schema already, it fails with ErrNotEmpty
// and changes nothing. It also fails for a snapshot from before the first release.
func RestoreSnapshot(ctx context.Context, address string, s Snapshot, folder string) (err error) {
	if isUnreleased(s.SchemaVersion) {
		return fmt.Errorf("the backup has schema version %d, from before the first release, and cannot be restored: %s", s.SchemaVersion, unreleasedRemedy)
	}
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		if s.Engine != SQLite {
			return fmt.Errorf("the backup is of a %s database: it cannot be restored to SQLite", s.Engine)
		}
		if err := moveToUnused(filepath.Join(folder, snapshotFile), path); err != nil {
			return err
		}
	} else if s.Engine != Postgres {
		return fmt.Errorf("the backup is of a %s database: it cannot be restored to PostgreSQL", s.Engine)
	}
	db, err := Open(ctx, address, Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if db.dialect == Postgres {
		if err := db.loadSnapshot(ctx, s, folder); err != nil {
			return err
		}
	}
	return db.Migrate(ctx)
}

// moveToUnused renames a file unless the target exists.
func moveToUnused(from, to string) error {
	if _, err := os.Stat(to); err == nil {
		return ErrNotEmpty
	}
	return os.Rename(from, to)
}

func (db *DB) loadSnapshot(ctx context.Context, s Snapshot, folder string) error {
	tables, err := One(ctx, db, "schema", Value[int64], "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()")
	if err != nil {
		return err
	}
	if tables > 0 {
		return ErrNotEmpty
	}
	provider, err := db.provider()
	if err != nil {
		return err
	}
	if _, err := provider.UpTo(ctx, s.SchemaVersion); err != nil {
		return fmt.Errorf("migrate to version %d: %w", s.SchemaVersion, err)
	}
	return db.rawPostgres(ctx, func(conn *pgx.Conn) error { return s.readTables(ctx, conn, folder) })
}

func (db *DB) rawPostgres(ctx context.Context, f func(*pgx.Conn) error) (err error) {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return conn.Raw(func(raw any) error { return f(raw.(*stdlib.Conn).Conn()) })
}

func writeTables(ctx context.Context, conn *pgx.Conn, folder string) (tables []SnapshotTable, sequences map[string]int64, err error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // read-only
	if tables, err = schemaTables(ctx, tx); err != nil {
		return nil, nil, err
	}
	for _, table := range tables {
		file, err := os.OpenFile(filepath.Join(folder, table.Name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, nil, err
		}
		_, err = conn.PgConn().CopyTo(ctx, file, "COPY "+table.list()+" TO STDOUT")
		if err := errors.Join(err, file.Close()); err != nil {
			return nil, nil, fmt.Errorf("copy %s: %w", table.Name, err)
		}
	}
	// Sequences ignore the snapshot: read last, they are not below a copied row.
	sequences, err = lastNumbers(ctx, tx)
	return tables, sequences, err
}

// lastNumbers returns the last number of each sequence that has been used.
func lastNumbers(ctx context.Context, tx pgx.Tx) (map[string]int64, error) {
	rows, err := tx.Query(ctx, "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema() AND last_value IS NOT NULL")
	if err != nil {
		return nil, err
	}
	last := map[string]int64{}
	var name string
	var number int64
	_, err = pgx.ForEachRow(rows, []any{&name, &number}, func() error {
		last[name] = number
		return nil
	})
	return last, err
}

func (s Snapshot) readTables(ctx context.Context, conn *pgx.Conn, folder string) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, table := range s.Tables {
			file, err := os.Open(filepath.Join(folder, table.Name))
			if err != nil {
				return err
			}
			_, err = conn.PgConn().CopyFrom(ctx, io.Reader(file), "COPY "+table.list()+" FROM STDIN")
			if err := errors.Join(err, file.Close()); err != nil {
				return fmt.Errorf("copy %s: %w", table.Name, err)
			}
		}
		for name, number := range s.Sequences {
			if _, err := tx.Exec(ctx, "SELECT setval($1::text::regclass, $2)", pgx.Identifier{name}.Sanitize(), number); err != nil {
				return fmt.Errorf("continue sequence %s: %w", name, err)
			}
		}
		return nil
	})
}

func (t SnapshotTable) list() string {
	columns := make([]string, len(t.Columns))
	for i, column := range t.Columns {
		columns[i] = pgx.Identifier{column}.Sanitize()
	}
	return pgx.Identifier{t.Name}.Sanitize() + " (" + strings.Join(columns, ", ") + ")"
}

// schemaTables returns the tables of the schema, parents before children,
// without goose's.
func schemaTables(ctx context.Context, tx pgx.Tx) ([]SnapshotTable, error) {
	rows, err := tx.Query(ctx, `SELECT t.relname,
		(SELECT array_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''),
		(SELECT coalesce(array_agg(DISTINCT p.relname), '{}') FROM pg_constraint f JOIN pg_class p ON p.oid = f.confrelid WHERE f.conrelid = t.oid AND f.contype = 'f' AND p.oid <> t.oid)
		FROM pg_class t WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind = 'r' AND t.relname <> 'goose_db_version'
		ORDER BY t.relname`)
	if err != nil {
		return nil, err
	}
	type node struct {
		SnapshotTable
		parents []string
	}
	pending, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (n node, err error) {
		return n, row.Scan(&n.Name, &n.Columns, &n.parents)
	})
	if err != nil {
		return nil, err
	}
	var ordered []SnapshotTable
	placed := map[string]bool{}
	for len(pending) > 0 {
		ready := slices.IndexFunc(pending, func(n node) bool {
			return !slices.ContainsFunc(n.parents, func(p string) bool { return !placed[p] })
		})
		if ready < 0 {
			return nil, fmt.Errorf("foreign keys form a cycle at table %s", pending[0].Name)
		}
		ordered = append(ordered, pending[ready].SnapshotTable)
		placed[pending[ready].Name] = true
		pending = slices.Delete(pending, ready, ready+1)
	}
	return ordered, nil
}
