package blob

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/id"
)

// scratchDir contains temporary files, which do not outlive a process.
const scratchDir = "scratch"

// Scratch is a temporary file on the disk of the directory. It is not safe for
// concurrent use. Close deletes it.
type Scratch struct {
	dir     *Dir
	file    *os.File
	name    string // "" if already unlinked
	written int64  // bytes since the last check of the free space
}

// CreateScratch returns an empty temporary file. Where possible it is unlinked
// at once, so that a crash leaves nothing.
func (d *Dir) CreateScratch() (*Scratch, error) {
	if err := d.checkFree(); err != nil {
		return nil, err
	}
	name := scratchDir + "/" + id.New(clock.Clock{}.Now())
	file, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, wrapError("create temporary file", err)
	}
	s := &Scratch{dir: d, file: file, name: name}
	if canRemoveOpen && d.root.Remove(name) == nil {
		s.name = ""
	}
	return s, nil
}

// Write appends p. It returns Unavailable "disk_full" if the disk is full or
// below the minimum of free space.
func (s *Scratch) Write(p []byte) (int, error) {
	if err := s.reserve(len(p)); err != nil {
		return 0, err
	}
	n, err := s.file.Write(p)
	if err != nil {
		return n, wrapError("write temporary file", err)
	}
	return n, nil
}

// reserve checks the free space every few MiB before n bytes are written.
func (s *Scratch) reserve(n int) error {
	if s.written += int64(n); s.written < syncEvery {
		return nil
	}
	if err := s.dir.checkFree(); err != nil {
		return err // written is kept, so the next call checks again
	}
	s.written = 0
	return nil
}

// ReadAt implements io.ReaderAt.
func (s *Scratch) ReadAt(p []byte, off int64) (int, error) { return s.file.ReadAt(p, off) }

// Close deletes the file.
func (s *Scratch) Close() error {
	err := s.file.Close()
	if s.name != "" {
		err = errors.Join(err, s.dir.root.Remove(s.name))
		s.name = ""
	}
	return err
}

// ScratchFolder returns the folder for temporary files of other writers, which
// pass their errors to ScratchError. It fails with Unavailable disk_full below the
// minimum of free space.
func (d *Dir) ScratchFolder() (string, error) {
	if err := d.checkFree(); err != nil {
		return "", err
	}
	return filepath.Join(d.root.Name(), scratchDir), nil
}

// ScratchError returns Unavailable disk_full if err means that, else err.
func ScratchError(err error) error {
	if isFull(err) {
		return errDiskFull().Because(err)
	}
	return err
}

// ClearScratch deletes temporary files left by a crash. On systems without
// unlinking, files open in another process are skipped.
func (d *Dir) ClearScratch() error {
	entries, err := fs.ReadDir(d.root.FS(), scratchDir)
	if err != nil {
		return fmt.Errorf("list temporary files: %w", err)
	}
	for _, entry := range entries {
		err := d.root.Remove(scratchDir + "/" + entry.Name())
		if err != nil && canRemoveOpen && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove temporary file: %w", err)
		}
	}
	return nil
}

var _ interface {
	io.Writer
	io.ReaderAt
	io.Closer
} = (*Scratch)(nil)

// WriteAt implements io.WriterAt. It fails like Write; after Unavailable
// "disk_full" the same call may be repeated.
func (s *Scratch) WriteAt(p []byte, off int64) (int, error) {
	if err := s.reserve(len(p)); err != nil {
		return 0, err
	}
	n, err := s.file.WriteAt(p, off)
	if err != nil {
		return n, wrapError("write temporary file", err)
	}
	return n, nil
}

// Truncate sets the length; unwritten bytes are zero.
func (s *Scratch) Truncate(size int64) error {
	if err := s.file.Truncate(size); err != nil {
		return wrapError("extend temporary file", err)
	}
	return nil
}
