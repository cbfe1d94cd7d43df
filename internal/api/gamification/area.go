// Package gamification has the operations of XP rules and tiers.
package gamification

import (
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/progress/rule"
)

// handlers serve the operations.
type handlers struct{ Services }

// Services are the features of the area.
type Services struct {
	Rules *rule.Rules
}

// New returns the area.
func New(s Services) api.Area {
	h := &handlers{s}
	return api.Area{Tag: "Gamification", Routes: h.routes}
}

var (
	manage = []actor.Permission{permission.Gamification}
	view   = []actor.Permission{permission.ViewGamification}
)

func (h *handlers) routes(g *api.Group) {
	const settings = "/v1/gamification/xp-settings"
	api.Add(g, api.Route{
		Method: "GET", Path: settings, ID: "getXPSettings", Summary: "Get the XP settings", Permissions: view,
		Description: "What each action pays. Every member may read it.",
	}, h.getSettings)
	api.Add(g, api.Route{
		Method: "PUT", Path: settings, ID: "updateXPSettings", Summary: "Update the XP settings", Permissions: manage,
		Description: "Omitted actions and fields are unchanged. What happened before the change still pays by the previous rules, also if it is processed later. `comment`, `analysis`, `object`, `refer` and `referral` are stored and pay nothing yet. 409 `stale_version` if `version` or `If-Match` is not the current version.",
	}, h.updateSettings)
}
