// Package blob keeps files under ids in one folder. A file is written once,
// is there in whole or not at all, and is never changed after. What a file
// means, and how long it stays, is its owner's business.
package blob

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
)

// unfinished is the folder of the files that are being written.
const unfinished = "unfinished"

// Dir is a folder of files. It may be used by many goroutines and processes
// at the same time, and no id leads out of the folder.
type Dir struct {
	root    *os.Root
	minFree atomic.Int64
}

// SetMinFree makes writes fail with Unavailable "disk_full" while fewer bytes
// are free on the folder's disk. It is checked before a file and every few MiB.
func (d *Dir) SetMinFree(sizeBytes int64) { d.minFree.Store(sizeBytes) }

// checkRoom fails with Unavailable "disk_full" below the minimum of free bytes.
func (d *Dir) checkRoom() error {
	least := d.minFree.Load()
	if least <= 0 {
		return nil
	}
	left, err := d.Free()
	if err == nil && left < uint64(least) {
		return diskFull()
	}
	return err
}

// Open opens a folder, and makes it where it is missing.
func Open(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make file folder: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open file folder: %w", err)
	}
	for _, folder := range []string{unfinished, scratch} {
		if err := root.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, errors.Join(fmt.Errorf("open file folder: %w", err), root.Close())
		}
	}
	return &Dir{root: root}, nil
}

// Close lets the folder go. Files that are open stay usable.
func (d *Dir) Close() error { return d.root.Close() }

// Create begins a file. The caller ends it with Commit or Abort.
func (d *Dir) Create() (*Writer, error) { return d.CreateAs(id.New(clock.Clock{}.Now())) }

// CreateAs is Create under an id that the file had before: a restore.
func (d *Dir) CreateAs(name string) (*Writer, error) {
	if !id.Valid(name) {
		return nil, notFound()
	}
	if err := d.checkRoom(); err != nil {
		return nil, err
	}
	file, err := d.root.OpenFile(unfinished+"/"+name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, roomError("create file", err)
	}
	return newWriter(d, name, file), nil
}

// Open opens a finished file; NotFound "file_not_found" when there is none,
// and for whatever is not an id.
func (d *Dir) Open(fileID string) (*File, error) {
	if !id.Valid(fileID) {
		return nil, notFound()
	}
	file, err := d.root.Open(fileID)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notFound()
	}
	if err != nil {
		return nil, fmt.Errorf("open file: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open file: %w", err), file.Close())
	}
	return &File{File: file, size: info.Size()}, nil
}

// Delete removes a finished file. One that is gone already is no error.
func (d *Dir) Delete(fileID string) error {
	if !id.Valid(fileID) {
		return notFound()
	}
	if err := d.root.Remove(fileID); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete file: %w", err)
	}
	return nil
}

// List calls visit for each finished file, in the order of their ids, and
// stops at its first error. A file that goes away meanwhile is passed over.
func (d *Dir) List(visit func(fileID string, size int64, modified time.Time) error) error {
	return d.walk(".", func(name string, info fs.FileInfo) error {
		return visit(name, info.Size(), info.ModTime())
	})
}

// Sweep removes what writers that crashed have left: unfinished files that
// nobody has written to since before.
func (d *Dir) Sweep(before time.Time) (removed int, err error) {
	err = d.walk(unfinished, func(name string, info fs.FileInfo) error {
		if !info.ModTime().Before(before) {
			return nil
		}
		if err := d.root.Remove(unfinished + "/" + name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("sweep: %w", err)
		}
		removed++
		return nil
	})
	return removed, err
}

func (d *Dir) walk(folder string, visit func(name string, info fs.FileInfo) error) error {
	entries, err := fs.ReadDir(d.root.FS(), folder)
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

// Free is the room that is left on the folder's disk.
func (d *Dir) Free() (sizeBytes uint64, err error) { return free(d.root.Name()) }

// File is a finished file.
type File struct {
	*os.File
	size int64
}

// Size is the file's length in bytes.
func (f *File) Size() int64 { return f.size }

var _ interface {
	io.ReadSeekCloser
	io.ReaderAt
} = (*File)(nil)

func notFound() error {
	return errs.New(errs.NotFound, "file_not_found", "There is no such file.")
}

// roomError is err, or Unavailable "disk_full" where it says so.
func roomError(doing string, err error) error {
	if isFull(err) {
		return diskFull().Because(err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func diskFull() *errs.Error {
	return errs.New(errs.Unavailable, "disk_full", "The server's disk is full. Try again when the operator has freed space.").WithRetry(time.Minute)
}
