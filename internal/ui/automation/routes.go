// Package automation has the pages of automations: the list, the editor with a test on past
// events, and the log.
package automation

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/automation"
	"github.com/regulars/regulars/internal/automation/firing"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	Access      *access.Access
	Automations *automation.Automations
	Firings     *firing.Firings
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
			{Key: "automations", Label: i18n.Key("Automations"), Icon: "play", Path: "/automations", Noun: ui.Rewards, Order: 80, Need: permission.Gamification},
		},
		Actions: []ui.Action{{Icon: "plus", Label: i18n.Key("New automation"), Path: "/automations/new", Need: permission.Gamification}},
		Audit:   auditTexts,
	}
}

func (h *handlers) routes() []ui.Route {
	manager := ui.InCommunity(permission.Gamification)
	return []ui.Route{
		manager.Get("/automations", h.showList),
		manager.Get("/automations/new", h.showNew),
		manager.Get("/automations/values", h.showValues),
		manager.Post("/automations", h.create),
		manager.Get("/automations/{automation}", h.showEditor),
		manager.Post("/automations/{automation}", h.update),
		manager.Post("/automations/{automation}/delete", h.delete),
		manager.Get("/automations/{automation}/log", h.showLog),
	}
}

// auditTexts are the sentences of the area in the audit log.
var auditTexts = ui.AuditTexts{
	Nouns: []ui.Choice{{Value: "automation", Label: i18n.Key("Automations")}},
	Actions: []ui.Choice{
		{Value: "automation.create", Label: i18n.Key("The automation %s was created")},
		{Value: "automation.update", Label: i18n.Key("The automation %s was changed")},
		{Value: "automation.delete", Label: i18n.Key("The automation %s was deleted")},
	},
	Fields: []ui.Choice{
		{Value: "event", Label: i18n.Key("Event")},
		{Value: "includeImports", Label: i18n.Key("Imported members trigger it too")},
		{Value: "condition", Label: i18n.Key("Condition")},
		{Value: "actions", Label: i18n.Key("Actions")},
		{Value: "perMember", Label: i18n.Key("At most per member")},
		{Value: "perDay", Label: i18n.Key("At most per day")},
		{Value: "enabled", Label: i18n.Key("Enabled")},
	},
}
