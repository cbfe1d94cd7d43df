package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"
	"sync/atomic"
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
		db.checkpoints.begin(db, conn)
	}, nil
}

// fewFrames is how many pages of the write-ahead log may wait to be copied into
// the database file before a checkpoint is worth its while. Whoever commits at
// 32,000 copies them, and everybody waits for it.
const fewFrames = 20_000

// checkpoints copies what a long work has written into the database file, on
// another processor than the work.
type checkpoints struct {
	running atomic.Bool
	wait    sync.WaitGroup
}

// begin begins a checkpoint where it is time for one; conn is the connection
// that writes.
func (c *checkpoints) begin(db *DB, conn *sql.Conn) {
	var busy, frames, copied int
	err := conn.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint(NOOP)").Scan(&busy, &frames, &copied)
	if err != nil || frames-copied < fewFrames || !c.running.CompareAndSwap(false, true) {
		return // without one, who commits at 32,000 does it
	}
	c.wait.Go(func() {
		defer c.running.Store(false)
		_, _ = db.read.Exec("PRAGMA wal_checkpoint(PASSIVE)") // as above
	})
}
