package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/auth"
	"github.com/regulars/regulars/internal/sqldb"
)

func TestTheDoorsLimitAttemptsForAnAccountFromManyAddresses(t *testing.T) {
	a := apptest.New(t, sqldb.SQLite, apptest.WithConfig(func(c *apptest.Config) { c.SignInsPerMin = 3; c.Proxies = []string{"127.0.0.1/32"} }))
	nobody := person{T: t, app: a}
	for path, form := range map[string]url.Values{
		"/sign-in": {"login": {"ada"}, "password": {"x"}}, "/forgot-password": {"email": {"ada@example.com"}},
	} {
		for n := range 4 {
			got := nobody.send("POST", path, strings.NewReader(form.Encode()), map[string]string{
				"Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-For": fmt.Sprintf("192.0.2.%d", n),
			})
			if limited := got.status == http.StatusTooManyRequests; limited != (n == 3) || limited && got.header.Get("Retry-After") == "" {
				t.Errorf("%s, attempt %d: %d %v", path, n, got.status, got.header)
			}
		}
	}
}

func TestADeviceOfOneAccountLiftsNoLimitOfOtherForms(t *testing.T) {
	a := apptest.New(t, sqldb.SQLite, apptest.WithConfig(func(c *apptest.Config) { c.SignInsPerMin = 3 }))
	eve, err := a.Auth.CreateAccount(t.Context(), auth.AccountInput{Email: "eve@example.com", Username: "eve"})
	if err != nil {
		t.Fatal(err)
	}
	device, err := a.Auth.RememberDevice(t.Context(), eve.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	nobody := person{T: t, app: a}
	for n := range 4 {
		form := url.Values{"login": {"eve"}, "email": {fmt.Sprintf("victim%d@example.com", n)}}
		got := nobody.send("POST", "/forgot-password", strings.NewReader(form.Encode()), map[string]string{
			"Content-Type": "application/x-www-form-urlencoded", "Cookie": "regulars_device=" + device,
		})
		if limited := got.status == http.StatusTooManyRequests; limited != (n == 3) {
			t.Errorf("attempt %d: %d", n, got.status)
		}
	}
}
