package console

import (
	"net/http"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/i18n"
)

// cookieName is bound to this host and to HTTPS where the browser speaks it;
// http to the own machine has no such thing.
func cookieName(r *http.Request) string {
	if httpx.Secure(r) {
		return "__Host-regulars"
	}
	return "regulars"
}

func sessionOf(r *http.Request) string {
	cookie, err := r.Cookie(cookieName(r))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// keepSession gives the browser its session, or takes it away with "".
func keepSession(v *visit, token string) {
	cookie := &http.Cookie{
		Name: cookieName(v.Request), Value: token, Path: "/", MaxAge: int(account.SessionLifetime.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: httpx.Secure(v.Request),
	}
	if token == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(v.w, cookie)
}

func sessionInfo(r *http.Request) account.SessionInfo {
	return account.SessionInfo{UserAgent: r.UserAgent(), Address: httpx.Network(r), Device: deviceOf(r)}
}

func deviceOf(r *http.Request) string {
	cookie, err := r.Cookie(httpx.DeviceCookie(r))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// rememberDevice makes the browser a known device of the person that has just
// signed in. The cookie survives a sign-out.
func (c *console) rememberDevice(v *visit, session string) error {
	actor, err := c.Access.Authenticate(v.Context(), session)
	if err != nil {
		return err
	}
	device, err := c.Accounts.RememberDevice(v.Context(), actor.AccountID, deviceOf(v.Request))
	if err != nil {
		return err
	}
	http.SetCookie(v.w, httpx.NewDeviceCookie(v.Request, device, account.KnownClientLifetime))
	return nil
}

func (c *console) showSignIn(v *visit) error {
	if v.actor.Kind == actor.Session {
		return v.goTo(ownPath(v.FormValue("next")), "")
	}
	p, err := c.page(v, "Sign in", "", "")
	if err != nil {
		return err
	}
	pending, err := c.Accounts.SetupPending(v.Context())
	if err != nil {
		return err
	}
	view := c.signInView(v, p, v.FormValue("next"))
	view.Setup = pending
	return render(v, http.StatusOK, SignInPage(view))
}

func (c *console) signIn(v *visit) error {
	login, next := v.PostFormValue("login"), v.PostFormValue("next")
	token, err := c.trySignIn(v, login)
	if err == nil {
		return c.welcome(v, token, next)
	}
	if asksForCode(v, next, err) {
		return nil
	}
	status, p, _, err := c.doorAgain(v, i18n.Key("Sign in"), err)
	if err != nil {
		return err
	}
	view := c.signInView(v, p, next)
	view.Login = login
	return render(v, status, SignInPage(view))
}

// trySignIn counts the attempt before the password is looked at, which costs
// much.
func (c *console) trySignIn(v *visit, login string) (token string, err error) {
	if err := c.takeSignIn(v); err != nil {
		return "", err
	}
	info := sessionInfo(v.Request)
	info.LimitError = v.held
	token, _, err = c.Accounts.SignIn(v.Context(), login, v.PostFormValue("password"), info)
	return token, err
}

// again is the frame of a form that comes back with what is wrong.
func (c *console) again(v *visit, title, nav string, cause error) (Page, Alert, error) {
	a, err := alert(v, cause)
	if err != nil {
		return Page{}, a, err
	}
	p, err := c.page(v, title, nav, "")
	return p, a, err
}

func (c *console) signOut(v *visit) error {
	if err := c.endSessionHere(v); err != nil {
		return err
	}
	return v.goTo("/sign-in", "")
}

// endSessionHere signs the browser out; the visit continues without a session.
func (c *console) endSessionHere(v *visit) error {
	if err := c.Accounts.SignOut(v.Context(), sessionOf(v.Request)); err != nil {
		return err
	}
	keepSession(v, "")
	v.actor = actor.Actor{}
	return nil
}

func (c *console) showSetup(v *visit) error {
	p, err := c.page(v, "Set-up", "", "")
	if err != nil {
		return err
	}
	pending, err := c.Accounts.SetupPending(v.Context())
	if err != nil {
		return err
	}
	return render(v, http.StatusOK, SetupPage(SetupView{Page: p, Token: v.URL.Query().Get("token"), Gone: !pending}))
}

func (c *console) setup(v *visit) error {
	view := SetupView{Token: v.PostFormValue("token"), Email: v.PostFormValue("email"), Username: v.PostFormValue("username")}
	in := account.Input{Email: view.Email, Username: view.Username, Password: v.PostFormValue("password")}
	_, session, err := c.Accounts.Setup(v.Context(), view.Token, in, sessionInfo(v.Request))
	if err == nil {
		keepSession(v, session)
		if err := c.rememberDevice(v, session); err != nil {
			return err
		}
		return v.goTo("/", "The account is made")
	}
	view.Gone, view.Errors = errs.Is(err, "link_expired"), wrongFields(v.Context(), err)
	if view.Page, view.Alert, err = c.again(v, "Set-up", "", err); err != nil {
		return err
	}
	if view.Errors != nil {
		view.Alert = Alert{} // it stands at the fields
	}
	return render(v, http.StatusBadRequest, SetupPage(view))
}

func (c *console) showLink(v *visit) error {
	p, err := c.page(v, "Sign in", "", "")
	if err != nil {
		return err
	}
	token := v.URL.Query().Get("token")
	return render(v, http.StatusOK, LinkPage(LinkView{Page: p, Token: token, Gone: token == ""}))
}

func (c *console) redeemLink(v *visit) error {
	token, _, err := c.Accounts.RedeemLink(v.Context(), v.PostFormValue("token"), sessionInfo(v.Request))
	if err == nil {
		keepSession(v, token)
		return v.goTo("/", "")
	}
	if !errs.Is(err, "link_expired") {
		return err
	}
	p, err := c.page(v, "Sign in", "", "")
	if err != nil {
		return err
	}
	return render(v, http.StatusGone, LinkPage(LinkView{Page: p, Gone: true}))
}
