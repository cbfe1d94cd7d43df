package blob

import (
	"errors"
	"io/fs"
	"os"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/id"
)

// Scratch is a temporary file on the folder's disk. It is used by one
// goroutine; Close removes it.
type Scratch struct {
	dir  *Dir
	file *os.File
	name string // "" where the name is removed already
}

// CreateScratch returns an empty temporary file. Where the system allows it,
// the name is removed at once and a crash leaves nothing; elsewhere Sweep
// removes it. A full disk is Unavailable "disk_full".
func (d *Dir) CreateScratch() (*Scratch, error) {
	name := unfinished + "/" + id.New(clock.Clock{}.Now())
	file, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, roomError("create temporary file", err)
	}
	s := &Scratch{dir: d, file: file, name: name}
	if d.root.Remove(name) == nil {
		s.name = ""
	}
	return s, nil
}

// ReadAt reads what was written.
func (s *Scratch) ReadAt(p []byte, off int64) (int, error) { return s.file.ReadAt(p, off) }

// Close removes the file.
func (s *Scratch) Close() error {
	err := s.file.Close()
	if s.name == "" {
		return err
	}
	if removed := s.dir.root.Remove(s.name); !errors.Is(removed, fs.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	s.name = ""
	return err
}
