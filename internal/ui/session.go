package ui

import (
	"net/http"

	"github.com/regulars/regulars/internal/account/session"
	"github.com/regulars/regulars/internal/httpx"
)

// SessionOf returns the session token of a request, "" without one.
func SessionOf(r *http.Request) string { return httpx.SessionOf(r) }

// SetSession sets the session cookie, or deletes it if token is "".
func SetSession(v *Request, token string) {
	cookie := &http.Cookie{
		Name: httpx.SessionCookie(v.Request), Value: token, Path: "/", MaxAge: int(session.Lifetime.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: httpx.Secure(v.Request),
	}
	if token == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(v.W, cookie)
}

// Device returns the device token of a request, "" without one.
func Device(r *http.Request) string {
	cookie, err := r.Cookie(httpx.DeviceCookie(r))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// stepCookie is a cookie with the token of a sign-in of several steps.
type stepCookie string

// Cookies of the steps of a sign-in.
const (
	CodeStep     stepCookie = "regulars_code"
	PasskeyStep  stepCookie = "regulars_passkey"
	ProviderStep stepCookie = "regulars_provider"
)

const stepSeconds = 600

func (s stepCookie) name(r *http.Request) string {
	if httpx.Secure(r) {
		return "__Host-" + string(s)
	}
	return string(s)
}

// Set sets the cookie, or deletes it if token is "".
func (s stepCookie) Set(v *Request, token string) {
	cookie := &http.Cookie{
		Name: s.name(v.Request), Value: token, Path: "/", MaxAge: stepSeconds, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, // a provider sends the browser back from another site
		Secure:   httpx.Secure(v.Request),
	}
	if token == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(v.W, cookie)
}

func (s stepCookie) Value(r *http.Request) string {
	cookie, err := r.Cookie(s.name(r))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// PasskeysAt reports whether passkeys work at the origin of the request.
func (c *Console) PasskeysAt(v *Request) bool {
	return Origin(v.Request) == c.accounts.PasskeyOrigin()
}
