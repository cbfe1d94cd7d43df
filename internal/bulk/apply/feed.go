package apply

import (
	"cmp"
	"context"
	"slices"

	"github.com/regulars/regulars/internal/bulk/source"
)

// feed reads a file ahead and sends checked batches with their plans. One
// goroutine reads, one prepares plans, so two batches are in progress while the
// database writes another.
type feed struct {
	raw     chan readBatch
	batches chan *batch
	used    chan *batch // for reuse
	err     error       // valid after batches is closed
}

// readBatch is a batch before its plan; err ended the reading after it.
type readBatch struct {
	*batch
	err error
}

// startFeed reads the file from its position. The goroutines end with ctx or
// with the file, then batches is closed.
func (r *fileRun) startFeed(ctx context.Context, table source.File, rd *source.Reader, step step) *feed {
	reading, stop := context.WithCancel(ctx)
	f := &feed{raw: make(chan readBatch), batches: make(chan *batch), used: make(chan *batch, 3)}
	go f.read(reading, table, rd, step, r.Job.Batches, r.Job.Counts.Read)
	go func() {
		defer close(f.batches)
		defer stop()
		for p := range f.raw {
			if f.err == nil {
				f.err = cmp.Or(f.send(ctx, step, p.batch, p.err), p.err)
			}
			if f.err != nil {
				stop() // discard the rest
			}
		}
		f.err = cmp.Or(f.err, context.Cause(ctx)) // not all batches were read
	}()
	return f
}

// read reads batches; number is that of the first, rows the number of rows
// before it.
func (f *feed) read(ctx context.Context, table source.File, rd *source.Reader, step step, number, rows int64) {
	defer close(f.raw)
	for ; ; number++ {
		select {
		case p := <-f.used:
			rd.Reuse(&p.Batch)
		default:
		}
		fromFile, err := rd.ReadBatch(table, step.batchRows(rows))
		p := &batch{Batch: fromFile, number: number}
		rows += int64(len(p.Rows))
		select {
		case f.raw <- readBatch{p, err}:
		case <-ctx.Done():
			return
		}
		if err != nil || p.Last {
			return
		}
	}
}

// send prepares a batch and sends those that are ready; err ended the reading
// after it.
func (f *feed) send(ctx context.Context, step step, p *batch, err error) error {
	ready, failed := step.prepare(ctx, p, err != nil || p.Last)
	if failed != nil {
		return failed
	}
	if !slices.Contains(ready, p) {
		f.done(p) // now part of a group
	}
	for _, one := range ready {
		select {
		case f.batches <- one:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// done recycles the memory of a batch.
func (f *feed) done(p *batch) {
	p.plan = nil
	select {
	case f.used <- p:
	default:
	}
}

// stop waits for the goroutines after the context has ended.
func (f *feed) stop() {
	for p := range f.batches {
		_ = p // discard
	}
}
