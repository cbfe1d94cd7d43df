package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/regulars/regulars/web"
)

func get(t *testing.T, path, encoding string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	web.Handler().ServeHTTP(w, r)
	return w.Result()
}

func TestBuiltFilesAreKeptForEverAndPacked(t *testing.T) {
	for _, name := range []string{"app.js", "app.css", "theme.js"} {
		packed, plain := get(t, web.Path(name), "gzip, br"), get(t, web.Path(name), "")
		if packed.StatusCode != 200 || packed.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s packed: %d %v", name, packed.StatusCode, packed.Header)
		}
		if plain.StatusCode != 200 || plain.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s plain: %d %v", name, plain.StatusCode, plain.Header)
		}
		if got := plain.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("%s: Cache-Control %q", name, got)
		}
		if got := plain.Header.Get("Vary"); got != "Accept-Encoding" {
			t.Errorf("%s: Vary %q", name, got)
		}
	}
}

func TestOtherNamesAreNotThere(t *testing.T) {
	for _, path := range []string{"/assets/", "/assets/manifest.json", "/assets/nothing.js", "/assets/../web.go", "/assets/app.css"} {
		if got := get(t, path, "").StatusCode; got != 404 {
			t.Errorf("%s: %d", path, got)
		}
	}
}

func TestFirstPageStaysSmall(t *testing.T) {
	const budget = 100_000
	var sum int64
	for _, name := range []string{"app.js", "app.css", "theme.js"} {
		sum += get(t, web.Path(name), "gzip").ContentLength
		if w := get(t, web.Path(name), "gzip"); w.ContentLength < 0 {
			n, _ := w.Body.Read(make([]byte, budget))
			sum += int64(n) + 1
		}
	}
	if sum <= 0 || sum > budget {
		t.Errorf("script and style are %d bytes packed, the budget is %d", sum, budget)
	}
}
