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

// On SQLite one statement writes many rows: it selects them from the virtual
// table row_source, which every writing connection has. A statement per row
// costs half as much again: it binds values, and descends each B-tree from the
// root.

const (
	rowSourceColumns = 32 // c0 to c31, followed by the hidden column handle
	createRowSource  = "CREATE VIRTUAL TABLE temp.row_source USING row_source"
)

var (
	registerRowSource = sync.OnceValue(func() error { return vtab.RegisterModule(nil, "row_source", rowSourceModule{}) })
	lastHandle        atomic.Int64
	openRowSources    sync.Map // handle to *rowSourceCursor, until the statement reads it
)

// bulkExec runs a statement that selects the rows of r, as columns c0, c1 and
// so on, FROM row_source WHERE handle = $1.
func (t *Tx) bulkExec(ctx context.Context, query string, r Rows) error {
	if len(r.Columns) > rowSourceColumns {
		return errors.New("too many columns for " + r.Table)
	}
	rows := newRowProducer(r)
	defer rows.stop()
	handle := lastHandle.Add(1)
	openRowSources.Store(handle, &rowSourceCursor{ctx: ctx, rows: rows, columns: len(r.Columns)})
	defer openRowSources.Delete(handle)
	// The driver starts a goroutine for a cancellable context. The cursor
	// checks the context instead.
	_, err := t.Exec(context.WithoutCancel(ctx), query, handle)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// rowSourceColumnList returns "c0, c1, ..." for n columns.
func rowSourceColumnList(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = "c" + strconv.Itoa(i)
	}
	return strings.Join(names, ", ")
}

type rowSourceModule struct{}

// Create creates the table.
func (m rowSourceModule) Create(c vtab.Context, args []string) (vtab.Table, error) {
	return m.Connect(c, args)
}

// Connect declares the columns.
func (rowSourceModule) Connect(c vtab.Context, _ []string) (vtab.Table, error) {
	return rowSourceTable{}, c.Declare("CREATE TABLE row_source (" + rowSourceColumnList(rowSourceColumns) + ", handle HIDDEN)")
}

type rowSourceTable struct{}

// BestIndex accepts only plans with handle = ?, the argument of Filter.
func (rowSourceTable) BestIndex(info *vtab.IndexInfo) error {
	info.EstimatedCost, info.EstimatedRows = 1000, 1000
	for i := range info.Constraints {
		c := &info.Constraints[i]
		if c.Column == rowSourceColumns && c.Op == vtab.OpEQ && c.Usable {
			c.ArgIndex, c.Omit = 0, true
			return nil
		}
	}
	return errors.New("row_source: missing handle")
}

// Open returns a cursor without rows; Filter assigns them.
func (rowSourceTable) Open() (vtab.Cursor, error) { return &rowSourceCursor{}, nil }

// Disconnect implements vtab.Table.
func (rowSourceTable) Disconnect() error { return nil }

// Destroy implements vtab.Table.
func (rowSourceTable) Destroy() error { return nil }

// rowSourceCursor reads its rows once.
type rowSourceCursor struct {
	ctx     context.Context
	rows    *rowProducer
	columns int
	batch   *rowBatch // nil after the last row
	row     int       // index in batch
}

// Filter starts reading the rows of a handle.
func (c *rowSourceCursor) Filter(_ int, _ string, values []vtab.Value) error {
	rows, ok := openRowSources.LoadAndDelete(values[0])
	if !ok {
		return errors.New("row_source: rows already consumed")
	}
	*c = *rows.(*rowSourceCursor)
	c.batch = c.rows.next()
	return nil
}

// Next advances to the next row.
func (c *rowSourceCursor) Next() error {
	if c.row++; c.row < c.batch.rows {
		return nil
	}
	c.batch, c.row = c.rows.next(), 0
	return c.ctx.Err()
}

// Eof reports whether the cursor is after the last row.
func (c *rowSourceCursor) Eof() bool { return c.batch == nil }

// Column returns a value of the current row.
func (c *rowSourceCursor) Column(column int) (vtab.Value, error) {
	if column >= c.columns {
		return nil, nil
	}
	return c.batch.values[c.row*c.columns+column], nil
}

// Rowid implements vtab.Cursor; rows have no id.
func (c *rowSourceCursor) Rowid() (int64, error) { return 0, nil }

// Close implements vtab.Cursor.
func (c *rowSourceCursor) Close() error { return nil }
