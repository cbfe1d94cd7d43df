package bulk

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
)

// spillFile is a temporary file of a dry run. A write waits while the disk is
// full, until ctx ends.
type spillFile struct {
	spiller
	file *blob.Scratch
	size int64 // where append writes
}

// spiller creates the temporary files of one dry run.
type spiller struct {
	files *blob.Dir
	log   *slog.Logger                      // with the job's id
	waits func(reason string) (done func()) // reports that the job waits; nil: not reported
}

func (s spiller) create(ctx context.Context) (*spillFile, error) {
	var file *blob.Scratch
	err := s.untilRoom(ctx, func() (err error) {
		file, err = s.files.CreateScratch()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &spillFile{spiller: s, file: file}, nil
}

func (f *spillFile) writeAt(ctx context.Context, p []byte, off int64) error {
	return f.untilRoom(ctx, func() error {
		_, err := f.file.WriteAt(p, off)
		return err
	})
}

func (f *spillFile) append(ctx context.Context, p []byte) error {
	err := f.writeAt(ctx, p, f.size)
	if err == nil {
		f.size += int64(len(p))
	}
	return err
}

func (f *spillFile) truncate(ctx context.Context, size int64) error {
	return f.untilRoom(ctx, func() error { return f.file.Truncate(size) })
}

// close deletes the file. A file without a name is deleted by the system, and a
// failure of that is no reason to fail the job.
func (f *spillFile) close() {
	if err := f.file.Close(); err != nil {
		f.log.Warn("temporary file not deleted", "error", err.Error())
	}
}

// untilRoom repeats a write while the disk is full.
func (s spiller) untilRoom(ctx context.Context, write func() error) error {
	stalled := false
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := write()
		if err == nil || !errs.Is(err, "disk_full") {
			return err
		}
		s.log.WarnContext(ctx, "disk is full, dry run waits", "error", err.Error())
		if !stalled && s.waits != nil {
			stalled = true
			defer s.waits(jobs.WaitDisk)()
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(pause):
		}
	}
}
