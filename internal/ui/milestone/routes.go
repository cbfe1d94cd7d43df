// Package milestone has the pages of milestones: what a member has reached, the list of all
// and the editor.
package milestone

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/progress/completion"
	"github.com/regulars/regulars/internal/progress/milestone"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	Access      *access.Access
	Badges      *badge.Badges
	Milestones  *milestone.Milestones
	Completions *completion.Completions
}

// handlers answer the requests of the area.
type handlers struct {
	*ui.Console
	Services
}

// New returns the area.
func New(c *ui.Console, s Services) ui.Area {
	h := &handlers{Console: c, Services: s}
	member, manager := ui.InCommunity(permission.ViewGamification), ui.InCommunity(permission.Gamification)
	return ui.Area{
		Routes: []ui.Route{
			member.Get("/milestones", h.showOwn),
			manager.Get("/milestones/all", h.showAll),
			manager.Get("/milestones/new", h.showNew),
			manager.Get("/milestones/preview", h.preview),
			manager.Post("/milestones", h.create),
			manager.Get("/milestones/{milestone}/edit", h.showEditor),
			manager.Post("/milestones/{milestone}", h.update),
			manager.Post("/milestones/{milestone}/delete", h.delete),
		},
		Nav:     []ui.NavItem{{Key: "milestones", Label: i18n.Key("Milestones"), Icon: "flag", Path: "/milestones", Noun: ui.Rewards, Order: 30, Need: permission.ViewGamification}},
		Actions: []ui.Action{{Icon: "plus", Label: i18n.Key("New milestone"), Path: "/milestones/new", Need: permission.Gamification}},
		Audit: ui.AuditTexts{
			Nouns: []ui.Choice{{Value: "milestone", Label: i18n.Key("Milestones")}},
			Actions: []ui.Choice{
				{Value: "milestone.create", Label: i18n.Key("The milestone %s was created")},
				{Value: "milestone.update", Label: i18n.Key("The milestone %s was changed")},
				{Value: "milestone.delete", Label: i18n.Key("The milestone %s was deleted")},
			},
			Fields: []ui.Choice{
				{Value: "group", Label: i18n.Key("Group")},
				{Value: "order", Label: i18n.Key("Order")},
				{Value: "xp", Label: i18n.Key("XP")},
				{Value: "coins", Label: i18n.Key("Coins")},
				{Value: "badgeId", Label: i18n.Key("Badge")},
				{Value: "factor", Label: i18n.Key("Boost")},
				{Value: "withinHours", Label: i18n.Key("Hours of the boost")},
				{Value: "startsAt", Label: i18n.Key("Start")},
				{Value: "endsAt", Label: i18n.Key("End")},
				{Value: "isEnabled", Label: i18n.Key("Enabled")},
			},
		},
	}
}
