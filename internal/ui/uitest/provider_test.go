package uitest_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/account/oidctest"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// withProvider starts a server with a provider that knows olivia.
func withProvider(t *testing.T, f func(t *testing.T, a *apptest.App, p *oidctest.Provider)) {
	var system clock.Clock
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			p := oidctest.Start(t, system.Now)
			p.Person = map[string]any{"sub": "olivia-1", "email": "olivia@example.com", "email_verified": true}
			f(t, apptest.New(t, engine, apptest.WithConfig(func(c *apptest.Config) {
				c.OIDCIssuer, c.OIDCClientID, c.OIDCClientSecret, c.OIDCName = p.URL, oidctest.ClientID, oidctest.ClientSecret, "Example ID"
			})), p)
		})
	}
}

func TestProviderSignInIsBoundToItsBrowser(t *testing.T) {
	withProvider(t, func(t *testing.T, a *apptest.App, p *oidctest.Provider) {
		owner(t, a)
		b := newBrowser(t, a)
		if got := b.ask("GET", "/sign-in?next=/account/sessions", nil); !strings.Contains(got.text, "Sign in with Example ID") {
			t.Fatalf("the page: %s", got.text)
		}
		begin := func(b *browserOf) (back string) {
			t.Helper()
			got := b.ask("GET", "/sign-in/provider?next=/account/sessions", nil)
			if got.status != 303 || !strings.HasPrefix(got.header.Get("Location"), p.URL+"/authorize?") || b.cookies["regulars_provider"] == "" {
				t.Fatalf("start: %d %v", got.status, got.header)
			}
			return p.Visit(got.header.Get("Location")).RequestURI()
		}
		back := begin(b)
		for name, other := range map[string]*browserOf{"a browser that began nothing": newBrowser(t, a), "a browser that began another": newBrowser(t, a)} {
			if strings.HasSuffix(name, "another") {
				begin(other)
			}
			if got := other.ask("GET", back, nil); got.status < 400 || other.cookies["regulars"] != "" {
				t.Errorf("%s: %d %v", name, got.status, other.cookies)
			}
		}
		if got := b.ask("GET", back, nil); got.header.Get("Location") != "/account/sessions" || b.cookies["regulars"] == "" || b.cookies["regulars_provider"] != "" {
			t.Errorf("the browser that began: %d %v %s", got.status, got.header, got.text)
		}
		if got := newBrowser(t, a).ask("GET", back, nil); got.status != 410 {
			t.Errorf("the same address again: %d", got.status)
		}
	})
}

func TestAccountPagesConnectTheProvider(t *testing.T) {
	withProvider(t, func(t *testing.T, a *apptest.App, p *oidctest.Provider) {
		owner(t, a)
		b := newBrowser(t, a)
		b.ask("POST", "/sign-in", url.Values{"login": {"olivia"}, "password": {ownersPassword}})
		p.Person = map[string]any{"sub": "private", "email": "private@example.net"}
		page := b.ask("POST", "/account/provider", url.Values{})
		_, rest, _ := strings.Cut(page.text, `href="`+p.URL)
		address, _, _ := strings.Cut(rest, `"`)
		if page.status != 200 || address == "" {
			t.Fatalf("connect: %d %s", page.status, page.text)
		}
		back := p.Visit(p.URL + strings.ReplaceAll(address, "&amp;", "&"))
		if got := b.ask("GET", back.RequestURI(), nil); got.header.Get("Location") != "/account/security" {
			t.Fatalf("come back: %d %s", got.status, got.text)
		}
		if got := b.ask("GET", "/account/security", nil); !strings.Contains(got.text, "private@example.net") {
			t.Errorf("not connected: %s", got.text)
		}
		if got := b.ask("POST", "/account/provider/remove", url.Values{"issuer": {p.URL}, "subject": {"private"}}); got.status != 303 {
			t.Errorf("disconnect: %d", got.status)
		}
		if got := b.ask("GET", "/account/security", nil); strings.Contains(got.text, "private@example.net") {
			t.Error("still connected")
		}
	})
}
