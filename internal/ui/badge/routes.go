// Package badge has the pages of badges: what members reach and apply for, the editor, and
// the applications that moderators decide.
package badge

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/message/post"
	"github.com/regulars/regulars/internal/progress/application"
	"github.com/regulars/regulars/internal/progress/award"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	Access       *access.Access
	Badges       *badge.Badges
	Awards       *award.Awards
	Applications *application.Applications
	Posts        *post.Posts
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
			{Key: "badges", Label: i18n.Key("Badges"), Icon: "award", Path: "/badges", Noun: ui.Rewards, Order: 20, Need: permission.ViewBadges},
			{Key: "badge-applications", Label: i18n.Key("Applications"), Icon: "circle-check", Path: "/badge-applications", Noun: ui.Rewards, Order: 25, Need: permission.Moderate},
		},
		Actions: []ui.Action{{Icon: "plus", Label: i18n.Key("New badge"), Path: "/badges/new", Need: permission.Badges}},
		Audit:   auditTexts,
		Permissions: ui.PermissionTexts{
			CommunityKey: []ui.Permission{{Value: string(permission.Badges), Label: i18n.Key("Badges"), Help: i18n.Key("Read, change and award badges.")}},
		},
	}
}

func (h *handlers) routes() []ui.Route {
	member, manager, moderator := ui.InCommunity(permission.ViewBadges), ui.InCommunity(permission.Badges), ui.InCommunity(permission.Moderate)
	return []ui.Route{
		member.Get("/badges", h.showBadges),
		member.Get("/badges/{badge}", h.showBadge),
		member.PostFile("/badges/{badge}/apply", h.apply),
		manager.Get("/badges/new", h.showNew),
		manager.Get("/badges/preview", h.preview),
		manager.Post("/badges", h.create),
		manager.Get("/badges/{badge}/edit", h.showEditor),
		manager.Post("/badges/{badge}", h.update),
		manager.PostFile("/badges/{badge}/picture", h.setPicture),
		manager.Post("/badges/{badge}/delete", h.delete),
		manager.Post("/badges/{badge}/award", h.award),
		manager.Post("/badges/{badge}/evaluate", h.evaluate),
		moderator.Get("/badge-applications", h.showApplications),
		moderator.Post("/badge-applications/{application}", h.decide),
	}
}

// auditTexts are the sentences of the area in the audit log.
var auditTexts = ui.AuditTexts{
	Nouns: []ui.Choice{{Value: "badge", Label: i18n.Key("Badges")}, {Value: "badge_application", Label: i18n.Key("Applications for badges")}},
	Actions: []ui.Choice{
		{Value: "badge.create", Label: i18n.Key("The badge %s was created")},
		{Value: "badge.update", Label: i18n.Key("The badge %s was changed")},
		{Value: "badge.delete", Label: i18n.Key("The badge %s was deleted")},
		{Value: "badge.award", Label: i18n.Key("The badge %s was awarded")},
		{Value: "badge.remove", Label: i18n.Key("The badge %s was removed from a member")},
		{Value: "badge.evaluate", Label: i18n.Key("The badge %s was evaluated for all members")},
		{Value: "badge_application.decide", Label: i18n.Key("An application for the badge %s was decided")},
	},
	Fields: []ui.Choice{
		{Value: "title", Label: i18n.Key("Title")},
		{Value: "action", Label: i18n.Key("Action")},
		{Value: "quantity", Label: i18n.Key("Quantity")},
		{Value: "description", Label: i18n.Key("Description")},
		{Value: "award", Label: i18n.Key("Pays XP")},
		{Value: "awardXpQuantity", Label: i18n.Key("XP")},
		{Value: "awardCurrency", Label: i18n.Key("Pays coins")},
		{Value: "awardCurrencyQuantity", Label: i18n.Key("Coins")},
		{Value: "attachRequired", Label: i18n.Key("An application needs an image")},
		{Value: "images", Label: i18n.Key("Picture")},
		{Value: "conditions", Label: i18n.Key("Conditions")},
		{Value: "userId", Label: i18n.Key("Member")},
		{Value: "keepReward", Label: i18n.Key("The member keeps the reward")},
		{Value: "status", Label: i18n.Key("Status")},
	},
}
