package api

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/regulars/regulars/internal/httpx"
)

// The reference page is Scalar as published, compressed; its version is in
// reference/scalar.json.
var (
	//go:embed reference/scalar.js.gz
	scalarScript []byte
	//go:embed reference/index.html
	referencePage []byte
	//go:embed reference/start.js
	referenceStart []byte
)

// referencePolicy forbids other hosts. Scalar adds style elements, so it allows
// inline styles.
const referencePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
	"font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// documentRoutes serves the document and the page that sends requests.
func (a *API) documentRoutes() {
	inJSON := sync.OnceValues(func() ([]byte, error) { return json.Marshal(a.huma.OpenAPI()) })
	inYAML := sync.OnceValues(func() ([]byte, error) { return a.huma.OpenAPI().YAML() })
	for path, serve := range map[string]http.HandlerFunc{
		"/openapi.json":   document("application/json", inJSON),
		"/openapi.yaml":   document("application/yaml", inYAML),
		"/docs/try":       page("text/html; charset=utf-8", referencePage),
		"/docs/start.js":  page("text/javascript; charset=utf-8", referenceStart),
		"/docs/scalar.js": gzipped("text/javascript; charset=utf-8", scalarScript),
	} {
		a.router.Method(http.MethodGet, path, httpx.Compress(a.anonymously(serve), "application/json", "application/yaml", "text/html"))
	}
}

// anonymously serves a path without access control. A credential is ignored, so
// the request counts as anonymous.
func (a *API) anonymously(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if httpx.Credential(r) != "" { // without one, the router has counted it
			if err := a.anonymous.Allow(w, r, httpx.Network(r)); err != nil {
				httpx.WriteError(w, r, err)
				return
			}
		}
		serve(w, r)
	}
}

func document(kind string, encode func() ([]byte, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := encode()
		if err != nil {
			httpx.WriteError(w, r, err)
			return
		}
		w.Header().Set("Cache-Control", "no-cache")
		page(kind, text)(w, r)
	}
}

func page(kind string, text []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("Cache-Control", "no-cache")
		h.Set("Content-Security-Policy", referencePolicy)
		_, _ = w.Write(text) // the client disconnected
	}
}

// gzipped serves a compressed file, decompressed for clients without gzip.
func gzipped(kind string, file []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("Cache-Control", "public, max-age=86400")
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			_, _ = w.Write(file) // the client disconnected
			return
		}
		text, err := gzip.NewReader(bytes.NewReader(file))
		if err != nil {
			httpx.WriteError(w, r, err)
			return
		}
		_, _ = io.Copy(w, text) // the client disconnected
	}
}
