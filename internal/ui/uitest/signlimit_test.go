package uitest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/account/oidctest"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

func TestSignInPagesLimitAttemptsForAnAccountFromManyAddresses(t *testing.T) {
	a := apptest.New(t, sqldb.SQLite, apptest.WithConfig(func(c *apptest.Config) { c.SignInsPerMin = 3; c.Proxies = []string{"127.0.0.1/32"} }), apptest.WithStoppedClock())
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

func TestKnownDeviceDoesNotLiftLimitsOfOtherForms(t *testing.T) {
	a := apptest.New(t, sqldb.SQLite, apptest.WithConfig(func(c *apptest.Config) { c.SignInsPerMin = 3 }), apptest.WithStoppedClock())
	eve, err := a.Accounts.CreateAccount(t.Context(), signin.Input{Email: "eve@example.com", Username: "eve"})
	if err != nil {
		t.Fatal(err)
	}
	device, err := a.Accounts.Clients.RememberDevice(t.Context(), eve.ID, "")
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

func TestFloodFromTheSameNetworkDoesNotDelayKnownDevices(t *testing.T) {
	now := time.Now() // a minute that does not end
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			p := oidctest.Start(t, func() time.Time { return now })
			a := apptest.New(t, engine, apptest.WithClock(clock.At(func() time.Time { return now })), apptest.WithConfig(func(c *apptest.Config) {
				c.SignInsPerMin = 3
				c.OIDCIssuer, c.OIDCClientID, c.OIDCClientSecret, c.OIDCName = p.URL, oidctest.ClientID, oidctest.ClientSecret, "Example ID"
			}))
			ada, err := a.Accounts.CreateAccount(t.Context(), signin.Input{Email: "ada@example.com", Username: "ada"})
			if err != nil {
				t.Fatal(err)
			}
			cookie, err := a.Accounts.Clients.RememberDevice(t.Context(), ada.ID, "")
			if err != nil {
				t.Fatal(err)
			}
			known, unknown := newBrowser(t, a), newBrowser(t, a)
			known.cookies["regulars_device"] = cookie
			start := func(b *browserOf, what string, limited bool) {
				t.Helper()
				for method, path := range map[string]string{"GET": "/sign-in/provider", "POST": "/sign-in/passkey/options"} {
					if got := b.ask(method, path, url.Values{}); (got.status == http.StatusTooManyRequests) != limited || !limited && got.status >= http.StatusBadRequest {
						t.Errorf("%s, %s: %d", what, path, got.status)
					}
				}
			}
			for n := range 4 {
				form := url.Values{"login": {fmt.Sprintf("nobody%d", n)}, "password": {"x"}}
				if got := unknown.ask("POST", "/sign-in", form); (got.status == http.StatusTooManyRequests) != (n == 3) {
					t.Fatalf("attempt %d: %d", n, got.status)
				}
			}
			start(unknown, "after a flood of passwords", false)
			for range 3 {
				unknown.ask("GET", "/sign-in/provider", nil)
			}
			// Held starts are no answer yet; who returns has to know the network.
			p.Person = map[string]any{"sub": "s", "email": ada.Email, "email_verified": true}
			signIn := func(b *browserOf, what string, want int) {
				t.Helper()
				back := p.Visit(b.ask("GET", "/sign-in/provider", nil).header.Get("Location"))
				if got := b.ask("GET", back.RequestURI(), nil); got.status != want {
					t.Errorf("%s: %d, want %d", what, got.status, want)
				}
			}
			start(unknown, "after a flood of starts", false)
			signIn(unknown, "after a flood of starts, from an unknown network", http.StatusTooManyRequests)
			unknown.cookies["regulars_device"] = strings.Repeat("0", len(cookie))
			signIn(unknown, "with a cookie of no device", http.StatusTooManyRequests)
			delete(unknown.cookies, "regulars_device")
			signIn(known, "on a known device", http.StatusSeeOther)
			signIn(unknown, "from a network that is known now", http.StatusSeeOther)
			fresh := newBrowser(t, a)
			signIn(fresh, "after as many returns as the limit allows", http.StatusTooManyRequests)
		})
	}
}
