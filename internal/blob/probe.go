package blob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"
)

// Probe writes, reads, lists and deletes a file of a store.
func Probe(ctx context.Context, files Store) error {
	content := []byte("written and deleted by a check")
	w, err := files.Create(ctx)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := w.Write(content); err != nil {
		return err
	}
	if err := w.Commit(); err != nil {
		return err
	}
	return errors.Join(readProbe(ctx, files, w.ID(), content), files.Delete(ctx, w.ID()))
}

func readProbe(ctx context.Context, files Store, fileID string, content []byte) error {
	file, err := files.Open(ctx, fileID)
	if err != nil {
		return err
	}
	got, err := io.ReadAll(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if !bytes.Equal(got, content) {
		return errors.New("the file storage returned other bytes than were written")
	}
	stop := errors.New("seen")
	if err := files.List(ctx, func(string, int64, time.Time) error { return stop }); !errors.Is(err, stop) {
		return errors.Join(err, errors.New("the file storage does not list its files"))
	}
	return nil
}
