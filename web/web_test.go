package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/regulars/regulars/web"
)

type answer struct {
	status int
	header http.Header
	bytes  int
}

func get(t *testing.T, path, encoding string) answer {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	web.Handler().ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.Len()}
}

func TestBuiltFilesAreImmutableAndCompressed(t *testing.T) {
	for _, name := range []string{"app.js", "app.css", "theme.js"} {
		compressed, plain := get(t, web.Path(name), "gzip, br"), get(t, web.Path(name), "")
		if compressed.status != 200 || compressed.header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s compressed: %d %v", name, compressed.status, compressed.header)
		}
		if plain.status != 200 || plain.header.Get("Content-Encoding") != "" {
			t.Errorf("%s plain: %d %v", name, plain.status, plain.header)
		}
		if got := plain.header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("%s: Cache-Control %q", name, got)
		}
		if got := plain.header.Get("Vary"); got != "Accept-Encoding" {
			t.Errorf("%s: Vary %q", name, got)
		}
	}
}

func TestOtherNamesAreNotFound(t *testing.T) {
	for _, path := range []string{"/assets/", "/assets/manifest.json", "/assets/nothing.js", "/assets/../web.go", "/assets/app.css"} {
		if got := get(t, path, "").status; got != 404 {
			t.Errorf("%s: %d", path, got)
		}
	}
}

func TestFirstPageStaysSmall(t *testing.T) {
	const budget = 100_000
	sum := 0
	for _, name := range []string{"app.js", "app.css", "theme.js"} {
		sum += get(t, web.Path(name), "gzip").bytes
	}
	if sum == 0 || sum > budget {
		t.Errorf("script and style are %d bytes compressed, the budget is %d", sum, budget)
	}
}
