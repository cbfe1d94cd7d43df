// Package rule has the page of XP rules: the editor, and what members earn by it.
package rule

import (
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/progress/rule"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the page.
type Services struct {
	Rules *rule.Rules
	Chat  *chat.Chat
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
			manager.Get("/xp-rules", h.showEditor),
			manager.Get("/xp-rules/preview", h.showPreview),
			manager.Post("/xp-rules", h.update),
		},
		Nav: []ui.NavItem{{Key: "xp-rules", Label: i18n.Key("XP rules"), Icon: "sliders-horizontal", Path: "/xp-rules", Noun: ui.Rewards, Order: 40, Need: permission.Gamification}},
	}
}
