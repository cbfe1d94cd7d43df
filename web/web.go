// Package web serves the static files of the console: styles, scripts, fonts
// and icons, built from src and vendor into dist and embedded.
//
// go generate rebuilds dist, which is committed, so that go build needs no other
// tools. vendor/vendor.json lists the libraries.
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

// Prefix is the URL path to mount Handler at, also used in style sheets.
const Prefix = "/assets/"

var (
	paths        = readManifest()
	iconBodies   = readIcons()
	immutable    = "public, max-age=31536000, immutable"
	types        = map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".woff2": "font/woff2", ".svg": "image/svg+xml"}
	compressible = map[string]bool{".js": true, ".css": true, ".svg": true}
)

func readManifest() map[string]string {
	raw, err := dist.ReadFile("dist/manifest.json")
	if err != nil {
		panic(fmt.Sprintf("web: %v: run go generate ./web", err)) //nolint:forbidigo // the build is broken
	}
	var m map[string]string
	if err := json.Unmarshal(raw, &m); err != nil {
		panic(fmt.Sprintf("web: manifest: %v", err)) //nolint:forbidigo // the build is broken
	}
	return m
}

func readIcons() map[string]string {
	files, err := fs.Glob(icons, "vendor/lucide/*.svg")
	if err != nil {
		panic(fmt.Sprintf("web: icons: %v", err)) //nolint:forbidigo // the build is broken
	}
	m := make(map[string]string, len(files))
	for _, f := range files {
		raw, err := icons.ReadFile(f)
		if err != nil {
			panic(fmt.Sprintf("web: icons: %v", err)) //nolint:forbidigo // the build is broken
		}
		m[strings.TrimSuffix(path.Base(f), ".svg")] = innerSVG(string(raw))
	}
	return m
}

// innerSVG returns the content between <svg ...> and </svg>.
func innerSVG(svg string) string {
	_, svg, _ = strings.Cut(svg, "<svg")
	_, svg, _ = strings.Cut(svg, ">")
	svg, _, _ = strings.Cut(svg, "</svg>")
	return strings.Join(strings.Fields(svg), " ")
}

// Path returns the URL path of a built file by its plain name, such as
// app.css. It contains a hash of the content. An unknown name panics.
func Path(name string) string {
	p, ok := paths[name]
	if !ok {
		panic("web: no built file " + name) //nolint:forbidigo // the build is broken
	}
	return Prefix + p
}

// Icon returns the content of an SVG of 24 by 24 units, drawn with strokes in
// currentColor. An unknown name panics.
func Icon(name string) string {
	s, ok := iconBodies[name]
	if !ok {
		panic("web: no icon " + name) //nolint:forbidigo // the build is broken
	}
	return s
}

// Handler serves the built files under Prefix, compressed if the browser
// accepts gzip. They are immutable.
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
		h.Set("Cache-Control", immutable)
		h.Set("X-Content-Type-Options", "nosniff")
		if compressible[ext] {
			h.Set("Vary", "Accept-Encoding")
			if compressed, err := dist.ReadFile("dist/" + name + ".gz"); err == nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				h.Set("Content-Encoding", "gzip")
				body = compressed
			}
		}
		h.Set("Content-Length", fmt.Sprint(len(body)))
		if r.Method == http.MethodHead {
			return
		}
		_, _ = bytes.NewReader(body).WriteTo(w) // the client may have gone
	})
}
