package sqldb

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/sqldb/postgres"
	"github.com/regulars/regulars/migrations"
)

// Tx is a transaction. It is for one goroutine.
type Tx struct {
	db          *DB
	conn        *sql.Conn
	tx          executor
	flags       txFlag
	watch       *ChangeWatch // that the transaction belongs to; nil: none
	inGroup     bool         // see commitGroup
	dialect     Dialect
	afterCommit []func()
	changed     migrations.TableSet
	notified    map[string]bool
	queued      []postgres.Statement // see Queue
	failed      error                // of a queued statement; PostgreSQL refuses those behind it
}

// TxOption changes how a transaction commits on SQLite. It has no effect on
// PostgreSQL. A *ChangeWatch is one too: the transaction is its own.
type TxOption interface{ set(tx *Tx) }

type txFlag uint8

func (f txFlag) set(tx *Tx) { tx.flags |= f }

// Options of transactions.
const (
	// WithoutGroupCommit keeps the transaction out of commit groups. It is for
	// long transactions, because those of a group return only after the last
	// one.
	WithoutGroupCommit txFlag = 1 << iota
	// RelaxedSync skips fsync, and group commit. The commit is visible at once
	// and becomes durable with the next ordinary one; a power failure before
	// that loses the latest commits, never one in the middle. It is for work in
	// many steps that can be resumed at any of them.
	RelaxedSync
)

// executor is an *sql.Tx, or the connection of a commit group.
type executor interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

type beforeCommitKey struct{}

// BeforeCommit returns a context that makes transactions call f right before
// they commit; an error of f rolls back. It is how an idempotency record
// becomes part of the transaction it describes.
func BeforeCommit(ctx context.Context, f func(context.Context, *Tx) error) context.Context {
	return context.WithValue(ctx, beforeCommitKey{}, f)
}

// Tx runs f in a transaction: it commits if f returns nil and rolls back
// otherwise. f may run several times, after a serialization failure or deadlock,
// so its effects outside the database belong in AfterCommit.
//
// On SQLite the transaction locks the database from the start: a DB.Exec inside
// f deadlocks.
func (db *DB) Tx(ctx context.Context, f func(*Tx) error, options ...TxOption) error {
	const tries = 6
	for try := 1; ; try++ {
		tx := &Tx{db: db, dialect: db.dialect}
		for _, option := range options {
			option.set(tx)
		}
		err := tx.runOnce(ctx, f)
		db.versions.count(tx.changed) // also after an error: the commit may have succeeded
		if err == nil {
			for _, after := range tx.afterCommit {
				after()
			}
			return nil
		}
		if try == tries || !IsRetryable(err) {
			return err
		}
		// The random part keeps the parties of a deadlock from colliding again.
		pause := time.Duration(try*try)*10*time.Millisecond + rand.N(10*time.Millisecond)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// runOnce runs f once, in a commit group where that is possible.
func (t *Tx) runOnce(ctx context.Context, f func(*Tx) error) error {
	if t.onPostgres() {
		leave, err := t.db.pool.Enter(ctx, isInteractive(ctx))
		if err != nil {
			return notBegunError{err}
		}
		defer leave()
		return t.runOnPostgres(ctx, f)
	}
	t.db.noteInteractive(ctx)
	if t.flags != 0 {
		return t.runUngrouped(ctx, f)
	}
	return t.runInGroup(ctx, f)
}

func (t *Tx) runAlone(ctx context.Context, f func(*Tx) error) (err error) {
	if t.conn, err = t.db.write.Conn(ctx); err != nil {
		return err
	}
	defer func() { _ = t.conn.Close() }() // returns it to the pool
	if t.flags&RelaxedSync != 0 {
		restore, err := t.db.relaxSync(ctx, t.conn)
		if err != nil {
			return notBegunError{err}
		}
		defer restore()
	}
	tx, err := t.conn.BeginTx(ctx, nil)
	if err != nil {
		return notBegunError{err}
	}
	t.tx = tx
	defer func() { _ = tx.Rollback() }() // no effect after a commit; also runs after a panic
	if err := t.execute(ctx, f); err != nil {
		return err
	}
	defer t.db.checkpoints.AfterCommit()
	defer t.db.noteWrite(t.watch) // again, see commitGroup.finish
	return tx.Commit()
}

// runOnPostgres runs f in a transaction that is committed in one round trip with the
// statements that are queued.
func (t *Tx) runOnPostgres(ctx context.Context, f func(*Tx) error) (err error) {
	if t.conn, err = t.db.write.Conn(ctx); err != nil {
		return err
	}
	defer func() { _ = t.conn.Close() }() // returns it to the pool
	if err := t.db.pool.Begin(ctx, t.conn, isInteractive(ctx)); err != nil {
		return notBegunError{err}
	}
	t.tx = t.conn
	committed := false
	defer func() {
		if !committed { // also after a panic
			postgres.Rollback(ctx, t.conn)
		}
	}()
	if err := t.execute(ctx, f); err != nil || t.failed != nil {
		return t.cause(err)
	}
	defer t.db.noteWrite(t.watch) // again, see commitGroup.finish
	err = postgres.Commit(ctx, t.conn, t.queued)
	committed = err == nil
	return err
}

// maxQueued bounds the statements that are queued.
const maxQueued = 64

// Queue runs one statement without a result for the caller. On PostgreSQL it is sent in one
// round trip with the next statement or the commit, which returns its error.
func (t *Tx) Queue(ctx context.Context, query string, args ...any) error {
	if !t.onPostgres() {
		_, err := t.Exec(ctx, query, args...)
		return err
	}
	t.changed |= migrations.ChangedBy(query)
	t.queued = append(t.queued, postgres.Statement{SQL: query, Args: args})
	if len(t.queued) < maxQueued {
		return nil
	}
	return t.send(ctx)
}

// send runs the queued statements.
func (t *Tx) send(ctx context.Context) error {
	_, err := t.sendWith(ctx)
	return err
}

// sendWith runs the queued statements and further ones, in one round trip.
func (t *Tx) sendWith(ctx context.Context, more ...postgres.Statement) (affected int64, err error) {
	list := slices.Concat(t.queued, more)
	t.queued = nil
	if len(list) == 0 {
		return 0, nil
	}
	affected, err = postgres.Send(ctx, t.conn, list)
	if len(list) > len(more) {
		t.failed = cmp.Or(t.failed, err)
	}
	return affected, err
}

// cause returns err, or the error of the queued statement that caused it. An err that
// describes that error stays as it is.
func (t *Tx) cause(err error) error {
	if t.failed == nil || errors.Is(err, t.failed) {
		return err
	}
	return errors.Join(t.failed, err)
}

// execute runs everything but the commit.
func (t *Tx) execute(ctx context.Context, f func(*Tx) error) error {
	if err := f(t); err != nil {
		return err
	}
	if before, ok := ctx.Value(beforeCommitKey{}).(func(context.Context, *Tx) error); ok {
		if err := before(ctx, t); err != nil {
			return err
		}
	}
	if err := t.announce(ctx); err != nil {
		return err
	}
	t.db.noteWrite(t.watch)
	return ctx.Err()
}

// IsSerial reports whether this transaction runs alone and its commit is durable
// before others see it, so that a number assigned in it is in the order of
// commits. It is true for transactions of SQLite without RelaxedSync.
func (t *Tx) IsSerial() bool { return t.dialect == SQLite && t.flags&RelaxedSync == 0 }

// AfterCommit calls f after the commit, for example to wake a worker. f does not
// run if the transaction fails.
func (t *Tx) AfterCommit(f func()) { t.afterCommit = append(t.afterCommit, f) }

// Dialect returns the engine in use.
func (t *Tx) Dialect() Dialect { return t.dialect }

func (t *Tx) onPostgres() bool { return t.dialect == Postgres }

// uninterruptible returns the context for a statement. In a commit group it
// cannot be cancelled: on an interrupt SQLite rolls back the whole group.
func (t *Tx) uninterruptible(ctx context.Context) context.Context {
	if t.inGroup {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// Exec runs one statement.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	t.changed |= migrations.ChangedBy(query)
	if len(t.queued) > 0 {
		return t.sendWith(ctx, postgres.Statement{SQL: query, Args: args})
	}
	return affected(t.tx.ExecContext(t.uninterruptible(ctx), query, args...))
}

// Query runs a query. Close the rows before the next call.
func (t *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	t.changed |= migrations.ChangedBy(query)
	if err := t.send(ctx); err != nil {
		return nil, err
	}
	return t.tx.QueryContext(t.uninterruptible(ctx), query, args...)
}

// QueryRow runs a query for one row.
func (t *Tx) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	t.changed |= migrations.ChangedBy(query)
	_ = t.send(ctx) // after an error PostgreSQL refuses the query, and the transaction returns the error
	return t.tx.QueryRowContext(t.uninterruptible(ctx), query, args...)
}

// Savepoint runs f in a savepoint and returns its error. If f fails, only its
// changes are rolled back and the transaction continues, on both engines.
func (t *Tx) Savepoint(ctx context.Context, f func() error) error {
	if _, err := t.Exec(ctx, "SAVEPOINT attempt"); err != nil {
		return err
	}
	err := f()
	if err == nil {
		err = t.send(ctx)
	}
	if err != nil {
		t.queued = nil
		// Without the release the savepoint would remain and hide an outer one
		// of the same name.
		for _, statement := range []string{"ROLLBACK TO SAVEPOINT attempt", "RELEASE SAVEPOINT attempt"} {
			if _, failed := t.tx.ExecContext(context.WithoutCancel(ctx), statement); failed != nil {
				return errors.Join(failed, err)
			}
		}
		err, t.failed = t.cause(err), nil
		return err
	}
	_, err = t.Exec(ctx, "RELEASE SAVEPOINT attempt")
	return err
}

// LockShared takes a shared lock on a name until the transaction ends. It does
// nothing on SQLite, where write transactions are exclusive.
func (t *Tx) LockShared(ctx context.Context, name string) error {
	return t.advisoryLock(ctx, "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))", name)
}

// LockExclusive takes an exclusive lock on a name until the transaction ends.
func (t *Tx) LockExclusive(ctx context.Context, name string) error {
	return t.advisoryLock(ctx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name)
}

// LockWorker is LockExclusive for a short transaction of one worker at a time.
// PostgreSQL ends the transaction if its process stops for 10 seconds, so that a
// frozen node does not block the others.
func (t *Tx) LockWorker(ctx context.Context, name string) error {
	if t.onPostgres() {
		if err := t.Queue(ctx, "SELECT set_config('idle_in_transaction_session_timeout', '10000', TRUE)"); err != nil {
			return err
		}
	}
	return t.LockExclusive(ctx, name)
}

func (t *Tx) advisoryLock(ctx context.Context, query, name string) error {
	if t.dialect == SQLite {
		return nil
	}
	_, err := t.Exec(ctx, query, name)
	return err
}

// relaxSync makes commits of the writing connection of SQLite skip fsync until
// restore is called.
func (db *DB) relaxSync(ctx context.Context, conn *sql.Conn) (restore func(), err error) {
	if db.dialect != SQLite || db.synchronous != "FULL" {
		return func() {}, nil
	}
	if _, err := conn.ExecContext(ctx, "PRAGMA synchronous = NORMAL"); err != nil {
		return nil, err
	}
	return func() {
		if _, err := conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA synchronous = FULL"); err != nil {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // discards the connection
		}
	}, nil
}
