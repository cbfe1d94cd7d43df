package member

import (
	"context"
	"net/url"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/ui"
)

// changedField is fieldName for a row of a history.
func changedField(ctx context.Context, row member.HistoryRow) string {
	return ui.FieldName(ctx, !id.Valid(row.FieldID), row.FieldName)
}

const changesPerPage = 25

// HistoryFilter is the filter of changes in the address.
type HistoryFilter struct{ Field, Source, From, To string }

func historyFilter(query url.Values) HistoryFilter {
	return HistoryFilter{query.Get("field"), query.Get("source"), query.Get("from"), query.Get("to")}
}

// chosen reports whether anything is left out.
func (f HistoryFilter) chosen() bool { return f != HistoryFilter{} }

// address is the page with these changes, from a cursor on.
func (f HistoryFilter) address(base, cursor string) string {
	query := url.Values{}
	for name, value := range map[string]string{"field": f.Field, "source": f.Source, "from": f.From, "to": f.To, "cursor": cursor} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if len(query) == 0 {
		return base
	}
	return base + "?" + query.Encode()
}

// sourceTypes are the sources of changes.
var sourceTypes = []ui.Choice{
	{Value: "import", Label: i18n.Key("Imports")},
	{Value: "update", Label: i18n.Key("Updates")},
	{Value: "undo", Label: i18n.Key("Undone imports and updates")},
	{Value: "api", Label: i18n.Key("API")},
	{Value: "console", Label: i18n.Key("The console")},
	{Value: "revert", Label: i18n.Key("Revert")},
	{Value: "field", Label: i18n.Key("Changes of the field itself")},
	{Value: "created", Label: i18n.Key("Initial value")},
}

func historySources(r ui.Reader) []ui.Choice {
	choices := []ui.Choice{{Value: "", Label: r.T("Everywhere")}}
	for _, s := range sourceTypes {
		choices = append(choices, ui.Choice{Value: s.Value, Label: r.T(s.Label)})
	}
	return choices
}

func historyFields(r ui.Reader, fields []field.Field) []ui.Choice {
	choices := []ui.Choice{{Value: "", Label: r.T("All fields")}}
	for _, f := range fields {
		name := f.Name
		if f.Default {
			name = r.T(f.Name)
		}
		choices = append(choices, ui.Choice{Value: f.ID, Label: name})
	}
	return choices
}

// addHistory adds the filtered changes to a profile. Days are in the zone of the
// community.
func (h *handlers) addHistory(v *ui.Request, view *ProfileView) error {
	query := v.URL.Query()
	view.Filter = historyFilter(query)
	cursor := query.Get("cursor")
	f := directory.HistoryFilter{UserID: view.ID, FieldID: view.Filter.Field, Source: view.Filter.Source, Cursor: cursor, Limit: changesPerPage}
	f.From, f.To = view.Reader.DayStart(view.Filter.From, 0), view.Reader.DayStart(view.Filter.To, 1)
	rows, next, err := h.Members.Histories(v.Context(), v.Actor, v.Community.ID, f)
	if err != nil {
		return err
	}
	if view.History, err = h.historyOf(v, view.Page, rows); err != nil {
		return err
	}
	here := view.In("/members/" + view.ID)
	if cursor != "" {
		view.Newer = view.Filter.address(here, "")
	}
	if next != "" {
		view.Older = view.Filter.address(here, next)
	}
	return nil
}

// historyOf returns rows with the names of actors and sources.
func (h *handlers) historyOf(v *ui.Request, p ui.Page, rows []member.HistoryRow) ([]HistoryView, error) {
	who := &namer{handlers: h, reader: v.Actor, communityID: p.Community.ID, known: map[string]string{}}
	view := make([]HistoryView, len(rows))
	for i, row := range rows {
		by, err := who.actor(v.Context(), row.Actor)
		if err != nil {
			return nil, err
		}
		h := HistoryView{
			ID: row.ID, Field: changedField(v.Context(), row), Old: p.Reader.FieldValue(row.FieldID, row.Old), New: p.Reader.FieldValue(row.FieldID, row.New), At: row.ValidFrom, By: by,
			Backdated: row.ValidFrom != row.RecordedAt, Recorded: row.RecordedAt, First: row.Source.Type == directory.Created,
		}
		h.CanRevert = !h.First && (row.FieldID != field.RoleName || p.Allows(permission.ManageRoles))
		if h.From, h.FromLink, err = who.source(v.Context(), p, row.Source); err != nil {
			return nil, err
		}
		view[i] = h
	}
	return view, nil
}
