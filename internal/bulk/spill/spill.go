// Package spill has the temporary files of dry runs: a table of keys, a sorter, and
// the keys that a file repeats, in a memory that is shared by all dry runs.
package spill

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
)

// File is a temporary file of a dry run. A write waits while the disk is
// full, until ctx ends.
type File struct {
	Files
	file *blob.Scratch
	Size int64 // where Append writes
}

// Files creates the temporary files of one dry run.
type Files struct {
	Dir        *blob.Dir
	Log        *slog.Logger                      // with the job's id
	ReportWait func(reason string) (done func()) // reports that the job waits until done is called; may be nil
}

// Create creates a temporary file.
func (s Files) Create(ctx context.Context) (*File, error) {
	var file *blob.Scratch
	err := s.retryWhileFull(ctx, func() (err error) {
		file, err = s.Dir.CreateScratch()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &File{Files: s, file: file}, nil
}

func (f *File) writeAt(ctx context.Context, p []byte, off int64) error {
	return f.retryWhileFull(ctx, func() error {
		_, err := f.file.WriteAt(p, off)
		return err
	})
}

// ReadAt reads from the file.
func (f *File) ReadAt(p []byte, off int64) (int, error) { return f.file.ReadAt(p, off) }

// Append writes at the end of the file.
func (f *File) Append(ctx context.Context, p []byte) error {
	err := f.writeAt(ctx, p, f.Size)
	if err == nil {
		f.Size += int64(len(p))
	}
	return err
}

func (f *File) truncate(ctx context.Context, size int64) error {
	return f.retryWhileFull(ctx, func() error { return f.file.Truncate(size) })
}

// Close deletes the file and logs a failure: the system deletes a file without a
// name itself.
func (f *File) Close() {
	if err := f.file.Close(); err != nil {
		f.Log.Warn("temporary file not deleted", "error", err.Error())
	}
}

// retryWhileFull repeats a write while the disk is full, until ctx ends.
func (s Files) retryWhileFull(ctx context.Context, write func() error) error {
	stalled := false
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := write()
		if err == nil || !errs.Is(err, "disk_full") {
			return err
		}
		s.Log.WarnContext(ctx, "disk is full, dry run waits", "error", err.Error())
		if !stalled && s.ReportWait != nil {
			stalled = true
			defer s.ReportWait(jobs.WaitDisk)()
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(pause):
		}
	}
}

// BufferBytes is the size of writes to a file.
const BufferBytes = 64 << 10
