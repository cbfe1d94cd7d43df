// Package home has the pages of the list of communities, the home page of a
// community and the answers to transfers and additions.
package home

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/ownership"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	Ownership   *ownership.Ownership
	Moderation  *moderation.Moderation
	Access      *access.Access
	Communities *community.Communities
	Members     *roster.Roster
	Chat        *chat.Chat
	Jobs        *jobs.Engine
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
			{Key: "home", Label: i18n.Key("Home"), Icon: "store", Path: "/home", Noun: ui.Overview, Order: 20, Need: permission.ViewChannels},
		},
		Notice: h.transferNotice,
		Audit:  auditTexts,
	}
}

func (h *handlers) routes() []ui.Route {
	return []ui.Route{
		ui.SignedIn.Get("/", h.showHome),
		ui.SignedIn.Post("/communities", h.createCommunity),
		ui.SignedIn.Post("/communities/{community}/restore", h.restoreCommunity),
		ui.SignedIn.Get(ownership.TransferPage, h.showTransfer),
		ui.InCommunity(permission.ViewChannels).Get("/", h.enter),
		ui.InCommunity(permission.ViewChannels).Get("/home", h.showCommunity),
		ui.InCommunity(permission.AnyMember).Post("/transfer/{transfer}/accept", h.acceptTransfer),
		ui.InCommunity(permission.AnyMember).Post("/transfer/{transfer}/decline", h.declineTransfer),
		ui.SignedIn.Post("/additions/{community}/accept", h.acceptAddition),
		ui.SignedIn.Post("/additions/{community}/decline", h.declineAddition),
	}
}
