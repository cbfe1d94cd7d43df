package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
)

// mostShare bounds the transactions of one commit: the first waits for the
// last.
const mostShare = 16

// errLost is what becomes of those who share a commit when somebody after them
// made SQLite take back everything. They run again.
var errLost = errors.New("the transaction was taken back with another")

// turns lets those who wait for the one connection that writes to SQLite have
// it in turn, and share a commit: who ends leaves the transaction open for the
// next, and the last commits for all. So the disk is waited for once, not once
// for each. Nobody is told of success before the commit.
type turns struct {
	mutex sync.Mutex
	taken bool
	queue []*waiter
	waits int64
	open  *shared // what the one before left open; it belongs to who has the turn
}

type waiter struct {
	turn   chan struct{} // closed when it comes
	shares bool
}

// shared is a transaction of several, each but the first behind a savepoint.
type shared struct {
	conn    *sql.Conn
	tx      *sql.Tx
	members int
	done    chan struct{} // closed when err is known
	err     error
}

// enter waits for the turn. Whoever gets it has to end it by pass or leave.
func (u *turns) enter(ctx context.Context, shares bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u.mutex.Lock()
	if !u.taken {
		u.taken = true
		u.mutex.Unlock()
		return nil
	}
	w := &waiter{make(chan struct{}), shares}
	u.queue = append(u.queue, w)
	u.waits++
	u.mutex.Unlock()
	select {
	case <-w.turn:
		return nil
	case <-ctx.Done():
		if u.withdraw(w) {
			return ctx.Err()
		}
		<-w.turn // it came at the same moment
		u.settle()
		return ctx.Err()
	}
}

func (u *turns) withdraw(w *waiter) bool {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	at := slices.Index(u.queue, w)
	if at >= 0 {
		u.queue = slices.Delete(u.queue, at, at+1)
	}
	return at >= 0
}

// leave gives the turn to the next.
func (u *turns) leave() {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	u.next()
}

func (u *turns) next() {
	if u.taken = len(u.queue) > 0; u.taken {
		close(u.queue[0].turn)
		u.queue = u.queue[1:]
	}
}

// pass leaves g open for the next, if there is one who can share it.
func (u *turns) pass(g *shared) bool {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	if len(u.queue) == 0 || !u.queue[0].shares || g.members >= mostShare {
		return false
	}
	u.open = g
	u.next()
	return true
}

// take is what the one before left open, nil when that is nothing.
func (u *turns) take() *shared {
	g := u.open
	u.open = nil
	return g
}

// settle ends a turn in which nothing is to be done.
func (u *turns) settle() {
	if g := u.take(); g != nil {
		if u.pass(g) {
			return
		}
		g.end(g.tx.Commit())
	}
	u.leave()
}

// waited is how often somebody had to wait for the turn.
func (u *turns) waited() int64 {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	return u.waits
}

func begin(ctx context.Context, pool *sql.DB) (*shared, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	// It is not for the first of them to cancel for all.
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return nil, errors.Join(notBegunError{err}, conn.Close())
	}
	return &shared{conn: conn, tx: tx, done: make(chan struct{})}, nil
}

// end tells everybody how it ended and gives the connection back.
func (g *shared) end(err error) {
	_ = g.tx.Rollback() // no effect after a commit
	_ = g.conn.Close()  // gives it back to the pool
	g.err = err
	close(g.done)
}

// attempt runs f as one of those who share g. lost says that nothing of g is
// there any more.
func (g *shared) attempt(ctx context.Context, f func() error) (lost bool, err error) {
	if g.members == 0 {
		err = f()
		return err != nil, err
	}
	calm := context.WithoutCancel(ctx)
	if _, err := g.tx.ExecContext(calm, "SAVEPOINT member"); err != nil {
		return true, err
	}
	err = f()
	if err != nil {
		if _, back := g.tx.ExecContext(calm, "ROLLBACK TO SAVEPOINT member"); back != nil {
			return true, err // SQLite took everything back
		}
	}
	if _, failed := g.tx.ExecContext(calm, "RELEASE SAVEPOINT member"); failed != nil {
		return true, errors.Join(err, failed)
	}
	return false, err
}

// runShared runs f in a transaction that may be one of several that share a
// commit.
func (t *Tx) runShared(ctx context.Context, f func(*Tx) error) error {
	u := &t.db.turns
	if err := u.enter(ctx, true); err != nil {
		return err
	}
	g := u.take()
	if g == nil {
		var err error
		if g, err = begin(ctx, t.db.write); err != nil {
			u.leave()
			return err
		}
	}
	t.conn, t.tx = g.conn, g.tx
	lost := true
	defer func() {
		if lost { // also by a panic
			g.end(errLost)
			u.leave()
		}
	}()
	var err error
	if lost, err = g.attempt(ctx, func() error { return t.act(ctx, f) }); lost {
		return err
	}
	if err == nil {
		g.members++
	}
	if !u.pass(g) {
		g.end(g.tx.Commit())
		u.leave()
	}
	if err != nil {
		return err
	}
	<-g.done
	return g.err
}

// runAlone runs f in a transaction of its own, which is safe later.
func (t *Tx) runAlone(ctx context.Context, f func(*Tx) error) error {
	u := &t.db.turns
	if err := u.enter(ctx, false); err != nil {
		return err
	}
	defer u.leave()
	return t.run(ctx, t.db.write, f)
}
