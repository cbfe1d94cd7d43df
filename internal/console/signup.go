package console

import (
	"cmp"
	"net/http"
	"net/url"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/i18n"
)

// takeSignIn counts an attempt to sign in, or at something else that costs as
// much, before it is made: for the address it comes from, and for the name in
// its form, whether somebody has it or not.
func (c *console) takeSignIn(v *visit) error {
	known, err := c.knownDevice(v)
	if err != nil {
		return err
	}
	if known != "" {
		err = c.signIns.Allow(v.w, v.Request, known)
	} else {
		err = c.signIns.Allow(v.w, v.Request, httpx.Network(v.Request))
		if login := cmp.Or(v.PostFormValue("login"), v.PostFormValue("email")); err == nil && login != "" {
			err = c.signInsOf.Allow(v.w, v.Request, account.LoginLimitKey(operations[v.URL.Path], login))
			if named := errs.From(err); named != nil && named.Kind == errs.Limited && v.URL.Path == account.SignInPage {
				v.held, err = tooManySignIns(named), nil
			}
		}
	}
	if limited := errs.From(err); limited != nil {
		return tooManySignIns(limited)
	}
	return err
}

// takeStart counts the start of a sign-in that names no account: for a known
// device, else for the address.
func (c *console) takeStart(v *visit) error {
	subject, err := c.Accounts.KnownDeviceOfAny(v.Context(), deviceOf(v.Request))
	if err != nil {
		return err
	}
	err = c.signIns.Allow(v.w, v.Request, cmp.Or(subject, account.StartLimitKey(httpx.Network(v.Request))))
	if limited := errs.From(err); limited != nil {
		return tooManySignIns(limited)
	}
	return err
}

// knownDevice is the known device that signs in, "" for none: elsewhere a form
// does not prove whose device it is.
func (c *console) knownDevice(v *visit) (string, error) {
	switch v.URL.Path {
	case account.SignInPage:
		return c.Accounts.KnownDevice(v.Context(), v.PostFormValue("login"), deviceOf(v.Request))
	case codePage:
		return c.Accounts.KnownDeviceOfChallenge(v.Context(), codeStep.of(v.Request), deviceOf(v.Request))
	}
	return "", nil
}

func tooManySignIns(limited *errs.Error) error {
	return errs.New(errs.Limited, "too_many_sign_ins", "Too many attempts to sign in from your network. Wait a minute, then try again.").WithRetry(limited.RetryAfter)
}

// operations are what forms ask for, as the API calls it: attempts at the same
// count together.
var operations = map[string]string{account.SignInPage: "login", "/register": "register", account.ForgotPage: "forgotPassword"}

// doorAgain is the status and the frame of a door that is shown again because of
// cause. What is wrong with single fields stands at them, not in the alert.
func (c *console) doorAgain(v *visit, title string, cause error) (status int, p Page, wrong map[string]string, err error) {
	if after := httpx.NewFailure(v.Context(), cause).GetHeaders().Get("Retry-After"); after != "" {
		v.w.Header().Set("Retry-After", after)
	}
	p, a, err := c.again(v, title, "", cause)
	if wrong = wrongFields(v.Context(), cause); wrong == nil {
		p.Alert = a
	}
	return errs.KindOf(cause).Status(), p, wrong, err
}

func (c *console) showRegister(v *visit) error {
	p, err := c.page(v, i18n.Key("Make an account"), "", "")
	if err != nil {
		return err
	}
	return render(v, http.StatusOK, RegisterPage(RegisterView{Page: p, Closed: !c.Accounts.RegistrationOpen()}))
}

func (c *console) register(v *visit) error {
	view := RegisterView{
		Email: v.PostFormValue("email"), Username: v.PostFormValue("username"), FirstName: v.PostFormValue("firstname"), LastName: v.PostFormValue("lastname"),
		Closed: !c.Accounts.RegistrationOpen(),
	}
	err := c.takeSignIn(v)
	if err == nil {
		err = c.Accounts.Register(v.Context(), account.RegisterInput{
			Email: view.Email, Username: view.Username, Password: v.PostFormValue("password"), FirstName: view.FirstName, LastName: view.LastName,
			Language: v.Header.Get("Accept-Language"),
		})
	}
	if err == nil {
		return v.goTo("/check-mail", "")
	}
	status := 0
	if status, view.Page, view.Errors, err = c.doorAgain(v, i18n.Key("Make an account"), err); err != nil {
		return err
	}
	return render(v, status, RegisterPage(view))
}

func (c *console) showSent(v *visit) error {
	p, err := c.page(v, i18n.Key("Check your mail"), "", "")
	if err != nil {
		return err
	}
	return render(v, http.StatusOK, SentPage(SentView{Page: p, Forgot: v.URL.Query().Has("forgot")}))
}

func (c *console) showVerify(v *visit) error {
	p, err := c.page(v, i18n.Key("Confirm your address"), "", "")
	if err != nil {
		return err
	}
	token := v.URL.Query().Get("token")
	return render(v, http.StatusOK, VerifyPage(VerifyView{Page: p, Token: token, Gone: token == ""}))
}

func (c *console) verify(v *visit) error {
	view := VerifyView{Token: v.PostFormValue("token"), Username: v.PostFormValue("username")}
	made, err := c.Accounts.VerifyEmail(v.Context(), view.Token, view.Username)
	if err == nil {
		return c.verified(v, made)
	}
	view.Gone = errs.Is(err, "link_expired")
	status, p, wrong, err := c.doorAgain(v, i18n.Key("Confirm your address"), err)
	if err != nil {
		return err
	}
	view.Page, view.Taken = p, wrong["username"]
	if view.Taken == "" {
		view.Taken = p.Alert.Message
	}
	return render(v, status, VerifyPage(view))
}

func (c *console) verified(v *visit, made account.Account) error {
	has, err := c.Accounts.HasPassword(v.Context(), made.ID)
	switch {
	case err != nil:
		return err
	case !has:
		return v.goTo(account.SignInPage, i18n.Key("Your account is made. It was asked for with different passwords, so choose one: we have sent you a link."))
	}
	return v.goTo(account.SignInPage, i18n.Key("Your account is made. Sign in to go on."))
}

func (c *console) showForgot(v *visit) error {
	p, err := c.page(v, i18n.Key("Choose a new password"), "", "")
	if err != nil {
		return err
	}
	return render(v, http.StatusOK, ForgotPage(ForgotView{Page: p}))
}

func (c *console) forgot(v *visit) error {
	view := ForgotView{Email: v.PostFormValue("email")}
	err := c.takeSignIn(v)
	if err == nil {
		err = c.Accounts.ForgotPassword(v.Context(), view.Email, v.Header.Get("Accept-Language"))
	}
	if err == nil {
		return v.goTo("/check-mail?forgot", "")
	}
	status := 0
	if status, view.Page, view.Errors, err = c.doorAgain(v, i18n.Key("Choose a new password"), err); err != nil {
		return err
	}
	return render(v, status, ForgotPage(view))
}

func (c *console) showReset(v *visit) error {
	p, err := c.page(v, i18n.Key("Choose a password"), "", "")
	if err != nil {
		return err
	}
	token := v.URL.Query().Get("token")
	return render(v, http.StatusOK, ResetPage(ResetView{Page: p, Token: token, Next: ownPath(v.URL.Query().Get("next")), Gone: token == ""}))
}

func (c *console) reset(v *visit) error {
	view := ResetView{Token: v.PostFormValue("token"), Username: v.PostFormValue("username"), Next: ownPath(v.PostFormValue("next"))}
	_, err := c.Accounts.ResetPassword(v.Context(), view.Token, v.PostFormValue("password"), view.Username, sessionInfo(v.Request))
	if err == nil {
		page := account.SignInPage
		if view.Next != "/" {
			page += "?next=" + url.QueryEscape(view.Next)
		}
		return v.goTo(page, i18n.Key("The password is saved. Sign in with it."))
	}
	view.Gone = errs.Is(err, "link_expired")
	status, p, wrong, err := c.doorAgain(v, i18n.Key("Choose a password"), err)
	if err != nil {
		return err
	}
	view.Page, view.Errors = p, map[string]string{"password": wrong["newPassword"], "username": wrong["username"]}
	return render(v, status, ResetPage(view))
}
