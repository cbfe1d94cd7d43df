package s3_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/blob/s3"
	"github.com/regulars/regulars/internal/blob/s3/s3test"
	"github.com/regulars/regulars/internal/errs"
)

// A faultKind is what happens to a request.
type faultKind string

const (
	answer500  faultKind = "answer 500"
	answer503  faultKind = "answer 503"
	cutRequest faultKind = "connection cut within the request"
	cutAnswer  faultKind = "connection cut within the answer"
	lostAnswer faultKind = "request executed, answer lost"
	forgotten  faultKind = "request executed, answer lost, upload unknown when it is repeated"
)

// faults is a server before an S3 server that fails some requests.
type faults struct {
	server *httputil.ReverseProxy
	mu     sync.Mutex
	kind   faultKind
	of     func(*http.Request) bool
	left   int // requests that fail
}

func (f *faults) set(kind faultKind, of func(*http.Request) bool, count int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kind, f.of, f.left = kind, of, count
}

// next returns the fault of a request; "": none.
func (f *faults) next(r *http.Request) faultKind {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left == 0 || !f.of(r) {
		return ""
	}
	f.left--
	if f.kind == forgotten && f.left > 0 {
		return lostAnswer
	}
	return f.kind
}

// ServeHTTP implements http.Handler.
func (f *faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind := f.next(r)
	switch kind {
	case "":
		f.server.ServeHTTP(w, r)
		return
	case answer500:
		refuse(w, r, http.StatusInternalServerError, "InternalError")
		return
	case answer503:
		refuse(w, r, http.StatusServiceUnavailable, "SlowDown")
		return
	case forgotten:
		refuse(w, r, http.StatusNotFound, "NoSuchUpload")
		return
	case cutRequest:
		_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2) // as far as it comes
	case cutAnswer, lostAnswer:
		answer := httptest.NewRecorder()
		f.server.ServeHTTP(answer, r)
		if kind == cutAnswer {
			for name, values := range answer.Header() {
				w.Header()[name] = values
			}
			w.Header().Set("Content-Length", fmt.Sprint(answer.Body.Len()))
			w.WriteHeader(answer.Code)
			_, _ = w.Write(answer.Body.Bytes()[:answer.Body.Len()/2]) // the client may be away
		}
	}
	panic(http.ErrAbortHandler) //nolint:forbidigo // ends the connection
}

func refuse(w http.ResponseWriter, r *http.Request, status int, code string) {
	_, _ = io.Copy(io.Discard, r.Body) // else the client may see a closed connection only
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>later</Message></Error>", code)
}

// openFaulty returns nil without an S3 server.
func openFaulty(t *testing.T, change ...func(*s3.Config)) (*s3.Bucket, *faults) {
	t.Helper()
	server, started := s3test.Start(t)
	if !started {
		return nil, nil
	}
	behind := &url.URL{Scheme: "http", Host: server.Address()}
	f := &faults{server: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(behind)
		r.Out.Host = r.In.Host // is signed
	}}}
	front := httptest.NewServer(f)
	t.Cleanup(front.Close)
	c := configOf(t, server)
	c.Endpoint = front.Listener.Addr().String()
	for _, f := range change {
		f(&c)
	}
	b, err := s3.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return b, f
}

// requests are the requests of files, by name.
var requests = map[string]func(*http.Request) bool{
	"a small file":        func(r *http.Request) bool { return r.Method == http.MethodPut && !r.URL.Query().Has("uploadId") },
	"the begin of a file": func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Query().Has("uploads") },
	"a part": func(r *http.Request) bool {
		return r.Method == http.MethodPut && r.URL.Query().Get("partNumber") == "2"
	},
	"the end of a file":    func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Query().Has("uploadId") },
	"a range of bytes":     func(r *http.Request) bool { return r.Method == http.MethodGet && r.Header.Get("Range") != "" },
	"the size of a file":   func(r *http.Request) bool { return r.Method == http.MethodHead },
	"the delete of a file": func(r *http.Request) bool { return r.Method == http.MethodDelete && !r.URL.Query().Has("uploadId") },
}

// sizeFor is the size of a file that needs a request.
func sizeFor(request string) int {
	if request == "a small file" {
		return 1 << 20
	}
	return 17 << 20
}

// Requests are repeated after a failure in their middle.
func TestFilesAreWholeAfterFailuresOfTheService(t *testing.T) {
	for name, of := range requests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, f := openFaulty(t)
			if b == nil {
				return
			}
			kinds := []faultKind{answer500, answer503, cutRequest, cutAnswer, lostAnswer}
			if name == "the end of a file" {
				kinds = append(kinds, forgotten)
			}
			for _, kind := range kinds {
				f.set(kind, of, 2)
				want := sequence(sizeFor(name))
				file, err := b.Open(t.Context(), put(t, b, want))
				if err != nil {
					t.Fatal(kind, err)
				}
				got, err := io.ReadAll(file)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: %d bytes of %d, %v", kind, len(got), len(want), err)
				}
				if err := file.Close(); err != nil {
					t.Error(err)
				}
				if err := b.Delete(t.Context(), ids(t, b)[0]); err != nil {
					t.Errorf("%s: %v", kind, err)
				}
			}
			f.set("", nil, 0)
			if left := ids(t, b); len(left) > 0 {
				t.Errorf("left %v", left)
			}
			// A lost answer to the begin of an upload leaves one without parts.
			if removed, err := b.Sweep(t.Context(), time.Now().Add(time.Hour)); err != nil || removed > 0 && name != "the begin of a file" {
				t.Errorf("%d unfinished uploads are left, %v", removed, err)
			}
		})
	}
}

// Without an end of the failures there is an error, and no part of a file is left.
func TestFilesAreAbsentIfTheServiceKeepsFailing(t *testing.T) {
	for _, name := range []string{"a small file", "the begin of a file", "a part", "the end of a file"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, f := openFaulty(t)
			if b == nil {
				return
			}
			for _, kind := range []faultKind{answer500, answer503, cutRequest, cutAnswer, lostAnswer} {
				f.set(kind, requests[name], 1_000)
				w, err := b.Create(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				_, err = w.Write(sequence(sizeFor(name)))
				if err == nil {
					err = w.Commit()
				}
				w.Abort()
				if !errs.Is(err, "files_unavailable") {
					t.Errorf("%s: %v", kind, err)
				}
				f.set("", nil, 0)
				if left := ids(t, b); len(left) > 0 {
					t.Errorf("%s: left %v", kind, left)
				}
				if removed, err := b.Sweep(t.Context(), time.Now().Add(time.Hour)); err != nil || removed > 0 && name != "the begin of a file" {
					t.Errorf("%s: %d unfinished uploads are left, %v", kind, removed, err)
				}
			}
		})
	}
}

func TestReadersFailIfTheServiceKeepsFailing(t *testing.T) {
	b, f := openFaulty(t)
	if b == nil {
		return
	}
	want := sequence(3 << 20)
	fileID := put(t, b, want)
	for _, kind := range []faultKind{answer500, cutAnswer} {
		file, err := b.Open(t.Context(), fileID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, file, 1<<20); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		if file, err = b.Open(t.Context(), fileID); err != nil {
			t.Fatal(err)
		}
		f.set(kind, requests["a range of bytes"], 1_000)
		if got, err := io.ReadAll(file); !errs.Is(err, "files_unavailable") {
			t.Errorf("%s: %d bytes, %v", kind, len(got), err)
		}
		f.set("", nil, 0)
		if got, err := io.ReadAll(file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes after the failures, %v", kind, len(got), err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
