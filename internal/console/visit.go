package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/i18n"
)

// visit is a request with who makes it and where.
type visit struct {
	*http.Request
	w         http.ResponseWriter
	actor     actor.Actor
	community community.Community // zero outside of one
	held      error               // the refusal of the limit of a name that signs in
}

type handler func(v *visit) error

// open lets everybody in.
func (c *console) open(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		caller, err := c.Access.Authenticate(r.Context(), sessionOf(r))
		if err != nil && errs.KindOf(err) != errs.Unauthenticated {
			c.fail(w, r, err)
			return
		}
		if caller.Kind == actor.Session {
			httpx.LiftBodyTimeout(r)
		}
		w.Header().Set("Cache-Control", "private, no-cache")
		v := &visit{Request: r.WithContext(actor.NewContext(r.Context(), caller)), w: w, actor: caller}
		v.speak()
		if err := h(v); err != nil {
			c.fail(w, v.Request, err)
		}
	}
}

// signed lets people in who have signed in, and sends the others to do so.
func (c *console) signed(h handler) http.HandlerFunc {
	return c.open(func(v *visit) error {
		if v.actor.Kind != actor.Session {
			return errs.New(errs.Unauthenticated, "authentication_required", "Sign in to see this page.")
		}
		return h(v)
	})
}

// inside lets people in who may do in the community what need names.
func (c *console) inside(need actor.Permission, h handler) http.HandlerFunc {
	return c.signed(func(v *visit) (err error) {
		communityID := v.PathValue("community")
		if err := c.Access.Can(v.Context(), v.actor, communityID, need); err != nil {
			return err
		}
		if v.community, err = c.Communities.Get(v.Context(), communityID); err != nil {
			return err
		}
		c.Members.NoteVisit(v.Context(), v.actor, communityID)
		v.speak() // perhaps the community's language
		return h(v)
	})
}

// mayStill returns nil if the session of an open visit still works in its
// community and may do what need names, else why not.
func (c *console) mayStill(v *visit, need actor.Permission) error {
	actor, err := c.Access.Authenticate(v.Context(), sessionOf(v.Request))
	if err != nil {
		return err
	}
	if err := c.Access.Can(v.Context(), actor, v.community.ID, need); err != nil {
		return err
	}
	_, err = c.Communities.Get(v.Context(), v.community.ID)
	return err
}

// in is the address of a page of the visited community.
func (v *visit) in(path string) string { return "/c/" + v.community.ID + path }

// goTo sends the browser on after something was done, with a word about it: a
// constant sentence, or one that T has said.
func (v *visit) goTo(path, toast string) error {
	if toast = v.T(toast); toast != "" {
		http.SetCookie(v.w, &http.Cookie{Name: toastCookie, Value: url.QueryEscape(toast), Path: "/", MaxAge: 30, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: httpx.Secure(v.Request)})
	}
	http.Redirect(v.w, v.Request, path, http.StatusSeeOther)
	return nil
}

// page is the frame for what the visit shows. Its title and help are constant
// sentences, or have been said.
func (c *console) page(v *visit, title, nav, help string) (Page, error) {
	p := Page{Title: v.T(title), Nav: nav, Help: v.T(help), Reader: c.reader(v), Address: address(v.Request), Toast: takeToast(v)}
	if v.actor.Kind != actor.Session {
		return p, nil
	}
	person, err := c.person(v)
	if err != nil {
		return p, err
	}
	p.Person, p.Mailbox, p.Operator = person, c.mayReadMail(v.actor), ownsInstallation(v.actor)
	p.Community = Community{ID: v.community.ID, Name: v.community.Name, Accent: v.community.Settings.Accent}
	if v.community.ID != "" {
		if p.May, err = c.Access.Allowed(v.Context(), v.actor, v.community.ID, needed()...); err != nil {
			return p, err
		}
	}
	if p.Offer, err = c.offerHere(v); err != nil {
		return p, err
	}
	p.Others, err = c.communitiesOf(v.Context(), v.actor)
	return p, err
}

// person names who has signed in: by the account, or in a session of an
// unclaimed member as the community does.
func (c *console) person(v *visit) (Person, error) {
	if v.actor.AccountID == "" {
		who, err := c.Members.Self(v.Context(), v.actor, v.actor.OnlyCommunity)
		return Person{who.Username, who.Email}, err
	}
	account, err := c.Accounts.Account(v.Context(), v.actor.AccountID)
	return Person{account.Username, account.Email}, err
}

func (c *console) reader(v *visit) Reader {
	zone, err := time.LoadLocation(v.community.Settings.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	words := wordsOf(v.Context())
	return Reader{Language: numbers(v.Header.Get("Accept-Language"), words, v.actor.Language != ""), Words: words, Zone: zone, Now: c.Clock.Now()}
}

// communitiesOf are the communities a person may enter.
func (c *console) communitiesOf(ctx context.Context, actor actor.Actor) ([]Community, error) {
	if actor.InstallationOwner {
		all, err := c.Communities.List(ctx)
		shown := make([]Community, 0, len(all))
		for _, one := range all {
			shown = append(shown, Community{ID: one.ID, Name: one.Name, Accent: one.Settings.Accent})
		}
		return shown, err
	}
	ids, err := c.Access.CommunitiesOf(ctx, actor)
	if err != nil {
		return nil, err
	}
	var shown []Community
	for _, id := range ids {
		one, err := c.Communities.Get(ctx, id)
		if err != nil {
			return nil, err
		}
		shown = append(shown, Community{ID: one.ID, Name: one.Name, Accent: one.Settings.Accent})
	}
	return shown, nil
}

func address(r *http.Request) string {
	if httpx.Secure(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// render answers with a page.
func render(v *visit, status int, page templ.Component) error {
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	return sent(page.Render(v.Context(), v.w))
}

// sent drops the error of an answer whose beginning is out: the client is
// gone, or will see the end missing.
func sent(error) error { return nil }

const toastCookie = "regulars_toast"

func takeToast(v *visit) string {
	cookie, err := v.Cookie(toastCookie)
	if err != nil {
		return ""
	}
	http.SetCookie(v.w, &http.Cookie{Name: toastCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: httpx.Secure(v.Request)})
	text, err := url.QueryUnescape(cookie.Value)
	if err != nil {
		return ""
	}
	return text
}

// fail shows what went wrong, or where to sign in.
func (c *console) fail(w http.ResponseWriter, r *http.Request, err error) {
	r = heard(r)
	f := httpx.NewFailure(r.Context(), err)
	f.Message = told(r.Context(), f.Message, err)
	if r.Header.Get("Accept") == "application/json" {
		httpx.WriteFailure(w, f)
		return
	}
	if after := f.GetHeaders().Get("Retry-After"); after != "" {
		w.Header().Set("Retry-After", after)
	}
	signIn := f.GetStatus() == http.StatusUnauthorized && f.Code != "wrong_password"
	target := r.URL.RequestURI()
	if signIn {
		target = "/sign-in"
		if r.Method == http.MethodGet && r.URL.Path != "/" {
			target += "?next=" + url.QueryEscape(r.URL.RequestURI())
		}
	}
	switch {
	case r.Header.Get("HX-Request") == "true":
		w.Header().Set("HX-Redirect", target) // a piece of a page is no place for this
		w.WriteHeader(http.StatusOK)
	case signIn:
		http.Redirect(w, r, target, http.StatusSeeOther)
	default:
		c.showFailure(w, r, f)
	}
}

var failureTitles = map[int]string{
	http.StatusNotFound: i18n.Key("This page is not here"), http.StatusForbidden: i18n.Key("You may not do this"), http.StatusGone: i18n.Key("This is no longer kept"),
	http.StatusConflict: i18n.Key("This cannot be done now"), http.StatusServiceUnavailable: i18n.Key("Not available right now"), http.StatusTooManyRequests: i18n.Key("Too often"),
}

func (c *console) showFailure(w http.ResponseWriter, r *http.Request, f *httpx.Failure) {
	words := wordsOf(r.Context())
	p := Page{Title: words.T(failureTitles[f.GetStatus()]), Alert: Alert{Message: f.Message, RequestID: f.RequestID}, Reader: Reader{Words: words}}
	if p.Title == "" {
		p.Title = words.T("Something went wrong")
	}
	back, label := "/?all=1", words.T("All communities")
	if f.GetStatus() >= http.StatusInternalServerError && r.Method == http.MethodGet {
		back, label = r.URL.RequestURI(), words.T("Try again")
	} else if parts := strings.Split(r.URL.Path, "/"); len(parts) > 4 && parts[1] == "c" && f.Code != "community_not_found" {
		back, label = strings.Join(parts[:4], "/"), words.T("Back")
	}
	for name, values := range f.GetHeaders() {
		if name != "Www-Authenticate" {
			w.Header()[name] = values
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(f.GetStatus())
	_ = ProblemPage(p, back, label).Render(r.Context(), w) // the client is gone
}

// refusal is the status and the alert of a page that is shown again because of
// cause; 200 and none when there is no cause.
func refusal(v *visit, cause error) (int, Alert, error) {
	if cause == nil {
		return http.StatusOK, Alert{}, nil
	}
	a, err := alert(v, cause)
	return errs.KindOf(cause).Status(), a, err
}

// alert tells an error in the page it belongs to; errors that are not the
// person's stay errors.
func alert(v *visit, err error) (Alert, error) {
	e := errs.From(err)
	if e == nil || e.Kind.Status() >= http.StatusInternalServerError {
		return Alert{}, err
	}
	a := Alert{Message: explained(wordsOf(v.Context()), e), RequestID: httpx.RequestID(v.Context())}
	for _, f := range e.Fields {
		a.Points = append(a.Points, sayField(v.Context(), f))
	}
	return a, nil
}
