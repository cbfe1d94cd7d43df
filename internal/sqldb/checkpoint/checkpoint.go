// Package checkpoint copies the write-ahead log of SQLite into the database beside the
// writing connection.
package checkpoint

import (
	"context"
	"database/sql"
	"os"
	"sync"
	"time"

	"github.com/regulars/regulars/internal/clock"
)

// The log of SQLite is copied into the database once it has 32,000 pages
// (wal_autocheckpoint), by the commit that reaches them. At less than that the
// checkpointer copies most of it on another connection. It begins above
// journal_size_limit, because a file of that size says nothing about how much of
// the log is in use.
const (
	checkpointFrom  = 96 << 20
	checkpointEvery = 8 << 20
)

// While transactions are limited, the log is copied in smaller parts: an fsync waits for
// all that the system has to write.
const (
	smallCheckpointEvery = 400 * time.Millisecond
	passes               = 2 // of a small checkpoint, before the last one without writers
)

// Checkpointer copies the log of SQLite into the database while the writing
// connection continues to write, so that no commit has to copy all of it. A nil
// Checkpointer does nothing.
type Checkpointer struct {
	pool, write *sql.DB
	alone       func(context.Context) (release func(), err error)
	log         string // path
	data        *dataFile
	from, every int64 // bytes
	ctx         context.Context
	stop        context.CancelFunc
	goroutines  sync.WaitGroup

	mu      sync.Mutex
	next    int64         // size of the log at the next checkpoint
	running chan struct{} // closed at the end of the running checkpoint; nil: none runs
	small   time.Time     // end of the last small checkpoint
}

// New returns the Checkpointer of a database. write is the pool of its only writing
// connection. The Checkpointer closes pool; its caller calls Release after closing all other
// connections. alone waits until no transaction of the process writes, and keeps others away
// until release is called.
func New(pool, write *sql.DB, path string, alone func(context.Context) (release func(), err error)) *Checkpointer {
	pool.SetMaxOpenConns(1)
	c := &Checkpointer{pool: pool, write: write, alone: alone, log: path + "-wal", data: useDataFile(path), from: checkpointFrom, every: checkpointEvery}
	c.ctx, c.stop = context.WithCancel(context.Background())
	return c
}

// AfterCommit starts a checkpoint if the log has grown enough.
func (c *Checkpointer) AfterCommit() {
	if c == nil {
		return
	}
	info, err := os.Stat(c.log)
	if err != nil {
		return // there is no log yet
	}
	size := info.Size()
	c.mu.Lock()
	defer c.mu.Unlock()
	if size < c.from { // the log has started again
		c.next = c.from
	}
	if c.running != nil || size < max(c.next, c.from) || c.ctx.Err() != nil {
		return
	}
	c.next = size + c.every
	c.start(func() error { return c.copy(c.pool) })
}

// start runs a checkpoint beside its caller. The mutex is locked.
func (c *Checkpointer) start(run func() error) {
	ended := make(chan struct{})
	c.running = ended
	c.goroutines.Go(func() {
		_ = run() // the next one, or a commit, copies the rest
		c.mu.Lock()
		defer c.mu.Unlock()
		close(ended)
		if c.ctx.Err() == nil {
			c.running = nil
		}
	})
}

// copy copies the log as it is now, except what readers need.
func (c *Checkpointer) copy(pool *sql.DB) error {
	var busy, pages, copied int
	return pool.QueryRowContext(c.ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &copied)
}

// StartSmall starts a small checkpoint if the last one was long enough ago. No
// transaction runs during its last pass, so that the next one can begin the log again.
func (c *Checkpointer) StartSmall(now clock.Clock) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running != nil || now.Now().Sub(c.small) < smallCheckpointEvery || c.ctx.Err() != nil {
		return
	}
	c.start(func() (err error) {
		for pass := 0; pass < passes && err == nil; pass++ {
			err = c.copy(c.pool)
		}
		if err == nil {
			_ = c.data.sync() // a failure leaves more for the last pass
			err = c.copyAlone()
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.small = now.Now()
		return err
	})
}

// copyAlone is copy while no transaction of this process runs. SQLite writes the database
// to the disk in a pass that reaches the end of the log, which is this one. Without a sync
// before, the writers would wait for all pages of the other passes.
func (c *Checkpointer) copyAlone() error {
	release, err := c.alone(c.ctx)
	if err != nil {
		return err
	}
	defer release()
	return c.copy(c.write)
}

// Wait waits for a running checkpoint.
func (c *Checkpointer) Wait(ctx context.Context) {
	if c == nil {
		return
	}
	c.mu.Lock()
	running := c.running
	c.mu.Unlock()
	if running == nil {
		return
	}
	select {
	case <-running:
	case <-c.ctx.Done():
	case <-ctx.Done():
	}
}

// Close ends a running checkpoint and closes its connection.
func (c *Checkpointer) Close() error {
	if c == nil {
		return nil
	}
	c.stop()
	c.mu.Lock()
	if c.running == nil {
		c.running = make(chan struct{}) // no goroutine starts from here on
	}
	c.mu.Unlock()
	c.goroutines.Wait()
	return c.pool.Close()
}

// Release closes the file of the database, as the last of all that have it open.
func (c *Checkpointer) Release() error {
	if c == nil {
		return nil
	}
	return c.data.release()
}

// StartWriteback asks the system to write the log to the disk without waiting for it, so
// that the next fsync has less to do. It does nothing outside Linux.
func (c *Checkpointer) StartWriteback() { startWriteback(c.log) }

// SetSizes sets the size of the log in bytes from which it is copied, and after how much
// more again.
func (c *Checkpointer) SetSizes(from, every int64) { c.from, c.every = from, every }
