// Package sqldb runs one SQL text on SQLite and on PostgreSQL.
//
// Write portable SQL with $1, $2 placeholders (docs/sql.md lists what is
// portable). Where the engines must differ, ask the Dialect; nothing outside
// this package tests which engine is in use.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	"modernc.org/sqlite"
)

// Querier is what a store function needs: a DB for a lone statement, a Tx to
// take part in the caller's transaction.
type Querier interface {
	Exec(ctx context.Context, query string, args ...any) (affected int64, err error)
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) *sql.Row
	Dialect() Dialect
}

// DB is an open database. SQLite has one writer, so it gets two pools: write
// (one connection) and read (many). On PostgreSQL both are the same pool.
type DB struct {
	writes      writes
	read, write *sql.DB
	turns       turns // at write, on SQLite
	dialect     Dialect
	synchronous string // of SQLite
	signals     *signals
}

// Options are what an operator may choose about a database.
type Options struct {
	// Synchronous is SQLite's setting, FULL when empty: what is committed
	// survives a power cut. NORMAL survives a crash of the process only.
	Synchronous string
	// MaxConns bounds the PostgreSQL pool; 0 means 20.
	MaxConns int
}

// Open opens "sqlite:<path>" or "postgres://…" and checks that it answers. It
// does not migrate.
func Open(ctx context.Context, address string, opts Options) (*DB, error) {
	db, err := open(address, opts)
	if err != nil {
		return nil, err
	}
	if err := db.write.PingContext(ctx); err != nil {
		_ = db.Close() // the ping's error is the one to tell
		return nil, fmt.Errorf("open database: %w", err)
	}
	return db, nil
}

func open(address string, opts Options) (*DB, error) {
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		return openSQLite(path, opts)
	}
	if !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://") {
		return nil, errors.New(`a database address starts with "postgres://" or "sqlite:"`)
	}
	pool, err := sql.Open("pgx", withPlanMode(address))
	if err != nil {
		return nil, err
	}
	conns := opts.MaxConns
	if conns == 0 {
		conns = 20
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	db := &DB{read: pool, write: pool, dialect: Postgres, signals: newSignals()}
	db.signals.hear = db.hear
	return db, nil
}

// withPlanMode asks for a fresh plan at each execution: a plan kept from when
// a table was empty would read the whole of it after an import filled it.
func withPlanMode(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	q := u.Query()
	if q.Get("plan_cache_mode") == "" {
		q.Set("plan_cache_mode", "force_custom_plan")
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func openSQLite(path string, opts Options) (*DB, error) {
	synchronous := opts.Synchronous
	if synchronous == "" {
		synchronous = "FULL"
	}
	// busy_timeout comes first: the pragmas after it may have to wait. It is long
	// because a command may have to wait for a moment between two pieces of an import.
	common := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(60000)&_pragma=journal_mode(WAL)&_pragma=synchronous(" +
		url.QueryEscape(synchronous) + ")&_pragma=foreign_keys(ON)&_pragma=temp_store(MEMORY)"
	if err := registerGiven(); err != nil {
		return nil, err
	}
	write, err := openPool(common+"&_pragma=cache_size(-16384)&_pragma=wal_autocheckpoint(32000)&_pragma=journal_size_limit(67108864)&_txlock=immediate", makeGiven)
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	read, err := openPool(common+"&_pragma=cache_size(-4096)&_pragma=query_only(ON)", "")
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(8)
	read.SetMaxIdleConns(8)
	return &DB{read: read, write: write, dialect: SQLite, synchronous: strings.ToUpper(synchronous), signals: newSignals()}, nil
}

// openPool returns a pool whose connections begin with a statement.
func openPool(address, first string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(address)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(keeper{connector, first}), nil
}

// Close closes all connections; running statements end with an error.
func (db *DB) Close() error {
	if db.read == db.write {
		return db.write.Close()
	}
	return errors.Join(db.read.Close(), db.write.Close())
}

// Ping asks the database for an answer.
func (db *DB) Ping(ctx context.Context) error { return db.write.PingContext(ctx) }

// Dialect is the engine in use.
func (db *DB) Dialect() Dialect { return db.dialect }

// Waits is how often somebody in this process has had to wait for a connection
// that writes.
func (db *DB) Waits() int64 { return db.write.Stats().WaitCount + db.turns.waited() }

// Pool is the pool that may write, for what needs a *sql.DB: migrations,
// listening, backups.
func (db *DB) Pool() *sql.DB { return db.write }

// Exec runs one statement in its own transaction.
func (db *DB) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool
	db.wrote(ctx)
	defer db.wrote(ctx) // again: see shared.end
	return affected(conn.ExecContext(ctx, query, args...))
}

// Query reads; a statement that writes goes through Exec or Tx.
func (db *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return db.read.QueryContext(ctx, query, args...)
}

// QueryRow reads one row; a statement that writes goes through Exec or Tx.
func (db *DB) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return db.read.QueryRowContext(ctx, query, args...)
}

func affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}
