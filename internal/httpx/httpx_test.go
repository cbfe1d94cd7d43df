package httpx

import (
	"bytes"
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
)

// serve runs one request through Wrap and returns the response and the log.
func serve(t *testing.T, r *http.Request, h http.HandlerFunc, proxies ...string) (*httptest.ResponseRecorder, string) {
	t.Helper()
	var log bytes.Buffer
	o := Options{Log: slog.New(slog.NewTextHandler(&log, nil))}
	for _, p := range proxies {
		o.Proxies = append(o.Proxies, netip.MustParsePrefix(p))
	}
	rec := httptest.NewRecorder()
	Wrap(h, o).ServeHTTP(rec, r)
	return rec, log.String()
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func get(path string, header ...string) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), "GET", path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

func TestValidRequestIDIsKept(t *testing.T) {
	for given, kept := range map[string]bool{"abc-1.2:3_4": true, "": false, "a\nb": false, "a b": false, strings.Repeat("a", 65): false} {
		var seen string
		res, log := serve(t, get("/", "X-Request-Id", given), func(_ http.ResponseWriter, r *http.Request) { seen = RequestID(r.Context()) })
		got := res.Header().Get("X-Request-Id")
		if (got == given) != kept || got != seen || !kept && !id.Valid(seen) {
			t.Errorf("X-Request-Id %q: response %q, context %q", given, got, seen)
		}
		if !strings.Contains(log, "request_id="+seen) {
			t.Errorf("the access log lacks request_id %s: %s", seen, log)
		}
	}
}

func TestCredentialIsABearerTokenOrAnAPIKey(t *testing.T) {
	for _, c := range []struct {
		header []string
		want   string
	}{
		{nil, ""},
		{[]string{"Authorization", "Bearer abc"}, "abc"},
		{[]string{"Authorization", "bearer  abc "}, "abc"},
		{[]string{"X-Api-Key", " k "}, "k"},
		{[]string{"Authorization", "Bearer abc", "X-Api-Key", "k"}, "abc"},
		{[]string{"Authorization", "Basic abc", "X-Api-Key", "k"}, "k"},
		{[]string{"Authorization", "Basic abc"}, malformedCredential},
		{[]string{"Authorization", "Bearer "}, malformedCredential},
	} {
		if got := Credential(get("/", c.header...)); got != c.want {
			t.Errorf("%v: %q, want %q", c.header, got, c.want)
		}
	}
}

func TestOnlyATrustedProxyNamesTheClient(t *testing.T) {
	for _, c := range []struct {
		name, peer, forwarded, proto, want string
		secure                             bool
	}{
		{"no proxy", "192.0.2.7:1", "", "", "192.0.2.7", false},
		{"an untrusted peer", "192.0.2.7:1", "1.2.3.4", "https", "192.0.2.7", false},
		{"one proxy", "10.0.0.1:1", "1.2.3.4", "https", "1.2.3.4", true},
		{"a forged first entry", "10.0.0.1:1", "6.6.6.6, 1.2.3.4", "", "1.2.3.4", false},
		{"a chain of proxies", "10.0.0.1:1", "6.6.6.6, 1.2.3.4, 10.0.0.9", "", "1.2.3.4", false},
		{"an invalid entry", "10.0.0.1:1", "nonsense, 10.0.0.9", "", "10.0.0.9", false},
		{"an IPv6 client", "10.0.0.1:1", "2001:db8::5", "", "2001:db8::5", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := get("/")
			r.RemoteAddr = c.peer
			if c.forwarded != "" {
				r.Header.Set("X-Forwarded-For", c.forwarded)
				r.Header.Set("X-Forwarded-Proto", c.proto)
			}
			res, _ := serve(t, r, func(_ http.ResponseWriter, r *http.Request) {
				if got := Address(r); got != c.want || Secure(r) != c.secure {
					t.Errorf("address %s, secure %v; want %s, %v", got, Secure(r), c.want, c.secure)
				}
			}, "10.0.0.0/8")
			if got := res.Header().Get("Strict-Transport-Security") != ""; got != c.secure {
				t.Errorf("Strict-Transport-Security set: %v", got)
			}
		})
	}
}

func TestNetworkIsTheFirst64BitsOfAnIPv6Address(t *testing.T) {
	a, b, c := get("/"), get("/"), get("/")
	a.RemoteAddr, b.RemoteAddr, c.RemoteAddr = "[2001:db8:0:1::5]:1", "[2001:db8:0:1:9::]:2", "[2001:db8:0:2::5]:1"
	if Network(a) != Network(b) || Network(a) == Network(c) {
		t.Errorf("networks %s, %s, %s", Network(a), Network(b), Network(c))
	}
}

func TestErrorBecomesAFailure(t *testing.T) {
	secret := errors.New("dial tcp 10.1.2.3: the password is wrong")
	for _, c := range []struct {
		name   string
		err    error
		status int
		code   string
		header map[string]string
	}{
		{"invalid fields", errs.InvalidFields([]errs.Field{{Field: "name", Code: "required", Message: "m"}}), 400, "invalid_input", nil},
		{"no credential", errs.New(errs.Unauthenticated, "authentication_required", "m"), 401, "authentication_required", map[string]string{"Www-Authenticate": `Bearer realm="regulars"`}},
		{"rate limited", errs.New(errs.Limited, "rate_limited", "m").WithRetry(1500e6), 429, "rate_limited", map[string]string{"Retry-After": "2"}},
		{"an error with an internal cause", errs.New(errs.Conflict, "c", "m").Because(secret), 409, "c", nil},
		{"an internal error", secret, 500, "internal", nil},
		{"a full disk", &pgconn.PgError{Code: "53100"}, 503, "disk_full", map[string]string{"Retry-After": "60"}},
		{"an unavailable database", driver.ErrBadConn, 503, "unavailable", map[string]string{"Retry-After": "2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, log := serve(t, get("/x?token=hidden"), func(w http.ResponseWriter, r *http.Request) { WriteError(w, r, c.err) })
			body := res.Body.Bytes()
			var f Failure
			if err := json.Unmarshal(body, &f); err != nil {
				t.Fatalf("%v: %s", err, body)
			}
			if res.Code != c.status || f.Code != c.code || f.Result != "error" || f.RequestID != res.Header().Get("X-Request-Id") {
				t.Errorf("%d %s", res.Code, body)
			}
			for name, want := range c.header {
				if got := res.Header().Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if bytes.Contains(body, []byte("password")) {
				t.Errorf("the response contains the internal error: %s", body)
			}
			internal := errs.From(c.err) == nil
			if strings.Contains(log, "level=ERROR") != internal || strings.Contains(log, "hidden") {
				t.Errorf("log: %s", log)
			}
		})
	}
}

func TestErrorsIsEmptyWithoutInvalidFields(t *testing.T) {
	res, _ := serve(t, get("/"), func(w http.ResponseWriter, r *http.Request) {
		WriteError(w, r, errs.New(errs.NotFound, "c", "m"))
	})
	body := res.Body.Bytes()
	want := `{"status":"error","message":"m","code":"c","errors":[],"requestId":"` + res.Header().Get("X-Request-Id") + `"}` + "\n"
	if d := cmp.Diff(want, string(body)); d != "" {
		t.Error(d)
	}
}

func TestPanicIsLoggedAndBecomesA500(t *testing.T) {
	res, log := serve(t, get("/"), func(http.ResponseWriter, *http.Request) { panic("boom") }) //nolint:forbidigo // tested
	body := res.Body.Bytes()
	if res.Code != 500 || bytes.Contains(body, []byte("boom")) || !strings.Contains(log, "panic=boom") {
		t.Errorf("%d %s\n%s", res.Code, body, log)
	}
}

func TestPanicAbortsAPartialResponse(t *testing.T) {
	defer func() {
		if v := recover(); v != http.ErrAbortHandler { //nolint:errorlint // compared as in net/http
			t.Errorf("recovered %v", v)
		}
	}()
	serve(t, get("/"), func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("half"))
		panic("boom") //nolint:forbidigo // tested
	})
}
