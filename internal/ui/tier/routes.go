// Package tier has the page of tiers: the editor, and the distribution of members over them.
package tier

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/progress/tier"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the page.
type Services struct {
	Access *access.Access
	Tiers  *tier.Tiers
}

// handlers answer the requests of the area.
type handlers struct {
	*ui.Console
	Services
}

// New returns the area.
func New(c *ui.Console, s Services) ui.Area {
	h := &handlers{Console: c, Services: s}
	manager := ui.InCommunity(permission.Gamification)
	return ui.Area{
		Routes: []ui.Route{
			manager.Get("/tiers", h.showEditor),
			manager.Get("/tiers/preview", h.showPreview),
			manager.Post("/tiers", h.update),
		},
		Nav: []ui.NavItem{{Key: "tiers", Label: i18n.Key("Tiers"), Icon: "arrow-up", Path: "/tiers", Noun: ui.Rewards, Order: 45, Need: permission.Gamification}},
	}
}
