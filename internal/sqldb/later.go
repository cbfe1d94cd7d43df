package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

type safeLaterKey struct{}

// SafeLater returns a context whose transactions are there for everybody once
// they are committed, as always, but survive a power cut only together with
// the next transaction of any other context: SQLite does not wait for the disk.
// What is lost then is lost from the end, never from the middle. It is for
// work in many steps that goes on where its last surviving step ended.
func SafeLater(ctx context.Context) context.Context {
	return context.WithValue(ctx, safeLaterKey{}, true)
}

// relax makes the transactions of the one connection that writes to SQLite
// safe later, until restore.
func (db *DB) relax(ctx context.Context, conn *sql.Conn) (restore func(), err error) {
	if db.dialect != SQLite || db.synchronous != "FULL" {
		return func() {}, nil
	}
	if _, err := conn.ExecContext(ctx, "PRAGMA synchronous = NORMAL"); err != nil {
		return nil, err
	}
	return func() {
		if _, err := conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA synchronous = FULL"); err != nil {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // nobody may get it as it is
		}
	}, nil
}
