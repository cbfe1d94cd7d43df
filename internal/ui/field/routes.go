// Package field has the pages of fields and their definitions.
package field

import (
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/fieldchange"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	FieldChanges *fieldchange.Changes
	Fields       *field.Fields
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
			{Key: "fields", Label: i18n.Key("Fields"), Icon: "rows-3", Path: "/fields", Noun: ui.Settings, Order: 20, Need: permission.UserFields},
		},
		Actions: []ui.Action{
			{Icon: "plus", Label: i18n.Key("New field"), Path: "/fields/new", Need: permission.UserFields},
		},
		Search: ui.Search{Need: permission.UserFields, Find: h.search},
		Audit:  auditTexts,
		Permissions: ui.PermissionTexts{
			Key: []ui.Permission{
				{Value: string(permission.UserFields), Label: i18n.Key("Fields and tags"), Help: i18n.Key("Read and create fields and tags.")},
			},
		},
	}
}

func (h *handlers) routes() []ui.Route {
	return []ui.Route{
		ui.InCommunity(permission.UserFields).Get("/fields", h.showFields),
		ui.InCommunity(permission.UserFields).Get("/fields/new", h.showNewField),
		ui.InCommunity(permission.UserFields).Post("/fields", h.createField),
		ui.InCommunity(permission.UserFields).Get("/fields/{field}", h.showField),
		ui.InCommunity(permission.UserFields).Post("/fields/{field}", h.changeField),
		ui.InCommunity(permission.UserFields).Post("/fields/{field}/move", h.moveField),
		ui.InCommunity(permission.UserFields).Post("/fields/{field}/delete", h.deleteField),
	}
}
