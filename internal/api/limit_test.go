package api_test

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/sqldb"
)

// untilLimited repeats a request until the limit rejects it, and fails the test if it
// never does.
func untilLimited(t *testing.T, a *apptest.App, path string, header ...string) (before int, last reply) {
	t.Helper()
	for n := range 200 {
		if last = send(t, a, "GET", path, "", "", header...); last.status == 429 {
			return n, last
		}
	}
	t.Fatalf("%s %v is never limited: %d", path, header, last.status)
	return 0, last
}

func TestAddressWithoutAValidCredentialIsLimited(t *testing.T) {
	for _, c := range []struct {
		name, path string
		header     []string
		status     int
	}{
		{"without a credential", "/v1/users/bulk-update", nil, 401},
		{"with a key that is none", "/v1/users/bulk-update", []string{"X-Api-Key", "x"}, 401},
		{"with a key nobody has", "/v1/users/bulk-update", []string{"X-Api-Key", strings.Repeat("a", 64)}, 401},
		{"with the form of another scheme", "/v1/users/bulk-import/template", []string{"Authorization", "Basic eDp4"}, 401},
		{"on the document, with any key", "/openapi.json", []string{"X-Api-Key", "x"}, 200},
		{"on the reference, with any key", "/docs/try", []string{"X-Api-Key", "x"}, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := apptest.New(t, sqldb.SQLite, apptest.WithConfig(func(config *apptest.Config) { config.AnonymousPerSec = api.DefaultLimits().PerAddress }), apptest.WithStoppedClock())
			key := a.Key(t, a.Community(t))
			first := send(t, a, "GET", c.path, "", "", c.header...)
			if first.status != c.status || first.header.Get("RateLimit-Limit") != "20" || first.header.Get("RateLimit-Remaining") != "19" || first.header.Get("RateLimit-Reset") != "1" {
				t.Errorf("the first request: %d %v", first.status, first.header)
			}
			before, last := untilLimited(t, a, c.path, c.header...)
			if before != 19 {
				t.Errorf("limited after %d more requests", before)
			}
			if last.code() != "rate_limited" || last.header.Get("Retry-After") == "" || last.header.Get("RateLimit-Remaining") != "0" {
				t.Errorf("over the limit: %v %s", last.header, last.text)
			}
			if res := send(t, a, "GET", "/v1/users/bulk-update", key, ""); res.status != 200 || res.header.Get("RateLimit-Limit") != "" {
				t.Errorf("a valid key from the same address: %d %v", res.status, res.header)
			}
		})
	}
}
