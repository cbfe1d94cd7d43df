package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/blob/s3"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
)

// openStore returns the configured storage of files: folder, or a bucket.
func openStore(s config.StorageConfig, folder *blob.Dir) (blob.Store, error) {
	if s.FilesURL == "" {
		return folder, nil
	}
	return openBucket(s, s.FilesURL)
}

func openBucket(s config.StorageConfig, address string) (*s3.Bucket, error) {
	c, err := s3.ParseURL(address)
	if err != nil {
		return nil, err
	}
	c.Key, c.Secret = s.FilesKey, s.FilesSecret
	return s3.Open(c)
}

// checkFiles asks the storage service for a file that does not exist.
func (p *Services) checkFiles(ctx context.Context) (finding, error) {
	if !p.Files.Shared() {
		return finding{}, nil
	}
	file, err := p.Files.Open(ctx, id.New(p.clock.Now()))
	if err == nil {
		err = file.Close()
	}
	return storageFinding(err), nil
}

// maxSkew is the difference of clocks that doctor accepts. S3 refuses requests
// signed 15 minutes before or after its own time.
const maxSkew = time.Minute

// checkFileRights writes, reads, lists and deletes a file, and compares the clocks.
func (p *Services) checkFileRights(ctx context.Context) (finding, error) {
	bucket, ok := p.Files.(*s3.Bucket)
	if !ok {
		return finding{}, nil
	}
	if err := probe(ctx, p.Files); err != nil {
		return storageFinding(err), nil
	}
	skew, err := bucket.ClockSkew(ctx)
	if err == nil && skew.Abs() > maxSkew {
		return failing("The clock of this machine differs from that of the file storage by %s.", skew.Round(time.Second).String()).
			withRemedy("Set the clock by a time server."), nil
	}
	return storageFinding(err), nil
}

// probe writes, reads, lists and deletes a file.
func probe(ctx context.Context, files blob.Store) error {
	content := []byte("written and deleted by regulars doctor")
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

func readProbe(ctx context.Context, files blob.Store, fileID string, content []byte) error {
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

// storageFinding is the finding of an error of the storage service.
func storageFinding(err error) finding {
	switch {
	case err == nil || errs.Is(err, "file_not_found"):
		return finding{}
	case errs.Is(err, "files_unavailable"):
		f := failing("The file storage does not answer.").withRemedy("Check its address and that it runs.")
		f.detail = fmt.Sprint(errors.Unwrap(errs.From(err)))
		return f
	}
	f := failing("The file storage refuses requests.").withRemedy("Check the bucket, the access key and its rights to read, write, list and delete.")
	f.detail = err.Error()
	return f
}

type moveFilesCommand struct {
	From   string `required:"" placeholder:"URL" help:"Where the files are: disk, or the address of a bucket as in REGULARS_FILES_URL."`
	To     string `required:"" placeholder:"URL" help:"Where they go: disk, or the address of a bucket."`
	Delete bool   `help:"Delete each file from the old place once it is in the new one. Only while no server runs that uses the old place."`
}

// Run copies the files that the new place does not have, so it can be repeated
// after an interruption and while a server runs.
func (c moveFilesCommand) Run(sh *shell) (err error) {
	if c.From == c.To {
		return errors.New("--from and --to are the same place")
	}
	folder, err := blob.Open(sh.store.FilesDir())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	from, err := openPlace(sh.store, folder, c.From)
	if err != nil {
		return err
	}
	to, err := openPlace(sh.store, folder, c.To)
	if err != nil {
		return err
	}
	m := fileMove{from: from, to: to, erase: c.Delete, report: func(m *fileMove) {
		fmt.Fprintf(sh.stderr, "%d files copied, %d were there\n", m.copied, m.present)
	}}
	if err := m.run(sh.ctx); err != nil {
		fmt.Fprintf(sh.stderr, "Stopped after %d files. Run the command again to continue.\n", m.copied+m.present)
		return err
	}
	_, err = fmt.Fprintf(sh.stdout, "Copied %d files (%d bytes); %d were there already.\n", m.copied, m.bytes, m.present)
	return err
}

// openPlace returns a place of the command: disk or a bucket.
func openPlace(s config.StorageConfig, folder *blob.Dir, place string) (blob.Store, error) {
	if place == "disk" {
		return folder, nil
	}
	return openBucket(s, place)
}

// fileMove copies all files of one store to another.
type fileMove struct {
	from, to        blob.Store
	erase           bool // from the old store
	report          func(*fileMove)
	copied, present int
	bytes           int64
}

// reportEvery is the time between two reports of a fileMove.
const reportEvery = 5 * time.Second

func (m *fileMove) run(ctx context.Context) error {
	sizes := map[string]int64{}
	if err := m.to.List(ctx, func(fileID string, size int64, _ time.Time) error { sizes[fileID] = size; return nil }); err != nil {
		return err
	}
	reported := clock.Clock{}.Now()
	return m.from.List(ctx, func(fileID string, size int64, _ time.Time) error {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if there, ok := sizes[fileID]; ok && there == size {
			m.present++
		} else if err := m.copy(ctx, fileID, size); err != nil {
			return err
		}
		if now := (clock.Clock{}).Now(); now.Sub(reported) >= reportEvery {
			m.report(m)
			reported = now
		}
		if m.erase {
			return m.from.Delete(ctx, fileID)
		}
		return nil
	})
}

// copy copies a file, unless it was deleted since it was listed.
func (m *fileMove) copy(ctx context.Context, fileID string, size int64) error {
	file, err := m.from.Open(ctx, fileID)
	if errs.Is(err, "file_not_found") {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // read only
	w, err := m.to.CreateAs(ctx, fileID)
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
	m.copied, m.bytes = m.copied+1, m.bytes+n
	return nil
}
