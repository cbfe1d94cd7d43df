package sqldb

import (
	"context"
	"database/sql/driver"
)

// batchRows is how many rows are filled at once.
const batchRows = 128

// batch is the arguments of some rows, one row after the other.
type batch struct {
	args []driver.NamedValue
	rows int
}

// eachRow gives the arguments of each row to exec, the keys columns last.
// Many rows are filled on another processor while exec is at work.
func (r Rows) eachRow(ctx context.Context, keys int, exec func(args []driver.NamedValue) error) error {
	run := func(b *batch) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for i := range b.rows {
			if err := exec(b.args[i*len(r.Columns) : (i+1)*len(r.Columns)]); err != nil {
				return err
			}
		}
		return nil
	}
	if r.N <= batchRows {
		b := r.newBatch(r.N)
		r.fill(b, 0, keys)
		return run(b)
	}
	empty, full := make(chan *batch, 2), make(chan *batch)
	empty <- r.newBatch(batchRows)
	empty <- r.newBatch(batchRows)
	go func() {
		defer close(full)
		for from := 0; from < r.N; from += batchRows {
			b, more := <-empty
			if !more {
				return
			}
			r.fill(b, from, keys)
			full <- b
		}
	}()
	for b := range full {
		if err := run(b); err != nil {
			close(empty)
			for range full {
				continue // until the goroutine has let go of the rows
			}
			return err
		}
		empty <- b
	}
	return nil
}

func (r Rows) newBatch(rows int) *batch {
	b := &batch{args: make([]driver.NamedValue, rows*len(r.Columns))}
	for i := range b.args {
		b.args[i].Ordinal = i%len(r.Columns) + 1
	}
	return b
}

// fill puts rows into a batch, beginning with row from.
func (r Rows) fill(b *batch, from, keys int) {
	n := len(r.Columns)
	row := make([]any, n)
	b.rows = min(r.N-from, len(b.args)/n)
	for i := range b.rows {
		r.Fill(from+i, row)
		for k, v := range row {
			if whole, ok := v.(int); ok {
				v = int64(whole) // below database/sql nobody else converts it
			}
			b.args[i*n+(k-keys+n)%n].Value = v
		}
	}
}
