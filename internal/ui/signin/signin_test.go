package signin

import "testing"

func TestRedirectsStayOnThisServer(t *testing.T) {
	for next, want := range map[string]string{
		"/c/x/members?q=a": "/c/x/members?q=a", "": "/", "//evil.example": "/", `/\evil.example`: "/", "https://evil.example": "/", "/sign-in?next=/": "/", "/a\r\nSet-Cookie: x": "/",
	} {
		if got := ownPath(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}
