package console

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/regulars/regulars/internal/auth"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/web"
)

// routes are all addresses of the console.
func (c *console) routes() http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.GetHead)
	r.NotFound(func(w http.ResponseWriter, r *http.Request) { c.fail(w, r, errNoPage()) })
	r.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) { c.fail(w, r, errNoPage()) })
	r.Method(http.MethodGet, web.Prefix+"*", web.Handler())
	r.Get("/accent/{file}", serveAccent)

	r.Get("/sign-in", c.open(c.showSignIn))
	r.Post("/sign-in", c.open(c.signIn))
	r.Post("/sign-out", c.open(c.signOut))
	r.Get("/setup", c.open(c.showSetup))
	r.Post("/setup", c.open(c.setup))
	r.Get("/link", c.open(c.showLink))
	r.Post("/link", c.open(c.redeemLink))

	r.Get("/sign-in/code", c.open(c.showCode))
	r.Post("/sign-in/code", c.open(c.giveCode))
	r.Post("/sign-in/passkey/options", c.open(c.askPasskey))
	r.Post("/sign-in/passkey", c.open(c.signInByPasskey))
	r.Get("/sign-in/provider", c.open(c.startProvider))
	r.Get(auth.ProviderReturn, c.open(c.finishProvider))
	r.Get("/register", c.open(c.showRegister))
	r.Post("/register", c.open(c.register))
	r.Get("/check-mail", c.open(c.showSent))
	r.Get(auth.VerifyPage, c.open(c.showVerify))
	r.Post(auth.VerifyPage, c.open(c.verify))
	r.Get(auth.ForgotPage, c.open(c.showForgot))
	r.Post(auth.ForgotPage, c.open(c.forgot))
	r.Get(auth.ResetPage, c.open(c.showReset))
	r.Post(auth.ResetPage, c.open(c.reset))
	c.accountRoutes(r)

	r.Get("/-/mail", c.postmaster(c.showMailbox))
	r.Get("/-/mail/{mail}", c.postmaster(c.showMail))
	r.Get("/-/mail/{mail}/html", c.postmaster(c.showMailHTML))

	r.Get("/", c.signed(c.showHome))
	r.Post("/communities", c.signed(c.createCommunity))

	r.Route("/c/{community}", func(r chi.Router) {
		r.Get("/", c.inside(auth.GetUserData, c.goToMembers))
		r.Get("/members", c.inside(auth.GetUserData, c.showMembers))
		r.Get("/members/pick", c.inside(auth.GetUserData, c.pick))
		r.Get("/members/{user}", c.inside(auth.GetUserData, c.showProfile))
		r.Get("/palette", c.inside(auth.GetUserData, c.palette))

		r.Get("/import", c.inside(auth.BulkUpdateUser, c.showFileStep))
		r.Get("/import/template.csv", c.inside(auth.BulkUpdateUser, c.template))
		r.Post("/import/files", c.inside(auth.BulkUpdateUser, c.upload))
		r.Get("/import/{draft}", c.inside(auth.BulkUpdateUser, c.showColumnsStep))
		r.Post("/import/{draft}/reading", c.inside(auth.BulkUpdateUser, c.readAgain))
		r.Post("/import/{draft}/columns", c.inside(auth.BulkUpdateUser, c.check))
		r.Post("/import/{draft}/forget", c.inside(auth.BulkUpdateUser, c.forgetDraft))
		r.Get("/import/{draft}/jobs/{job}", c.inside(auth.BulkUpdateUser, c.showJobStep))
		r.Post("/import/{draft}/jobs/{job}/apply", c.inside(auth.BulkUpdateUser, c.applyDraft))

		r.Get("/api-log", c.inside(auth.BulkUpdateUser, c.showLog))
		r.Get("/api-log/{job}", c.inside(auth.BulkUpdateUser, c.showJob))
		r.Get("/api-log/{job}/progress", c.inside(auth.BulkUpdateUser, c.progress))
		r.Get("/api-log/{job}/failed.csv", c.inside(auth.BulkUpdateUser, c.failedRows))
		r.Post("/api-log/{job}/cancel", c.inside(auth.BulkUpdateUser, c.cancelJob))
		r.Post("/api-log/{job}/apply", c.inside(auth.BulkUpdateUser, c.applyJob))
		r.Post("/api-log/{job}/undo", c.inside(auth.BulkUpdateUser, c.undoJob))

		r.Get("/fields", c.inside(auth.UserFields, c.showFields))
		r.Get("/fields/new", c.inside(auth.UserFields, c.showNewField))
		r.Post("/fields", c.inside(auth.UserFields, c.createField))

		r.Get("/api-keys", c.inside(auth.APIKeys, c.showKeys))
		r.Get("/api-keys/new", c.inside(auth.APIKeys, c.showNewKey))
		r.Post("/api-keys", c.inside(auth.APIKeys, c.createKey))
		r.Post("/api-keys/{key}/delete", c.inside(auth.APIKeys, c.deleteKey))

		r.Get("/settings/appearance", c.inside(auth.Community, c.showAppearance))
		r.Post("/settings/appearance", c.inside(auth.Community, c.changeAppearance))
		r.Post("/settings/open-import", c.inside(auth.Community, c.switchOpenImport))
	})
	return r
}

// accountRoutes are the pages about the person who is signed in.
func (c *console) accountRoutes(r chi.Router) {
	r.Get(accountPath, c.own(c.showAccount))
	r.Post(accountPath, c.own(c.changeAccount))
	r.Get(securityPath, c.own(c.showSecurity))
	r.Post("/account/password", c.own(c.changePassword))
	r.Post("/account/totp", c.own(c.startTOTP))
	r.Get("/account/totp", c.own(c.showTOTP))
	r.Post("/account/totp/confirm", c.own(c.confirmTOTP))
	r.Post("/account/totp/codes", c.own(c.renewCodes))
	r.Post("/account/totp/off", c.own(c.stopTOTP))
	r.Post("/account/passkeys/options", c.own(c.newPasskey))
	r.Post("/account/passkeys", c.own(c.addPasskey))
	r.Post("/account/passkeys/{passkey}/remove", c.own(c.removePasskey))
	r.Post("/account/provider", c.own(c.connectProvider))
	r.Post("/account/provider/remove", c.own(c.removeIdentity))
	r.Get(sessionsPath, c.own(c.showSessions))
	r.Post("/account/sessions/end", c.own(c.endOtherSessions))
	r.Post("/account/sessions/{session}/end", c.own(c.endSession))
	r.Get(ownKeysPath, c.own(c.showOwnKeys))
	r.Post(ownKeysPath, c.own(c.createOwnKey))
	r.Post("/account/api-keys/{key}/delete", c.own(c.deleteOwnKey))
}

func errNoPage() error {
	return errs.New(errs.NotFound, "page_not_found", "The address is wrong, or what stood here is gone.")
}
