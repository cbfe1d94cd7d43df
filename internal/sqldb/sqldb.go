// Package sqldb runs the same SQL on SQLite and PostgreSQL.
//
// Write portable SQL (docs/sql.md) with $1, $2 placeholders. Where the engines
// differ, use a method of Dialect; no other package branches on the engine.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"

	"github.com/regulars/regulars/internal/sqldb/checkpoint"
	"github.com/regulars/regulars/internal/sqldb/postgres"
	"github.com/regulars/regulars/internal/sqldb/stmtcache"
	"github.com/regulars/regulars/migrations"
)

// Querier is the parameter of store functions: a DB for a single statement, a Tx
// for a statement of the caller's transaction.
type Querier interface {
	Exec(ctx context.Context, query string, args ...any) (affected int64, err error)
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) *sql.Row
	Dialect() Dialect
}

// DB is an open database. SQLite allows one writer, so it has two pools: write
// (one connection) and read (several). On PostgreSQL both are the same pool.
type DB struct {
	changes     changeCounter
	read, write *sql.DB
	writerQueue writerQueue              // of the writing connection of SQLite
	interactive atomic.Int64             // writing transactions of SQLite with an Interactive context
	checkpoints *checkpoint.Checkpointer // SQLite only
	pool        *postgres.Pool           // PostgreSQL only
	dialect     Dialect
	synchronous string // SQLite only
	notifier    *notifier
	versions    *tableVersions
	attached    sync.Map
}

func (db *DB) onPostgres() bool { return db.dialect == Postgres }

// Options are the settings of a database.
type Options struct {
	// Synchronous is SQLite's setting. The default FULL makes commits durable
	// across a power failure, NORMAL only across a crash of the process.
	Synchronous string
	// MaxConns is the size of the PostgreSQL pool. 0 means 20.
	MaxConns int
	// PlanAge is how long PostgreSQL uses a plan again in requests. 0 means 2 seconds.
	PlanAge time.Duration
	// IdleTx is the time after which PostgreSQL rolls back a transaction without
	// a statement. 0 means 20 s.
	IdleTx time.Duration
}

// Open opens "sqlite:<path>" or "postgres://..." and pings it. It does not
// migrate.
func Open(ctx context.Context, address string, opts Options) (*DB, error) {
	db, err := open(address, opts)
	if err != nil {
		return nil, err
	}
	if err := db.write.PingContext(ctx); err != nil {
		_ = db.Close() // the error of the ping matters more
		return nil, fmt.Errorf("open database: %w", err)
	}
	return db, nil
}

func open(address string, opts Options) (*DB, error) {
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		return openSQLite(path, opts)
	}
	if !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://") {
		return nil, errors.New(`invalid database address: start it with "postgres://" or "sqlite:"`)
	}
	pool, err := postgres.Open(address, postgres.Options{MaxConns: opts.MaxConns, IdleTx: opts.IdleTx, PlanAge: opts.PlanAge})
	if err != nil {
		return nil, err
	}
	db := &DB{read: pool.DB, write: pool.DB, pool: pool, dialect: Postgres, notifier: newNotifier(), versions: newTableVersions()}
	db.notifier.startListening = db.startListening
	return db, nil
}

func openSQLite(path string, opts Options) (*DB, error) {
	synchronous := opts.Synchronous
	if synchronous == "" {
		synchronous = "FULL"
	}
	// busy_timeout is first because the other pragmas may have to wait. It is
	// long because a command may have to wait for a gap between two batches of
	// an import.
	common := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(60000)&_pragma=journal_mode(WAL)&_pragma=synchronous(" +
		url.QueryEscape(synchronous) + ")&_pragma=foreign_keys(ON)&_pragma=temp_store(MEMORY)"
	if err := registerRowSource(); err != nil {
		return nil, err
	}
	write, err := openPool(common+"&_pragma=cache_size(-16384)&_pragma=wal_autocheckpoint(32000)&_pragma=journal_size_limit(67108864)&_txlock=immediate", createRowSource)
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
	log, err := openPool(common+"&_pragma=wal_autocheckpoint(0)", "")
	if err != nil {
		return nil, errors.Join(err, write.Close(), read.Close())
	}
	db := &DB{read: read, write: write, dialect: SQLite, synchronous: strings.ToUpper(synchronous), notifier: newNotifier(), versions: newTableVersions()}
	db.checkpoints = checkpoint.New(log, write, path, db.writerQueue.alone)
	return db, nil
}

// openPool returns a pool that runs initSQL on each new connection.
func openPool(address, initSQL string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(address)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(stmtcache.Connector{Connector: connector, InitSQL: initSQL}), nil
}

// Close closes all connections. Running statements fail.
func (db *DB) Close() error {
	db.versions.close()
	db.notifier.close()
	if db.read == db.write {
		return db.pool.Close()
	}
	return errors.Join(db.checkpoints.Close(), db.read.Close(), db.write.Close(), db.checkpoints.Release())
}

// Ping checks that the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.write.PingContext(ctx) }

// Dialect returns the engine in use.
func (db *DB) Dialect() Dialect { return db.dialect }

// Pool returns the writing pool, for code that needs a *sql.DB.
func (db *DB) Pool() *sql.DB { return db.write }

// Attached returns the value that belongs to the database under a key, which is
// comparable. The first call makes it.
func (db *DB) Attached(key any, create func() any) any {
	if value, ok := db.attached.Load(key); ok {
		return value
	}
	value, _ := db.attached.LoadOrStore(key, create())
	return value
}

// Exec runs one statement in its own transaction.
func (db *DB) Exec(ctx context.Context, query string, args ...any) (n int64, err error) {
	if migrations.ChangedBy(query) != 0 {
		own := BeforeCommit(ctx, func(context.Context, *Tx) error { return nil })
		err = db.Tx(own, func(tx *Tx) error {
			n, err = tx.Exec(ctx, query, args...)
			return err
		})
		return n, err
	}
	if db.dialect == SQLite {
		db.noteInteractive(ctx)
	}
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }() // returns it to the pool
	db.noteWrite(nil)
	defer db.checkpoints.AfterCommit()
	defer db.noteWrite(nil) // again, see commitGroup.finish
	return affected(conn.ExecContext(ctx, query, args...))
}

// Query runs a read-only query; Exec and Tx write.
func (db *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return db.read.QueryContext(ctx, query, args...)
}

// QueryRow runs a read-only query for one row.
func (db *DB) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return db.read.QueryRowContext(ctx, query, args...)
}

func affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}
