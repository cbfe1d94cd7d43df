// Package gamification has the operations of XP rules and tiers.
package gamification

import (
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/progress/rule"
	"github.com/regulars/regulars/internal/progress/tier"
)

// handlers serve the operations.
type handlers struct{ Services }

// Services are the features of the area.
type Services struct {
	Rules *rule.Rules
	Tiers *tier.Tiers
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
	const tiers = "/v1/gamification/tiers"
	api.Add(g, api.Route{
		Method: "GET", Path: tiers, ID: "getTiers", Summary: "Get the tiers", Permissions: view,
		Description: "The tiers with their levels, and the XP settings. Every member may read them.",
	}, h.getTiers)
	api.Add(g, api.Route{
		Method: "PUT", Path: tiers, ID: "replaceTiers", Summary: "Replace the tiers", Permissions: manage,
		Description: "A tier with a known `_id` keeps its identity; those that are missing are deleted. With other tiers, thresholds or roles a job moves the members: `recomputing` is true until it ends. A new or changed `roleId` needs `roles` on a key, and `manage_roles` and a rank above the role for a person. 400 `levels_not_rising`, `three_levels_required`, or `role_not_allowed` for a role with server permissions. 403 `rank_too_low`. 404 `role_not_found`. 409 `stale_version`.",
	}, h.replaceTiers)
}
