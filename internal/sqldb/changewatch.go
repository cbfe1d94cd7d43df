package sqldb

import (
	"context"
	"sync"
)

// changeCounter counts writes to a SQLite database. It changes only while the
// writing connection is in use, so a transaction sees every earlier change.
type changeCounter struct {
	mu      sync.Mutex
	commits int64 // by this process
	version int64 // last value of SQLite's data_version, which counts commits of other connections
}

// ChangeWatch detects commits of others, so that data read outside a transaction
// may be used inside it.
type ChangeWatch struct {
	db  *DB
	own int64 // commits of the watcher; guarded by changeCounter.mu
}

// DataVersion identifies a state of the database.
type DataVersion struct{ others, version int64 }

// WatchChanges returns a watch. It does not count the watcher's own commits, of
// transactions with the watch as an option.
func (db *DB) WatchChanges() *ChangeWatch { return &ChangeWatch{db: db} }

func (w *ChangeWatch) set(tx *Tx) {
	if w != nil && w.db == tx.db {
		tx.watch = w
	}
}

// Version returns the current version. ok is false on PostgreSQL, which has no
// counter of commits.
func (w *ChangeWatch) Version() (v DataVersion, ok bool) {
	if w.db.onPostgres() {
		return v, false
	}
	w.db.changes.mu.Lock()
	defer w.db.changes.mu.Unlock()
	return DataVersion{w.db.changes.commits - w.own, w.db.changes.version}, true
}

// Unchanged reports whether no one but the watcher has committed since a
// version, in this process or another.
func (t *Tx) Unchanged(ctx context.Context, w *ChangeWatch, since DataVersion) (bool, error) {
	version, err := One(ctx, t, "version", Value[int64], "PRAGMA data_version")
	if err != nil {
		return false, err
	}
	w.db.changes.mu.Lock()
	defer w.db.changes.mu.Unlock()
	w.db.changes.version = version
	return since == DataVersion{w.db.changes.commits - w.own, version}, nil
}

// noteWrite counts a commit that is about to start, even if it then fails. own is
// the watch of its transaction, nil for none.
func (db *DB) noteWrite(own *ChangeWatch) {
	db.changes.mu.Lock()
	defer db.changes.mu.Unlock()
	db.changes.commits++
	if own != nil {
		own.own++
	}
}
