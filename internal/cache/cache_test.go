package cache_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/cache"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// names are cached names of communities.
type names struct {
	*cache.Cache[int64]
	t     *testing.T
	db    *sqldb.DB
	loads atomic.Int64
}

// newNames returns a cache that keeps values already.
func newNames(t *testing.T, db *sqldb.DB, room int) *names {
	t.Helper()
	c := &names{Cache: cache.New[int64](room, "communities"), t: t, db: db}
	rename(t, db, "first", 0)
	c.await(func() bool {
		before := c.loads.Load()
		c.get("first")
		return c.loads.Load() == before
	})
	return c
}

// await asks until a condition is true.
func (c *names) await(condition func() bool) {
	c.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for late := time.After(20 * time.Second); !condition(); {
		select {
		case <-tick.C:
		case <-late:
			c.t.Fatal("waited for 20 seconds")
		}
	}
}

func (c *names) get(id string) int64 {
	c.t.Helper()
	name, err := c.Get(c.db, id, func() (int64, error) {
		c.loads.Add(1)
		name, err := sqldb.One(c.t.Context(), c.db, "community", sqldb.Value[string], "SELECT name FROM communities WHERE id = $1", id)
		if err != nil {
			return 0, err
		}
		return strconv.ParseInt(name, 10, 64)
	})
	if err != nil {
		c.t.Error(err)
	}
	return name
}

// rename gives a community a name, in a transaction of its own.
func rename(t *testing.T, db sqldb.Querier, id string, name int64) {
	t.Helper()
	_, err := db.Exec(t.Context(), `INSERT INTO communities (id, name, settings, created_at, updated_at, deleted_at) VALUES ($1, $2, '{}', 0, 0, 0)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name`, id, strconv.FormatInt(name, 10))
	if err != nil {
		t.Error(err)
	}
}

func TestAValueIsLoadedOncePerChange(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newNames(t, db, 10)
		for i, change := range []func(tx *sqldb.Tx) error{
			func(tx *sqldb.Tx) error { rename(t, tx, "first", 1); return nil },
			func(tx *sqldb.Tx) error {
				_, err := sqldb.One(t.Context(), tx, "community", sqldb.Value[string], "UPDATE communities SET name = '2' WHERE id = 'first' RETURNING id")
				return err
			},
			func(tx *sqldb.Tx) error {
				return tx.UpdateRows(t.Context(), 1, sqldb.Rows{Table: "communities", Columns: []string{"id", "name"}, N: 1, Fill: func(_ int, row []any) { row[0], row[1] = "first", "3" }})
			},
		} {
			if err := db.Tx(t.Context(), change); err != nil {
				t.Fatal(err)
			}
			if got := c.get("first"); got != int64(i+1) {
				t.Errorf("%d after change %d", got, i+1)
			}
		}
		c.await(func() bool { // the poll of SQLite counts changes of its own process again
			before := c.loads.Load()
			for range 100 {
				c.get("first")
			}
			return c.loads.Load() == before
		})
		_, err := db.Exec(t.Context(), "UPDATE tags SET name = 'other' WHERE id = 'none'")
		if before := c.loads.Load(); err != nil || c.get("first") != 3 || c.loads.Load() != before {
			t.Errorf("a change of another table ends the value: %v", err)
		}
	})
}

func TestHasReportsValuesThatAreCurrent(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newNames(t, db, 10)
		c.await(func() bool { c.get("first"); return c.Has(db, "first") })
		if c.Has(db, "second") {
			t.Error("a value that was never loaded")
		}
		if rename(t, db, "first", 1); c.Has(db, "first") {
			t.Error("a value from before a change")
		}
	})
}

func TestAnErrorIsNotKept(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c, failure := newNames(t, db, 10), errors.New("failed")
		if _, err := c.Get(c.db, "second", func() (int64, error) { return 0, failure }); !errors.Is(err, failure) {
			t.Error(err)
		}
		if got, err := c.Get(c.db, "second", func() (int64, error) { return 2, nil }); got != 2 || err != nil {
			t.Errorf("%d, %v", got, err)
		}
	})
}

func TestTheRoomIsLimited(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newNames(t, db, 3)
		for i := range int64(50) {
			if got, err := c.Get(c.db, strconv.FormatInt(i%7, 10), func() (int64, error) { return i % 7, nil }); got != i%7 || err != nil {
				t.Errorf("%d, %v", got, err)
			}
		}
	})
}

// Each reader notes the last finished change before it asks. A value that is older
// than that is stale: after a change of this process at once, after one of another
// process (here another connection pool) a second later.
func TestNoReaderSeesAValueFromBeforeAChange(t *testing.T) {
	for name, age := range map[string]time.Duration{"this process": 0, "another process": time.Second} {
		t.Run(name, func(t *testing.T) {
			sqldbtest.EachAddress(t, func(t *testing.T, address string) {
				db := sqldbtest.Open(t, address)
				writer := db
				if age > 0 {
					writer = sqldbtest.Open(t, address)
				}
				readWhileWriting(t, newNames(t, db, 10), writer, age)
			})
		})
	}
}

func readWhileWriting(t *testing.T, c *names, writer *sqldb.DB, age time.Duration) {
	t.Helper()
	const readers, changes = 64, 60
	var finished [changes + 1]atomic.Int64 // when each change had finished, Unix nanoseconds
	var last atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range readers {
		all.Go(func() {
			pace := time.NewTicker(time.Millisecond)
			defer pace.Stop()
			for ; ctx.Err() == nil; <-pace.C {
				latest, before := last.Load(), clock.Clock{}.Now()
				for latest > 0 && before.UnixNano()-finished[latest].Load() < int64(age) {
					latest--
				}
				if got := c.get("first"); got < latest {
					t.Errorf("read %d, but change %d had finished", got, latest)
					return
				}
			}
		})
	}
	for i := range int64(changes) {
		loads := c.loads.Load()
		rename(t, writer, "first", i+1)
		finished[i+1].Store(clock.Clock{}.Now().UnixNano())
		last.Store(i + 1)
		if age > 0 {
			c.await(func() bool { return c.loads.Load() > loads })
		}
	}
	c.await(func() bool { return c.get("first") == changes })
	cancel()
	all.Wait()
}
