package ui

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"github.com/regulars/regulars/internal/httpx"
)

// unsentCookie marks a browser whose form was not accepted because its session had
// ended.
const unsentCookie = "regulars_unsent"

const unsentSeconds = 600

// signInAddress is the address of the sign-in that leads back to the page of a
// request: to a page itself, and from a form of a community to the page that has it.
func (c *Console) signInAddress(v *Request) string {
	back := v.URL.RequestURI()
	switch {
	case v.URL.Path == "/":
		return "/sign-in"
	case v.Method == http.MethodGet:
	case !strings.HasPrefix(v.URL.Path, "/c/"):
		return "/sign-in"
	default:
		back = c.formPage(v.Request)
		setUnsent(v, "1", unsentSeconds)
	}
	return "/sign-in?next=" + url.QueryEscape(back)
}

// formPage is the address of the page that has the form of a request, or of the
// nearest page above.
func (c *Console) formPage(r *http.Request) string {
	isPage := func(address string) bool { return c.pages.Match(chi.NewRouteContext(), http.MethodGet, address) }
	from, err := url.Parse(r.Referer())
	if err == nil && from.Host == r.Host && strings.HasPrefix(from.Path, "/c/") && isPage(from.Path) {
		return from.RequestURI()
	}
	address := r.URL.Path
	for !isPage(address) && address != "/" {
		address = path.Dir(address)
	}
	return address
}

func setUnsent(v *Request, value string, seconds int) {
	http.SetCookie(v.W, &http.Cookie{Name: unsentCookie, Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: httpx.Secure(v.Request)})
}

// unsentNotice returns the notice after a form that was not accepted, once; nil:
// there was none.
func unsentNotice(v *Request, p Page) templ.Component {
	if _, err := v.Cookie(unsentCookie); err != nil {
		return nil
	}
	setUnsent(v, "", -1)
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return AlertBox(Alert{Message: p.T("Your session had ended, so your last action was not carried out. Do it again.")}).Render(ctx, w)
	})
}
