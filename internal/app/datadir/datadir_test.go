package datadir

import (
	"path/filepath"
	"testing"
)

func TestDataFolderHasOneServer(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	first, err := lock(folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock(folder); err == nil {
		t.Error("a second server got the lock")
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	second, err := lock(folder)
	if err != nil {
		t.Fatalf("after the first has gone: %v", err)
	}
	if err := second.Release(); err != nil {
		t.Error(err)
	}
}
