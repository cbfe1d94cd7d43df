package source

import (
	"context"
	"errors"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

// File is a table with its stored file.
type File struct {
	*sheet.Table
	stored interface {
		Close() error
		Size() int64
	}
	Slots *Slots // nil: none was needed
}

// Close closes the table and its file, and frees the slot.
func (o File) Close() {
	_ = o.Table.Close() // nothing was written
	o.releaseSlot()
}

// Size is the number of bytes of the stored file.
func (o File) Size() int64 { return o.stored.Size() }

// releaseSlot closes the file and frees its slot.
func (o File) releaseSlot() {
	_ = o.stored.Close() // nothing was written
	if o.Slots != nil {
		o.Slots.Release()
	}
}

// contextFile fails to read after its context ends.
type contextFile struct {
	blob.File
	ctx context.Context //nolint:containedctx // io.ReaderAt takes none
}

// ReadAt reads unless the context has ended.
func (w contextFile) ReadAt(p []byte, off int64) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	return w.File.ReadAt(p, off)
}

// Open opens a stored file until ctx ends, and closes it if that fails. A
// compressed file needs one of slots; nil means no limit. It fails with a code
// of package sheet.
func Open(ctx context.Context, file blob.File, o sheet.Options, at *Slots) (File, error) {
	packed, err := unpack.IsPacked(file)
	if err != nil {
		return File{}, errors.Join(err, file.Close())
	}
	opened := File{stored: file}
	defer func() { // also after a panic in a reader
		if opened.Table == nil {
			opened.releaseSlot()
		}
	}()
	if packed && at != nil {
		if err := at.Acquire(ctx); err != nil {
			return File{}, err
		}
		opened.Slots = at
	}
	table, err := sheet.Open(contextFile{file, ctx}, file.Size(), o)
	if err != nil {
		return File{}, err
	}
	opened.Table = table
	return opened, nil
}
