// Package role has the pages of roles and their permissions.
package role

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	Access  *access.Access
	Members *roster.Roster
	Chat    *chat.Chat
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
			{Key: "roles", Label: i18n.Key("Roles"), Icon: "shield", Path: "/roles", Noun: ui.Settings, Order: 30, Need: permission.ManageRoles},
		},
		Actions: []ui.Action{
			{Icon: "plus", Label: i18n.Key("New role"), Path: "/roles/new", Need: permission.ManageRoles},
		},
		Search: ui.Search{Need: permission.ManageRoles, Find: h.search},
		Audit:  auditTexts,
		Permissions: ui.PermissionTexts{
			Key: []ui.Permission{
				{Value: string(permission.ManageRoles), Label: i18n.Key("Roles"), Help: i18n.Key("Read and create roles.")},
			},
			Server: []ui.Permission{
				{Value: permission.ServerAdministrator, Label: i18n.Key("Administrator"), Help: i18n.Key("All permissions, in every channel.")},
				{Value: permission.ManageRolesPermission, Label: i18n.Key("Manage roles"), Help: i18n.Key("Create, edit and assign roles below their own.")},
			},
		},
	}
}

func (h *handlers) routes() []ui.Route {
	return []ui.Route{
		ui.InCommunity(permission.ManageRoles).Get("/roles", h.showRoles),
		ui.InCommunity(permission.ManageRoles).Post("/roles", h.createRole),
		ui.InCommunity(permission.ManageRoles).Get("/roles/new", h.showNewRole),
		ui.InCommunity(permission.ManageRoles).Get("/roles/permissions", h.showMatrix),
		ui.InCommunity(permission.ManageRoles).Post("/roles/permissions", h.changeMatrix),
		ui.InCommunity(permission.ManageRoles).Get("/roles/{role}", h.showRole),
		ui.InCommunity(permission.ManageRoles).Post("/roles/{role}", h.changeRole),
		ui.InCommunity(permission.ManageRoles).Get("/roles/{role}/view", h.previewRole),
		ui.InCommunity(permission.ManageRoles).Post("/roles/{role}/delete", h.deleteRole),
		ui.InCommunity(permission.ManageRoles).Post("/roles/{role}/members", h.addRole),
		ui.InCommunity(permission.ManageRoles).Post("/roles/{role}/members/{user}/remove", h.removeRole),
	}
}
