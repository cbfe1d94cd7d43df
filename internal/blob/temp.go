package blob

import (
	"errors"
	"io/fs"
	"os"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
)

// Temp is a file for data that does not fit in memory. It has no name where
// the system allows that, so a crash leaves nothing; elsewhere Sweep deletes
// it. It takes room on the disk that Free reports.
type Temp struct {
	file *os.File
	dir  *Dir
	name string // "": already removed
}

// CreateTemp returns an empty temporary file in the folder. Close deletes it. A
// full disk is Unavailable "disk_full".
func (d *Dir) CreateTemp() (*Temp, error) {
	name := unfinished + "/" + id.New(clock.Clock{}.Now())
	file, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, roomError("create temporary file", err)
	}
	t := &Temp{file: file, dir: d, name: name}
	if d.root.Remove(name) == nil {
		t.name = ""
	}
	return t, nil
}

// ReadAt is io.ReaderAt.
func (t *Temp) ReadAt(p []byte, off int64) (int, error) { return t.file.ReadAt(p, off) }

// WriteAt is io.WriterAt. After Unavailable "disk_full" the same call may be
// repeated.
func (t *Temp) WriteAt(p []byte, off int64) (int, error) {
	n, err := t.file.WriteAt(p, off)
	if err != nil {
		return n, roomError("write temporary file", err)
	}
	return n, nil
}

// Truncate sets the length; a part never written reads as zeros.
func (t *Temp) Truncate(size int64) error {
	if err := t.file.Truncate(size); err != nil {
		return roomError("extend temporary file", err)
	}
	return nil
}

// Close deletes the file.
func (t *Temp) Close() error {
	err := t.file.Close()
	if t.name == "" {
		return err
	}
	if removed := t.dir.root.Remove(t.name); !errors.Is(removed, fs.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return err
}

// IsDiskFull reports whether an error is "disk_full" of this package.
func IsDiskFull(err error) bool { return errs.Is(err, "disk_full") }
