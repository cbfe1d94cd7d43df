package sqldb

import (
	"context"
	"sync"
)

// writes counts what is written to a SQLite database. The counts change while
// the one connection that writes is held, so a transaction sees them all.
type writes struct {
	mu      sync.Mutex
	commits int64 // of this process
	version int64 // SQLite's count of other processes' commits, as last seen
}

// Watch tells somebody whether anybody else has written since a Mark, so that
// what was read outside a transaction may be relied on inside it.
type Watch struct {
	db  *DB
	own int64 // commits of the watcher, guarded by the mutex of writes
}

// Mark is a moment in the life of a database.
type Mark struct{ others, version int64 }

type watchKey struct{}

// Watch returns a watch and a context whose transactions are the watcher's
// own: they do not count as somebody else's.
func (db *DB) Watch(ctx context.Context) (context.Context, *Watch) {
	w := &Watch{db: db}
	return context.WithValue(ctx, watchKey{}, w), w
}

// Mark is the present moment; what is read after it can be relied on while
// Quiet says so. ok is false on PostgreSQL, where nobody can tell.
func (w *Watch) Mark() (m Mark, ok bool) {
	if w.db.dialect == Postgres {
		return m, false
	}
	w.db.writes.mu.Lock()
	defer w.db.writes.mu.Unlock()
	return Mark{w.db.writes.commits - w.own, w.db.writes.version}, true
}

// Quiet reports whether nobody but the watcher has committed anything since
// the mark, in this process or another.
func (t *Tx) Quiet(ctx context.Context, w *Watch, m Mark) (bool, error) {
	version, err := One(ctx, t, "version", Value[int64], "PRAGMA data_version")
	if err != nil {
		return false, err
	}
	w.db.writes.mu.Lock()
	defer w.db.writes.mu.Unlock()
	w.db.writes.version = version
	return m == Mark{w.db.writes.commits - w.own, version}, nil
}

// wrote counts a commit that is about to be tried; one that fails counts too,
// for nothing.
func (db *DB) wrote(ctx context.Context) {
	db.writes.mu.Lock()
	defer db.writes.mu.Unlock()
	db.writes.commits++
	if w, ok := ctx.Value(watchKey{}).(*Watch); ok && w.db == db {
		w.own++
	}
}
