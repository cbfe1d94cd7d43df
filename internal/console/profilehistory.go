package console

import (
	"context"
	"net/url"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/member"
)

const changesPerPage = 25

// HistoryFilter is which changes a profile shows, as its address says.
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

// sourceTypes are where changes come from, by the type of the source.
var sourceTypes = []Choice{
	{"import", i18n.Key("Imports")},
	{"update", i18n.Key("Updates")},
	{"undo", i18n.Key("Undone imports and updates")},
	{"api", i18n.Key("API")},
	{"console", i18n.Key("The console")},
	{"revert", i18n.Key("Put back")},
	{"field", i18n.Key("Changes of the field itself")},
	{"created", i18n.Key("At the beginning")},
}

func historySources(r Reader) []Choice {
	choices := []Choice{{"", r.T("Everywhere")}}
	for _, s := range sourceTypes {
		choices = append(choices, Choice{s.Value, r.T(s.Label)})
	}
	return choices
}

func historyFields(r Reader, fields []field.Field) []Choice {
	choices := []Choice{{"", r.T("All fields")}}
	for _, f := range fields {
		name := f.Name
		if f.Default {
			name = r.T(f.Name)
		}
		choices = append(choices, Choice{f.ID, name})
	}
	return choices
}

// addHistory puts the changes that the address asks for into a profile. Days
// are those of the community's zone.
func (c *console) addHistory(v *visit, view *ProfileView) error {
	query := v.URL.Query()
	view.Filter = historyFilter(query)
	cursor := query.Get("cursor")
	f := member.HistoryFilter{UserID: view.ID, FieldID: view.Filter.Field, Source: view.Filter.Source, Cursor: cursor, Limit: changesPerPage}
	f.From, f.To = view.Reader.dayBegins(view.Filter.From, 0), view.Reader.dayBegins(view.Filter.To, 1)
	rows, next, err := c.Members.Histories(v.Context(), v.community.ID, f)
	if err != nil {
		return err
	}
	if view.History, err = c.historyOf(v.Context(), view.Page, rows); err != nil {
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

// dayBegins is the first moment of a day in the reader's zone, or of one some
// days later; 0 of what is no day.
func (r Reader) dayBegins(text string, later int) int64 {
	zone := r.Zone
	if zone == nil {
		zone = time.UTC
	}
	day, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		return 0
	}
	return day.AddDate(0, 0, later).UnixMilli()
}

// historyOf says of each change who made it and from where.
func (c *console) historyOf(ctx context.Context, p Page, rows []member.HistoryRow) ([]HistoryView, error) {
	who := &namer{console: c, communityID: p.Community.ID, known: map[string]string{}}
	view := make([]HistoryView, len(rows))
	for i, row := range rows {
		by, err := who.actor(ctx, row.Actor)
		if err != nil {
			return nil, err
		}
		h := HistoryView{
			ID: row.ID, Field: changedField(ctx, row), Old: p.Reader.historic(row.FieldID, row.Old), New: p.Reader.historic(row.FieldID, row.New), At: row.ValidFrom, By: by,
			Backdated: row.ValidFrom != row.RecordedAt, Recorded: row.RecordedAt, First: row.Source.Type == member.Created,
		}
		h.CanRevert = !h.First && (row.FieldID != field.RoleName || p.may(access.PermManageRoles))
		if h.From, h.FromLink, err = who.source(ctx, p, row.Source); err != nil {
			return nil, err
		}
		view[i] = h
	}
	return view, nil
}

// historic is a value of a field for a person.
func (r Reader) historic(fieldID string, value any) string {
	text := r.value(value)
	switch fieldID {
	case field.CountryName:
		return r.country(text)
	case field.LanguageName:
		return r.language(text)
	}
	return text
}
