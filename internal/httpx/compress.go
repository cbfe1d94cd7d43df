package httpx

import (
	"compress/gzip"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// gzipLevel compresses a page of the chat to 7 %.
const gzipLevel = 5

var gzipWriters = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(io.Discard, gzipLevel)
	if err != nil {
		panic(err) //nolint:forbidigo // the level is a constant
	}
	return w
}}

// Compress compresses the responses of next that have one of the given media types, if
// the client accepts gzip. Other responses, such as event streams and downloads, pass
// unchanged and use no memory for it.
//
// A request that another site caused with the cookies of a person is answered
// uncompressed: the length of a compressed page that contains both a secret and input of
// the attacker reveals the secret (BREACH; docs/adr/0026).
func Compress(next http.Handler, types ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &compressor{ResponseWriter: w, types: types, accepted: acceptsGzip(r) && !withCookiesFromElsewhere(r)}
		defer c.close()
		next.ServeHTTP(c, r)
	})
}

// acceptsGzip reports whether the client accepts gzip with a weight over 0.
func acceptsGzip(r *http.Request) bool {
	for accepted := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(accepted), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			_, q, _ := strings.Cut(weight, "=")
			return q == "" || strings.Trim(q, "0. ") != ""
		}
	}
	return false
}

// withCookiesFromElsewhere reports whether a page of another origin caused a request with
// cookies. Browsers send the header over HTTPS and to loopback addresses; elsewhere an
// attacker in the network reads the page itself.
func withCookiesFromElsewhere(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return (site == "cross-site" || site == "same-site") && r.Header.Get("Cookie") != ""
}

// compressor compresses a response whose media type is one of types.
type compressor struct {
	http.ResponseWriter
	types    []string
	accepted bool
	started  bool         // the header is written
	packed   *gzip.Writer // nil: the body passes unchanged
}

func (c *compressor) WriteHeader(status int) {
	if !c.started && status >= 200 {
		c.started = true
		c.start(status)
	}
	c.ResponseWriter.WriteHeader(status)
}

// start decides whether to compress.
func (c *compressor) start(status int) {
	h := c.Header()
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	if !slices.Contains(c.types, strings.TrimSpace(kind)) {
		return
	}
	h.Add("Vary", "Accept-Encoding")
	empty := status == http.StatusNoContent || status == http.StatusNotModified
	if !c.accepted || empty || h.Get("Content-Encoding") != "" {
		return
	}
	h.Set("Content-Encoding", "gzip")
	h.Del("Content-Length")
	c.packed, _ = gzipWriters.Get().(*gzip.Writer)
	c.packed.Reset(c.ResponseWriter)
}

func (c *compressor) Write(p []byte) (int, error) {
	if !c.started {
		c.WriteHeader(http.StatusOK)
	}
	if c.packed != nil {
		return c.packed.Write(p)
	}
	return c.ResponseWriter.Write(p)
}

// FlushError sends what was written. http.ResponseController calls it.
func (c *compressor) FlushError() error {
	if !c.started {
		c.WriteHeader(http.StatusOK)
	}
	if c.packed != nil {
		if err := c.packed.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(c.ResponseWriter).Flush()
}

// Unwrap supports http.ResponseController.
func (c *compressor) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *compressor) close() {
	if c.packed == nil {
		return
	}
	_ = c.packed.Close() // the client disconnected
	c.packed.Reset(io.Discard)
	gzipWriters.Put(c.packed)
}
