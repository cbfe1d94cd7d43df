package sqldb

// batchRows is how many rows are filled at once.
const batchRows = 128

// batch is the values of some rows, one row after the other.
type batch struct {
	values []any
	rows   int
}

// filling fills rows in batches; many on another processor while those before
// are used.
type filling struct {
	rows  Rows
	from  int         // the row after those that are filled, where there is no goroutine
	used  *batch      // that the caller has
	empty chan *batch // nil: there is no goroutine
	full  chan *batch
}

func newFilling(r Rows) *filling {
	f := &filling{rows: r}
	if r.N > batchRows {
		f.empty, f.full = make(chan *batch, 2), make(chan *batch)
		f.empty <- f.newBatch()
		f.empty <- f.newBatch()
		go f.run()
	}
	return f
}

func (f *filling) newBatch() *batch {
	return &batch{values: make([]any, min(f.rows.N, batchRows)*len(f.rows.Columns))}
}

func (f *filling) run() {
	defer close(f.full)
	for from := 0; from < f.rows.N; from += batchRows {
		b, more := <-f.empty
		if !more {
			return
		}
		f.fill(b, from)
		f.full <- b
	}
}

// next returns the next rows, and takes those back that it returned before; nil
// behind the last. Rows that are begun with next must be ended with stop.
func (f *filling) next() *batch {
	if f.empty == nil {
		if f.from == f.rows.N {
			return nil
		}
		b := f.newBatch()
		f.fill(b, 0)
		f.from = f.rows.N
		return b
	}
	if f.used != nil {
		f.empty <- f.used
	}
	f.used = <-f.full
	return f.used
}

// stop waits until nobody fills rows any more.
func (f *filling) stop() {
	if f.empty == nil {
		return
	}
	close(f.empty)
	for range f.full {
		continue // until the goroutine has let go of the rows
	}
}

// fill puts rows into a batch, beginning with row from.
func (f *filling) fill(b *batch, from int) {
	n := len(f.rows.Columns)
	b.rows = min(f.rows.N-from, batchRows)
	for i := range b.rows {
		row := b.values[i*n : (i+1)*n]
		f.rows.Fill(from+i, row)
		for k, v := range row {
			if whole, ok := v.(int); ok {
				row[k] = int64(whole) // below database/sql nobody else converts it
			}
		}
	}
}
