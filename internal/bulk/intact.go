package bulk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

// intactFiles has the files that were compared with the checksum of their
// upload, so that a page of details does not read the whole file. It is safe for
// concurrent use.
type intactFiles struct {
	mu    sync.Mutex
	known map[string]fileState
}

// fileState changes with each write to a file.
type fileState struct {
	size     int64
	modified time.Time
}

const maxIntact = 1_000

func (c *intactFiles) has(fileID string, state fileState) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.known[fileID]
	return ok && known.size == state.size && known.modified.Equal(state.modified)
}

func (c *intactFiles) add(fileID string, state fileState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxIntact {
		clear(c.known)
	}
	c.known[fileID] = state
}

func errChangedFile() error {
	return errs.New(errs.Gone, "damaged_file", "The stored file is damaged: it differs from the upload. Upload it again.")
}

// openStored opens the file of a job and compares its size with the upload. It
// fails with Gone expired or damaged_file.
func (b *Bulk) openStored(ctx context.Context, j *job.Job) (blob.File, error) {
	if j.FileID == "" {
		return nil, errs.New(errs.Gone, "expired", "The file of this job is no longer kept.")
	}
	file, err := b.files.Open(ctx, j.FileID)
	if errs.KindOf(err) == errs.NotFound {
		return nil, b.missingFile(ctx)
	}
	if err != nil {
		return nil, err
	}
	if j.FileScan.Size > 0 && file.Size() != j.FileScan.Size {
		_ = file.Close() // nothing was written
		return nil, errChangedFile()
	}
	return file, nil
}

// verify compares the file of a job with the size and checksum of its upload;
// files of older versions have a size only. A file is compared again only after
// a write. It fails like openStored.
func (b *Bulk) verify(ctx context.Context, j *job.Job) error { return b.compare(ctx, j, false) }

// verifyAgain always reads the file, since disks lose data without a write. It
// runs before the first row, so that damage does not stop a job halfway.
func (b *Bulk) verifyAgain(ctx context.Context, j *job.Job) error { return b.compare(ctx, j, true) }

func (b *Bulk) compare(ctx context.Context, j *job.Job, again bool) error {
	file, err := b.openStored(ctx, j)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // nothing was written
	state := fileState{file.Size(), file.Modified()}
	if j.FileScan.SHA256 == "" || !again && b.intact.has(j.FileID, state) {
		return nil
	}
	sum, err := checksum(ctx, file)
	if err != nil {
		return err
	}
	if sum != j.FileScan.SHA256 {
		return errChangedFile()
	}
	b.intact.add(j.FileID, state)
	return nil
}

// checksum returns the SHA-256 of the rest of a reader, in hex.
func checksum(ctx context.Context, from io.Reader) (string, error) {
	sum, chunk := sha256.New(), make([]byte, 256<<10)
	for {
		n, err := from.Read(chunk)
		_, _ = sum.Write(chunk[:n]) // never fails
		switch {
		case errors.Is(err, io.EOF):
			return hex.EncodeToString(sum.Sum(nil)), nil
		case err != nil:
			return "", err
		case ctx.Err() != nil:
			return "", context.Cause(ctx)
		}
	}
}

// openTable opens the file of a job with its options until ctx ends. A
// compressed file needs one of slots; nil means no limit. It fails like
// openStored, or with a code of package sheet.
func (b *Bulk) openTable(ctx context.Context, j *job.Job, at *source.Slots) (source.File, error) {
	file, err := b.openStored(ctx, j)
	if err != nil {
		return source.File{}, err
	}
	return source.Open(ctx, file, b.reading(j), at)
}

// detectTable is openTable for the first time: it chooses the sheet and the
// header by the names in d.
func (b *Bulk) detectTable(ctx context.Context, j *job.Job, at *source.Slots, d *source.Dictionary) (source.File, error) {
	file, err := b.openStored(ctx, j)
	if err != nil {
		return source.File{}, err
	}
	o := b.reading(j)
	o.Fits = d.Fits(j.Options.Mapping)
	return source.Open(ctx, file, o, at)
}

// reading returns the options to read the file of a job.
func (b *Bulk) reading(j *job.Job) sheet.Options {
	o := sheet.Options{
		Encoding: j.Options.Encoding, Delimiter: j.Options.Delimiter, Sheet: j.Options.Sheet, HeaderLine: j.Options.HeaderLine,
		SkipHidden: j.Options.HiddenRows == job.HiddenSkip, MaxUnpacked: b.limits.MaxUnpacked, Scan: &j.FileScan, CompareAll: j.Status == job.Draft,
		Scratch: func() (unpack.Scratch, error) { return b.scratch.CreateScratch() },
	}
	if j.Detected != nil { // detect once only
		o.Detected = j.Detected
		if j.Detected.Format == "csv" {
			o.Delimiter = j.Detected.Delimiter
		}
		o.Sheet, o.HeaderLine = j.Detected.Sheet, j.Detected.HeaderLine
	}
	return o
}
