package console

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
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

	c.doorRoutes(r)
	c.accountRoutes(r)
	c.addedRoutes(r)

	r.Get("/-/installation", c.forOperator(c.showInstallation))
	r.Get("/-/mail", c.postmaster(c.showMailbox))
	r.Post("/-/mail/stop", c.postmaster(c.stopMails))
	r.Get("/-/mail/{mail}", c.postmaster(c.showMail))
	r.Get("/-/mail/{mail}/html", c.postmaster(c.showMailHTML))
	r.Get("/-/jobs", c.forOperator(c.showDeadJobs))
	r.Post("/-/jobs/{job}/retry", c.forOperator(c.retryJob))
	r.Post("/-/jobs/{job}/dismiss", c.forOperator(c.dismissJob))

	r.Get("/", c.signed(c.showHome))
	r.Post("/communities", c.signed(c.createCommunity))
	r.Post("/communities/{community}/restore", c.signed(c.restoreCommunity))
	r.Get(member.TransferPage, c.signed(c.showTransfer))
	r.Get("/join/{code}", c.open(c.showJoin))
	r.Post("/join/{code}", c.signed(c.join))

	r.Route("/c/{community}", func(r chi.Router) {
		c.memberRoutes(r)
		c.bulkRoutes(r)
		c.fieldRoutes(r)
		c.roleRoutes(r)
		c.channelRoutes(r)
		c.keyRoutes(r)
		c.settingsRoutes(r)
	})
	return r
}

// doorRoutes are the pages in front of everything.
func (c *console) doorRoutes(r chi.Router) {
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
	r.Get(account.ProviderReturn, c.open(c.finishProvider))
	r.Get("/register", c.open(c.showRegister))
	r.Post("/register", c.open(c.register))
	r.Get("/check-mail", c.open(c.showSent))
	r.Get(account.VerifyPage, c.open(c.showVerify))
	r.Post(account.VerifyPage, c.open(c.verify))
	r.Get(account.EmailPage, c.open(c.showEmailChange))
	r.Post(account.EmailPage, c.open(c.confirmEmail))
	r.Get(account.ForgotPage, c.open(c.showForgot))
	r.Post(account.ForgotPage, c.open(c.forgot))
	r.Get(account.ResetPage, c.open(c.showReset))
	r.Post(account.ResetPage, c.open(c.reset))
}

// memberRoutes are the pages of members.
func (c *console) memberRoutes(r chi.Router) {
	r.Get("/", c.inside(access.PermViewChannels, c.enter))
	r.Get("/home", c.inside(access.PermViewChannels, c.showCommunity))
	r.Get("/members", c.inside(access.PermGetUserData, c.showMembers))
	r.Get("/members/pick", c.inside(access.PermGetUserData, c.pick))
	r.Get("/members/export.csv", c.inside(access.PermGetUserData, c.exportMembers))
	r.Post("/members/views", c.inside(access.PermGetUserData, c.saveView))
	r.Post("/members/views/{view}/delete", c.inside(access.PermGetUserData, c.deleteView))
	r.Post("/members/actions", c.inside(access.PermGetUserData, c.actOnMembers))
	r.Get("/members/{user}", c.inside(access.PermGetUserData, c.showProfile))
	r.Post("/members/{user}/avatar", c.inside(access.PermManageUser, c.changeAvatar))
	r.Get("/palette", c.inside(access.PermGetUserData, c.palette))
}

// bulkRoutes are imports and the log of their jobs.
func (c *console) bulkRoutes(r chi.Router) {
	r.Get("/import", c.inside(access.PermBulkUpdateUser, c.showFileStep))
	r.Get("/import/template.csv", c.inside(access.PermBulkUpdateUser, c.template))
	r.Post("/import/files", c.inside(access.PermBulkUpdateUser, c.upload))
	r.Get("/import/{draft}", c.inside(access.PermBulkUpdateUser, c.showColumnsStep))
	r.Post("/import/{draft}/reading", c.inside(access.PermBulkUpdateUser, c.readAgain))
	r.Post("/import/{draft}/columns", c.inside(access.PermBulkUpdateUser, c.check))
	r.Post("/import/{draft}/forget", c.inside(access.PermBulkUpdateUser, c.forgetDraft))
	r.Get("/import/{draft}/jobs/{job}", c.inside(access.PermBulkUpdateUser, c.showJobStep))
	r.Post("/import/{draft}/jobs/{job}/apply", c.inside(access.PermBulkUpdateUser, c.applyDraft))

	r.Get("/api-log", c.inside(access.PermBulkUpdateUser, c.showLog))
	r.Get("/api-log/{job}", c.inside(access.PermBulkUpdateUser, c.showJob))
	r.Get("/api-log/{job}/progress", c.inside(access.PermBulkUpdateUser, c.progress))
	r.Get("/api-log/{job}/failed.csv", c.inside(access.PermBulkUpdateUser, c.failedRows))
	r.Post("/api-log/{job}/cancel", c.inside(access.PermBulkUpdateUser, c.cancelJob))
	r.Post("/api-log/{job}/apply", c.inside(access.PermBulkUpdateUser, c.applyJob))
	r.Post("/api-log/{job}/undo", c.inside(access.PermBulkUpdateUser, c.undoJob))
}

// fieldRoutes are the fields of members and their values.
func (c *console) fieldRoutes(r chi.Router) {
	r.Get("/fields", c.inside(access.PermUserFields, c.showFields))
	r.Get("/fields/new", c.inside(access.PermUserFields, c.showNewField))
	r.Post("/fields", c.inside(access.PermUserFields, c.createField))
	r.Get("/fields/{field}", c.inside(access.PermUserFields, c.showField))
	r.Post("/fields/{field}", c.inside(access.PermUserFields, c.changeField))
	r.Post("/fields/{field}/move", c.inside(access.PermUserFields, c.moveField))
	r.Post("/fields/{field}/delete", c.inside(access.PermUserFields, c.deleteField))
	r.Post("/members/{user}/values", c.inside(access.PermUserFields, c.changeValue))
	r.Post("/members/{user}/history/{row}/revert", c.inside(access.PermUserFields, c.revertValue))
}

// keyRoutes are the keys of the community.
func (c *console) keyRoutes(r chi.Router) {
	r.Get("/api-keys", c.inside(access.PermAPIKeys, c.showKeys))
	r.Get("/api-keys/new", c.inside(access.PermAPIKeys, c.showNewKey))
	r.Post("/api-keys", c.inside(access.PermAPIKeys, c.createKey))
	r.Get("/api-keys/{key}", c.inside(access.PermAPIKeys, c.showKey))
	r.Post("/api-keys/{key}", c.inside(access.PermAPIKeys, c.changeKey))
	r.Post("/api-keys/{key}/rotate", c.inside(access.PermAPIKeys, c.rotateKey))
	r.Post("/api-keys/{key}/take-over", c.inside(access.PermAPIKeys, c.takeKeyOver))
	r.Post("/api-keys/{key}/delete", c.inside(access.PermAPIKeys, c.deleteKey))
}

// settingsRoutes are settings, and who comes and goes.
func (c *console) settingsRoutes(r chi.Router) {
	r.Get("/settings/appearance", c.inside(access.PermManageCommunity, c.showAppearance))
	r.Post("/settings/appearance", c.inside(access.PermManageCommunity, c.changeAppearance))
	r.Post("/settings/open-import", c.inside(access.PermManageCommunity, c.switchOpenImport))
	r.Post("/settings/logo", c.inside(access.PermManageCommunity, c.changeLogo))
	r.Post("/settings/logo/remove", c.inside(access.PermManageCommunity, c.removeLogo))
	r.Get("/settings/languages", c.inside(access.PermManageCommunity, c.showLanguages))
	r.Post("/settings/languages", c.inside(access.PermManageCommunity, c.changeLanguages))
	r.Get("/settings/joining", c.inside(access.PermManageCommunity, c.showJoining))
	r.Post("/settings/joining", c.inside(access.PermManageCommunity, c.changeJoining))
	r.Get("/settings/danger", c.inside(access.PermManageCommunity, c.showDanger))
	r.Post("/settings/delete", c.inside(access.PermManageCommunity, c.deleteCommunity))
	r.Post("/transfer", c.inside(access.PermManageCommunity, c.requestTransfer))
	r.Post("/transfer/{transfer}/accept", c.inside(access.PermAnyMember, c.acceptTransfer))
	r.Post("/transfer/{transfer}/decline", c.inside(access.PermAnyMember, c.declineTransfer))
	r.Post("/transfer/{transfer}/withdraw", c.inside(access.PermManageCommunity, c.withdrawTransfer))

	r.Get("/invites", c.inside(access.PermCreateInvites, c.showInvites))
	r.Post("/invites", c.inside(access.PermCreateInvites, c.createInvite))
	r.Post("/invites/{code}/revoke", c.inside(access.PermCreateInvites, c.revokeInvite))
	r.Get("/penalties", c.inside(access.PermViewPenalties, c.showPenalties))
	r.Post("/penalties", c.inside(access.PermViewPenalties, c.givePenalty))
	r.Post("/penalties/{penalty}/lift", c.inside(access.PermViewPenalties, c.liftPenalty))
	r.Get("/audit-log", c.inside(access.PermManageCommunity, c.showAuditLog))
}

func (c *console) roleRoutes(r chi.Router) {
	r.Get("/roles", c.inside(access.PermManageRoles, c.showRoles))
	r.Post("/roles", c.inside(access.PermManageRoles, c.createRole))
	r.Get("/roles/new", c.inside(access.PermManageRoles, c.showNewRole))
	r.Get("/roles/permissions", c.inside(access.PermManageRoles, c.showMatrix))
	r.Post("/roles/permissions", c.inside(access.PermManageRoles, c.changeMatrix))
	r.Get("/roles/{role}", c.inside(access.PermManageRoles, c.showRole))
	r.Post("/roles/{role}", c.inside(access.PermManageRoles, c.changeRole))
	r.Get("/roles/{role}/view", c.inside(access.PermManageRoles, c.previewRole))
	r.Post("/roles/{role}/delete", c.inside(access.PermManageRoles, c.deleteRole))
	r.Post("/roles/{role}/members", c.inside(access.PermManageRoles, c.giveRole))
	r.Post("/roles/{role}/members/{user}/remove", c.inside(access.PermManageRoles, c.takeRole))
}

func (c *console) channelRoutes(r chi.Router) {
	r.Get("/channels", c.inside(access.PermManageChannels, c.showChannels))
	r.Post("/channels", c.inside(access.PermManageChannels, c.createChannel))
	r.Get("/channels/new", c.inside(access.PermManageChannels, c.showNewChannel))
	r.Post("/channels/origins", c.inside(access.PermManageCommunity, c.changeOrigins))
	r.Post("/channels/categories", c.inside(access.PermManageChannels, c.createCategory))
	r.Get("/channels/categories/{category}", c.inside(access.PermManageChannels, c.showCategory))
	r.Post("/channels/categories/{category}", c.inside(access.PermManageChannels, c.changeCategory))
	r.Post("/channels/categories/{category}/move", c.inside(access.PermManageChannels, c.moveCategory))
	r.Post("/channels/categories/{category}/delete", c.inside(access.PermManageChannels, c.deleteCategory))
	r.Get("/channels/{channel}", c.inside(access.PermManageChannels, c.showChannel))
	r.Post("/channels/{channel}", c.inside(access.PermManageChannels, c.changeChannel))
	r.Get("/channels/{channel}/view", c.inside(access.PermViewChannels, c.showFrame))
	r.Post("/channels/{channel}/move", c.inside(access.PermManageChannels, c.moveChannel))
	r.Post("/channels/{channel}/place", c.inside(access.PermManageChannels, c.placeChannel))
	r.Get("/channels/{channel}/permissions", c.inside(access.PermManageChannels, c.showOverrides))
	r.Post("/channels/{channel}/permissions", c.inside(access.PermManageChannels, c.changeOverrides))
	r.Post("/channels/{channel}/delete", c.inside(access.PermManageChannels, c.deleteChannel))
}

// accountRoutes are the pages about the person who is signed in.
func (c *console) accountRoutes(r chi.Router) {
	r.Get(accountPath, c.own(c.showAccount))
	r.Post(accountPath, c.own(c.changeProfile))
	r.Post("/account/email", c.own(c.changeEmail))
	r.Post("/account/email/cancel", c.own(c.cancelEmail))
	r.Post("/account/language", c.own(c.changeLanguage))
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
	r.Get("/account/api-keys/{key}", c.own(c.showOwnKey))
	r.Post("/account/api-keys/{key}", c.own(c.changeOwnKey))
	r.Post("/account/api-keys/{key}/delete", c.own(c.deleteOwnKey))
}

func errNoPage() error {
	return errs.New(errs.NotFound, "page_not_found", "The address is wrong, or what stood here is gone.")
}
