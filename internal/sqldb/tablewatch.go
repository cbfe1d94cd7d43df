package sqldb

import (
	"context"
	"database/sql"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/migrations"
)

const (
	// watchInterval is how often the commits of other processes are looked for.
	watchInterval = 250 * time.Millisecond
	// watchTrust is how long after the last look a version is still trusted. It
	// bounds the age of a cached value that another process has changed.
	watchTrust = time.Second
	// beatTimeout ends a connection that listens without an answer.
	beatTimeout = 5 * time.Second
)

// allTables is the set of all watched tables.
const allTables = ^migrations.TableSet(0)

// Topics of notifications on PostgreSQL.
const (
	tableTopic = "tables" // with the name of a changed table
	beatTopic  = "beat"   // see DB.receive
)

// TableWatch detects commits of any process that changed one of its tables. It is
// safe for concurrent use.
type TableWatch struct {
	versions *tableVersions
	set      migrations.TableSet
}

// WatchTables returns a watch of tables of migrations.CachedTables; others are
// ignored.
func (db *DB) WatchTables(tables ...string) *TableWatch {
	db.versions.start(db)
	return &TableWatch{db.versions, migrations.NewTableSet(tables...)}
}

// Version returns a number that grows with each change of a table: at once for
// commits of this process, within a second for those of others. A value that was
// read after Version is current while Version is the same. ok is false while the
// changes of other processes cannot be seen, for example during an outage.
func (w *TableWatch) Version() (version int64, ok bool) {
	v := w.versions
	if !v.asked.Load() {
		v.asked.Store(true)
	}
	if v.trustedUntil.Load() <= v.now() {
		return 0, false
	}
	for i := range v.counts {
		if w.set&(1<<i) != 0 {
			version += v.counts[i].Load()
		}
	}
	return version, true
}

// tableVersions counts the changes of the watched tables that this process knows.
type tableVersions struct {
	counts       []atomic.Int64 // by the bit of the table
	trustedUntil atomic.Int64   // as of now
	asked        atomic.Bool    // since the last beat
	lastBeat     int64          // as of now; of the listener
	once         sync.Once
	mu           sync.Mutex
	stopped      bool
	stop         func() // of the loop; nil: not started
}

func newTableVersions() *tableVersions {
	return &tableVersions{counts: make([]atomic.Int64, len(migrations.CachedTables))}
}

// now returns nanoseconds of the monotonic clock. The system clock may be set back, which
// must not extend the trust.
func (v *tableVersions) now() int64 { return int64(clock.Monotonic()) }

func (v *tableVersions) count(set migrations.TableSet) {
	for i := range v.counts {
		if set&(1<<i) != 0 {
			v.counts[i].Add(1)
		}
	}
}

// trust makes versions valid for a time after a look at the commits of others
// that began at a time.
func (v *tableVersions) trust(began int64) { v.trustedUntil.Store(began + int64(watchTrust)) }

// start starts the loop that looks for the commits of other processes.
func (v *tableVersions) start(db *DB) {
	v.once.Do(func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.stopped {
			return
		}
		if db.onPostgres() {
			v.stop = db.Subscribe(tableTopic, v.notified)
			return
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			v.poll(ctx, db)
		}()
		v.stop = func() { cancel(); <-done }
	})
}

// close stops the loop.
func (v *tableVersions) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.stopped = true
	if v.stop != nil {
		v.stop()
	}
}

// poll looks for commits of other processes with the same SQLite file.
func (v *tableVersions) poll(ctx context.Context, db *DB) {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for ctx.Err() == nil {
		// A failure leaves the versions without trust until the next connection.
		_ = db.pollVersions(ctx, tick.C)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// pollVersions polls on one connection, because SQLite's data_version compares
// states of a connection.
func (db *DB) pollVersions(ctx context.Context, tick <-chan time.Time) error {
	conn, err := db.read.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // returns it to the pool
	var known, latest, state int64
	for first := true; ; first = false {
		began := db.versions.now()
		before := state
		if err := conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&state); err != nil {
			return err
		}
		if first || state != before {
			if latest, err = db.countSince(ctx, conn, known); err != nil {
				return err
			}
			known = latest
		}
		if first { // earlier changes may have been missed
			db.versions.count(allTables)
		}
		db.versions.trust(began)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick:
		}
	}
}

// countSince counts the tables with a version above known and returns the latest
// version. Those that this process changed are counted again, which is harmless.
func (db *DB) countSince(ctx context.Context, conn *sql.Conn, known int64) (latest int64, err error) {
	rows, err := conn.QueryContext(ctx, "SELECT name, version FROM table_versions WHERE version > $1 ORDER BY version", known)
	if err != nil {
		return known, err
	}
	defer func() { _ = rows.Close() }() // rows.Err is checked
	latest = known
	for rows.Next() {
		var name string
		if err := rows.Scan(&name, &latest); err != nil {
			return known, err
		}
		db.versions.count(migrations.NewTableSet(name))
	}
	return latest, rows.Err()
}

// notified is the subscriber of tableTopic on PostgreSQL. An empty payload means
// that notifications may have been missed.
func (v *tableVersions) notified(payload string) {
	if payload == "" {
		v.count(allTables)
		return
	}
	v.count(migrations.NewTableSet(payload))
}

// nextBeat returns the content of a beat if one is due: versions are in use and the
// last beat was some time ago.
func (v *tableVersions) nextBeat() (beat string, due bool) {
	now := v.now()
	if now-v.lastBeat < int64(watchInterval) || !v.asked.Swap(false) {
		return "", false
	}
	v.lastBeat = now
	return strconv.FormatInt(now, 10), true
}

// received trusts the versions after a beat: all earlier notifications were
// received before it.
func (v *tableVersions) received(beat string) {
	if began, err := strconv.ParseInt(beat, 10, 64); err == nil {
		v.trust(began)
	}
}

// announce records for other processes which tables the transaction changes.
func (t *Tx) announce(ctx context.Context) error {
	for _, name := range t.changed.Names() {
		var err error
		if t.onPostgres() {
			err = t.notifyOthers(ctx, tableTopic, name)
		} else {
			_, err = t.tx.ExecContext(t.uninterruptible(ctx), `INSERT INTO table_versions (name, version) SELECT $1, COALESCE(max(version), 0) + 1 FROM table_versions WHERE TRUE
				ON CONFLICT (name) DO UPDATE SET version = excluded.version`, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
