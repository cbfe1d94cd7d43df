package sqldb

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

// While a Pace makes room for others, the log is copied in smaller parts: an fsync waits
// for all that the system has to write. passes is how often it is copied beside the
// writer. The writer waits for what was added during the last one, so that the next
// commit begins the log again.
const (
	smallCheckpointEvery = 400 * time.Millisecond
	passes               = 2
)

// checkpointer copies the log of SQLite into the database while the writing
// connection continues to write, so that no commit has to copy all of it. A nil
// checkpointer does nothing.
type checkpointer struct {
	pool, write *sql.DB
	log         string // path
	from, every int64  // bytes
	ctx         context.Context
	stop        context.CancelFunc
	goroutines  sync.WaitGroup

	mu      sync.Mutex
	next    int64         // size of the log at the next checkpoint
	running chan struct{} // closed at the end of the running checkpoint; nil: none runs
	small   time.Time     // end of the last small checkpoint
}

func newCheckpointer(pool, write *sql.DB, path string) *checkpointer {
	pool.SetMaxOpenConns(1)
	c := &checkpointer{pool: pool, write: write, log: path + "-wal", from: checkpointFrom, every: checkpointEvery}
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
	if c.running != nil || size < max(c.next, c.from) || c.ctx.Err() != nil {
		return
	}
	c.next = size + c.every
	c.start(func() error { return c.copy(c.pool) })
}

// start runs a checkpoint beside its caller, who holds the mutex.
func (c *checkpointer) start(run func() error) {
	ended := make(chan struct{})
	c.running = ended
	c.goroutines.Go(func() {
		_ = run() // what it leaves is for the next one, or for a commit
		c.mu.Lock()
		defer c.mu.Unlock()
		close(ended)
		if c.ctx.Err() == nil {
			c.running = nil
		}
	})
}

// copy copies the log as it is now, except what readers need.
func (c *checkpointer) copy(pool *sql.DB) error {
	var busy, pages, copied int
	return pool.QueryRowContext(c.ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &copied)
}

// makeRoom starts a small checkpoint if the last one was long enough ago.
func (c *checkpointer) makeRoom(now clock.Clock) {
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
			err = c.copy(c.write) // its only connection: no commit in between
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.small = now.Now()
		return err
	})
}

// wait waits for a running checkpoint.
func (c *checkpointer) wait(ctx context.Context) {
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

func (c *checkpointer) close() error {
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
