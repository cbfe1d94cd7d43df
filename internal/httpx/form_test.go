package httpx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/errs"
)

var errFormTooLarge = errs.New(errs.TooLarge, "file_too_large", "m")

// formRequest returns a request with a form in body.
func formRequest(t *testing.T, body io.Reader) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", body)
	r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	return r
}

// formOf returns a form with parts of that text.
func formOf(t *testing.T, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	err := w.SetBoundary("b")
	for i, text := range parts {
		part, createErr := w.CreateFormFile(fmt.Sprint("part", i), "a.csv")
		if err = errors.Join(err, createErr); err == nil {
			_, err = io.WriteString(part, text)
		}
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// readParts reads a form with files of at most limit bytes to its end and returns
// the content of its parts.
func readParts(t *testing.T, r *http.Request, limit int64) (parts []string, err error) {
	t.Helper()
	dir, err := blob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dir.Close() }()
	form, err := OpenForm(r, limit, errFormTooLarge)
	if err != nil {
		return nil, err
	}
	for {
		part, err := form.Next()
		if err == io.EOF { //nolint:errorlint // returned as it is
			return parts, form.Drain()
		}
		if err != nil {
			return parts, err
		}
		file, err := dir.Create(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer file.Abort()
		scan, err := form.Save(part, file, nil)
		if err != nil {
			return parts, err
		}
		if scan.Size != file.Size() {
			t.Errorf("scanned %d of %d bytes", scan.Size, file.Size())
		}
		if err := file.Commit(); err != nil {
			t.Fatal(err)
		}
		stored, err := dir.Open(t.Context(), file.ID())
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(stored)
		if err := errors.Join(err, stored.Close()); err != nil {
			t.Fatal(err)
		}
		parts = append(parts, string(text))
	}
}

func TestFormReturnsItsPartsInOrder(t *testing.T) {
	large := strings.Repeat("x", 2*uploadChunk+1)
	for _, want := range [][]string{nil, {""}, {"x,y\n", ""}, {large[:uploadChunk], large, "z"}} {
		got, err := readParts(t, formRequest(t, bytes.NewReader(formOf(t, want...))), int64(len(large)))
		if err != nil || strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%d parts instead of %d, %v", len(got), len(want), err)
		}
	}
}

func TestFormIsBounded(t *testing.T) {
	parts := func(n int) []byte { return formOf(t, make([]string, n)...) }
	declared := formRequest(t, nil)
	declared.ContentLength = 1000 + FormOverhead + 1
	endless := io.MultiReader(bytes.NewReader(formOf(t, "x")), zeros{}) // after the last part
	for name, c := range map[string]struct {
		r    *http.Request
		code string
	}{
		"a file of the limit":         {formRequest(t, bytes.NewReader(formOf(t, strings.Repeat("x", 1000)))), ""},
		"a file over the limit":       {formRequest(t, bytes.NewReader(formOf(t, strings.Repeat("x", 1001)))), "file_too_large"},
		"a declared size over it":     {declared, "file_too_large"},
		"an endless file":             {formRequest(t, io.MultiReader(bytes.NewReader(formOf(t, "x")[:len(formOf(t, "x"))-9]), zeros{})), "file_too_large"},
		"an endless header of a part": {formRequest(t, io.MultiReader(strings.NewReader("--b\r\n"), zeros{})), "file_too_large"},
		"an endless end":              {formRequest(t, endless), "file_too_large"},
		"the maximum of parts":        {formRequest(t, bytes.NewReader(parts(maxFormParts))), ""},
		"more parts":                  {formRequest(t, bytes.NewReader(parts(maxFormParts+1))), "too_many_parts"},
	} {
		if _, err := readParts(t, c.r, 1000); codeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// zeros is an endless body.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func codeOf(err error) string {
	if e := errs.From(err); e != nil {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestMalformedFormIsRejected(t *testing.T) {
	whole := formOf(t, "x,y\n")
	for name, c := range map[string]struct {
		kind string
		body []byte
		code string
	}{
		"no type":               {"", whole, "not_multipart"},
		"a type that is broken": {"multipart/form-data; boundary", whole, "not_multipart"},
		"another type":          {"multipart/mixed; boundary=b", whole, "not_multipart"},
		"no boundary":           {"multipart/form-data", whole, "bad_multipart"},
		"the wrong boundary":    {"multipart/form-data; boundary=other", whole, "upload_truncated"},
		"a broken header":       {"multipart/form-data; boundary=b", []byte("--b\r\nno header\r\n\r\nx\r\n--b--\r\n"), "bad_multipart"},
	} {
		r := formRequest(t, bytes.NewReader(c.body))
		r.Header.Set("Content-Type", c.kind)
		if _, err := readParts(t, r, 1000); codeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A form that is cut anywhere before its last boundary is incomplete.
func TestFormThatIsCutIsTruncated(t *testing.T) {
	whole := formOf(t, "x,y\n", "z")
	end := bytes.LastIndex(whole, []byte("--"))
	causes := []error{io.ErrUnexpectedEOF, context.Canceled, http.ErrBodyReadAfterClose, errors.New("read tcp: connection reset by peer")}
	for n := range end {
		cause := causes[n%len(causes)]
		if _, err := readParts(t, formRequest(t, cutReader(whole[:n], cause)), 1000); codeOf(err) != "upload_truncated" {
			t.Errorf("%v after %d bytes: %v", cause, n, err)
		}
	}
}

// cutReader returns text and then err.
func cutReader(text []byte, err error) io.Reader {
	return io.MultiReader(bytes.NewReader(text), failingReader{err})
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

func TestTimeoutOfAFormIsNamed(t *testing.T) {
	whole := formOf(t, "x,y\n")
	for _, n := range []int{0, 10, len(whole) - 10, len(whole)} { // the last one after the last part
		_, err := readParts(t, formRequest(t, cutReader(whole[:n], os.ErrDeadlineExceeded)), 1000)
		if e := errs.From(err); e == nil || e.Code != "upload_truncated" || !strings.Contains(e.Message, "timed out") || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

func TestErrorsOfTheServerAreNotOfTheForm(t *testing.T) {
	dir, err := blob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file, err := dir.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	file.Abort() // writing fails
	form, err := OpenForm(formRequest(t, bytes.NewReader(formOf(t, "x"))), 1000, errFormTooLarge)
	if err != nil {
		t.Fatal(err)
	}
	part, err := form.Next()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := form.Save(part, file, nil); err == nil || errs.From(err) != nil {
		t.Error(err)
	}
}

func TestSavedFormIsCounted(t *testing.T) {
	uploads := NewUploads(UploadLimits{PerAccount: 1, BytesPerAccount: 10})
	counted, err := uploads.Begin("a", "", -1)
	if err != nil {
		t.Fatal(err)
	}
	defer counted.End()
	dir, err := blob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file, err := dir.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer file.Abort()
	form, err := OpenForm(formRequest(t, bytes.NewReader(formOf(t, "more than ten bytes"))), 1000, errFormTooLarge)
	if err != nil {
		t.Fatal(err)
	}
	part, err := form.Next()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := form.Save(part, file, counted); !errs.Is(err, "rate_limited") || file.Size() > 0 {
		t.Errorf("%d bytes, %v", file.Size(), err)
	}
}

// A client that stalls has the timeout of the server.
func TestStalledFormTimesOut(t *testing.T) {
	result := make(chan error, 1)
	dial := rawServer(t, BodyLimits{Idle: 50 * time.Millisecond}, func(w http.ResponseWriter, r *http.Request) {
		_, err := readParts(t, r, 1000)
		result <- err
	})
	whole := formOf(t, "x,y\n")
	if _, err := io.WriteString(dial(), header(len(whole), "Content-Type: multipart/form-data; boundary=b\r\n")+string(whole[:len(whole)-10])); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-result:
		if codeOf(err) != "upload_truncated" || !IsStalled(err) {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the form is still read")
	}
}
