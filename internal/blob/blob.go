// Package blob stores immutable files by id. A Dir stores them in one directory,
// together with temporary files; package blob/s3 stores them in a bucket.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
)

// unfinishedDir contains the files being written.
const unfinishedDir = "unfinished"

// Dir is a directory of files, a Store. Ids cannot escape the directory.
type Dir struct {
	root    *os.Root
	minFree atomic.Int64
	writing sync.Map // ids of unfinished files with a writer of this process
}

// SetMinFree makes writes return Unavailable "disk_full" while fewer bytes are
// free on the disk. It is checked before a file and every few MiB.
func (d *Dir) SetMinFree(sizeBytes int64) { d.minFree.Store(sizeBytes) }

// checkFree returns Unavailable "disk_full" below the minimum of free bytes.
func (d *Dir) checkFree() error {
	minimum := d.minFree.Load()
	if minimum <= 0 {
		return nil
	}
	available, err := d.Free()
	if err == nil && available < uint64(minimum) {
		return errDiskFull()
	}
	return err
}

// Open opens a directory and creates it if it is missing.
func Open(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("create file directory:  %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open file directory:  %w", err)
	}
	for _, dir := range []string{unfinishedDir, scratchDir} {
		if err := root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, errors.Join(fmt.Errorf("open file directory:  %w", err), root.Close())
		}
	}
	return &Dir{root: root}, nil
}

// Close closes the directory. Open files remain usable.
func (d *Dir) Close() error { return d.root.Close() }

// Create starts a file. Its writes do not end with ctx.
func (d *Dir) Create(ctx context.Context) (Writer, error) {
	return d.CreateAs(ctx, id.New(clock.Clock{}.Now()))
}

// CreateAs is Create with a given id. It replaces the unfinished file of a writer
// that crashed.
func (d *Dir) CreateAs(_ context.Context, name string) (Writer, error) {
	if !id.Valid(name) {
		return nil, ErrNotFound()
	}
	if err := d.checkFree(); err != nil {
		return nil, err
	}
	file, err := d.createUnfinished(name)
	if errors.Is(err, fs.ErrExist) {
		if err = d.root.Remove(unfinishedDir + "/" + name); err == nil {
			file, err = d.createUnfinished(name)
		}
	}
	if err != nil {
		return nil, wrapError("create file", err)
	}
	return newWriter(d, name, file), nil
}

func (d *Dir) createUnfinished(name string) (*os.File, error) {
	return d.root.OpenFile(unfinishedDir+"/"+name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// Open opens a committed file. Its reads do not end with ctx.
func (d *Dir) Open(_ context.Context, fileID string) (File, error) {
	if !id.Valid(fileID) {
		return nil, ErrNotFound()
	}
	file, err := d.root.Open(fileID)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound()
	}
	if err != nil {
		return nil, fmt.Errorf("open file: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open file: %w", err), file.Close())
	}
	return &diskFile{File: file, size: info.Size(), modified: info.ModTime()}, nil
}

// Delete deletes a committed file.
func (d *Dir) Delete(_ context.Context, fileID string) error {
	if !id.Valid(fileID) {
		return ErrNotFound()
	}
	if err := d.root.Remove(fileID); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete file: %w", err)
	}
	return nil
}

// List calls visit for each committed file.
func (d *Dir) List(_ context.Context, visit func(fileID string, size int64, modified time.Time) error) error {
	return d.walk(".", func(name string, info fs.FileInfo) error {
		return visit(name, info.Size(), info.ModTime())
	})
}

// Sweep deletes unfinished files last written before the given time, unless a
// writer of this process has them: the clock may have jumped.
func (d *Dir) Sweep(_ context.Context, before time.Time) (removed int, err error) {
	err = d.walk(unfinishedDir, func(name string, info fs.FileInfo) error {
		if _, busy := d.writing.Load(name); busy || !info.ModTime().Before(before) {
			return nil
		}
		if err := d.root.Remove(unfinishedDir + "/" + name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("sweep: %w", err)
		}
		removed++
		return nil
	})
	return removed, err
}

func (d *Dir) walk(dir string, visit func(name string, info fs.FileInfo) error) error {
	entries, err := fs.ReadDir(d.root.FS(), dir)
	if err != nil {
		return fmt.Errorf("list files: %w", err)
	}
	for _, entry := range entries {
		if !id.Valid(entry.Name()) {
			continue
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("list files: %w", err)
		}
		if err := visit(entry.Name(), info); err != nil {
			return err
		}
	}
	return nil
}

// Free returns the free bytes of the disk.
func (d *Dir) Free() (sizeBytes uint64, err error) { return free(d.root.Name()) }

// ReadOrigin is "": clients read files from the server.
func (d *Dir) ReadOrigin() string { return "" }

// ReadAddress is "": clients read files from the server.
func (d *Dir) ReadAddress(context.Context, string, ReadOptions) (string, error) { return "", nil }

// Shared is false: other nodes have directories of their own.
func (d *Dir) Shared() bool { return false }

type diskFile struct {
	*os.File
	size     int64
	modified time.Time
}

func (f *diskFile) Size() int64 { return f.size }

func (f *diskFile) Modified() time.Time { return f.modified }

var _ Store = (*Dir)(nil)

// ErrNotFound is the error of a Store for a missing file.
func ErrNotFound() error {
	return errs.Missing("file")
}

// wrapError returns err with context, or Unavailable "disk_full" if the disk
// is full.
func wrapError(doing string, err error) error {
	if isFull(err) {
		return errDiskFull().Because(err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func errDiskFull() *errs.Error {
	return errs.New(errs.Unavailable, "disk_full", "The server's disk is full. Try again when the operator has freed space.").WithRetry(time.Minute)
}
