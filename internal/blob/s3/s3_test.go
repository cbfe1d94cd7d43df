package s3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/blob/s3"
	"github.com/regulars/regulars/internal/blob/s3/s3test"
	"github.com/regulars/regulars/internal/errs"
)

// open returns nil without an S3 server.
func open(t *testing.T) (*s3.Bucket, *s3test.Server) {
	t.Helper()
	server, started := s3test.Start(t)
	if !started {
		return nil, nil
	}
	b, err := s3.Open(configOf(t, server))
	if err != nil {
		t.Fatal(err)
	}
	return b, server
}

func configOf(t *testing.T, server *s3test.Server) s3.Config {
	t.Helper()
	c, err := s3.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	c.Key, c.Secret = s3test.Key, s3test.Secret
	return c
}

func put(t *testing.T, b blob.Store, content []byte) string {
	t.Helper()
	w, err := b.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err := io.Copy(w, struct{ io.Reader }{bytes.NewReader(content)}); err != nil {
		t.Fatal(err)
	}
	if w.Size() != int64(len(content)) {
		t.Errorf("size %d of %d", w.Size(), len(content))
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	return w.ID()
}

func ids(t *testing.T, b blob.Store) []string {
	t.Helper()
	list := []string{}
	if err := b.List(t.Context(), func(id string, _ int64, _ time.Time) error { list = append(list, id); return nil }); err != nil {
		t.Fatal(err)
	}
	return list
}

// sequence returns n bytes that differ at every place.
func sequence(n int) []byte {
	content := make([]byte, n)
	source := rand.NewChaCha8([32]byte{})
	_, _ = source.Read(content) // never fails
	return content
}

func TestFilesOfEverySizeAreReadBack(t *testing.T) {
	b, _ := open(t)
	if b == nil {
		return
	}
	for _, n := range []int{0, 1, 1 << 20, 8 << 20, 8<<20 + 1, 20 << 20} {
		want := sequence(n)
		f, err := b.Open(t.Context(), put(t, b, want))
		if err != nil {
			t.Fatal(err)
		}
		if f.Size() != int64(n) || time.Since(f.Modified()) > time.Hour {
			t.Errorf("%d bytes: size %d, modified %s", n, f.Size(), f.Modified())
		}
		got, err := io.ReadAll(f)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: read %d, %v", n, len(got), err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestReadersKeepTheRulesOfTheStandardLibrary(t *testing.T) {
	b, _ := open(t)
	if b == nil {
		return
	}
	want := sequence(3<<20 + 17)
	f, err := b.Open(t.Context(), put(t, b, want))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := iotest.TestReader(f, want); err != nil {
		t.Error(err)
	}
	var readers sync.WaitGroup
	for i := range 8 {
		readers.Go(func() {
			p := make([]byte, 5000)
			for n := range 50 {
				off := int64(i*7919+n*104_729) % f.Size()
				read, err := f.ReadAt(p, off)
				if err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(p[:read], want[off:off+int64(read)]) {
					t.Errorf("%d bytes at %d: %v", read, off, err)
					return
				}
			}
		})
	}
	readers.Wait()
}

func TestFileAppearsCompletelyOrNotAtAll(t *testing.T) {
	b, _ := open(t)
	if b == nil {
		return
	}
	for _, n := range []int{10, 9 << 20} {
		w, err := b.Create(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, n)); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Open(t.Context(), w.ID()); !errs.Is(err, "file_not_found") {
			t.Errorf("open before commit: %v", err)
		}
		w.Abort()
		w.Abort()
		if err := w.Commit(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("commit after abort: %v", err)
		}
		if left := ids(t, b); len(left) > 0 {
			t.Errorf("left %v", left)
		}
	}
	if removed, err := b.Sweep(t.Context(), time.Now().Add(time.Hour)); removed != 0 || err != nil {
		t.Errorf("%d unfinished files remain, %v", removed, err)
	}
}

func TestUnfinishedFilesAreSweptByAge(t *testing.T) {
	b, _ := open(t)
	if b == nil {
		return
	}
	kept := put(t, b, sequence(9<<20))
	w, err := b.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 17<<20)); err != nil {
		t.Fatal(err)
	}
	if removed, err := b.Sweep(t.Context(), time.Now().Add(-time.Hour)); removed != 0 || err != nil {
		t.Errorf("swept %d young ones, %v", removed, err)
	}
	if removed, err := b.Sweep(t.Context(), time.Now().Add(time.Hour)); removed != 1 || err != nil {
		t.Errorf("swept %d, %v", removed, err)
	}
	w.Abort()
	if got := ids(t, b); !slices.Equal(got, []string{kept}) {
		t.Errorf("left %v", got)
	}
}

func TestFilesAreListedInOrderAndDeletedOnce(t *testing.T) {
	b, _ := open(t)
	if b == nil {
		return
	}
	var want []string
	for range 5 {
		want = append(want, put(t, b, []byte("x")))
	}
	if got := ids(t, b); !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	for range 2 {
		if err := b.Delete(t.Context(), want[0]); err != nil {
			t.Error(err)
		}
	}
	if got := ids(t, b); !slices.Equal(got, want[1:]) {
		t.Errorf("left %v", got)
	}
	for _, id := range []string{"", "..", "../x", "65A000000000000000000001", "folder/65a000000000000000000001"} {
		if _, err := b.Open(t.Context(), id); !errs.Is(err, "file_not_found") {
			t.Errorf("open %q: %v", id, err)
		}
		if err := b.Delete(t.Context(), id); !errs.Is(err, "file_not_found") {
			t.Errorf("delete %q: %v", id, err)
		}
		if _, err := b.CreateAs(t.Context(), id); !errs.Is(err, "file_not_found") {
			t.Errorf("create %q: %v", id, err)
		}
	}
}

// A server that is killed and started again within a file costs waiting only.
func TestRestartOfTheServerWithinAFile(t *testing.T) {
	b, server := open(t)
	if b == nil {
		return
	}
	want := sequence(40 << 20)
	w, err := b.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for i := 0; i < len(want); i += 4 << 20 {
		if i == 20<<20 {
			server.Kill()
			server.Restart()
		}
		if _, err := w.Write(want[i:min(i+4<<20, len(want))]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	f, err := b.Open(t.Context(), w.ID())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(f, got[:10<<20]); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	server.Restart()
	if _, err := io.ReadFull(f, got[10<<20:]); err != nil || !bytes.Equal(got, want) {
		t.Errorf("read after the restart: %v", err)
	}
}

func TestAbsentServiceIsUnavailable(t *testing.T) {
	b, server := open(t)
	if b == nil {
		return
	}
	id := put(t, b, sequence(3<<20))
	f, err := b.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	server.Kill()
	_, openErr := b.Open(t.Context(), id)
	_, readErr := f.ReadAt(make([]byte, 1), 2<<20)
	w, err := b.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for name, err := range map[string]error{
		"open": openErr, "read": readErr, "delete": b.Delete(t.Context(), id), "commit": w.Commit(),
		"list": b.List(t.Context(), func(string, int64, time.Time) error { return nil }),
	} {
		if e := errs.From(err); e == nil || e.Kind != errs.Unavailable || e.Code != "files_unavailable" || e.RetryAfter == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	server.Restart()
	if got, err := io.ReadAll(f); err != nil || len(got) != 3<<20 {
		t.Errorf("read %d bytes after the return, %v", len(got), err)
	}
}

func TestContextEndsReadsAndWrites(t *testing.T) {
	b, _ := open(t)
	if b == nil {
		return
	}
	id := put(t, b, sequence(3<<20))
	why := errors.New("enough")
	ctx, stop := context.WithCancelCause(t.Context())
	f, err := b.Open(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	w, err := b.Create(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	stop(why)
	if _, err := f.ReadAt(make([]byte, 1), 0); !errors.Is(err, why) {
		t.Errorf("read: %v", err)
	}
	if err := w.Commit(); !errors.Is(err, why) {
		t.Errorf("commit: %v", err)
	}
}

func TestRefusedRequestsNameTheirCause(t *testing.T) {
	b, server := open(t)
	if b == nil {
		return
	}
	for name, change := range map[string]func(*s3.Config){
		"a wrong secret":   func(c *s3.Config) { c.Secret = "wrong" },
		"a missing bucket": func(c *s3.Config) { c.Bucket = "absent" },
	} {
		c := configOf(t, server)
		change(&c)
		b, err := s3.Open(c)
		if err != nil {
			t.Fatal(err)
		}
		err = b.List(t.Context(), func(string, int64, time.Time) error { return nil })
		if err == nil || errs.From(err) != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAddressesOfBuckets(t *testing.T) {
	for address, want := range map[string]s3.Config{
		"s3://files":                       {Endpoint: "s3.amazonaws.com", Secure: true, Bucket: "files"},
		"s3://files?region=r&reads=direct": {Endpoint: "s3.amazonaws.com", Secure: true, Region: "r", Bucket: "files", Direct: true},
		"s3://files?reads=server":          {Endpoint: "s3.amazonaws.com", Secure: true, Bucket: "files"},
		"s3://files/a/b/?endpoint=http://127.0.0.1:7070&region=eu-central-1": {Endpoint: "127.0.0.1:7070", Region: "eu-central-1", Bucket: "files", Prefix: "a/b/"},
	} {
		if got, err := s3.ParseURL(address); err != nil || got != want {
			t.Errorf("%s: %+v, %v", address, got, err)
		}
	}
	for _, address := range []string{"", "files", "http://files", "s3://", "s3://files?endpoint=127.0.0.1", "s3://files?endpoint=ftp://x", "s3://key:secret@files", "s3://files?key=x", "s3://files?reads=direct", "s3://files?region=r&reads=all", "s3://files?endpoint=http://a:b@x"} {
		if got, err := s3.ParseURL(address); err == nil {
			t.Errorf("%s: %+v", address, got)
		}
	}
}

func TestMemoryOfAnUploadDoesNotGrowWithItsFile(t *testing.T) {
	b, _ := open(t)
	if b == nil {
		return
	}
	w, err := b.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	chunk, peak := make([]byte, 1<<20), uint64(0)
	for i := range 160 {
		if _, err := w.Write(chunk); err != nil {
			t.Fatal(err)
		}
		if i%10 == 0 {
			var now runtime.MemStats
			runtime.GC() // garbage of other tests does not count
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc)
		}
	}
	if err := w.Commit(); err != nil || peak > 40<<20 {
		t.Errorf("%d MiB of memory in use, %v", peak>>20, err)
	}
}
