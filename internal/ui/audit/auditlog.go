package audit

import (
	"net/http"
	"slices"

	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

func (h *handlers) showAuditLog(v *ui.Request) error {
	p, err := h.Page(v, i18n.Key("Audit log"), "audit-log", i18n.Key("Actions of people and API keys in this community."))
	if err != nil {
		return err
	}
	query := v.URL.Query()
	view := AuditView{Page: p, Actor: query.Get("actor"), Noun: query.Get("noun"), From: query.Get("from"), To: query.Get("to")}
	view.Filtered = view.Actor != "" || view.Noun != "" || view.From != "" || view.To != ""
	view.Texts = h.AuditTexts()
	view.Nouns = append([]ui.Choice{{Value: "", Label: i18n.Key("Everything")}}, view.Texts.Nouns...)
	actors, err := h.Access.AuditActors(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	view.Actors = []ui.Choice{{Value: "", Label: v.T("Everybody")}}
	for _, a := range actors {
		if a.Ref != "" {
			view.Actors = append(view.Actors, ui.Choice{Value: a.Ref, Label: a.Name})
		}
	}
	filter := audit.Filter{Actor: view.Actor, From: p.Reader.DayStart(view.From, 0), To: p.Reader.DayStart(view.To, 1), Cursor: query.Get("after"), Limit: ui.ListLimit}
	if slices.ContainsFunc(view.Nouns, func(n ui.Choice) bool { return n.Value == view.Noun }) && view.Noun != "" {
		filter.Action = view.Noun + "."
	}
	entries, next, err := h.Access.AuditLog(v.Context(), v.Actor, v.Community.ID, filter)
	if err != nil {
		return err
	}
	if view.Entries, err = h.auditRows(v, p, entries); err != nil {
		return err
	}
	if next != "" {
		query.Set("after", next)
		view.Next = v.In("/audit-log?" + query.Encode())
	}
	return ui.Render(v, http.StatusOK, AuditPage(view))
}
