package sqldb_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// awaitVersion waits until a condition on the version is true.
func awaitVersion(t *testing.T, w *sqldb.TableWatch, condition func(version int64, ok bool) bool) int64 {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for late := time.After(30 * time.Second); ; {
		version, ok := w.Version()
		if condition(version, ok) {
			return version
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("waited for 30 seconds")
		}
	}
}

func isKnown(_ int64, ok bool) bool   { return ok }
func isUnknown(_ int64, ok bool) bool { return !ok }

// A server process of PostgreSQL that no longer answers is like a network that
// drops everything: the changes of others are unknown until another connection
// listens.
func TestChangesAreUnknownWhileTheListenerGetsNoAnswer(t *testing.T) {
	if len(sqldbtest.Engines(t)) == 1 {
		return // Engines has logged it
	}
	db := sqldbtest.Open(t, sqldbtest.Address(t, sqldb.Postgres))
	w := db.WatchTables("tags")
	awaitVersion(t, w, isKnown)
	pid, err := sqldb.One(t.Context(), db, "listener", sqldb.Value[int], `SELECT pid FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_notify%' ORDER BY state_change DESC LIMIT 1`)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(pid, syscall.SIGCONT) }()
	awaitVersion(t, w, isUnknown)
	before := awaitVersion(t, w, isKnown)
	if _, err := db.Exec(t.Context(), "DELETE FROM tags"); err != nil {
		t.Fatal(err)
	}
	if after, _ := w.Version(); after <= before {
		t.Errorf("version %d after %d", after, before)
	}
}
