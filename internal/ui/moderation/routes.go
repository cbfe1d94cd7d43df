// Package moderation has the pages of invites, penalties and joining.
package moderation

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/message/change"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	Moderation *moderation.Moderation
	Access     *access.Access
	Accounts   *signin.Accounts
	Members    *roster.Roster
	Mail       *mail.Mail // nil: the installation has none
	Clock      clock.Clock
	Changes    *change.Changes
}

// handlers answer the requests of the area.
type handlers struct {
	*ui.Console
	Services
}

// New returns the area.
func New(c *ui.Console, s Services) ui.Area {
	h := &handlers{Console: c, Services: s}
	return ui.Area{
		Routes: h.routes(),
		Nav: []ui.NavItem{
			{Key: "invites", Label: i18n.Key("Invites"), Icon: "mail", Path: "/invites", Noun: ui.Members, Order: 20, Need: permission.CreateInvites},
			{Key: "penalties", Label: i18n.Key("Penalties"), Icon: "ban", Path: "/penalties", Noun: ui.Members, Order: 50, Need: permission.ViewPenalties},
		},
		Actions: []ui.Action{
			{Icon: "mail", Label: i18n.Key("Invite people"), Path: "/invites", Need: permission.CreateInvites},
		},
		Audit: auditTexts,
		Permissions: ui.PermissionTexts{
			Key: []ui.Permission{
				{Value: string(permission.ManageUser), Label: i18n.Key("Manage members"), Help: i18n.Key("Delete and restore members, warn, suspend, kick and ban them.")},
			},
			Server: []ui.Permission{
				{Value: permission.CreateInvite, Label: i18n.Key("Invite people"), Help: i18n.Key("Create invites.")},
				{Value: permission.WarnMembers, Label: i18n.Key("Warn members"), Help: i18n.Key("Add a warning to the misconduct log.")},
				{Value: permission.SuspendMembers, Label: i18n.Key("Suspend members"), Help: i18n.Key("Block a member for a limited time.")},
				{Value: permission.KickMembers, Label: i18n.Key("Kick members"), Help: i18n.Key("Kicked members can join again.")},
				{Value: permission.BanMembers, Label: i18n.Key("Ban members"), Help: i18n.Key("Banned members cannot join again.")},
				{Value: permission.ModerateContent, Label: i18n.Key("Moderate messages"), Help: i18n.Key("Set the lists of banned words and alert words.")},
			},
		},
	}
}

func (h *handlers) routes() []ui.Route {
	return []ui.Route{
		ui.Anyone.Get("/join/{code}", h.showJoin),
		ui.SignedIn.Post("/join/{code}", h.join),
		ui.InCommunity(permission.CreateInvites).Get("/invites", h.showInvites),
		ui.InCommunity(permission.CreateInvites).Post("/invites", h.createInvite),
		ui.InCommunity(permission.CreateInvites).Post("/invites/{code}/revoke", h.revokeInvite),
		ui.InCommunity(permission.ViewPenalties).Get("/penalties", h.showPenalties),
		ui.InCommunity(permission.ViewPenalties).Post("/penalties", h.createPenalty),
		ui.InCommunity(permission.ViewPenalties).Post("/penalties/{penalty}/lift", h.liftPenalty),
	}
}
