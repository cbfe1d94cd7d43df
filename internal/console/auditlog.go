package console

import (
	"net/http"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/i18n"
)

// auditNouns are what can be asked for, by the noun of the log.
var auditNouns = []Choice{
	{"", i18n.Key("Everything")},
	{"community", i18n.Key("Settings")},
	{"user", i18n.Key("Members")},
	{"invite", i18n.Key("Invites")},
	{"penalty", i18n.Key("Penalties")},
	{"transfer", i18n.Key("Transfers")},
	{"role", i18n.Key("Roles")},
	{"channel", i18n.Key("Channels")},
	{"category", i18n.Key("Categories")},
	{"field", i18n.Key("Fields")},
	{"tag", i18n.Key("Tags")},
	{"bulk_job", i18n.Key("Jobs")},
	{"member", i18n.Key("Export")},
	{"api_key", i18n.Key("API keys")},
	{"session", i18n.Key("Sign-ins by other systems")},
}

func (c *console) showAuditLog(v *visit) error {
	p, err := c.page(v, i18n.Key("Audit log"), "audit-log", i18n.Key("What people and keys did in this community."))
	if err != nil {
		return err
	}
	query := v.URL.Query()
	view := AuditView{Page: p, Actor: query.Get("actor"), Noun: query.Get("noun"), From: query.Get("from"), To: query.Get("to")}
	view.Filtered = view.Actor != "" || view.Noun != "" || view.From != "" || view.To != ""
	actors, err := c.Members.AuditActors(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	view.Actors = []Choice{{"", v.T("Everybody")}}
	for _, a := range actors {
		if a.Ref != "" {
			view.Actors = append(view.Actors, Choice{a.Ref, a.Name})
		}
	}
	filter := audit.Filter{Actor: view.Actor, From: dayStart(p.Reader.Zone, view.From, 0), To: dayStart(p.Reader.Zone, view.To, 1), Cursor: query.Get("after"), Limit: listLimit}
	if slices.ContainsFunc(auditNouns, func(n Choice) bool { return n.Value == view.Noun }) && view.Noun != "" {
		filter.Action = view.Noun + "."
	}
	entries, next, err := c.Members.AuditLog(v.Context(), v.community.ID, filter)
	if err != nil {
		return err
	}
	if view.Entries, err = c.auditRows(v, p, entries); err != nil {
		return err
	}
	if next != "" {
		query.Set("after", next)
		view.Next = v.in("/audit-log?" + query.Encode())
	}
	return render(v, http.StatusOK, AuditPage(view))
}

// dayStart is when a day and some more begin in a zone, in Unix milliseconds;
// 0 for what is no day.
func dayStart(zone *time.Location, day string, more int) int64 {
	at, err := time.ParseInLocation(time.DateOnly, day, zone)
	if err != nil {
		return 0
	}
	return at.AddDate(0, 0, more).UnixMilli()
}
