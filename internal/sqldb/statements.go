package sqldb

import (
	"container/list"
	"context"
	"database/sql/driver"
	"errors"
	"strings"
)

// keeper opens connections to SQLite that keep what they have parsed: for a
// short query the parsing costs more than the answer. PostgreSQL's driver does
// so by itself.
type keeper struct {
	driver.Connector
	first string // what a connection begins with; "": nothing
}

// sqliteConn is what database/sql uses of the driver's connections.
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

// Connect opens a connection.
func (k keeper) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	kept := &keptConn{sqliteConn: conn.(sqliteConn), kept: map[string]*list.Element{}, order: list.New()}
	if k.first != "" {
		if _, err := kept.sqliteConn.ExecContext(ctx, k.first, nil); err != nil {
			return nil, errors.Join(err, kept.Close())
		}
	}
	return kept, nil
}

// What a connection keeps is bounded: a statement takes some kilobytes.
const (
	keptStatements = 100
	keptLength     = 4_000 // of a query in bytes
)

// keptConn is used by one goroutine at a time, as all connections are.
type keptConn struct {
	sqliteConn
	kept  map[string]*list.Element // of *statement, by its query
	order *list.List               // the one used last in front
}

// statement is what was parsed of one query.
type statement struct {
	query string
	stmt  driver.Stmt
	busy  bool // its rows are still read
	lone  bool // it is not kept: whoever uses it closes it
}

// keeps reports whether a query's statement may be used again. Some pragmas do
// their work while they are parsed, and only then.
func keeps(query string) bool {
	return len(query) <= keptLength && !strings.HasPrefix(query, "PRAGMA")
}

// take returns the statement of a query. Its rows may be open when it is asked
// again; then there is a second one for that time.
func (c *keptConn) take(ctx context.Context, query string) (*statement, error) {
	element := c.kept[query]
	if element != nil {
		c.order.MoveToFront(element)
		if s := element.Value.(*statement); !s.busy {
			s.busy = true
			return s, nil
		}
	}
	stmt, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s := &statement{query: query, stmt: stmt, busy: true, lone: element != nil}
	if !s.lone {
		c.kept[query] = c.order.PushFront(s)
	}
	return s, nil
}

// giveBack ends the use of a statement and lets go of the one that was not
// used for longest.
func (c *keptConn) giveBack(s *statement) error {
	s.busy = false
	if s.lone {
		return s.stmt.Close()
	}
	if c.order.Len() <= keptStatements {
		return nil
	}
	last := c.order.Back().Value.(*statement)
	if last.busy {
		return nil // the next one who comes back sees to it
	}
	c.order.Remove(c.order.Back())
	delete(c.kept, last.query)
	_ = last.stmt.Close() // says nothing about the statement that was given back
	return nil
}

// ExecContext is the driver's.
func (c *keptConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if !keeps(query) {
		return c.sqliteConn.ExecContext(ctx, query, args)
	}
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := s.stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	if failed := c.giveBack(s); err == nil {
		err = failed
	}
	return result, err
}

// QueryContext is the driver's.
func (c *keptConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if !keeps(query) {
		return c.sqliteConn.QueryContext(ctx, query, args)
	}
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		_ = c.giveBack(s) // why there are no rows is the error to tell
		return nil, err
	}
	return &keptRows{Rows: rows, conn: c, statement: s}, nil
}

// Close closes the connection and all that it keeps.
func (c *keptConn) Close() error {
	for element := c.order.Front(); element != nil; element = element.Next() {
		_ = element.Value.(*statement).stmt.Close() // the connection's own error tells
	}
	return c.sqliteConn.Close()
}

// keptRows give their statement back when they are closed.
type keptRows struct {
	driver.Rows
	conn      *keptConn
	statement *statement
}

// Close ends the reading; it may be called again.
func (r *keptRows) Close() error {
	if r.statement == nil {
		return nil
	}
	err := r.Rows.Close()
	if failed := r.conn.giveBack(r.statement); err == nil {
		err = failed
	}
	r.statement = nil
	return err
}
