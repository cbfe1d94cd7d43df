package blob

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/regulars/regulars/internal/errs"
)

func fileNames(t *testing.T, path, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(path, dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestScratchLeavesNothing(t *testing.T) {
	d, path := open(t)
	s, err := d.CreateScratch()
	if err != nil {
		t.Fatal(err)
	}
	if names := fileNames(t, path, scratchDir); canRemoveOpen && len(names) != 0 {
		t.Errorf("a crash would leave %v", names)
	}
	if _, err := s.Write([]byte("some text")); err != nil {
		t.Fatal(err)
	}
	part := make([]byte, 4)
	if _, err := s.ReadAt(part, 5); err != nil && !errors.Is(err, io.EOF) || string(part) != "text" {
		t.Errorf("read %q, %v", part, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if names := fileNames(t, path, scratchDir); len(names) != 0 {
		t.Errorf("left %v", names)
	}
}

func TestScratchFilesAreClearedAfterACrash(t *testing.T) {
	d, path := open(t)
	kept := put(t, d, []byte("a"))
	if err := os.WriteFile(filepath.Join(path, scratchDir, "left"), []byte("b"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.ClearScratch(); err != nil {
		t.Fatal(err)
	}
	if names := fileNames(t, path, scratchDir); len(names) != 0 {
		t.Errorf("left %v", names)
	}
	if all := ids(t, d); len(all) != 1 || all[0] != kept {
		t.Errorf("kept %v", all)
	}
}

func TestNothingIsWrittenBelowTheMinimumOfFreeSpace(t *testing.T) {
	d, path := open(t)
	isFull := func(err error) bool {
		return errs.Is(err, "disk_full") && errs.KindOf(err) == errs.Unavailable && errs.From(err).RetryAfter > 0
	}
	w, err := d.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	temporary, err := d.CreateScratch()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = temporary.Close() }()
	d.SetMinFree(1 << 62)
	if _, err := d.Create(t.Context()); !isFull(err) {
		t.Errorf("a new file: %v", err)
	}
	if _, err := d.CreateScratch(); !isFull(err) {
		t.Errorf("a new temporary file: %v", err)
	}
	// A file being written fails at the next check.
	chunk := make([]byte, syncEvery)
	if _, err := w.Write(chunk); !isFull(err) {
		t.Errorf("a file being written: %v", err)
	}
	if _, err := temporary.Write(chunk); !isFull(err) {
		t.Errorf("a temporary file being written: %v", err)
	}
	w.Abort()
	if names := fileNames(t, path, unfinishedDir); len(names) != 0 {
		t.Errorf("left %v", names)
	}
	d.SetMinFree(0)
	put(t, d, chunk)
}

func TestScratchIsWrittenAtAnyOffsetAndLeavesNothing(t *testing.T) {
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

func TestScratchReportsAFullDisk(t *testing.T) {
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
