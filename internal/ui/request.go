package ui

import (
	"net/http"
	"net/url"

	"github.com/a-h/templ"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/member"
)

// Source is the source of what a person changes at a page.
var Source = member.Source{Type: "console"}

// SendJSON responds with encoded JSON.
func SendJSON(v *Request, content []byte) error {
	v.W.Header().Set("Content-Type", "application/json")
	v.W.Header().Set("Cache-Control", "no-store")
	_, err := v.W.Write(content)
	return IgnoreDisconnect(err)
}

// Request is a request with its caller and community.
type Request struct {
	*http.Request
	W         http.ResponseWriter
	Actor     actor.Actor
	Community community.Community // zero outside of one
}

// In is the address of a page of the community.
func (v *Request) In(path string) string { return "/c/" + v.Community.ID + path }

// Redirect redirects after an action, with a toast: a constant sentence, or a
// translated one.
func (v *Request) Redirect(path, toast string) error {
	if toast = v.T(toast); toast != "" {
		http.SetCookie(v.W, &http.Cookie{Name: toastCookie, Value: url.QueryEscape(toast), Path: "/", MaxAge: 30, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: httpx.Secure(v.Request)})
	}
	http.Redirect(v.W, v.Request, path, http.StatusSeeOther)
	return nil
}

// Origin returns the scheme and host of a request.
func Origin(r *http.Request) string { return httpx.Origin(r) }

// Render answers with a page.
func Render(v *Request, status int, page templ.Component) error {
	v.W.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.W.WriteHeader(status)
	return IgnoreDisconnect(page.Render(v.Context(), v.W))
}

// IgnoreDisconnect drops the error of a response that has begun: the client has
// disconnected or will notice the missing end.
func IgnoreDisconnect(error) error { return nil }

const toastCookie = "regulars_toast"

func consumeToast(v *Request) string {
	cookie, err := v.Cookie(toastCookie)
	if err != nil {
		return ""
	}
	http.SetCookie(v.W, &http.Cookie{Name: toastCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: httpx.Secure(v.Request)})
	text, err := url.QueryUnescape(cookie.Value)
	if err != nil {
		return ""
	}
	return text
}

// DeletesRecent reports whether the DeleteRecent of a form was chosen.
func (v *Request) DeletesRecent() bool { return v.PostFormValue("delete_recent") == "yes" }
