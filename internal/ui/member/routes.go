// Package member has the pages of members: list, profile, values and history.
package member

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/message/change"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/note"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	Moderation *moderation.Moderation
	Notes      *note.Notes
	Access     *access.Access
	Accounts   *signin.Accounts
	Fields     *field.Fields
	Members    *roster.Roster
	Bulk       *bulk.Bulk
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
			{Key: "members", Label: i18n.Key("All members"), Icon: "users", Path: "/members", Noun: ui.Members, Order: 10, Need: permission.GetUserData},
		},
		MoreNav: h.savedViews,
		Search:  ui.Search{Need: permission.GetUserData, Find: h.search},
		Audit:   auditTexts,
		Permissions: ui.PermissionTexts{
			Key: []ui.Permission{
				{Value: string(permission.GetUserData), Label: i18n.Key("Read members"), Help: i18n.Key("Lists, profiles, values and their histories.")},
				{Value: string(permission.CreateUser), Label: i18n.Key("Create members"), Help: i18n.Key("One at a time, with an account if they have none.")},
			},
		},
	}
}

func (h *handlers) routes() []ui.Route {
	return []ui.Route{
		ui.InCommunity(permission.GetUserData).Get("/members", h.showMembers),
		ui.InCommunity(permission.GetUserData).Get("/members/pick", h.pick),
		ui.InCommunity(permission.GetUserData).Get("/members/export.csv", h.exportMembers),
		ui.InCommunity(permission.GetUserData).Get("/members/export.xlsx", h.exportWorkbook),
		ui.InCommunity(permission.GetUserData).Post("/members/views", h.saveView),
		ui.InCommunity(permission.GetUserData).Post("/members/views/{view}/delete", h.deleteView),
		ui.InCommunity(permission.GetUserData).Post("/members/actions", h.actOnMembers),
		ui.InCommunity(permission.GetUserData).Get("/members/{user}", h.showProfile),
		ui.InCommunity(permission.ManageUser).PostFile("/members/{user}/avatar", h.changeAvatar),
		ui.InCommunity(permission.UserFields).Post("/members/{user}/values", h.changeValue),
		ui.InCommunity(permission.Warn).Post("/members/{user}/notes", h.createNote),
		ui.InCommunity(permission.Warn).Post("/members/{user}/notes/{note}", h.updateNote),
		ui.InCommunity(permission.Warn).Post("/members/{user}/notes/{note}/delete", h.deleteNote),
		ui.InCommunity(permission.UserFields).Post("/members/{user}/history/{row}/revert", h.revertValue),
		ui.InCommunity(permission.Moderate).Post("/members/{user}/messages/delete", h.deleteRecent),
	}
}
