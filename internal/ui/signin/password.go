package signin

import (
	"net/http"
	"net/url"

	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) showForgot(v *ui.Request) error {
	p, err := h.Page(v, i18n.Key("Choose a new password"), "", "")
	if err != nil {
		return err
	}
	return ui.Render(v, http.StatusOK, ForgotPage(ForgotView{Page: p}))
}

func (h *handlers) forgot(v *ui.Request) error {
	view := ForgotView{Email: v.PostFormValue("email")}
	err := h.limitSignIn(v)
	if err == nil {
		err = h.Accounts.ForgotPassword(v.Context(), view.Email, v.Header.Get("Accept-Language"))
	}
	if err == nil {
		return v.Redirect("/check-mail?forgot", "")
	}
	status := 0
	if status, view.Page, view.Errors, err = h.entryAgain(v, i18n.Key("Choose a new password"), err); err != nil {
		return err
	}
	return ui.Render(v, status, ForgotPage(view))
}

func (h *handlers) showReset(v *ui.Request) error {
	p, err := h.Page(v, i18n.Key("Choose a password"), "", "")
	if err != nil {
		return err
	}
	token := v.URL.Query().Get("token")
	return ui.Render(v, http.StatusOK, ResetPage(ResetView{Page: p, Token: token, Next: ownPath(v.URL.Query().Get("next")), Gone: token == ""}))
}

func (h *handlers) reset(v *ui.Request) error {
	view := ResetView{Token: v.PostFormValue("token"), Username: v.PostFormValue("username"), Next: ownPath(v.PostFormValue("next"))}
	_, err := h.Accounts.ResetPassword(v.Context(), view.Token, v.PostFormValue("password"), view.Username, sessionInfo(v.Request))
	if err == nil {
		page := link.SignInPage
		if view.Next != "/" {
			page += "?next=" + url.QueryEscape(view.Next)
		}
		return v.Redirect(page, i18n.Key("Password saved. Sign in with it."))
	}
	view.Gone = errs.Is(err, "link_expired")
	status, p, wrong, err := h.entryAgain(v, i18n.Key("Choose a password"), err)
	if err != nil {
		return err
	}
	view.Page, view.Errors = p, map[string]string{"password": wrong["newPassword"], "username": wrong["username"]}
	return ui.Render(v, status, ResetPage(view))
}
