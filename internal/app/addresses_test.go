package app_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/sqldb"
)

func TestEveryAPIAddressRespondsWithEnvelope(t *testing.T) {
	a := apptest.New(t, sqldb.SQLite)
	key := a.Key(t, a.Community(t))
	for _, address := range []string{
		"/v1", "/v1/", "/apis/v1", "/apis/v1/", "//v1/users/bulk-update", "/v1//users/bulk-update", "/v1/./users/bulk-update",
		"/v1/x/../users/bulk-update", "/x/../v1/users/bulk-update", "/v1/../v1/users/bulk-update", "/v1/users/bulk-update/", "/v1/..",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			r, err := http.NewRequestWithContext(t.Context(), method, a.URL(), http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.URL.Path = address
			r.Header.Set("X-Api-Key", key)
			status, header, body := a.Send(t, r)
			var answer struct{ Status, Code, RequestID string }
			if err := json.Unmarshal(body, &answer); err != nil || status != http.StatusNotFound || answer.Code != "route_not_found" || answer.RequestID == "" || !strings.HasPrefix(header.Get("Content-Type"), "application/json") {
				t.Errorf("%s %s: %d %s %s", method, address, status, header.Get("Content-Type"), body)
			}
		}
	}
	for address, want := range map[string]int{"/v1/users/bulk-update": 200, "/apis/v1/users/bulk-update": 200, "/docs": 200, "/openapi.json": 200, "/healthz": 200, "/v1x": 404, "/sign-in": 200} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL()+address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Api-Key", key)
		if status, _, body := a.Send(t, r); status != want {
			t.Errorf("%s: %d, want %d: %.200s", address, status, want, body)
		}
	}
}
