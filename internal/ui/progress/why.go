package progress

import (
	"strings"

	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/ui"
)

// sources are the labels of types of sources.
var sources = []ui.Choice{
	{Value: ledger.FromRule, Label: i18n.Key("XP rules")},
	{Value: ledger.FromBadge, Label: i18n.Key("Badges")},
	{Value: ledger.FromMilestone, Label: i18n.Key("Milestones")},
	{Value: ledger.FromStreak, Label: i18n.Key("Streaks")},
	{Value: ledger.FromReferral, Label: i18n.Key("Referrals")},
	{Value: ledger.FromLeaderboard, Label: i18n.Key("Leaderboards")},
	{Value: ledger.FromGame, Label: i18n.Key("Games")},
	{Value: ledger.FromPurchase, Label: i18n.Key("Purchases")},
	{Value: ledger.FromRefund, Label: i18n.Key("Refunds")},
	{Value: ledger.FromHold, Label: i18n.Key("Captured holds")},
	{Value: ledger.FromBulkJob, Label: i18n.Key("Files")},
	{Value: ledger.FromAPI, Label: i18n.Key("Operators")},
	{Value: ledger.FromWebhook, Label: i18n.Key("Incoming webhooks")},
	{Value: ledger.FromAutomation, Label: i18n.Key("Automations")},
	{Value: ledger.FromExpiry, Label: i18n.Key("Expiry")},
	{Value: ledger.FromReversal, Label: i18n.Key("Reversals")},
	{Value: ledger.FromErasure, Label: i18n.Key("Erased members")},
}

// ofRules are what rules paid for, by the beginning of the id of the source.
var ofRules = []ui.Choice{
	{Value: "message", Label: i18n.Key("For a message")},
	{Value: "react", Label: i18n.Key("For a reaction")},
	{Value: "visit", Label: i18n.Key("For the first visit of the day")},
	{Value: "picture", Label: i18n.Key("For the first picture")},
	{Value: "aboutme", Label: i18n.Key("For a text about oneself")},
}

// why returns what caused an entry, and the address of its cause, "" without one. Members
// open no pages of managers.
func why(p ui.Page, e ledger.Entry, own bool) (text, link string) {
	kind, about, _ := strings.Cut(e.Source.ID, ":")
	switch e.Source.Type {
	case ledger.FromRule:
		if kind == "message" || kind == "react" {
			link = p.In("/rewards/messages/" + about)
		}
		return p.T(ui.LabelOf(ofRules, kind)), link
	case ledger.FromBulkJob:
		text = p.T("Line %[1]s of a file", about)
		if own {
			return text, ""
		}
		return text, p.In("/bulk/" + kind)
	case ledger.FromBadge:
		return p.T("Badge: %[1]s", e.Reason), ""
	}
	text = p.T(ui.LabelOf(sources, e.Source.Type))
	if e.Reason != "" {
		text = p.T("%[1]s: %[2]s", text, e.Reason)
	}
	return text, ""
}
