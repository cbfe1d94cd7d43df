package ui

import (
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/i18n"
)

// SetRetryAfter sets the Retry-After header of an error that has one.
func SetRetryAfter(v *Request, cause error) {
	if cause == nil {
		return
	}
	if after := httpx.NewFailure(v.Context(), cause).GetHeaders().Get("Retry-After"); after != "" {
		v.W.Header().Set("Retry-After", after)
	}
}

// ErrPageNotFound returns the error of an unknown address.
func ErrPageNotFound() error {
	return errs.New(errs.NotFound, "page_not_found", "Page not found. The address is wrong, or the content was deleted.")
}

// FormAgain returns the page and the alert of a rejected form.
func (c *Console) FormAgain(v *Request, title, nav string, cause error) (Page, Alert, error) {
	a, err := NewAlert(v, cause)
	if err != nil {
		return Page{}, a, err
	}
	p, err := c.Page(v, title, nav, "")
	return p, a, err
}

// fail shows what went wrong, or where to sign in, before the caller is known.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, err error) {
	c.failFor(&Request{Request: withLanguage(r), W: w}, err)
}

// failFor shows the caller what went wrong, or where to sign in.
func (c *Console) failFor(v *Request, err error) {
	w, r := v.W, v.Request
	target := r.URL.RequestURI()
	f := httpx.NewFailure(r.Context(), err)
	f.Message = failureMessage(r.Context(), f.Message, err)
	signIn := f.GetStatus() == http.StatusUnauthorized && f.Code != "wrong_password"
	if signIn {
		target = c.signInAddress(v)
	}
	if r.Header.Get("Accept") == "application/json" {
		httpx.WriteFailure(w, f)
		return
	}
	if after := f.GetHeaders().Get("Retry-After"); after != "" {
		w.Header().Set("Retry-After", after)
	}
	switch {
	case r.Header.Get("HX-Request") == "true":
		w.Header().Set("HX-Redirect", target) // a piece of a page is no place for this
		w.WriteHeader(http.StatusOK)
	case signIn:
		http.Redirect(w, r, target, http.StatusSeeOther)
	default:
		c.showFailure(v, f)
	}
}

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

var failureTitles = map[int]string{
	http.StatusNotFound: i18n.Key("Page not found"), http.StatusForbidden: i18n.Key("You do not have permission"), http.StatusGone: i18n.Key("This has expired"),
	http.StatusConflict: i18n.Key("This cannot be done now"), http.StatusServiceUnavailable: i18n.Key("Not available right now"), http.StatusTooManyRequests: i18n.Key("Too many requests"),
}

func (c *Console) showFailure(v *Request, f *httpx.Failure) {
	title := failureTitles[f.GetStatus()]
	if title == "" {
		title = i18n.Key("Something went wrong")
	}
	p, ok := c.framed(v, title)
	if !ok {
		words := PrinterOf(v.Context())
		p = Page{Title: words.T(title), Reader: Reader{Words: words}}
	}
	p.Alert = Alert{Message: f.Message, RequestID: f.RequestID}
	for name, values := range f.GetHeaders() {
		if name != "Www-Authenticate" {
			v.W.Header()[name] = values
		}
	}
	address, label := wayOut(p, v.Request, f)
	_ = Render(v, f.GetStatus(), ErrorPage(p, address, label)) // the client has disconnected
}

// wayOut is the link of an error page.
func wayOut(p Page, r *http.Request, f *httpx.Failure) (address, label string) {
	parts := strings.Split(r.URL.Path, "/")
	switch {
	case f.GetStatus() >= http.StatusInternalServerError && r.Method == http.MethodGet:
		return r.URL.RequestURI(), p.T("Try again")
	case len(parts) > 4 && parts[1] == "c" && f.Code != "community_not_found":
		return strings.Join(parts[:4], "/"), p.T("Back")
	case p.Community.ID != "":
		return p.In("/"), p.T("Back")
	case len(p.OperatorNav) > 0:
		return p.OperatorNav[0].Path, p.T("Back")
	}
	return "/?all=1", p.T("All communities")
}

// Rejected returns the status and the alert of a form with an error; 200 and no
// alert without one.
func Rejected(v *Request, cause error) (int, Alert, error) {
	if cause == nil {
		return http.StatusOK, Alert{}, nil
	}
	a, err := NewAlert(v, cause)
	return errs.KindOf(cause).Status(), a, err
}

// NewAlert returns the alert of an error. Internal errors are returned instead.
func NewAlert(v *Request, err error) (Alert, error) {
	e := errs.From(err)
	if e == nil || e.Kind.Status() >= http.StatusInternalServerError {
		return Alert{}, err
	}
	a := Alert{Message: Explain(PrinterOf(v.Context()), e), RequestID: httpx.RequestID(v.Context())}
	for _, f := range e.Fields {
		a.Points = append(a.Points, FieldError(v.Context(), f))
	}
	return a, nil
}
