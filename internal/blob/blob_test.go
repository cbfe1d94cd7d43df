package blob

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/regulars/regulars/internal/errs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T) (*Dir, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "files")
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, path
}

func put(t *testing.T, d *Dir, content []byte) string {
	t.Helper()
	w, err := d.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	return w.ID()
}

func ids(t *testing.T, d *Dir) []string {
	t.Helper()
	list := []string{}
	if err := d.List(t.Context(), func(id string, _ int64, _ time.Time) error { list = append(list, id); return nil }); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestCommittedFileIsReadBack(t *testing.T) {
	d, _ := open(t)
	id := put(t, d, []byte("Ann,Lee\n"))
	f, err := d.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if f.Size() != 8 {
		t.Errorf("size %d, want 8", f.Size())
	}
	tail := make([]byte, 3)
	if _, err := f.ReadAt(tail, 4); err != nil || string(tail) != "Lee" {
		t.Errorf("read %q, %v", tail, err)
	}
	all, err := io.ReadAll(f)
	if err != nil || string(all) != "Ann,Lee\n" {
		t.Errorf("read %q, %v", all, err)
	}
}

func TestFileIsNotVisibleBeforeCommit(t *testing.T) {
	d, _ := open(t)
	w, err := d.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Open(t.Context(), w.ID()); !errs.Is(err, "file_not_found") {
		t.Errorf("open before commit: %v", err)
	}
	if got := ids(t, d); len(got) != 0 {
		t.Errorf("listed %v before commit", got)
	}
	w.Abort()
	if _, err := d.Open(t.Context(), w.ID()); !errs.Is(err, "file_not_found") {
		t.Errorf("open after abort: %v", err)
	}
}

func TestAbortLeavesNothingAndMayFollowCommit(t *testing.T) {
	d, path := open(t)
	w, err := d.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.Abort()
	w.Abort()
	if err := w.Commit(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("commit after abort: %v", err)
	}
	left, err := os.ReadDir(filepath.Join(path, unfinishedDir))
	if err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
	id := put(t, d, []byte("kept")) // put defers an Abort
	if !slices.Equal(ids(t, d), []string{id}) {
		t.Errorf("the file is missing")
	}
}

func TestManySyncsLoseNoBytes(t *testing.T) {
	d, _ := open(t)
	w, err := d.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	disk := w.(*diskWriter)                                  //nolint:forcetypeassert // of a Dir
	chunk := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB
	for range 80 {
		if _, err := w.Write(chunk); err != nil {
			t.Fatal(err)
		}
		if open := disk.requested - disk.syncedSize; open > maxUnsynced {
			t.Fatalf("%d bytes are unsynced", open)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	f, err := d.Open(t.Context(), w.ID())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if f.Size() != 80<<20 || w.Size() != f.Size() {
		t.Errorf("size %d, want %d", f.Size(), 80<<20)
	}
}

func TestFailedSyncFailsTheCommit(t *testing.T) {
	d, path := open(t)
	w, err := d.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	disk := w.(*diskWriter)                   //nolint:forcetypeassert // of a Dir
	if err := disk.file.Close(); err != nil { // every later sync fails
		t.Fatal(err)
	}
	disk.requests <- 1
	if err := w.Commit(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("commit: %v", err)
	}
	left, err := os.ReadDir(filepath.Join(path, unfinishedDir))
	if err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestFullDiskIsReported(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if errors.Is(err, os.ErrNotExist) {
		t.Log("left out: this system has no /dev/full")
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	d, _ := open(t)
	w := newWriter(d, "65a000000000000000000001", full)
	defer w.Abort()
	_, err = w.Write([]byte("x"))
	if e := errs.From(err); e == nil || e.Kind != errs.Unavailable || e.Code != "disk_full" || e.RetryAfter == 0 {
		t.Errorf("write: %v", err)
	}
}

func TestIDsCannotEscapeTheDirectory(t *testing.T) {
	d, path := open(t)
	secret := filepath.Join(filepath.Dir(path), "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", "..", "../secret", secret, "unfinished", "65A000000000000000000001", "../../../../../../etc/pass"} {
		if _, err := d.Open(t.Context(), id); !errs.Is(err, "file_not_found") {
			t.Errorf("open %q: %v", id, err)
		}
		if err := d.Delete(t.Context(), id); !errs.Is(err, "file_not_found") {
			t.Errorf("delete %q: %v", id, err)
		}
	}
	link := "65a000000000000000000001"
	if err := os.Symlink(secret, filepath.Join(path, link)); err != nil {
		t.Fatal(err)
	}
	if f, err := d.Open(t.Context(), link); err == nil {
		_ = f.Close()
		t.Error("a link escaped the directory")
	}
}

func TestDeleteIsIdempotent(t *testing.T) {
	d, _ := open(t)
	kept, deleted := put(t, d, []byte("a")), put(t, d, []byte("b"))
	for range 2 {
		if err := d.Delete(t.Context(), deleted); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(ids(t, d), []string{kept}) {
		t.Errorf("left %v, want %v", ids(t, d), kept)
	}
}

func TestSweepRemovesOnlyAbandonedFiles(t *testing.T) {
	d, path := open(t)
	kept := put(t, d, []byte("a"))
	w, err := d.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	crashed := filepath.Join(path, unfinishedDir, "65a000000000000000000001")
	if err := os.WriteFile(crashed, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Unix(1e9, 0)
	if err := os.Chtimes(crashed, old, old); err != nil {
		t.Fatal(err)
	}
	n, err := d.Sweep(t.Context(), time.Now().Add(time.Hour)) // as after a jump of the clock
	if err != nil || n != 1 {
		t.Errorf("swept %d, %v; want 1", n, err)
	}
	if err := w.Commit(); err != nil {
		t.Errorf("the file being written was swept: %v", err)
	}
	if !slices.Equal(ids(t, d), []string{kept, w.ID()}) {
		t.Errorf("left %v", ids(t, d))
	}
}

func TestFreeReportsDiskSpace(t *testing.T) {
	d, _ := open(t)
	if n, err := d.Free(); err != nil || n == 0 {
		t.Errorf("free %d, %v", n, err)
	}
}
