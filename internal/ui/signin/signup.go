package signin

import (
	"net/http"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) showRegister(v *ui.Request) error {
	p, err := h.Page(v, i18n.Key("Create account"), "", "")
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, RegisterPage(RegisterView{Page: p, Closed: !h.Accounts.RegistrationOpen()}))
}

func (h *handlers) register(v *ui.Request) error {
	view := RegisterView{
		Email: v.PostFormValue("email"), Username: v.PostFormValue("username"), FirstName: v.PostFormValue("firstname"), LastName: v.PostFormValue("lastname"),
		Closed: !h.Accounts.RegistrationOpen(),
	}
	err := h.limitSignIn(v)
	if err == nil {
		err = h.Accounts.Register(v.Context(), signin.RegisterInput{
			Email: view.Email, Username: view.Username, Password: v.PostFormValue("password"), FirstName: view.FirstName, LastName: view.LastName,
			Language: v.Header.Get("Accept-Language"),
		})
	}
	if err == nil {
		return v.Redirect("/check-mail", "")
	}
	status := 0
	if status, view.Page, view.Errors, err = h.entryAgain(v, i18n.Key("Create account"), err); err != nil {
		return err
	}
	return ui.Render(v, status, RegisterPage(view))
}

func (h *handlers) showSent(v *ui.Request) error {
	p, err := h.Page(v, i18n.Key("Check your mail"), "", "")
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, SentPage(SentView{Page: p, Forgot: v.URL.Query().Has("forgot")}))
}

func (h *handlers) showVerify(v *ui.Request) error {
	p, err := h.Page(v, i18n.Key("Confirm your address"), "", "")
	if err != nil {
		return err
	}
	token := v.URL.Query().Get("token")
	return ui.Render(v, http.StatusOK, VerifyPage(VerifyView{Page: p, Token: token, Gone: token == ""}))
}

func (h *handlers) verify(v *ui.Request) error {
	view := VerifyView{Token: v.PostFormValue("token"), Username: v.PostFormValue("username")}
	made, err := h.Accounts.VerifyEmail(v.Context(), view.Token, view.Username)
	if err == nil {
		return h.verified(v, made)
	}
	view.Gone = errs.Is(err, "link_expired")
	status, p, wrong, err := h.entryAgain(v, i18n.Key("Confirm your address"), err)
	if err != nil {
		return err
	}
	view.Page, view.Taken = p, wrong["username"]
	if view.Taken == "" {
		view.Taken = p.Alert.Message
	}
	return ui.Render(v, status, VerifyPage(view))
}

func (h *handlers) verified(v *ui.Request, made account.Account) error {
	has, err := h.Accounts.HasPassword(v.Context(), made.ID)
	switch {
	case err != nil:
		return err
	case !has:
		return v.Redirect(link.SignInPage, i18n.Key("Account created. It was requested with different passwords, so choose one: we have sent you a link."))
	}
	return v.Redirect(link.SignInPage, i18n.Key("Account created. Sign in to continue."))
}
