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

// The rendered reference is Scalar as its maintainers publish it, packed;
// reference/scalar.json says which version.
var (
	//go:embed reference/scalar.js.gz
	scalarScript []byte
	//go:embed reference/index.html
	referencePage []byte
	//go:embed reference/start.js
	referenceStart []byte
)

// referencePolicy lets the page load itself and nothing from elsewhere. Scalar
// writes style elements, so styles may be inline here, and only here.
const referencePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
	"font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// documentRoutes serve the description of everything else.
func (a *API) documentRoutes() {
	inJSON := sync.OnceValues(func() ([]byte, error) { return json.Marshal(a.huma.OpenAPI()) })
	inYAML := sync.OnceValues(func() ([]byte, error) { return a.huma.OpenAPI().YAML() })
	for path, serve := range map[string]http.HandlerFunc{
		"/openapi.json":   document("application/json", inJSON),
		"/openapi.yaml":   document("application/yaml", inYAML),
		"/docs":           page("text/html; charset=utf-8", referencePage),
		"/docs/start.js":  page("text/javascript; charset=utf-8", referenceStart),
		"/docs/scalar.js": packed("text/javascript; charset=utf-8", scalarScript),
	} {
		a.router.Get(path, a.forAll(serve))
	}
}

// forAll serves what needs no credential: nobody looks at the one that is
// sent, so the request counts as one without.
func (a *API) forAll(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if httpx.Credential(r) != "" { // else it is counted already
			if err := a.nobody.Allow(w, r, httpx.Network(r)); err != nil {
				httpx.WriteError(w, r, err)
				return
			}
		}
		serve(w, r)
	}
}

func document(kind string, make func() ([]byte, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := make()
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
		_, _ = w.Write(text) // the client may be gone
	}
}

// packed serves a gzipped file, unpacked for the few who cannot.
func packed(kind string, file []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("Cache-Control", "public, max-age=86400")
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			_, _ = w.Write(file) // the client may be gone
			return
		}
		text, err := gzip.NewReader(bytes.NewReader(file))
		if err != nil {
			httpx.WriteError(w, r, err)
			return
		}
		_, _ = io.Copy(w, text) // the client may be gone
	}
}
