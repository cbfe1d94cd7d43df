// Package overview has the page of a community's numbers, running jobs and first
// steps.
package overview

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/stats"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	Access     *access.Access
	Members    *roster.Roster
	Fields     *field.Fields
	Moderation *moderation.Moderation
	Bulk       *bulk.Bulk
	Stats      *stats.Stats
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
		Routes: []ui.Route{ui.InCommunity(permission.GetUserData).Get("/overview", h.show)},
		Nav: []ui.NavItem{
			{Key: "overview", Label: i18n.Key("Numbers"), Icon: "layout-dashboard", Path: "/overview", Noun: ui.Overview, Order: 10, Need: permission.GetUserData},
		},
	}
}
