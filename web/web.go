// Package web holds what browsers load: style, script, fonts and icons, built
// from src and vendor into dist and embedded. It knows nothing of the pages.
//
// go generate builds dist anew; the result is committed, so that go build
// needs nothing else. See vendor/vendor.json for the libraries inside.
package web

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:generate go run -C ../tools ./webbuild ../web

//go:embed dist
var dist embed.FS

//go:embed vendor/lucide
var icons embed.FS

// Prefix is where Handler has to be mounted; the addresses of Path start with
// it, and so do those inside the style sheets.
const Prefix = "/assets/"

var (
	paths   = readManifest()
	shapes  = readIcons()
	hashed  = "public, max-age=31536000, immutable"
	types   = map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".woff2": "font/woff2", ".svg": "image/svg+xml"}
	packing = map[string]bool{".js": true, ".css": true, ".svg": true}
)

func readManifest() map[string]string {
	raw, err := dist.ReadFile("dist/manifest.json")
	if err != nil {
		panic(fmt.Sprintf("web: %v: run go generate ./web", err)) //nolint:forbidigo // the program was built wrongly
	}
	var m map[string]string
	if err := json.Unmarshal(raw, &m); err != nil {
		panic(fmt.Sprintf("web: manifest: %v", err)) //nolint:forbidigo // the program was built wrongly
	}
	return m
}

func readIcons() map[string]string {
	files, err := fs.Glob(icons, "vendor/lucide/*.svg")
	if err != nil {
		panic(fmt.Sprintf("web: icons: %v", err)) //nolint:forbidigo // the program was built wrongly
	}
	m := make(map[string]string, len(files))
	for _, f := range files {
		raw, err := icons.ReadFile(f)
		if err != nil {
			panic(fmt.Sprintf("web: icons: %v", err)) //nolint:forbidigo // the program was built wrongly
		}
		m[strings.TrimSuffix(path.Base(f), ".svg")] = inner(string(raw))
	}
	return m
}

// inner is what stands between <svg ...> and </svg>.
func inner(svg string) string {
	_, svg, _ = strings.Cut(svg, "<svg")
	_, svg, _ = strings.Cut(svg, ">")
	svg, _, _ = strings.Cut(svg, "</svg>")
	return strings.Join(strings.Fields(svg), " ")
}

// Path is the address of a built file by its plain name, such as app.css. It
// changes whenever the content does. An unknown name is a mistake in the
// program and panics.
func Path(name string) string {
	p, ok := paths[name]
	if !ok {
		panic("web: no built file " + name) //nolint:forbidigo // the program was built wrongly
	}
	return Prefix + p
}

// Icon is the inside of an SVG of 24 by 24 units that is drawn with strokes in
// currentColor. An unknown name is a mistake in the program and panics.
func Icon(name string) string {
	s, ok := shapes[name]
	if !ok {
		panic("web: no icon " + name) //nolint:forbidigo // the program was built wrongly
	}
	return s
}

// Handler serves the built files under Prefix: packed where the browser takes
// it, and to be kept for ever, because another content has another address.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, Prefix)
		ext := path.Ext(name)
		body, err := dist.ReadFile("dist/" + name)
		if err != nil || types[ext] == "" {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", types[ext])
		h.Set("Cache-Control", hashed)
		h.Set("X-Content-Type-Options", "nosniff")
		if packing[ext] {
			h.Set("Vary", "Accept-Encoding")
			if packed, err := dist.ReadFile("dist/" + name + ".gz"); err == nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				h.Set("Content-Encoding", "gzip")
				body = packed
			}
		}
		h.Set("Content-Length", fmt.Sprint(len(body)))
		if r.Method == http.MethodHead {
			return
		}
		_, _ = bytes.NewReader(body).WriteTo(w) // the reader has gone, nobody is left to tell
	})
}
