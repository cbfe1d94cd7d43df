package httpx

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/errs"
)

func TestALimitIsPerAddressWithoutACredential(t *testing.T) {
	h := NewLimit(2, time.Hour).Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	ask := func(address string, header ...string) *httptest.ResponseRecorder {
		r, rec := get("/", header...), httptest.NewRecorder()
		r.RemoteAddr = address
		h.ServeHTTP(rec, r)
		return rec
	}
	var got []string
	for range 3 {
		rec := ask("192.0.2.1:9")
		got = append(got, strconv.Itoa(rec.Code)+" "+rec.Header().Get("RateLimit-Limit")+" "+rec.Header().Get("RateLimit-Remaining"))
	}
	if d := cmp.Diff([]string{"200 2 1", "200 2 0", "429 2 0"}, got); d != "" {
		t.Error(d)
	}
	last := ask("192.0.2.1:9")
	reset, _ := strconv.Atoi(last.Header().Get("RateLimit-Reset"))
	retry, _ := strconv.Atoi(last.Header().Get("Retry-After"))
	if reset < 1800 || reset > 5400 || retry != reset {
		t.Errorf("RateLimit-Reset %d, Retry-After %d", reset, retry)
	}
	if text := last.Body.String(); !strings.Contains(text, "at most 2 in an hour.") {
		t.Error(text)
	}
	if rec := ask("192.0.2.2:9"); rec.Code != 200 {
		t.Errorf("another address is limited too: %d", rec.Code)
	}
	if rec := ask("192.0.2.1:9", "X-Api-Key", "k"); rec.Code != 200 || rec.Header().Get("RateLimit-Limit") != "" {
		t.Errorf("a request with a credential is limited: %d", rec.Code)
	}
}

func TestNoLimitIsNoLimit(t *testing.T) {
	if err := NewLimit(0, time.Second).Take(httptest.NewRecorder(), get("/"), "k"); err != nil {
		t.Error(err)
	}
}

func TestABodyIsReadUpToItsLimit(t *testing.T) {
	for _, c := range []struct {
		name, body string
		length     int64
		code       string
	}{
		{"fits", "12345", 5, ""},
		{"is declared too large", "123456", 6, "body_too_large"},
		{"is too large without saying so", "123456", -1, "body_too_large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(context.Background(), "POST", "/", strings.NewReader(c.body))
			r.ContentLength = c.length
			body, err := ReadBody(r, 5)
			if c.code == "" && (err != nil || string(body) != c.body) || c.code != "" && !errs.Is(err, c.code) {
				t.Errorf("%q, %v", body, err)
			}
		})
	}
}

func TestAStreamSendsEvents(t *testing.T) {
	srv := httptest.NewServer(Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := NewStream(w, r)
		if err != nil {
			t.Error(err)
			return
		}
		defer s.Close()
		if err := s.Send("progress", map[string]string{"text": "two\nlines"}); err != nil {
			t.Error(err)
		}
		<-r.Context().Done() // the event must not wait for the end of the answer
	}), Options{Log: discard()}))
	defer srv.Close()
	ctx, cancel := context.WithCancel(context.Background())
	r, _ := http.NewRequestWithContext(ctx, "GET", srv.URL, nil)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var got []string
	for lines := bufio.NewScanner(res.Body); len(got) < 5 && lines.Scan(); {
		got = append(got, lines.Text())
	}
	cancel()
	want := []string{": open", "", "event: progress", `data: {"text":"two\nlines"}`, ""}
	if d := cmp.Diff(want, got); d != "" || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Error(d)
	}
}
