package account

import (
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) showEmailChange(v *ui.Request) error {
	return h.renderEmailChange(v, v.URL.Query().Get("token"), nil)
}

func (h *handlers) renderEmailChange(v *ui.Request, token string, cause error) error {
	view := ConfirmEmailView{Token: token}
	status, a, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	view.EmailChange, err = h.Accounts.PendingChange(v.Context(), token)
	if view.Gone = errs.Is(err, "link_expired"); err != nil && !view.Gone {
		return err
	}
	if view.Page, err = h.Page(v, i18n.Key("Confirm your new email address"), "", ""); err != nil {
		return err
	}
	a.Points = nil // the message includes them
	view.Alert = a
	return ui.Render(v, status, ConfirmEmailPage(view))
}

func (h *handlers) confirmEmail(v *ui.Request) error {
	token := v.PostFormValue("token")
	acct, err := h.Accounts.ConfirmEmail(v.Context(), token, ui.Source.Type)
	switch {
	case err != nil:
		return h.renderEmailChange(v, token, err)
	case v.Actor.AccountID == acct.ID:
		return v.Redirect(ui.AccountPath, i18n.Key("Your new email address is confirmed"))
	}
	return v.Redirect(link.SignInPage, i18n.Key("Your new email address is confirmed"))
}
