package signin

import (
	"net/http"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/account/throttle"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

func sessionInfo(r *http.Request) account.SessionInfo {
	return account.SessionInfo{UserAgent: r.UserAgent(), Address: httpx.Network(r), Device: ui.Device(r)}
}

// rememberDevice makes the browser a known device of the person. The cookie
// survives a sign-out.
func (h *handlers) rememberDevice(v *ui.Request, session string) error {
	actor, err := h.Access.Authenticate(v.Context(), session)
	if err != nil {
		return err
	}
	device, err := h.Accounts.Clients.RememberDevice(v.Context(), actor.AccountID, ui.Device(v.Request))
	if err != nil {
		return err
	}
	http.SetCookie(v.W, httpx.NewDeviceCookie(v.Request, device, throttle.KnownClientLifetime))
	return nil
}

func (h *handlers) showSignIn(v *ui.Request) error {
	if v.Actor.Kind == actor.Session {
		return v.Redirect(ownPath(v.FormValue("next")), "")
	}
	p, err := h.Page(v, "Sign in", "", "")
	if err != nil {
		return err
	}
	pending, err := h.Accounts.SetupPending(v.Context())
	if err != nil {
		return err
	}
	view := h.signInView(v, p, v.FormValue("next"))
	view.Setup = pending
	return ui.Render(v, http.StatusOK, SignInPage(view))
}

func (h *handlers) signIn(v *ui.Request) error {
	login, next := v.PostFormValue("login"), v.PostFormValue("next")
	token, err := h.trySignIn(v, login)
	if err == nil {
		return h.welcome(v, token, next)
	}
	if asksForCode(v, next, err) {
		return nil
	}
	status, p, _, err := h.entryAgain(v, i18n.Key("Sign in"), err)
	if err != nil {
		return err
	}
	view := h.signInView(v, p, next)
	view.Login = login
	return ui.Render(v, status, SignInPage(view))
}

// trySignIn counts the attempt before the password is looked at, which costs
// much.
func (h *handlers) trySignIn(v *ui.Request, login string) (token string, err error) {
	held, err := h.countSignIn(v)
	if err != nil {
		return "", err
	}
	info := sessionInfo(v.Request)
	info.LimitError = held
	token, _, err = h.Accounts.SignIn(v.Context(), login, v.PostFormValue("password"), info)
	return token, err
}

func (h *handlers) signOut(v *ui.Request) error {
	if err := h.endSessionHere(v); err != nil {
		return err
	}
	return v.Redirect("/sign-in", "")
}

// endSessionHere signs the browser out; the request continues without a session.
func (h *handlers) endSessionHere(v *ui.Request) error {
	if err := h.Accounts.Sessions.SignOut(v.Context(), ui.SessionOf(v.Request)); err != nil {
		return err
	}
	ui.SetSession(v, "")
	v.Actor = actor.Actor{}
	return nil
}

func (h *handlers) showSetup(v *ui.Request) error {
	p, err := h.Page(v, "Set-up", "", "")
	if err != nil {
		return err
	}
	pending, err := h.Accounts.SetupPending(v.Context())
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, SetupPage(SetupView{Page: p, Token: v.URL.Query().Get("token"), Gone: !pending}))
}

func (h *handlers) setup(v *ui.Request) error {
	view := SetupView{Token: v.PostFormValue("token"), Email: v.PostFormValue("email"), Username: v.PostFormValue("username")}
	in := signin.Input{Email: view.Email, Username: view.Username, Password: v.PostFormValue("password")}
	_, session, err := h.Accounts.Setup(v.Context(), view.Token, in, sessionInfo(v.Request))
	if err == nil {
		ui.SetSession(v, session)
		if err := h.rememberDevice(v, session); err != nil {
			return err
		}
		return v.Redirect("/", "Account created")
	}
	view.Gone, view.Errors = errs.Is(err, "link_expired"), ui.FieldErrors(v.Context(), err)
	if view.Page, view.Alert, err = h.FormAgain(v, "Set-up", "", err); err != nil {
		return err
	}
	if view.Errors != nil {
		view.Alert = ui.Alert{} // the fields show it
	}
	return ui.Render(v, http.StatusBadRequest, SetupPage(view))
}

func (h *handlers) showLink(v *ui.Request) error {
	p, err := h.Page(v, "Sign in", "", "")
	if err != nil {
		return err
	}
	token := v.URL.Query().Get("token")
	return ui.Render(v, http.StatusOK, LinkPage(LinkView{Page: p, Token: token, Gone: token == ""}))
}

func (h *handlers) redeemLink(v *ui.Request) error {
	token, _, err := h.Accounts.RedeemLink(v.Context(), v.PostFormValue("token"), sessionInfo(v.Request))
	if err == nil {
		ui.SetSession(v, token)
		return v.Redirect("/", "")
	}
	if !errs.Is(err, "link_expired") {
		return err
	}
	p, err := h.Page(v, "Sign in", "", "")
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusGone, LinkPage(LinkView{Page: p, Gone: true}))
}
