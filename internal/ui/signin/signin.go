package signin

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// welcome sets the session and redirects to the requested page.
func (h *handlers) welcome(v *ui.Request, session, next string) error {
	ui.SetSession(v, session)
	if err := h.rememberDevice(v, session); err != nil {
		return err
	}
	return v.Redirect(ownPath(next), "")
}

// asksForCode redirects to the second factor if err requires it.
func asksForCode(v *ui.Request, next string, err error) bool {
	needs, ok := errors.AsType[*signin.CodeRequiredError](err)
	if !ok {
		return false
	}
	ui.CodeStep.Set(v, needs.Challenge)
	http.Redirect(v.W, v.Request, codePage+"?next="+url.QueryEscape(ownPath(next)), http.StatusSeeOther)
	return true
}

// codePage is the path of the second factor.
const codePage = "/sign-in/code"

func (h *handlers) showCode(v *ui.Request) error {
	if ui.CodeStep.Value(v.Request) == "" {
		return v.Redirect(link.SignInPage, "")
	}
	p, err := h.Page(v, i18n.Key("One more step"), "", "")
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, CodePage(CodeView{Page: p, Next: ownPath(v.FormValue("next"))}))
}

func (h *handlers) answerCode(v *ui.Request) error {
	next := v.PostFormValue("next")
	err := h.limitSignIn(v)
	if err == nil {
		var session string
		session, _, err = h.Accounts.AnswerChallenge(v.Context(), ui.CodeStep.Value(v.Request), v.PostFormValue("code"), sessionInfo(v.Request))
		if err == nil {
			ui.CodeStep.Set(v, "")
			return h.welcome(v, session, next)
		}
	}
	if errs.Is(err, "sign_in_expired") {
		ui.CodeStep.Set(v, "")
		return h.backToSignIn(v, next, err)
	}
	status, p, _, err := h.entryAgain(v, i18n.Key("One more step"), err)
	if err != nil {
		return err
	}
	return ui.Render(v, status, CodePage(CodeView{Page: p, Next: ownPath(next)}))
}

// startPasskey responds with the options of a passkey sign-in for the script.
func (h *handlers) startPasskey(v *ui.Request) error {
	held, err := h.limitStart(v)
	if err != nil {
		return err
	}
	token, options, err := h.Accounts.StartPasskeySignIn(v.Context(), held)
	if err != nil {
		return err
	}
	ui.PasskeyStep.Set(v, token)
	return ui.SendJSON(v, options)
}

func (h *handlers) signInByPasskey(v *ui.Request) error {
	token := ui.PasskeyStep.Value(v.Request)
	ui.PasskeyStep.Set(v, "")
	session, _, err := h.Accounts.SignInByPasskey(v.Context(), token, []byte(v.PostFormValue("response")), sessionInfo(v.Request))
	if err != nil {
		return h.backToSignIn(v, v.PostFormValue("next"), err)
	}
	return h.welcome(v, session, v.PostFormValue("next"))
}

// startProvider is a link: the content policy forbids forms that lead to another
// site.
func (h *handlers) startProvider(v *ui.Request) error {
	held, err := h.limitStart(v)
	if err == nil {
		var token, address string
		token, address, err = h.Accounts.Provider.Start(v.Context(), actor.Actor{}, account.Proof{}, ownPath(v.FormValue("next")), held)
		if err == nil {
			ui.ProviderStep.Set(v, token)
			http.Redirect(v.W, v.Request, address, http.StatusSeeOther)
			return nil
		}
	}
	return h.backToSignIn(v, v.FormValue("next"), err)
}

// finishProvider is where the provider sends the browser back to.
func (h *handlers) finishProvider(v *ui.Request) error {
	token := ui.ProviderStep.Value(v.Request)
	ui.ProviderStep.Set(v, "")
	if err := h.limitReturn(v, token); err != nil {
		return h.backToSignIn(v, "", err)
	}
	done, err := h.Accounts.FinishProvider(v.Context(), v.Actor, token, v.URL.Query(), sessionInfo(v.Request))
	switch {
	case err == nil && done.Token == "":
		return v.Redirect(ui.SecurityPath, v.T("%s is connected", h.Accounts.Provider.Name()))
	case err == nil:
		return h.welcome(v, done.Token, done.Next)
	case asksForCode(v, done.Next, err):
		return nil
	case v.Actor.Kind == actor.Session:
		return h.ConnectFailed(v, err)
	}
	return h.backToSignIn(v, done.Next, err)
}

// backToSignIn shows the first step again, with what went wrong.
func (h *handlers) backToSignIn(v *ui.Request, next string, cause error) error {
	status, p, _, err := h.entryAgain(v, i18n.Key("Sign in"), cause)
	if err != nil {
		return err
	}
	return ui.Render(v, status, SignInPage(h.signInView(v, p, next)))
}

// signInView is the sign-in page with the available methods.
func (h *handlers) signInView(v *ui.Request, p ui.Page, next string) SignInView {
	return SignInView{
		Page: p, Next: ownPath(next), Provider: h.Accounts.Provider.Name(), Passkeys: h.PasskeysAt(v), Register: h.Accounts.RegistrationOpen(),
	}
}

// ownPath is a path on this server, and never an address elsewhere.
func ownPath(next string) string {
	parsed, err := url.Parse(next)
	if err != nil || parsed.Scheme != "" || parsed.Host != "" || parsed.User != nil || parsed.Opaque != "" || !strings.HasPrefix(next, "/") {
		return "/"
	}
	if strings.HasPrefix(parsed.Path, "//") || strings.ContainsFunc(parsed.Path+next, unsafeInPath) || strings.HasPrefix(parsed.Path, link.SignInPage) {
		return "/"
	}
	return next
}

// unsafeInPath are characters that browsers read as a slash, or leave out.
func unsafeInPath(r rune) bool { return r == '\\' || r < ' ' || r == 0x7f }

// entryAgain returns the status, page and field errors of a rejected form. The
// alert is empty if fields show the errors.
func (h *handlers) entryAgain(v *ui.Request, title string, cause error) (status int, p ui.Page, wrong map[string]string, err error) {
	if after := httpx.NewFailure(v.Context(), cause).GetHeaders().Get("Retry-After"); after != "" {
		v.W.Header().Set("Retry-After", after)
	}
	p, a, err := h.FormAgain(v, title, "", cause)
	if wrong = ui.FieldErrors(v.Context(), cause); wrong == nil {
		p.Alert = a
	}
	return errs.KindOf(cause).Status(), p, wrong, err
}
