package httpx

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const longPage = "text/html; charset=utf-8"

// answered returns the header of the response of Compress around a handler that writes
// text, and the body without compression.
func answered(t *testing.T, kind string, status int, text string, header ...string) (http.Header, string) {
	t.Helper()
	rec := httptest.NewRecorder()
	Compress(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		if text != "" {
			_, _ = io.WriteString(w, text)
		}
	}), "text/html").ServeHTTP(rec, get("/", header...))
	body := io.Reader(rec.Body)
	if rec.Header().Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			t.Fatal(err)
		}
		body = unpacked
	}
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return rec.Header(), string(content)
}

func TestPagesAreCompressedForClientsThatAcceptGzip(t *testing.T) {
	text := strings.Repeat("<p>Hello</p>", 1000)
	for _, c := range []struct {
		name, kind string
		header     []string
		packed     bool
		vary       string
	}{
		{"gzip", longPage, []string{"Accept-Encoding", "deflate, gzip;q=0.8, br"}, true, "Accept-Encoding"},
		{"nothing accepted", longPage, nil, false, "Accept-Encoding"},
		{"another encoding", longPage, []string{"Accept-Encoding", "br, x-gzipped"}, false, "Accept-Encoding"},
		{"gzip refused", longPage, []string{"Accept-Encoding", "gzip;q=0.0, br"}, false, "Accept-Encoding"},
		{"another type", "text/csv", []string{"Accept-Encoding", "gzip"}, false, ""},
		{"a visit from another site", longPage, []string{"Accept-Encoding", "gzip", "Sec-Fetch-Site", "cross-site"}, true, "Accept-Encoding"},
		{"another site with cookies", longPage, []string{"Accept-Encoding", "gzip", "Sec-Fetch-Site", "cross-site", "Cookie", "regulars=a"}, false, "Accept-Encoding"},
		{"another host with cookies", longPage, []string{"Accept-Encoding", "gzip", "Sec-Fetch-Site", "same-site", "Cookie", "regulars=a"}, false, "Accept-Encoding"},
		{"a link of the page itself", longPage, []string{"Accept-Encoding", "gzip", "Sec-Fetch-Site", "same-origin", "Cookie", "regulars=a"}, true, "Accept-Encoding"},
	} {
		h, got := answered(t, c.kind, http.StatusOK, text, c.header...)
		if packed := h.Get("Content-Encoding") == "gzip"; packed != c.packed || got != text || h.Get("Vary") != c.vary {
			t.Errorf("%s: compressed %t, Vary %q, %d bytes", c.name, packed, h.Get("Vary"), len(got))
		}
	}
}

func TestResponseWithoutBodyIsNotCompressed(t *testing.T) {
	h, got := answered(t, longPage, http.StatusNotModified, "", "Accept-Encoding", "gzip")
	if h.Get("Content-Encoding") != "" || got != "" {
		t.Errorf("%v %q", h, got)
	}
}

func TestCompressedResponseIsFlushed(t *testing.T) {
	proceed := make(chan struct{})
	server := httptest.NewServer(Compress(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", longPage)
		_, _ = io.WriteString(w, "first")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-proceed
		_, _ = io.WriteString(w, "second")
	}), "text/html"))
	defer server.Close()
	r := get(server.URL)
	r.RequestURI = ""
	res, err := http.DefaultClient.Do(r) // accepts gzip
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 5)
	_, err = io.ReadFull(res.Body, first)
	close(proceed)
	rest, later := io.ReadAll(res.Body)
	if err := errors.Join(err, later, res.Body.Close()); err != nil || !res.Uncompressed || string(first) != "first" || string(rest) != "second" {
		t.Errorf("%v: %q %q, compressed %t", err, first, rest, res.Uncompressed)
	}
}
