// Package audit has the pages of the audit log of a community.
package audit

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	Communities *community.Communities
	Access      *access.Access
	Fields      *field.Fields
	Members     *roster.Roster
	Chat        *chat.Chat
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
			{Key: "audit-log", Label: i18n.Key("Audit log"), Icon: "history", Path: "/audit-log", Noun: ui.Settings, Order: 80, Need: permission.ManageCommunity},
		},
		Audit: auditTexts,
	}
}

func (h *handlers) routes() []ui.Route {
	return []ui.Route{
		ui.InCommunity(permission.ManageCommunity).Get("/audit-log", h.showAuditLog),
	}
}
