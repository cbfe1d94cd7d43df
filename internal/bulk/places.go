package bulk

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet"
)

// places bound how many packed files and workbooks are open at a time. Jobs
// need none: the number of workers bounds them.
type places struct {
	taken chan struct{}
	wait  time.Duration
}

func newPlaces(most int, wait time.Duration) *places {
	return &places{taken: make(chan struct{}, most), wait: wait}
}

func (p *places) free() { <-p.taken }

// acquire waits a moment for a place, which free releases. It fails with
// Unavailable "files_busy", or with the error of ctx.
func (p *places) acquire(ctx context.Context) error {
	select {
	case p.taken <- struct{}{}:
		return nil
	default:
	}
	late := time.NewTimer(p.wait)
	defer late.Stop()
	select {
	case p.taken <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-late.C:
		return errs.New(errs.Unavailable, "files_busy", "Too many files are being inspected. Try again in a moment.").WithRetry(max(p.wait, time.Second))
	}
}

// watchedFile is a file whose reads fail once its context is done.
type watchedFile struct {
	*blob.File
	ctx context.Context //nolint:containedctx // io.ReaderAt takes none
}

// ReadAt reads, unless the context is done.
func (w watchedFile) ReadAt(p []byte, off int64) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	return w.File.ReadAt(p, off)
}

// openFile is a table with the file it reads.
type openFile struct {
	*sheet.Table
	file interface {
		Close() error
		Size() int64
	}
	place *places // nil: none was needed
}

func (o openFile) close() {
	_ = o.Table.Close() // nothing was written
	o.release()
}

// release closes the file and frees its place.
func (o openFile) release() {
	_ = o.file.Close() // nothing was written
	if o.place != nil {
		o.place.free()
	}
}

// openTable opens the file of a job as its options say, for as long as ctx
// lasts. A packed file needs one of at; nil: the caller is a job. It fails like
// openStored, or with a code of package sheet.
func (b *Bulk) openTable(ctx context.Context, j *job, at *places) (openFile, error) {
	file, err := b.openStored(ctx, j)
	if err != nil {
		return openFile{}, err
	}
	packed, err := sheet.IsPacked(file)
	if err != nil {
		return openFile{}, errors.Join(err, file.Close())
	}
	opened := openFile{file: file}
	defer func() { // also after a panic of a reader
		if opened.Table == nil {
			opened.release()
		}
	}()
	if packed && at != nil {
		if err := at.acquire(ctx); err != nil {
			return openFile{}, err
		}
		opened.place = at
	}
	table, err := sheet.Open(watchedFile{file, ctx}, file.Size(), b.reading(j))
	if err != nil {
		return openFile{}, err
	}
	opened.Table = table
	return opened, nil
}

// reading is how the file of a job is read.
func (b *Bulk) reading(j *job) sheet.Options {
	o := sheet.Options{
		Encoding: j.Options.Encoding, Delimiter: j.Options.Delimiter, Sheet: j.Options.Sheet, MaxUnpacked: b.limits.MaxUnpacked, Scan: &j.Verdict,
		Scratch: func() (sheet.Scratch, error) { return b.files.CreateScratch() },
	}
	if j.Detected != nil { // never detect another thing the second time
		if j.Detected.Format == "csv" {
			o.Delimiter = j.Detected.Delimiter
		}
		o.Sheet = j.Detected.Sheet
	}
	return o
}

var _ io.ReaderAt = watchedFile{}
