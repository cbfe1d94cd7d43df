// Package cache keeps values that were read from the database until a commit, of
// any process, changes a table they were read from.
package cache

import (
	"sync"

	"github.com/regulars/regulars/internal/sqldb"
)

// Cache keeps values by key. It is safe for concurrent use. The values are shared:
// nobody may change them.
type Cache[V any] struct {
	watch *sqldb.TableWatch
	room  int

	mu      sync.RWMutex
	version int64 // of the tables when values were read
	values  map[string]V
}

// New returns a cache of at most room values, which are read from tables of
// migrations.Cached.
func New[V any](db *sqldb.DB, room int, tables ...string) *Cache[V] {
	return &Cache[V]{watch: db.WatchTables(tables...), room: room, values: map[string]V{}}
}

// Get returns the value of a key: a kept one that no commit has changed since, or
// that of load, which reads outside transactions. An error of load is returned and
// not kept. A commit of this process counts from the moment that its transaction
// returns, one of another process a second after it.
func (c *Cache[V]) Get(key string, load func() (V, error)) (V, error) {
	version, ok := c.watch.Version()
	if !ok {
		return load()
	}
	if kept, ok := c.kept(version, key); ok {
		return kept, nil
	}
	loaded, err := load()
	if err == nil {
		c.keep(version, key, loaded)
	}
	return loaded, err
}

func (c *Cache[V]) kept(version int64, key string) (kept V, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.version == version {
		kept, ok = c.values[key]
	}
	return kept, ok
}

// keep stores a value that was read when the tables had a version, unless values
// of a later version are kept already.
func (c *Cache[V]) keep(version int64, key string, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if version < c.version {
		return
	}
	if version > c.version || len(c.values) >= c.room {
		clear(c.values)
		c.version = version
	}
	c.values[key] = value
}
