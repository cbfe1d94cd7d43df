package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
)

// mostShare bounds the turns that lead to one commit: the first waits for the
// last, whatever became of those between.
const mostShare = 16

// errLost is what becomes of those who share a commit when something after them
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
	db      *DB
	conn    *sql.Conn
	turns   int             // of those who tried
	members int             // of these, those who succeeded
	by      context.Context //nolint:containedctx // whose work it is, for their Watch; nobody's where there are several
	done    chan struct{}   // closed when err is known
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
	if len(u.queue) == 0 || !u.queue[0].shares || g.turns >= mostShare {
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
		g.commit()
	}
	u.leave()
}

// waited is how often somebody had to wait for the turn.
func (u *turns) waited() int64 {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	return u.waits
}

func (db *DB) share(ctx context.Context) (*shared, error) {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return nil, err
	}
	g := &shared{db: db, conn: conn, by: ctx, done: make(chan struct{})}
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		g.end(errLost) // it may have begun at the moment that ctx ended
		return nil, notBegunError{err}
	}
	return g, nil
}

func (g *shared) commit() {
	_, err := g.conn.ExecContext(context.Background(), "COMMIT")
	g.end(err)
}

// end tells everybody how it ended and gives the connection back. Whoever was
// told before the commit that somebody had written (see Watch) may have read
// the database as it was: they are told again.
func (g *shared) end(err error) {
	if err != nil {
		_, _ = g.conn.ExecContext(context.Background(), "ROLLBACK") // fails where SQLite did so itself
	}
	g.db.wrote(g.by)
	_ = g.conn.Close() // gives it back to the pool
	g.err = err
	close(g.done)
}

// attempt runs f as one of those who share g. lost says that nothing of g is
// there any more.
func (g *shared) attempt(f func() error) (lost bool, err error) {
	calm := context.Background()
	if g.turns++; g.turns > 1 {
		g.by = calm
	}
	if g.members == 0 {
		err = f()
		return err != nil, err
	}
	if _, err := g.conn.ExecContext(calm, "SAVEPOINT member"); err != nil {
		return true, err
	}
	err = f()
	if err != nil {
		if _, back := g.conn.ExecContext(calm, "ROLLBACK TO SAVEPOINT member"); back != nil {
			return true, err // SQLite took everything back
		}
	}
	if _, failed := g.conn.ExecContext(calm, "RELEASE SAVEPOINT member"); failed != nil {
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
		if g, err = t.db.share(ctx); err != nil {
			u.leave()
			return err
		}
	}
	t.conn, t.tx, t.shares = g.conn, g.conn, true
	lost := true
	defer func() {
		if lost { // also by a panic
			g.end(errLost)
			u.leave()
		}
	}()
	var err error
	if lost, err = g.attempt(func() error { return t.act(ctx, f) }); lost {
		return err
	}
	if err == nil {
		g.members++
	}
	if !u.pass(g) {
		g.commit()
		u.leave()
	}
	// A refusal may rest on what somebody before has done: it is true only if
	// that stays.
	<-g.done
	if g.err != nil {
		return g.err
	}
	return err
}

type aloneKey struct{}

// Alone returns a context whose transactions share no commit. It is for those
// that take long: nobody else should wait for their end to be answered.
func Alone(ctx context.Context) context.Context {
	return context.WithValue(ctx, aloneKey{}, true)
}

// runAlone runs f in a transaction of its own.
func (t *Tx) runAlone(ctx context.Context, f func(*Tx) error) error {
	u := &t.db.turns
	if err := u.enter(ctx, false); err != nil {
		return err
	}
	defer u.leave()
	return t.run(ctx, t.db.write, f)
}
