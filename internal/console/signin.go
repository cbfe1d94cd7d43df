package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/i18n"
)

// stepCookie keeps the token of a sign-in of several steps in the browser that
// began it.
type stepCookie string

const (
	codeStep     stepCookie = "regulars_code"
	passkeyStep  stepCookie = "regulars_passkey"
	providerStep stepCookie = "regulars_provider"
)

const stepSeconds = 600

func (s stepCookie) name(r *http.Request) string {
	if httpx.Secure(r) {
		return "__Host-" + string(s)
	}
	return string(s)
}

// keep gives the browser a token, or takes it away with "".
func (s stepCookie) keep(v *visit, token string) {
	cookie := &http.Cookie{
		Name: s.name(v.Request), Value: token, Path: "/", MaxAge: stepSeconds, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, // a provider sends the browser back from another site
		Secure:   httpx.Secure(v.Request),
	}
	if token == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(v.w, cookie)
}

func (s stepCookie) of(r *http.Request) string {
	cookie, err := r.Cookie(s.name(r))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// welcome gives the browser its session and sends it where it wanted to go.
func (c *console) welcome(v *visit, session, next string) error {
	keepSession(v, session)
	if err := c.rememberDevice(v, session); err != nil {
		return err
	}
	return v.goTo(ownPath(next), "")
}

// asksForCode leads to the second step, if that is what err asks for.
func asksForCode(v *visit, next string, err error) bool {
	needs, ok := errors.AsType[*account.CodeRequiredError](err)
	if !ok {
		return false
	}
	codeStep.keep(v, needs.Challenge)
	http.Redirect(v.w, v.Request, codePage+"?next="+url.QueryEscape(ownPath(next)), http.StatusSeeOther)
	return true
}

// codePage asks for the code of a second factor.
const codePage = "/sign-in/code"

func (c *console) showCode(v *visit) error {
	if codeStep.of(v.Request) == "" {
		return v.goTo(account.SignInPage, "")
	}
	p, err := c.page(v, i18n.Key("One more step"), "", "")
	if err != nil {
		return err
	}
	return render(v, http.StatusOK, CodePage(CodeView{Page: p, Next: ownPath(v.FormValue("next"))}))
}

func (c *console) giveCode(v *visit) error {
	next := v.PostFormValue("next")
	err := c.takeSignIn(v)
	if err == nil {
		var session string
		session, _, err = c.Accounts.AnswerChallenge(v.Context(), codeStep.of(v.Request), v.PostFormValue("code"), sessionInfo(v.Request))
		if err == nil {
			codeStep.keep(v, "")
			return c.welcome(v, session, next)
		}
	}
	if errs.Is(err, "sign_in_expired") {
		codeStep.keep(v, "")
		return c.backToSignIn(v, next, err)
	}
	status, p, _, err := c.doorAgain(v, i18n.Key("One more step"), err)
	if err != nil {
		return err
	}
	return render(v, status, CodePage(CodeView{Page: p, Next: ownPath(next)}))
}

// askPasskey answers what the script gives to the browser.
func (c *console) askPasskey(v *visit) error {
	if err := c.takeStart(v); err != nil {
		return err
	}
	token, options, err := c.Accounts.StartPasskeySignIn(v.Context())
	if err != nil {
		return err
	}
	passkeyStep.keep(v, token)
	return sendJSON(v, options)
}

// sendJSON answers JSON that is made already.
func sendJSON(v *visit, content []byte) error {
	v.w.Header().Set("Content-Type", "application/json")
	v.w.Header().Set("Cache-Control", "no-store")
	_, err := v.w.Write(content)
	return sent(err)
}

func (c *console) signInByPasskey(v *visit) error {
	token := passkeyStep.of(v.Request)
	passkeyStep.keep(v, "")
	session, _, err := c.Accounts.SignInByPasskey(v.Context(), token, []byte(v.PostFormValue("response")), sessionInfo(v.Request))
	if err != nil {
		return c.backToSignIn(v, v.PostFormValue("next"), err)
	}
	return c.welcome(v, session, v.PostFormValue("next"))
}

// startProvider is a link and not a form: a browser does not let a form lead
// to another site here.
func (c *console) startProvider(v *visit) error {
	err := c.takeStart(v)
	if err == nil {
		var token, address string
		token, address, err = c.Accounts.StartProvider(v.Context(), actor.Actor{}, account.Proof{}, ownPath(v.FormValue("next")))
		if err == nil {
			providerStep.keep(v, token)
			http.Redirect(v.w, v.Request, address, http.StatusSeeOther)
			return nil
		}
	}
	return c.backToSignIn(v, v.FormValue("next"), err)
}

// finishProvider is where the provider sends the browser back to.
func (c *console) finishProvider(v *visit) error {
	token := providerStep.of(v.Request)
	providerStep.keep(v, "")
	done, err := c.Accounts.FinishProvider(v.Context(), v.actor, token, v.URL.Query(), sessionInfo(v.Request))
	switch {
	case err == nil && done.Token == "":
		return v.goTo(securityPath, v.T("%s is connected", c.Accounts.ProviderName()))
	case err == nil:
		return c.welcome(v, done.Token, done.Next)
	case asksForCode(v, done.Next, err):
		return nil
	case v.actor.Kind == actor.Session:
		return c.backToSecurity(v, err)
	}
	return c.backToSignIn(v, done.Next, err)
}

// backToSignIn shows the first step again, with what went wrong.
func (c *console) backToSignIn(v *visit, next string, cause error) error {
	status, p, _, err := c.doorAgain(v, i18n.Key("Sign in"), cause)
	if err != nil {
		return err
	}
	return render(v, status, SignInPage(c.signInView(v, p, next)))
}

// signInView is the sign-in page with the ways that there are.
func (c *console) signInView(v *visit, p Page, next string) SignInView {
	return SignInView{
		Page: p, Next: ownPath(next), Provider: c.Accounts.ProviderName(), Passkeys: c.passkeysAt(v), Register: c.Accounts.RegistrationOpen(),
	}
}

// passkeysAt reports whether browsers use our passkeys at the address of the
// visit.
func (c *console) passkeysAt(v *visit) bool {
	return address(v.Request) == c.Accounts.PasskeyOrigin()
}

// ownPath is a path on this server, and never an address elsewhere.
func ownPath(next string) string {
	parsed, err := url.Parse(next)
	if err != nil || parsed.Scheme != "" || parsed.Host != "" || parsed.User != nil || parsed.Opaque != "" || !strings.HasPrefix(next, "/") {
		return "/"
	}
	if strings.HasPrefix(parsed.Path, "//") || strings.ContainsFunc(parsed.Path+next, unsafeInPath) || strings.HasPrefix(parsed.Path, account.SignInPage) {
		return "/"
	}
	return next
}

// unsafeInPath are characters that browsers read as a slash, or leave out.
func unsafeInPath(r rune) bool { return r == '\\' || r < ' ' || r == 0x7f }
