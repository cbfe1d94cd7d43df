// Package account has the pages of the account of a person: profile, sign-in
// methods and sessions.
package account

import (
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	Accounts *signin.Accounts
}

// handlers answer the requests of the area.
type handlers struct {
	*ui.Console
	Services
}

// New returns the area, and the function that shows the page of sign-in
// methods with an error.
func New(c *ui.Console, s Services) (area ui.Area, showError func(v *ui.Request, err error) error) {
	h := &handlers{Console: c, Services: s}
	return ui.Area{
		Routes: h.routes(),
		AccountNav: []ui.NavItem{
			{Label: i18n.Key("Profile"), Path: ui.AccountPath},
			{Label: i18n.Key("Signing in"), Path: ui.SecurityPath},
			{Label: i18n.Key("Sessions"), Path: ui.SessionsPath},
		},
	}, h.backToSecurity
}

func (h *handlers) routes() []ui.Route {
	return []ui.Route{
		ui.Anyone.Get(link.EmailPage, h.showEmailChange),
		ui.Anyone.Post(link.EmailPage, h.confirmEmail),
		ui.Oneself.Get(ui.AccountPath, h.showAccount),
		ui.Oneself.Post(ui.AccountPath, h.changeProfile),
		ui.Oneself.Post("/account/email", h.changeEmail),
		ui.Oneself.Post("/account/email/cancel", h.cancelEmail),
		ui.Oneself.Post("/account/language", h.changeLanguage),
		ui.Oneself.Get(ui.SecurityPath, h.showSecurity),
		ui.Oneself.Post("/account/password", h.changePassword),
		ui.Oneself.Post("/account/totp", h.startTOTP),
		ui.Oneself.Get("/account/totp", h.showTOTP),
		ui.Oneself.Post("/account/totp/confirm", h.confirmTOTP),
		ui.Oneself.Post("/account/totp/codes", h.renewCodes),
		ui.Oneself.Post("/account/totp/off", h.disableTOTP),
		ui.Oneself.Post("/account/passkeys/options", h.startNewPasskey),
		ui.Oneself.Post("/account/passkeys", h.addPasskey),
		ui.Oneself.Post("/account/passkeys/{passkey}/remove", h.removePasskey),
		ui.Oneself.Post("/account/provider", h.connectProvider),
		ui.Oneself.Post("/account/provider/remove", h.removeIdentity),
		ui.Oneself.Get(ui.SessionsPath, h.showSessions),
		ui.Oneself.Post("/account/sessions/end", h.endOtherSessions),
		ui.Oneself.Post("/account/sessions/{session}/end", h.endSession),
	}
}
