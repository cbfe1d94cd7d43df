package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
)

// form returns a form of name, value pairs; a name that starts with @ is a file.
func form(t *testing.T, pairs ...string) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		var part io.Writer
		var err error
		if name, file := strings.CutPrefix(pairs[i], "@"); file {
			part, err = w.CreateFormFile("data", name)
		} else {
			part, err = w.CreateFormField(pairs[i])
		}
		if err == nil {
			_, err = io.WriteString(part, pairs[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), w.FormDataContentType()
}

func newUpload(t *testing.T) (*Upload, *blob.Dir) {
	t.Helper()
	dir, err := blob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	return &Upload{
		Fields: []string{"mode", "dryRun"}, Limit: 1000, Create: dir.Create,
		Community: func(string) error { return nil }, BeforeFile: func() error { return nil },
	}, dir
}

func post(body []byte, contentType string) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), "POST", "/", bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return r
}

func TestFormIsReadWithItsPartsInAnyOrder(t *testing.T) {
	for name, pairs := range map[string][]string{
		"file first": {"@a.csv", "x,y\n", "communityId", " c1 ", "mode", "create", "extra", "1"},
		"file last":  {"mode", "create", "extra", "1", "communityId", "c1", "@a.csv", "x,y\n"},
	} {
		t.Run(name, func(t *testing.T) {
			u, dir := newUpload(t)
			var community string
			u.Community = func(name string) error { community = name; return nil }
			if err := u.Read(post(form(t, pairs...))); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(map[string]string{"mode": "create"}, u.Values); d != "" || community != "c1" || u.FileName != "a.csv" {
				t.Errorf("community %q, file %q, form %s", community, u.FileName, d)
			}
			if d := cmp.Diff([]string{"extra"}, u.Unknown); d != "" || u.Scan.Size != 4 {
				t.Errorf("unknown %s, verdict %+v", d, u.Scan)
			}
			if err := u.File.Commit(); err != nil {
				t.Fatal(err)
			}
			kept, err := dir.Open(t.Context(), u.File.ID())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = kept.Close() }()
			if text, _ := io.ReadAll(kept); string(text) != "x,y\n" {
				t.Errorf("kept %q", text)
			}
		})
	}
}

func TestInvalidFormIsRejectedAndLeavesNoFile(t *testing.T) {
	whole, kind := form(t, "communityId", "c1", "@a.csv", strings.Repeat("x", 900))
	big, bigKind := form(t, "@a.csv", strings.Repeat("x", 1001))
	closed := errs.New(errs.Forbidden, "closed", "m")
	for _, c := range []struct {
		name string
		r    *http.Request
		code string
		with func(*Upload)
	}{
		{"no body at all", post(nil, ""), "missing_file", nil},
		{"not a form", post([]byte("{}"), "application/json"), "not_multipart", nil},
		{"no boundary", post(whole, "multipart/form-data"), "bad_multipart", nil},
		{"no file", post(form(t, "communityId", "c1")), "missing_file", nil},
		{"two files", post(form(t, "@a.csv", "x", "@b.csv", "y")), "several_files", nil},
		{"cut in the file", post(whole[:len(whole)-200], kind), "upload_truncated", nil},
		{"cut before the end of the form", post(whole[:len(whole)-4], kind), "upload_truncated", nil},
		{"the wrong boundary", post(whole, "multipart/form-data; boundary=other"), "upload_truncated", nil},
		{"a file over the limit", post(big, bigKind), "file_too_large", nil},
		{"a field twice", post(form(t, "mode", "create", "mode", "update", "@a.csv", "x")), "invalid_input", nil},
		{"a field with NUL", post(form(t, "mode", "a\x00b", "@a.csv", "x")), "invalid_input", nil},
		{"a field that is not UTF-8", post(form(t, "mode", "a\xffb", "@a.csv", "x")), "invalid_input", nil},
		{"a field over 64 KiB", post(form(t, "mode", strings.Repeat("x", maxFormField+1), "@a.csv", "x")), "invalid_input", nil},
		{"a community that is closed to the actor", post(whole, kind), "closed", func(u *Upload) { u.Community = func(string) error { return closed } }},
		{"too many uploads", post(whole, kind), "closed", func(u *Upload) { u.BeforeFile = func() error { return closed } }},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, dir := newUpload(t)
			if c.with != nil {
				c.with(u)
			}
			err := u.Read(c.r)
			u.Abort()
			if !errs.Is(err, c.code) {
				t.Errorf("got %v, want %s", err, c.code)
			}
			left := 0
			_ = dir.List(t.Context(), func(string, int64, time.Time) error { left++; return nil })
			swept, _ := dir.Sweep(t.Context(), time.Unix(1<<40, 0))
			if left+swept > 0 {
				t.Errorf("%d files are left, %d unfinished", left, swept)
			}
		})
	}
}

func TestDeclaredSizeOverTheLimitIsRejectedUnread(t *testing.T) {
	u, _ := newUpload(t)
	r := post(form(t, "@a.csv", "x"))
	r.ContentLength = u.Limit + httpx.FormOverhead + 1
	r.Body = io.NopCloser(unreadableBody{t})
	if err := u.Read(r); !errs.Is(err, "file_too_large") {
		t.Error(err)
	}
}

type unreadableBody struct{ t *testing.T }

func (u unreadableBody) Read([]byte) (int, error) {
	u.t.Error("the body is read")
	return 0, io.EOF
}

func TestEndlessFormIsCutOff(t *testing.T) {
	u, _ := newUpload(t)
	body := io.MultiReader(strings.NewReader("--b\r\nContent-Disposition: form-data; name=\"other\"; filename=\"x\"\r\n\r\n"), endless{})
	r := httptest.NewRequestWithContext(context.Background(), "POST", "/", body)
	r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	if err := u.Read(r); !errs.Is(err, "file_too_large") {
		t.Error(err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestFingerprintIgnoresTheOrderOfParts(t *testing.T) {
	of := func(pairs ...string) string {
		u, _ := newUpload(t)
		defer u.Abort()
		if err := u.Read(post(form(t, pairs...))); err != nil {
			t.Fatal(err)
		}
		return u.Fingerprint()
	}
	first := of("@a.csv", "x", "mode", "create", "dryRun", "true")
	if got := of("dryRun", "true", "@renamed.csv", "x", "mode", "create", "ignored", "1"); got != first {
		t.Error("another order is another fingerprint")
	}
	for name, pairs := range map[string][]string{
		"another file":  {"@a.csv", "y", "mode", "create", "dryRun", "true"},
		"another value": {"@a.csv", "x", "mode", "update", "dryRun", "true"},
		"one field":     {"@a.csv", "x", "mode", "create"},
	} {
		if of(pairs...) == first {
			t.Error(name + " has the same fingerprint")
		}
	}
}

func TestDisconnectIsDetectedAfterTheFormIsRead(t *testing.T) {
	seen := make(chan error, 1)
	u, _ := newUpload(t)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		u.File = nil
		seen <- u.Read(r)
		<-r.Context().Done()
		u.Abort()
		seen <- r.Context().Err()
	}))
	defer srv.Close()
	body, kind := form(t, "@a.csv", "x,y\n")
	for _, length := range []string{
		fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body),
		fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body),
	} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: "+kind+"\r\n"+length)
		if err := <-seen; err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
		if err := <-seen; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

func FuzzFormIsReadOrRejected(f *testing.F) {
	f.Add("--b\r\nContent-Disposition: form-data; name=\"data\"; filename=\"a.csv\"\r\n\r\nx,y\r\n--b--\r\n")
	f.Add("--b\r\nContent-Disposition: form-data; name=\"communityId\"\r\n\r\nc1\r\n--b\r\n\r\n--b--")
	f.Add("--b\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Disposition: form-data; name=mode\r\n\r\n=\r\n--b--")
	dir, err := blob.Open(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body string) {
		u := &Upload{
			Fields: []string{"mode", "dryRun"}, Limit: 1000, Create: dir.Create,
			Community: func(string) error { return nil }, BeforeFile: func() error { return nil },
		}
		defer u.Abort()
		err := u.Read(post([]byte(body), "multipart/form-data; boundary=b"))
		if err != nil && errs.From(err) == nil {
			t.Errorf("an error that is not the client's: %v", err)
		}
		if err == nil && u.Scan.Size > u.Limit {
			t.Errorf("%d bytes are kept", u.Scan.Size)
		}
	})
}
