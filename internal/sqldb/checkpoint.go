package sqldb

import (
	"context"
	"database/sql"
	"os"
	"sync"
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

// checkpointer copies the log of SQLite into the database while the writing
// connection continues to write, so that no commit has to copy all of it. A nil
// checkpointer does nothing.
type checkpointer struct {
	pool        *sql.DB
	log         string // path
	from, every int64  // bytes
	ctx         context.Context
	stop        context.CancelFunc
	goroutines  sync.WaitGroup

	mu      sync.Mutex
	next    int64 // size of the log at the next checkpoint
	running bool
}

func newCheckpointer(pool *sql.DB, path string) *checkpointer {
	pool.SetMaxOpenConns(1)
	c := &checkpointer{pool: pool, log: path + "-wal", from: checkpointFrom, every: checkpointEvery}
	c.ctx, c.stop = context.WithCancel(context.Background())
	return c
}

// afterCommit starts a checkpoint if the log has grown enough.
func (c *checkpointer) afterCommit() {
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
	if c.running || size < max(c.next, c.from) || c.ctx.Err() != nil {
		return
	}
	c.running, c.next = true, size+c.every
	c.goroutines.Go(c.checkpoint)
}

// checkpoint may leave a part of the log to the next one or to a commit.
func (c *checkpointer) checkpoint() {
	var busy, frames, copied int
	_ = c.pool.QueryRowContext(c.ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &frames, &copied)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = c.ctx.Err() != nil
}

func (c *checkpointer) close() error {
	if c == nil {
		return nil
	}
	c.stop()
	c.mu.Lock()
	c.running = true // no goroutine starts from here on
	c.mu.Unlock()
	c.goroutines.Wait()
	return c.pool.Close()
}
