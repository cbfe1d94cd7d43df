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
	"github.com/regulars/regulars/internal/errs"
)

// intactFiles remembers which stored files have been compared with the checksum
// of their upload, so that a page of details does not read the whole file. It
// may be used by many goroutines.
type intactFiles struct {
	mu    sync.Mutex
	known map[string]fileState
}

// fileState is what changes when a file is written to.
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
	return errs.New(errs.Gone, "damaged_file", "The stored file differs from the file that was uploaded: it is damaged. Upload it again.")
}

// openStored opens the file of a job and compares its size with the upload. It
// fails with Gone expired or damaged_file.
func (b *Bulk) openStored(ctx context.Context, j *job) (*blob.File, error) {
	if j.FileID == "" {
		return nil, errs.New(errs.Gone, "expired", "The file of this job is no longer kept.")
	}
	file, err := b.files.Open(j.FileID)
	if errs.KindOf(err) == errs.NotFound {
		return nil, b.missingFile(ctx)
	}
	if err != nil {
		return nil, err
	}
	if j.Verdict.Size > 0 && file.Size() != j.Verdict.Size {
		_ = file.Close() // nothing was written
		return nil, errChangedFile()
	}
	return file, nil
}

// verify compares the stored file of a job with the size and the checksum of
// the upload; files of older versions have a size only. A file that was compared
// before is compared again only if it was written to since. It fails like
// openStored.
func (b *Bulk) verify(ctx context.Context, j *job) error { return b.compare(ctx, j, false) }

// verifyAgain is verify for a job that is about to apply rows: it reads the
// file each time, for a disk can lose bytes without a write. The whole file is
// read before the first row, because damage found on the way would leave the
// file half applied.
func (b *Bulk) verifyAgain(ctx context.Context, j *job) error { return b.compare(ctx, j, true) }

func (b *Bulk) compare(ctx context.Context, j *job, again bool) error {
	file, err := b.openStored(ctx, j)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // nothing was written
	info, err := file.Stat()
	if err != nil {
		return err
	}
	state := fileState{info.Size(), info.ModTime()}
	if j.Verdict.SHA256 == "" || !again && b.intact.has(j.FileID, state) {
		return nil
	}
	sum, err := checksum(ctx, file)
	if err != nil {
		return err
	}
	if sum != j.Verdict.SHA256 {
		return errChangedFile()
	}
	b.intact.add(j.FileID, state)
	return nil
}

// checksum is the SHA-256 of what is left to read, in hex.
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
