package community_test

import (
	"testing"

	"github.com/regulars/regulars/internal/community"
)

func TestFrameOriginAcceptsOnlySafeAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"https://example.com":                   "https://example.com",
		"HTTPS://Example.COM:443/a?b=c#d":       "https://example.com",
		"https://example.com:8443/a":            "https://example.com:8443",
		"http://localhost:3000/board":           "http://localhost:3000",
		"http://board.localhost":                "http://board.localhost",
		"http://127.0.0.1:80/":                  "http://127.0.0.1",
		"http://[::1]:8080":                     "http://[::1]:8080",
		"https://xn--bcher-kva.example/":        "https://xn--bcher-kva.example",
		"http://example.com":                    "",
		"http://127.0.0.1.example.com":          "",
		"http://localhost.example.com":          "",
		"https://user@example.com":              "",
		"https://user:secret@example.com":       "",
		"https://@example.com":                  "",
		"//example.com":                         "",
		"https:example.com":                     "",
		"https:///a":                            "",
		"https://":                              "",
		"https://a;b.example":                   "",
		"https://a,b.example":                   "",
		"https://*.example.com":                 "",
		"https://exa mple.com":                  "",
		"https://example.com/a b":               "",
		`https://example.com\@evil.example`:     "",
		"https://example.com\r\nX: y":           "",
		"https://bücher.example":                "",
		"https://example.com:":                  "",
		"https://example.com:99a":               "",
		"javascript:alert(1)":                   "",
		"data:text/html,x":                      "",
		"blob:https://example.com/1":            "",
		"file:///etc/passwd":                    "",
		"ftp://example.com":                     "",
		"https://example.com'; script-src 'all": "",
		"":                                      "",
	} {
		got, ok := community.FrameOrigin(address)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q %v, want %q", address, got, ok, want)
		}
	}
}
