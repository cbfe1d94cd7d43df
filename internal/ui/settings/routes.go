// Package settings has the pages of the settings of a community, with its
// transfer and deletion.
package settings

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ownership"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	Ownership   *ownership.Ownership
	Access      *access.Access
	Accounts    *signin.Accounts
	Communities *community.Communities
	Fields      *field.Fields
	Members     *roster.Roster
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
			{Key: "appearance", Label: i18n.Key("Appearance"), Icon: "settings", Path: "/settings/appearance", Noun: ui.Settings, Order: 10, Need: permission.ManageCommunity},
			{Key: "languages", Label: i18n.Key("Languages and currencies"), Icon: "settings", Path: "/settings/languages", Noun: ui.Settings, Order: 40, Need: permission.ManageCommunity},
			{Key: "joining", Label: i18n.Key("Joining"), Icon: "settings", Path: "/settings/joining", Noun: ui.Settings, Order: 50, Need: permission.ManageCommunity},
			{Key: "messages", Label: i18n.Key("Messages"), Icon: "settings", Path: "/settings/messages", Noun: ui.Settings, Order: 60, Need: permission.Moderate},
			{Key: "danger", Label: i18n.Key("Danger zone"), Icon: "settings", Path: "/settings/danger", Noun: ui.Settings, Order: 90, Need: permission.ManageCommunity},
		},
		Actions: []ui.Action{
			{Icon: "copy", Label: i18n.Key("Show the community id"), Path: "/settings/appearance", Need: permission.ManageCommunity},
		},
		Permissions: ui.PermissionTexts{
			Key: []ui.Permission{
				{Value: string(permission.ManageCommunity), Label: i18n.Key("The community"), Help: i18n.Key("Settings, invites and the audit log.")},
			},
			Server: []ui.Permission{
				{Value: permission.OverwriteLanguageSettings, Label: i18n.Key("Change languages"), Help: i18n.Key("Set the languages that the community speaks.")},
			},
		},
	}
}

func (h *handlers) routes() []ui.Route {
	return []ui.Route{
		ui.InCommunity(permission.ManageCommunity).Get("/settings/appearance", h.showAppearance),
		ui.InCommunity(permission.ManageCommunity).Post("/settings/appearance", h.changeAppearance),
		ui.InCommunity(permission.ManageCommunity).Post("/settings/open-import", h.switchOpenImport),
		ui.InCommunity(permission.ManageCommunity).PostFile("/settings/logo", h.changeLogo),
		ui.InCommunity(permission.ManageCommunity).Post("/settings/logo/remove", h.removeLogo),
		ui.InCommunity(permission.ManageCommunity).Get("/settings/languages", h.showLanguages),
		ui.InCommunity(permission.ManageCommunity).Post("/settings/languages", h.changeLanguages),
		ui.InCommunity(permission.ManageCommunity).Get("/settings/joining", h.showJoining),
		ui.InCommunity(permission.ManageCommunity).Post("/settings/joining", h.changeJoining),
		ui.InCommunity(permission.Moderate).Get("/settings/messages", h.showMessages),
		ui.InCommunity(permission.Moderate).Post("/settings/words", h.changeWords),
		ui.InCommunity(permission.ManageCommunity).Post("/settings/messages", h.changeMessages),
		ui.InCommunity(permission.ManageCommunity).Get("/settings/danger", h.showDanger),
		ui.InCommunity(permission.ManageCommunity).Post("/settings/delete", h.deleteCommunity),
		ui.InCommunity(permission.ManageCommunity).Post("/transfer", h.requestTransfer),
		ui.InCommunity(permission.ManageCommunity).Post("/transfer/{transfer}/withdraw", h.withdrawTransfer),
	}
}
