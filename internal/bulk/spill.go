package bulk

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/errs"
)

// spillFile is a temporary file of a dry run. A write waits while the disk is
// full, until ctx ends.
type spillFile struct {
	file *blob.Scratch
	size int64 // where append writes
	log  *slog.Logger
}

// spiller creates the temporary files of one dry run.
type spiller struct {
	files *blob.Dir
	log   *slog.Logger // with the job's id
}

func (s spiller) create(ctx context.Context) (*spillFile, error) {
	var file *blob.Scratch
	err := untilRoom(ctx, s.log, func() (err error) {
		file, err = s.files.CreateScratch()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &spillFile{file: file, log: s.log}, nil
}

func (f *spillFile) writeAt(ctx context.Context, p []byte, off int64) error {
	return untilRoom(ctx, f.log, func() error {
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
	return untilRoom(ctx, f.log, func() error { return f.file.Truncate(size) })
}

// close deletes the file. A file without a name is deleted by the system, and a
// failure of that is no reason to fail the job.
func (f *spillFile) close() {
	if err := f.file.Close(); err != nil {
		f.log.Warn("temporary file not deleted", "error", err.Error())
	}
}

// untilRoom repeats a write while the disk is full.
func untilRoom(ctx context.Context, log *slog.Logger, write func() error) error {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := write()
		if err == nil || !errs.Is(err, "disk_full") {
			return err
		}
		log.WarnContext(ctx, "disk is full, dry run waits", "error", err.Error())
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(pause):
		}
	}
}
