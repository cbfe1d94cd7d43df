// Package progress has the pages of what members earn: the economy of a community, the
// balances and entries of a member, and the member's own page.
package progress

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ledger/economy"
	"github.com/regulars/regulars/internal/ledger/operation"
	"github.com/regulars/regulars/internal/message/list"
	"github.com/regulars/regulars/internal/progress/activity"
	"github.com/regulars/regulars/internal/progress/award"
	"github.com/regulars/regulars/internal/progress/tier"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	Access   *access.Access
	Members  *roster.Roster
	Economy  *economy.Economy
	Ledger   *operation.Operations
	Activity *activity.Activity
	Tiers    *tier.Tiers
	Awards   *award.Awards
	Lists    *list.Lists
}

// handlers answer the requests of the area.
type handlers struct {
	*ui.Console
	Services
}

// New returns the area.
func New(c *ui.Console, s Services) ui.Area {
	h := &handlers{Console: c, Services: s}
	members, managers := ui.InCommunity(permission.ViewGamification), ui.InCommunity(permission.Gamification)
	return ui.Area{
		Routes: []ui.Route{
			members.Get("/rewards", h.showOwn),
			members.Get("/rewards/messages/{message}", h.showMessage),
			managers.Get("/economy", h.showEconomy),
			managers.Get("/members/{user}/rewards", h.showMember),
			managers.Post("/members/{user}/rewards", h.post),
			managers.Post("/members/{user}/rewards/{entry}/reverse", h.reverse),
		},
		Nav: []ui.NavItem{
			{Key: "rewards", Label: i18n.Key("My rewards"), Icon: "award", Path: "/rewards", Noun: ui.Rewards, Order: 10, Need: permission.ViewGamification},
			{Key: "economy", Label: i18n.Key("Economy"), Icon: "chart-line", Path: "/economy", Noun: ui.Rewards, Order: 35, Need: permission.Gamification},
		},
		Audit: auditTexts,
		Permissions: ui.PermissionTexts{
			CommunityKey: []ui.Permission{{Value: string(permission.Gamification), Label: i18n.Key("XP rules, tiers, milestones and the ledger"), Help: i18n.Key("Read and change what members earn, and post entries.")}},
			Server:       []ui.Permission{{Value: permission.ManageGamification, Label: i18n.Key("Manage rewards"), Help: i18n.Key("Change XP rules, tiers, badges and milestones, and post entries of the ledger.")}},
		},
	}
}
