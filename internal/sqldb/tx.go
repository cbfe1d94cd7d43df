package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"
)

// Tx is a running transaction. It is used by one goroutine.
type Tx struct {
	db          *DB
	conn        *sql.Conn
	tx          executor
	shares      bool // a commit with others
	dialect     Dialect
	afterCommit []func()
	signals     *signals
	signalled   map[string]bool
}

// executor is what statements of a transaction go to: an *sql.Tx, or the
// connection of those who share one.
type executor interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

type beforeCommitKey struct{}

// BeforeCommit returns a context whose transactions run f as their last act
// before they commit; an error of f rolls back. It is how an idempotency
// record is written in the commit that it speaks of.
func BeforeCommit(ctx context.Context, f func(context.Context, *Tx) error) context.Context {
	return context.WithValue(ctx, beforeCommitKey{}, f)
}

// Tx runs f in a transaction: it commits when f returns nil and rolls back
// otherwise. On a serialization failure or deadlock f runs again, so f must
// not have effects outside the database; put those in AfterCommit.
//
// On SQLite the one writer is taken at the start: inside f use only the Tx,
// a DB.Exec there would wait for itself.
func (db *DB) Tx(ctx context.Context, f func(*Tx) error) error {
	const tries = 6
	for try := 1; ; try++ {
		tx := &Tx{db: db, dialect: db.dialect, signals: db.signals}
		err := tx.begin(ctx, f)
		if err == nil {
			for _, after := range tx.afterCommit {
				after()
			}
			return nil
		}
		if try == tries || !IsRetryable(err) {
			return err
		}
		// Two that met in a deadlock must not meet again at the same moment.
		pause := time.Duration(try*try)*10*time.Millisecond + rand.N(10*time.Millisecond)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// notBegunError is the error of a transaction that did nothing at all.
type notBegunError struct{ error }

func (e notBegunError) Unwrap() error { return e.error }

// begin runs f in the way that the engine, and the context, ask for.
func (t *Tx) begin(ctx context.Context, f func(*Tx) error) error {
	switch {
	case t.dialect == Postgres:
		return t.run(ctx, t.db.write, f)
	case ctx.Value(safeLaterKey{}) != nil || ctx.Value(aloneKey{}) != nil:
		return t.runAlone(ctx, f)
	}
	return t.runShared(ctx, f)
}

func (t *Tx) run(ctx context.Context, pool *sql.DB, f func(*Tx) error) (err error) {
	if t.conn, err = pool.Conn(ctx); err != nil {
		return err
	}
	defer func() { _ = t.conn.Close() }() // gives it back to the pool
	if ctx.Value(safeLaterKey{}) != nil {
		restore, err := t.db.relax(ctx, t.conn)
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
	defer func() { _ = tx.Rollback() }() // no effect after a commit; also undoes a panic
	if err := t.act(ctx, f); err != nil {
		return err
	}
	defer t.db.wrote(ctx) // again: see shared.end
	return tx.Commit()
}

// act does all of a transaction but its commit.
func (t *Tx) act(ctx context.Context, f func(*Tx) error) error {
	if err := f(t); err != nil {
		return err
	}
	if before, ok := ctx.Value(beforeCommitKey{}).(func(context.Context, *Tx) error); ok {
		if err := before(ctx, t); err != nil {
			return err
		}
	}
	t.db.wrote(ctx)
	return ctx.Err()
}

// AfterCommit calls f once the transaction is safe, for example to wake a
// worker. f does not run when the transaction fails.
func (t *Tx) AfterCommit(f func()) { t.afterCommit = append(t.afterCommit, f) }

// Dialect is the engine in use.
func (t *Tx) Dialect() Dialect { return t.dialect }

// calm is the context for a statement. One that shares a commit is not
// interrupted: SQLite would take back what the others did.
func (t *Tx) calm(ctx context.Context) context.Context {
	if t.shares {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// Exec runs one statement.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	return affected(t.tx.ExecContext(t.calm(ctx), query, args...))
}

// Query reads inside the transaction. Close the rows before the next call.
func (t *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return t.tx.QueryContext(t.calm(ctx), query, args...)
}

// QueryRow reads one row inside the transaction.
func (t *Tx) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return t.tx.QueryRowContext(t.calm(ctx), query, args...)
}

// Savepoint runs f so that its failure takes back only what f did: the
// transaction itself goes on, on both engines. It returns f's error.
func (t *Tx) Savepoint(ctx context.Context, f func() error) error {
	if _, err := t.Exec(ctx, "SAVEPOINT attempt"); err != nil {
		return err
	}
	if err := f(); err != nil {
		// Without the release the savepoint would stay, and hide the outer one
		// of the same name.
		for _, undo := range []string{"ROLLBACK TO SAVEPOINT attempt", "RELEASE SAVEPOINT attempt"} {
			if _, back := t.tx.ExecContext(context.WithoutCancel(ctx), undo); back != nil {
				return errors.Join(back, err)
			}
		}
		return err
	}
	_, err := t.Exec(ctx, "RELEASE SAVEPOINT attempt")
	return err
}
