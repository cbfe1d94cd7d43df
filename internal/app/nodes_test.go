package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// post sends a body and returns the status of the answer.
func post(t *testing.T, a *apptest.App, path, kind, body string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	status, _, _ := a.Send(t, r)
	return status
}

func TestAccountLimitsApplyAcrossNodesAndInterfaces(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			var address string
			clock := apptest.WithStoppedClock()
			node := func() *apptest.App {
				return apptest.New(t, engine, apptest.WithConfig(func(c *apptest.Config) {
					c.SignInsPerMin, c.OpenImports, c.SecretKey = 3, 2, strings.Repeat("ab", 32)
					if address == "" {
						address = c.DatabaseURL
					}
					c.DatabaseURL = address
				}), clock)
			}
			nodes := []*apptest.App{node()}
			home := nodes[0].Community(t, community.Settings{OpenBulkImport: true})
			if engine == sqldb.Postgres {
				nodes = append(nodes, node()) // a file of SQLite has one node
			}
			const form, name = "application/x-www-form-urlencoded", "ada@example.com"
			for i, c := range []struct {
				path, kind, body string
				limited          bool
			}{
				{"/v1/auth/login", "application/json", `{"emailOrUsername":"` + name + `","password":"x"}`, false},
				{"/sign-in", form, "password=x&login=" + name, false},
				{"/v1/auth/login", "application/json", `{"emailOrUsername":"` + name + `","password":"x"}`, false},
				{"/sign-in", form, "password=x&login=" + name, true},
				{"/v1/auth/forgot-password", "application/json", `{"email":"` + name + `"}`, true}, // the address has had its three
				{"/register", form, "email=" + name, true},
			} {
				if status := post(t, nodes[i%len(nodes)], c.path, c.kind, c.body); (status == http.StatusTooManyRequests) != c.limited {
					t.Errorf("attempt %d at %s: %d", i, c.path, status)
				}
			}
			const file = "--x\r\nContent-Disposition: form-data; name=\"data\"; filename=\"a.csv\"\r\n\r\nEmail\r\n--x--\r\n"
			for i, limited := range []bool{false, false, true} {
				status := post(t, nodes[i%len(nodes)], "/v1/users/bulk-import?communityId="+home, "multipart/form-data; boundary=x", file)
				if (status == http.StatusTooManyRequests) != limited {
					t.Errorf("import %d: %d", i, status)
				}
			}
		})
	}
}
