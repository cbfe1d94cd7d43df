package blob

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/regulars/regulars/internal/errs"
)

func namesIn(t *testing.T, path, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(path, folder))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestATemporaryFileLeavesNothing(t *testing.T) {
	d, path := open(t)
	s, err := d.CreateScratch()
	if err != nil {
		t.Fatal(err)
	}
	if names := namesIn(t, path, scratch); removesOpen && len(names) != 0 {
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
	if names := namesIn(t, path, scratch); len(names) != 0 {
		t.Errorf("left %v", names)
	}
}

func TestTemporaryFilesOfACrashAreCleared(t *testing.T) {
	d, path := open(t)
	kept := put(t, d, []byte("a"))
	if err := os.WriteFile(filepath.Join(path, scratch, "left"), []byte("b"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.ClearScratch(); err != nil {
		t.Fatal(err)
	}
	if names := namesIn(t, path, scratch); len(names) != 0 {
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
	w, err := d.Create()
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
	if _, err := d.Create(); !isFull(err) {
		t.Errorf("a new file: %v", err)
	}
	if _, err := d.CreateScratch(); !isFull(err) {
		t.Errorf("a new temporary file: %v", err)
	}
	// A file that is under way ends at the next check.
	chunk := make([]byte, syncEvery)
	if _, err := w.Write(chunk); !isFull(err) {
		t.Errorf("a file under way: %v", err)
	}
	if _, err := temporary.Write(chunk); !isFull(err) {
		t.Errorf("a temporary file under way: %v", err)
	}
	w.Abort()
	if names := namesIn(t, path, unfinished); len(names) != 0 {
		t.Errorf("left %v", names)
	}
	d.SetMinFree(0)
	put(t, d, chunk)
}
