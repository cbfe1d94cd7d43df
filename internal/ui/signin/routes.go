// Package signin has the pages of sign-in, registration, password reset and
// mailed links.
package signin

import (
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account/link"
	"github.com/regulars/regulars/internal/account/provider"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/account/throttle"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/ratelimit"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	Moderation *moderation.Moderation
	DB         *sqldb.DB
	Access     *access.Access
	Accounts   *signin.Accounts
	Clock      clock.Clock
	SignIns    int                // attempts a minute from one address, and for one name; 0: no limit
	Counts     *ratelimit.Counter // of attempts on all nodes; nil: on this one

	// ConnectFailed shows the page on which a person connects a provider to
	// their account, with the error.
	ConnectFailed func(v *ui.Request, err error) error
}

// handlers answer the requests of the area.
type handlers struct {
	*ui.Console
	Services
	byAddress, byName *httpx.Limit // of attempts to sign in
}

// New returns the area.
func New(c *ui.Console, s Services) ui.Area {
	h := &handlers{
		Console: c, Services: s,
		byAddress: httpx.NewSharedLimit(s.Clock, s.Counts, throttle.LimitByAddress, s.SignIns, time.Minute),
		byName:    httpx.NewSharedLimit(s.Clock, s.Counts, throttle.LimitByName, s.SignIns, time.Minute),
	}
	return ui.Area{
		Routes: h.routes(),
		Audit:  auditTexts,
	}
}

func (h *handlers) routes() []ui.Route {
	return []ui.Route{
		ui.Anyone.Get("/sign-in", h.showSignIn),
		ui.Anyone.Post("/sign-in", h.signIn),
		ui.Anyone.Post("/sign-out", h.signOut),
		ui.Anyone.Get("/setup", h.showSetup),
		ui.Anyone.Post("/setup", h.setup),
		ui.Anyone.Get("/link", h.showLink),
		ui.Anyone.Post("/link", h.redeemLink),
		ui.Anyone.Get("/sign-in/code", h.showCode),
		ui.Anyone.Post("/sign-in/code", h.answerCode),
		ui.Anyone.Post("/sign-in/passkey/options", h.startPasskey),
		ui.Anyone.Post("/sign-in/passkey", h.signInByPasskey),
		ui.Anyone.Get("/sign-in/provider", h.startProvider),
		ui.Anyone.Get(provider.ReturnPath, h.finishProvider),
		ui.Anyone.Get("/register", h.showRegister),
		ui.Anyone.Post("/register", h.register),
		ui.Anyone.Get("/check-mail", h.showSent),
		ui.Anyone.Get(link.VerifyPage, h.showVerify),
		ui.Anyone.Post(link.VerifyPage, h.verify),
		ui.Anyone.Get(link.ForgotPage, h.showForgot),
		ui.Anyone.Post(link.ForgotPage, h.forgot),
		ui.Anyone.Get(link.ResetPage, h.showReset),
		ui.Anyone.Post(link.ResetPage, h.reset),
		ui.Anyone.Get(member.AddedPage, h.showOffer),
		ui.Anyone.Post(acceptOfferPath, h.acceptOffer),
		ui.Anyone.Post(declineOfferPath, h.declineOffer),
		ui.Anyone.Get(declinedOfferPath, h.showDeclined),
	}
}
