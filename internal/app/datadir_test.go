package app

import (
	"path/filepath"
	"testing"
)

func TestDataFolderHasOneServer(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	first, err := lockDataDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockDataDir(folder); err == nil {
		t.Error("a second server got the lock")
	}
	if err := first.release(); err != nil {
		t.Fatal(err)
	}
	second, err := lockDataDir(folder)
	if err != nil {
		t.Fatalf("after the first has gone: %v", err)
	}
	if err := second.release(); err != nil {
		t.Error(err)
	}
}
