package sqldb

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"modernc.org/sqlite/vtab"
)

// SQLite takes many rows in one statement, which reads them from a virtual
// table of each connection that writes, named given. A statement for each row
// would bind values, begin, search the place of the row from the root of each
// tree, and end, once a row: half as much again in all.

const (
	givenColumns = 32 // c0 to c31, and behind them hand
	makeGiven    = "CREATE VIRTUAL TABLE temp.given USING given"
)

var (
	registerGiven = sync.OnceValue(func() error { return vtab.RegisterModule(nil, "given", givenModule{}) })
	hands         atomic.Int64
	handed        sync.Map // *givenCursor by its hand, until it is read
)

// give runs a statement that reads rows FROM given WHERE hand = $1, their
// columns as c0 and so on.
func (t *Tx) give(ctx context.Context, query string, r Rows) error {
	if len(r.Columns) > givenColumns {
		return errors.New("too many columns for " + r.Table)
	}
	rows := newFilling(r)
	defer rows.stop()
	hand := hands.Add(1)
	handed.Store(hand, &givenCursor{ctx: ctx, rows: rows, columns: len(r.Columns)})
	defer handed.Delete(hand)
	// A context that can be cancelled costs a goroutine: the cursor looks itself.
	_, err := t.Exec(context.WithoutCancel(ctx), query, hand)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// givenList is the list of the first n columns.
func givenList(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = "c" + strconv.Itoa(i)
	}
	return strings.Join(names, ", ")
}

type givenModule struct{}

// Create is Connect for a table that the connection has not had before.
func (m givenModule) Create(c vtab.Context, args []string) (vtab.Table, error) {
	return m.Connect(c, args)
}

// Connect says what columns the table has.
func (givenModule) Connect(c vtab.Context, _ []string) (vtab.Table, error) {
	return givenTable{}, c.Declare("CREATE TABLE given (" + givenList(givenColumns) + ", hand HIDDEN)")
}

type givenTable struct{}

// BestIndex asks for the value that hand must have.
func (givenTable) BestIndex(info *vtab.IndexInfo) error {
	info.EstimatedCost, info.EstimatedRows = 1000, 1000
	for i := range info.Constraints {
		c := &info.Constraints[i]
		if c.Column == givenColumns && c.Op == vtab.OpEQ && c.Usable {
			c.ArgIndex, c.Omit = 0, true
			return nil
		}
	}
	return errors.New("given is read without its hand")
}

// Open begins to read; whose rows, Filter is told.
func (givenTable) Open() (vtab.Cursor, error) { return &givenCursor{}, nil }

// Disconnect is called when the connection closes.
func (givenTable) Disconnect() error { return nil }

// Destroy is called when the table is dropped.
func (givenTable) Destroy() error { return nil }

// givenCursor reads rows once.
type givenCursor struct {
	ctx     context.Context
	rows    *filling
	columns int
	now     *batch // nil behind the last row
	at      int    // in now
}

// Filter takes the rows of a hand.
func (c *givenCursor) Filter(_ int, _ string, values []vtab.Value) error {
	rows, ok := handed.LoadAndDelete(values[0])
	if !ok {
		return errors.New("what is given is read once")
	}
	*c = *rows.(*givenCursor)
	c.now = c.rows.next()
	return nil
}

// Next goes to the next row.
func (c *givenCursor) Next() error {
	if c.at++; c.at < c.now.rows {
		return nil
	}
	c.now, c.at = c.rows.next(), 0
	return c.ctx.Err()
}

// Eof reports whether there are no more rows.
func (c *givenCursor) Eof() bool { return c.now == nil }

// Column returns a value of the row.
func (c *givenCursor) Column(column int) (vtab.Value, error) {
	if column >= c.columns {
		return nil, nil
	}
	return c.now.values[c.at*c.columns+column], nil
}

// Rowid has no meaning here.
func (c *givenCursor) Rowid() (int64, error) { return 0, nil }

// Close ends the reading.
func (c *givenCursor) Close() error { return nil }
