package uitest_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/app/apptest"
)

func TestSignInsFromOneAddressAreLimited(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, olivia := owner(t, a)
		anybody := person{t, a, ""}
		form := url.Values{"login": {"nobody"}, "password": {"wrong"}}
		for n := range 40 {
			form.Set("login", "nobody"+string(rune('a'+n%26))) // each account by itself is far from its own limit
			got := anybody.post("/sign-in", form)
			if got.header.Get("RateLimit-Limit") != "10" || got.header.Get("RateLimit-Remaining") == "" || got.header.Get("RateLimit-Reset") == "" {
				t.Fatalf("attempt %d: %d %v", n, got.status, got.header)
			}
			if got.status == http.StatusTooManyRequests {
				if n != 10 || got.header.Get("Retry-After") == "" || !strings.Contains(got.text, `role="alert"`) || !strings.Contains(got.text, "Too many attempts to sign in") {
					t.Errorf("refused at attempt %d: %v", n, got.header)
				}
				if page := olivia.get("/sign-in"); page.status == http.StatusTooManyRequests {
					t.Error("the page itself is limited too")
				}
				return
			}
		}
		t.Error("never limited")
	}, apptest.WithConfig(func(c *apptest.Config) { c.SignInsPerMin = 10 }), apptest.WithStoppedClock())
}

func TestRejectedUploadIsDeletedAtOnce(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		for name, content := range map[string]string{
			"photo.csv": "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
			"blank.csv": "\n\n",
			"book.xlsx": "PK\x03\x04 and no more",
		} {
			body, kind := apptest.Form(t, name, []byte(content), nil)
			got := olivia.send(http.MethodPost, "/c/"+communityID+"/import/files", bytes.NewReader(body), map[string]string{"Content-Type": kind})
			if got.status < 400 || got.status >= 500 {
				t.Errorf("%s: %d", name, got.status)
			}
			left := 0
			if err := a.Files.List(t.Context(), func(string, int64, time.Time) error { left++; return nil }); err != nil || left > 0 {
				t.Errorf("%s: %d files are left (%v)", name, left, err)
			}
		}
	})
}
