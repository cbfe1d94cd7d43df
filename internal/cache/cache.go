// Package cache keeps values that were read from the database until a commit, of
// any process, changes a table they were read from.
package cache

import (
	"sync"

	"github.com/regulars/regulars/internal/sqldb"
)

// Cache keeps values by key, separately for each database. It is safe for
// concurrent use. The values are shared: nobody may change them.
type Cache[V any] struct {
	room   int
	tables []string
}

// New returns a cache of at most room values of each database, which are read from
// tables of migrations.CachedTables.
func New[V any](room int, tables ...string) *Cache[V] { return &Cache[V]{room, tables} }

// Get returns the value of a key. Outside a transaction it is a value read before,
// if no commit has changed a table since, otherwise that of load, which reads
// through q. An error of load is returned, and load is called again next time. A
// commit of this process counts from the moment that its transaction returns, one
// of another process a second after it.
func (c *Cache[V]) Get(q sqldb.Querier, key string, load func() (V, error)) (V, error) {
	db, outside := q.(*sqldb.DB)
	if !outside {
		return load()
	}
	values := c.of(db)
	version, ok := values.watch.Version()
	if !ok {
		return load()
	}
	if known, ok := values.get(version, key); ok {
		return known, nil
	}
	loaded, err := load()
	if err == nil {
		values.add(version, key, loaded, c.room)
	}
	return loaded, err
}

// Has reports whether Get would return a value of a key without load.
func (c *Cache[V]) Has(db *sqldb.DB, key string) bool {
	values := c.of(db)
	version, ok := values.watch.Version()
	if ok {
		_, ok = values.get(version, key)
	}
	return ok
}

func (c *Cache[V]) of(db *sqldb.DB) *values[V] {
	return db.Attached(c, func() any { return &values[V]{watch: db.WatchTables(c.tables...)} }).(*values[V])
}

// values are the values of one database.
type values[V any] struct {
	watch *sqldb.TableWatch

	mu      sync.RWMutex
	version int64 // of the tables when the values were read
	byKey   map[string]V
}

func (s *values[V]) get(version int64, key string) (known V, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.version == version {
		known, ok = s.byKey[key]
	}
	return known, ok
}

// add adds a value that was read when the tables had a version, unless there are
// values of a later version.
func (s *values[V]) add(version int64, key string, value V, room int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if version < s.version {
		return
	}
	if s.byKey == nil || version > s.version || len(s.byKey) >= room {
		s.byKey, s.version = map[string]V{}, version
	}
	s.byKey[key] = value
}
