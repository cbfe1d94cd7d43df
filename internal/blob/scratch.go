package blob

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/id"
)

// scratch is the folder of the files that no process keeps past its end.
const scratch = "scratch"

// Scratch is a temporary file on the folder's disk. It is used by one
// goroutine; Close removes it.
type Scratch struct {
	dir     *Dir
	file    *os.File
	name    string // "" where the name is removed already
	written int64  // since the free space was checked
}

// CreateScratch returns an empty temporary file. Where the system allows it,
// the name is removed at once and a crash leaves nothing.
func (d *Dir) CreateScratch() (*Scratch, error) {
	if err := d.checkRoom(); err != nil {
		return nil, err
	}
	name := scratch + "/" + id.New(clock.Clock{}.Now())
	file, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, roomError("create temporary file", err)
	}
	s := &Scratch{dir: d, file: file, name: name}
	if removesOpen && d.root.Remove(name) == nil {
		s.name = ""
	}
	return s, nil
}

// Write appends p. A full disk, or one below the minimum of free space, is
// Unavailable "disk_full".
func (s *Scratch) Write(p []byte) (int, error) {
	if err := s.reserve(len(p)); err != nil {
		return 0, err
	}
	n, err := s.file.Write(p)
	if err != nil {
		return n, roomError("write temporary file", err)
	}
	return n, nil
}

// reserve checks the free space now and then, before n bytes are written.
func (s *Scratch) reserve(n int) error {
	if s.written += int64(n); s.written < syncEvery {
		return nil
	}
	if err := s.dir.checkRoom(); err != nil {
		return err // written stays: the next call checks again
	}
	s.written = 0
	return nil
}

// ReadAt reads what was written.
func (s *Scratch) ReadAt(p []byte, off int64) (int, error) { return s.file.ReadAt(p, off) }

// Close removes the file.
func (s *Scratch) Close() error {
	err := s.file.Close()
	if s.name != "" {
		err = errors.Join(err, s.dir.root.Remove(s.name))
		s.name = ""
	}
	return err
}

// ClearScratch removes the temporary files that a crash left. Files that a
// process still has open stay, on systems that do not remove those.
func (d *Dir) ClearScratch() error {
	entries, err := fs.ReadDir(d.root.FS(), scratch)
	if err != nil {
		return fmt.Errorf("list temporary files: %w", err)
	}
	for _, entry := range entries {
		err := d.root.Remove(scratch + "/" + entry.Name())
		if err != nil && removesOpen && !errors.Is(err, fs.ErrNotExist) {
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
