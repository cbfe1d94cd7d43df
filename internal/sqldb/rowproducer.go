package sqldb

const rowsPerBatch = 128

// rowBatch is a flat list of the values of several rows.
type rowBatch struct {
	values []any
	rows   int
}

// rowProducer fills rows in batches. With more than one batch, a goroutine
// fills the next one while the caller reads the current one.
type rowProducer struct {
	rows    Rows
	done    bool           // without a goroutine: the only batch was returned
	current *rowBatch      // last returned by next
	free    chan *rowBatch // nil without a goroutine
	filled  chan *rowBatch
}

// newRowProducer starts the producer. The caller must stop it.
func newRowProducer(r Rows) *rowProducer {
	p := &rowProducer{rows: r}
	if r.N > rowsPerBatch {
		p.free, p.filled = make(chan *rowBatch, 2), make(chan *rowBatch)
		p.free <- p.newBatch()
		p.free <- p.newBatch()
		go p.produce()
	}
	return p
}

func (p *rowProducer) newBatch() *rowBatch {
	return &rowBatch{values: make([]any, min(p.rows.N, rowsPerBatch)*len(p.rows.Columns))}
}

func (p *rowProducer) produce() {
	defer close(p.filled)
	for from := 0; from < p.rows.N; from += rowsPerBatch {
		b, ok := <-p.free
		if !ok {
			return
		}
		p.fill(b, from)
		p.filled <- b
	}
}

// next returns the next batch, nil after the last. It invalidates the batch
// that it returned before.
func (p *rowProducer) next() *rowBatch {
	if p.free == nil {
		if p.done || p.rows.N == 0 {
			return nil
		}
		b := p.newBatch()
		p.fill(b, 0)
		p.done = true
		return b
	}
	if p.current != nil {
		p.free <- p.current
	}
	p.current = <-p.filled
	return p.current
}

// stop returns once the goroutine no longer calls Rows.Fill.
func (p *rowProducer) stop() {
	if p.free == nil {
		return
	}
	close(p.free)
	for range p.filled {
		continue
	}
}

// fill fills a batch, starting with row from.
func (p *rowProducer) fill(b *rowBatch, from int) {
	n := len(p.rows.Columns)
	b.rows = min(p.rows.N-from, rowsPerBatch)
	for i := range b.rows {
		row := b.values[i*n : (i+1)*n]
		p.rows.Fill(from+i, row)
		for k, v := range row {
			if whole, ok := v.(int); ok {
				row[k] = int64(whole) // a virtual table bypasses the conversions of database/sql
			}
		}
	}
}
