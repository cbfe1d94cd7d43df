// Package stmtcache opens SQLite connections that cache prepared statements.
package stmtcache

import (
	"container/list"
	"context"
	"database/sql/driver"
	"errors"
	"strings"
)

// Connector opens SQLite connections that cache prepared statements: for a short
// query, preparing costs more than executing. The PostgreSQL driver has a cache of
// its own.
type Connector struct {
	driver.Connector
	InitSQL string // runs on each new connection; "" for none
}

// sqliteConn lists the interfaces of the driver's connection that database/sql
// uses.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// Connect implements driver.Connector.
func (k Connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	c := &cachingConn{sqliteConn: conn.(sqliteConn), statements: map[string]*list.Element{}, lru: list.New()}
	if k.InitSQL != "" {
		if _, err := c.sqliteConn.ExecContext(ctx, k.InitSQL, nil); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

// A prepared statement needs a few kilobytes.
const (
	maxCachedStatements = 100 // per connection
	maxCachedQueryBytes = 4_000
)

// cachingConn, like every driver.Conn, is used by one goroutine at a time.
type cachingConn struct {
	sqliteConn
	statements map[string]*list.Element // query to *cachedStatement
	lru        *list.List               // most recently used first
}

type cachedStatement struct {
	query    string
	stmt     driver.Stmt
	busy     bool // its rows are open
	uncached bool // closed after use
}

// isCacheable reports whether a prepared query may be reused. Some pragmas take
// effect while they are prepared.
func isCacheable(query string) bool {
	return len(query) <= maxCachedQueryBytes && !strings.HasPrefix(query, "PRAGMA")
}

// acquire returns the prepared statement of a query; the caller releases it.
// While the rows of the cached one are open, it returns an uncached one.
func (c *cachingConn) acquire(ctx context.Context, query string) (*cachedStatement, error) {
	element := c.statements[query]
	if element != nil {
		c.lru.MoveToFront(element)
		if s := element.Value.(*cachedStatement); !s.busy {
			s.busy = true
			return s, nil
		}
	}
	stmt, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s := &cachedStatement{query: query, stmt: stmt, busy: true, uncached: element != nil}
	if !s.uncached {
		c.statements[query] = c.lru.PushFront(s)
	}
	return s, nil
}

// release ends the use of s and evicts the least recently used statement if the
// cache is too large.
func (c *cachingConn) release(s *cachedStatement) error {
	s.busy = false
	if s.uncached {
		return s.stmt.Close()
	}
	if c.lru.Len() <= maxCachedStatements {
		return nil
	}
	last := c.lru.Back().Value.(*cachedStatement)
	if last.busy {
		return nil // a later release evicts it
	}
	c.lru.Remove(c.lru.Back())
	delete(c.statements, last.query)
	_ = last.stmt.Close() // unrelated to s
	return nil
}

// ExecContext implements driver.ExecerContext.
func (c *cachingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if !isCacheable(query) {
		return c.sqliteConn.ExecContext(ctx, query, args)
	}
	s, err := c.acquire(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := s.stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	if failed := c.release(s); err == nil {
		err = failed
	}
	return result, err
}

// QueryContext implements driver.QueryerContext.
func (c *cachingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if !isCacheable(query) {
		return c.sqliteConn.QueryContext(ctx, query, args)
	}
	s, err := c.acquire(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		_ = c.release(s) // the query's error matters more
		return nil, err
	}
	return &cachedRows{Rows: rows, conn: c, statement: s}, nil
}

// Close closes the cached statements and the connection.
func (c *cachingConn) Close() error {
	for element := c.lru.Front(); element != nil; element = element.Next() {
		_ = element.Value.(*cachedStatement).stmt.Close() // the connection's error matters more
	}
	return c.sqliteConn.Close()
}

// cachedRows release their statement when they are closed.
type cachedRows struct {
	driver.Rows
	conn      *cachingConn
	statement *cachedStatement // nil after Close
}

// Close implements driver.Rows. It may be called again.
func (r *cachedRows) Close() error {
	if r.statement == nil {
		return nil
	}
	err := r.Rows.Close()
	if failed := r.conn.release(r.statement); err == nil {
		err = failed
	}
	r.statement = nil
	return err
}
