package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Statement is a statement without rows to read.
type Statement struct {
	SQL  string
	Args []any
}

// Send runs statements in their order and in one round trip. It returns how many rows the
// last one affected, or the error of the first that failed; those behind it did not run.
func Send(ctx context.Context, conn *sql.Conn, list []Statement) (affected int64, err error) {
	err = conn.Raw(func(raw any) error {
		affected, err = send(ctx, raw.(*stdlib.Conn).Conn(), list, func(string) error { return nil })
		return err
	})
	return affected, err
}

// Commit runs statements and commits the transaction, in one round trip.
func Commit(ctx context.Context, conn *sql.Conn, list []Statement) error {
	return conn.Raw(func(raw any) error {
		_, err := send(ctx, raw.(*stdlib.Conn).Conn(), append(list, Statement{SQL: "COMMIT"}), func(tag string) error {
			if tag == "ROLLBACK" { // a statement had failed before
				return pgx.ErrTxCommitRollback
			}
			return nil
		})
		return err
	})
}

// send is Send with a check of the command tag of the last statement.
func send(ctx context.Context, conn *pgx.Conn, list []Statement, check func(tag string) error) (affected int64, err error) {
	batch := &pgx.Batch{}
	for _, one := range list {
		batch.Queue(one.SQL, one.Args...)
	}
	results := conn.SendBatch(ctx, batch)
	defer func() {
		if closed := results.Close(); err == nil { // otherwise it is the same error
			err = closed
		}
	}()
	for i := range list {
		tag, err := results.Exec()
		if err == nil && i == len(list)-1 {
			affected, err = tag.RowsAffected(), check(tag.String())
		}
		if err != nil {
			return 0, err
		}
	}
	return affected, nil
}

// rollbackTimeout bounds the end of a failed transaction.
const rollbackTimeout = 5 * time.Second

// Rollback ends a transaction. If that fails, the connection is closed.
func Rollback(ctx context.Context, conn *sql.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	_ = conn.Raw(func(raw any) error { // the error is for the pool
		if _, err := raw.(*stdlib.Conn).Conn().Exec(ctx, "ROLLBACK"); err != nil {
			return driver.ErrBadConn
		}
		return nil
	})
}
