package blob

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/regulars/regulars/internal/errs"
)

func TestATemporaryFileIsWrittenAnywhereAndLeavesNothing(t *testing.T) {
	d, path := open(t)
	s, err := d.CreateScratch()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Truncate(10); err != nil {
		t.Fatal(err)
	}
	if _, err := s.WriteAt([]byte("late"), 4); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 10)
	if _, err := s.ReadAt(got, 0); err != nil || string(got) != "\x00\x00\x00\x00late\x00\x00" {
		t.Errorf("%q %v", got, err)
	}
	if named, err := filepath.Glob(filepath.Join(path, "*", "*")); runtime.GOOS != "windows" && (err != nil || len(named) != 0) {
		t.Errorf("a crash would leave %v, %v", named, err)
	}
	if list := ids(t, d); len(list) != 0 {
		t.Errorf("a temporary file is listed: %v", list)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	left, err := filepath.Glob(filepath.Join(path, "*", "*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestATemporaryFileSaysThatTheDiskIsFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if errors.Is(err, os.ErrNotExist) {
		t.Log("left out: this system has no /dev/full")
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	s := &Scratch{file: full}
	if _, err := s.WriteAt([]byte("x"), 0); !errs.Is(err, "disk_full") {
		t.Errorf("write: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
