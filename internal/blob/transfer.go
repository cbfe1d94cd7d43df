package blob

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
)

// Transfer copies all files of one store that another one does not have.
type Transfer struct {
	From, To Store
	Delete   bool            // each file from the old store, once it is in the new one
	Report   func(*Transfer) // is called every few seconds; may be nil

	Copied, Present int // files
	Bytes           int64
}

// reportEvery is the time between two reports of a Transfer.
const reportEvery = 5 * time.Second

// Run copies the files. It may be repeated after an error.
func (m *Transfer) Run(ctx context.Context) error {
	sizes := map[string]int64{}
	if err := m.To.List(ctx, func(fileID string, size int64, _ time.Time) error { sizes[fileID] = size; return nil }); err != nil {
		return err
	}
	reported := clock.Clock{}.Now()
	return m.From.List(ctx, func(fileID string, size int64, _ time.Time) error {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if there, ok := sizes[fileID]; ok && there == size {
			m.Present++
		} else if err := m.copy(ctx, fileID, size); err != nil {
			return err
		}
		if now := (clock.Clock{}).Now(); m.Report != nil && now.Sub(reported) >= reportEvery {
			m.Report(m)
			reported = now
		}
		if m.Delete {
			return m.From.Delete(ctx, fileID)
		}
		return nil
	})
}

// copy copies a file, unless it was deleted since it was listed.
func (m *Transfer) copy(ctx context.Context, fileID string, size int64) error {
	file, err := m.From.Open(ctx, fileID)
	if errs.Is(err, "file_not_found") {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // read only
	w, err := m.To.CreateAs(ctx, fileID)
	if err != nil {
		return err
	}
	defer w.Abort()
	n, err := io.Copy(w, file)
	if err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("file %s has %d bytes instead of %d", fileID, n, size)
	}
	if err := w.Commit(); err != nil {
		return err
	}
	m.Copied, m.Bytes = m.Copied+1, m.Bytes+n
	return nil
}
