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

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ratelimit"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestMiddlewareLimitsEachNetworkWithoutACredential(t *testing.T) {
	h := NewLimit(frozen(), 2, time.Hour).Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	request := func(address string, header ...string) *httptest.ResponseRecorder {
		r, rec := get("/", header...), httptest.NewRecorder()
		r.RemoteAddr = address
		h.ServeHTTP(rec, r)
		return rec
	}
	var got []string
	for range 3 {
		rec := request("192.0.2.1:9")
		got = append(got, strconv.Itoa(rec.Code)+" "+rec.Header().Get("RateLimit-Limit")+" "+rec.Header().Get("RateLimit-Remaining"))
	}
	if d := cmp.Diff([]string{"200 2 1", "200 2 0", "429 2 0"}, got); d != "" {
		t.Error(d)
	}
	last := request("192.0.2.1:9")
	reset, _ := strconv.Atoi(last.Header().Get("RateLimit-Reset"))
	retry, _ := strconv.Atoi(last.Header().Get("Retry-After"))
	if reset != 5400 || retry != reset {
		t.Errorf("RateLimit-Reset %d, Retry-After %d", reset, retry)
	}
	if text := last.Body.String(); !strings.Contains(text, "at most 2 per hour.") {
		t.Error(text)
	}
	if rec := request("192.0.2.2:9"); rec.Code != 200 {
		t.Errorf("the limit of another network was used: %d", rec.Code)
	}
	if rec := request("192.0.2.1:9", "X-Api-Key", "k"); rec.Code != 200 || rec.Header().Get("RateLimit-Limit") != "" {
		t.Errorf("a request with a credential was limited: %d", rec.Code)
	}
}

// frozen returns a clock whose time does not pass.
func frozen() clock.Clock {
	return clock.At(func() time.Time { return time.Date(2026, 4, 7, 8, 0, 0, 0, time.UTC) })
}

func TestLimitFollowsItsClock(t *testing.T) {
	at := time.Date(2026, 4, 7, 8, 0, 0, 500e6, time.UTC)
	l := NewLimit(clock.At(func() time.Time { return at }), 4, time.Second)
	var got []string
	for _, step := range []time.Duration{0, 0, 0, 0, 0, 999 * time.Millisecond, time.Millisecond, 500 * time.Millisecond, 0, 0, 2 * time.Second, -time.Hour} {
		at = at.Add(step)
		w := httptest.NewRecorder()
		text := "allowed"
		if err := l.Allow(w, get("/"), "k"); err != nil {
			text = "limited"
		}
		got = append(got, text+" "+w.Header().Get("RateLimit-Remaining")+" "+w.Header().Get("RateLimit-Reset"))
	}
	want := []string{
		"allowed 3 1", "allowed 2 1", "allowed 1 1", "allowed 0 1", "limited 0 2", "limited 0 2", // of the first second
		"limited 0 2", "allowed 1 1", "allowed 0 1", "limited 0 2", // the first second counts as far as it is in the last one
		"allowed 3 1", "allowed 3 1",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestSharedLimitAppliesToAllNodes(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		now := clock.At(func() time.Time { return time.Date(2026, 4, 7, 8, 0, 0, 0, time.UTC) })
		var nodes []*Limit
		for range 3 {
			nodes = append(nodes, NewSharedLimit(now, ratelimit.New(db, now), "attempts", 4, time.Hour))
		}
		var got []string
		for i := range 6 {
			w := httptest.NewRecorder()
			err := nodes[i%3].Allow(w, get("/"), "192.0.2.1")
			status := "ok"
			if errs.Is(err, "rate_limited") {
				status = "limited for " + errs.From(err).RetryAfter.String()
			} else if err != nil {
				t.Fatal(err)
			}
			got = append(got, status+" "+w.Header().Get("RateLimit-Limit")+" "+w.Header().Get("RateLimit-Remaining")+" "+w.Header().Get("RateLimit-Reset"))
		}
		var want []string
		for left := 3; left >= 0; left-- {
			want = append(want, "ok 4 "+strconv.Itoa(left)+" 3600")
		}
		if d := cmp.Diff(append(want, "limited for 1h15m0s 4 0 4500", "limited for 1h15m0s 4 0 4500"), got); d != "" {
			t.Error(d)
		}
		if err := nodes[0].Allow(httptest.NewRecorder(), get("/"), "192.0.2.2"); err != nil {
			t.Error(err)
		}
	})
}

func TestNilLimitAllowsEverything(t *testing.T) {
	if err := NewLimit(clock.Clock{}, 0, time.Second).Allow(httptest.NewRecorder(), get("/"), "k"); err != nil {
		t.Error(err)
	}
}

func TestReadBodyEnforcesItsLimit(t *testing.T) {
	for _, c := range []struct {
		name, body string
		length     int64
		code       string
	}{
		{"fits", "12345", 5, ""},
		{"declared too large", "123456", 6, "body_too_large"},
		{"too large, undeclared", "123456", -1, "body_too_large"},
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

func TestStreamSendsEvents(t *testing.T) {
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
		<-r.Context().Done() // the event must arrive before the response ends
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
