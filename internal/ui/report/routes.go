// Package report has the pages on which moderators resolve reports of messages.
package report

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/message/change"
	"github.com/regulars/regulars/internal/report"
	"github.com/regulars/regulars/internal/ui"
)

// Services are the features behind the pages.
type Services struct {
	Access  *access.Access
	Reports *report.Reports
	Clock   clock.Clock
	Changes *change.Changes
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
		Routes: []ui.Route{
			ui.InCommunity(permission.Moderate).Get("/reports", h.showReports),
			ui.InCommunity(permission.Moderate).Get("/reports/{report}", h.showReport),
			ui.InCommunity(permission.Moderate).Post("/reports/{report}", h.resolveReport),
		},
		Nav: []ui.NavItem{{Key: "reports", Label: i18n.Key("Reports"), Icon: "circle-alert", Path: "/reports", Noun: ui.Members, Order: 45, Need: permission.Moderate}},
		Audit: ui.AuditTexts{
			Nouns:   []ui.Choice{{Value: "report", Label: i18n.Key("Reports")}},
			Actions: []ui.Choice{{Value: "report.resolve", Label: i18n.Key("The report of a message of %s was resolved")}},
			Fields:  []ui.Choice{{Value: "action", Label: i18n.Key("Action")}},
			Values:  map[string][]ui.Choice{"action": resolutions},
		},
	}
}
