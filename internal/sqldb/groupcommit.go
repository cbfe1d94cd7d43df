package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
)

// maxGroupAttempts bounds a commit group, because its first transaction returns
// only after the last.
const maxGroupAttempts = 64

// writerQueue serializes transactions on the only writing connection of SQLite
// and lets those that wait share a commit: a transaction that ends leaves its
// commit group open for the next one, and the last one commits for all. So one
// fsync serves many transactions. None returns before the commit.
type writerQueue struct {
	mu      sync.Mutex
	busy    bool
	waiting []*queuedWriter
	group   *commitGroup // open group, owned by the current writer; nil if none

	commits, transactions atomic.Int64 // of groups, since the start
}

// GroupCommits returns how many commits of SQLite have served how many transactions
// since the start, 0 on PostgreSQL. Each commit is one fsync of the log.
func (db *DB) GroupCommits() (commits, transactions int64) {
	return db.writerQueue.commits.Load(), db.writerQueue.transactions.Load()
}

type queuedWriter struct {
	ready      chan struct{} // closed when the writer becomes the current one
	joinsGroup bool
}

// commitGroup is a database transaction that several callers share. Each but
// the first runs in a savepoint.
type commitGroup struct {
	db        *DB
	conn      *sql.Conn
	attempts  int
	succeeded int
	watch     *ChangeWatch  // of the only attempt; nil with several
	done      chan struct{} // closed when err is set
	err       error
}

// acquire waits until the caller is the current writer. The caller then calls
// passGroup or release.
func (q *writerQueue) acquire(ctx context.Context, joinsGroup bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.mu.Lock()
	if !q.busy {
		q.busy = true
		q.mu.Unlock()
		return nil
	}
	w := &queuedWriter{make(chan struct{}), joinsGroup}
	q.waiting = append(q.waiting, w)
	q.mu.Unlock()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
		if q.cancel(w) {
			return ctx.Err()
		}
		<-w.ready // became ready at the same moment
		q.skip()
		return ctx.Err()
	}
}

// cancel removes w and reports whether it was still waiting.
func (q *writerQueue) cancel(w *queuedWriter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, w)
	if i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
	return i >= 0
}

// release makes the next waiting writer the current one.
func (q *writerQueue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wakeNext()
}

func (q *writerQueue) wakeNext() {
	if q.busy = len(q.waiting) > 0; q.busy {
		close(q.waiting[0].ready)
		q.waiting = q.waiting[1:]
	}
}

// passGroup passes g to the next writer. It reports false, and changes nothing,
// if there is none that can join g.
func (q *writerQueue) passGroup(g *commitGroup) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 || !q.waiting[0].joinsGroup || g.attempts >= maxGroupAttempts {
		return false
	}
	q.group = g
	q.wakeNext()
	return true
}

// receiveGroup returns the group that the previous writer passed, nil if none.
func (q *writerQueue) receiveGroup() *commitGroup {
	g := q.group
	q.group = nil
	return g
}

// skip ends the caller's turn without a transaction.
func (q *writerQueue) skip() {
	if g := q.receiveGroup(); g != nil {
		if q.passGroup(g) {
			return
		}
		g.commit()
	}
	q.release()
}

// alone waits until no transaction runs, and keeps others away until release is called.
func (q *writerQueue) alone(ctx context.Context) (release func(), err error) {
	if err := q.acquire(ctx, false); err != nil {
		return nil, err
	}
	return q.release, nil
}

func (db *DB) beginGroup(ctx context.Context, watch *ChangeWatch) (*commitGroup, error) {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return nil, err
	}
	g := &commitGroup{db: db, conn: conn, watch: watch, done: make(chan struct{})}
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		g.finish(errGroupRolledBack) // BEGIN may have succeeded just before ctx ended
		return nil, notBegunError{err}
	}
	return g, nil
}

func (g *commitGroup) commit() {
	_, err := g.conn.ExecContext(context.Background(), "COMMIT")
	if err == nil {
		g.db.writerQueue.commits.Add(1)
		g.db.writerQueue.transactions.Add(int64(g.succeeded))
	}
	g.finish(err)
}

// finish publishes the result and releases the connection. It counts the write
// a second time, because a ChangeWatch that was notified before the commit may
// have read the old rows.
func (g *commitGroup) finish(err error) {
	if err != nil {
		_, _ = g.conn.ExecContext(context.Background(), "ROLLBACK") // fails if SQLite has rolled back already
	}
	g.db.noteWrite(g.watch)
	_ = g.conn.Close() // returns it to the pool
	g.db.checkpoints.AfterCommit()
	g.err = err
	close(g.done)
}

// runMember runs f as the next transaction of the group. rolledBack reports
// that the whole group is lost.
func (g *commitGroup) runMember(f func() error) (rolledBack bool, err error) {
	ctx := context.Background()
	if g.attempts++; g.attempts > 1 {
		g.watch = nil
	}
	if g.succeeded == 0 {
		err = f()
		return err != nil, err
	}
	if _, err := g.conn.ExecContext(ctx, "SAVEPOINT member"); err != nil {
		return true, err
	}
	err = f()
	if err != nil {
		if _, failed := g.conn.ExecContext(ctx, "ROLLBACK TO SAVEPOINT member"); failed != nil {
			return true, err // SQLite has rolled back the whole transaction
		}
	}
	if _, failed := g.conn.ExecContext(ctx, "RELEASE SAVEPOINT member"); failed != nil {
		return true, errors.Join(err, failed)
	}
	return false, err
}

// runInGroup runs f in a commit group, the open one or a new one.
func (t *Tx) runInGroup(ctx context.Context, f func(*Tx) error) error {
	q := &t.db.writerQueue
	if err := q.acquire(ctx, true); err != nil {
		return err
	}
	g := q.receiveGroup()
	if g == nil {
		var err error
		if g, err = t.db.beginGroup(ctx, t.watch); err != nil {
			q.release()
			return err
		}
	}
	t.conn, t.tx, t.inGroup = g.conn, g.conn, true
	rolledBack := true
	defer func() {
		if rolledBack { // also after a panic
			g.finish(errGroupRolledBack)
			q.release()
		}
	}()
	var err error
	if rolledBack, err = g.runMember(func() error { return t.execute(ctx, f) }); rolledBack {
		return err
	}
	if err == nil {
		g.succeeded++
	}
	if !q.passGroup(g) {
		g.commit()
		q.release()
	}
	// An error of f may be based on uncommitted rows of the group, so it is
	// final only after the commit.
	<-g.done
	if g.err != nil {
		return g.err
	}
	return err
}

// runUngrouped runs f in its own transaction.
func (t *Tx) runUngrouped(ctx context.Context, f func(*Tx) error) error {
	q := &t.db.writerQueue
	if err := q.acquire(ctx, false); err != nil {
		return err
	}
	defer q.release()
	return t.runAlone(ctx, f)
}
