package console

import (
	"context"
	"net/http"
	"net/url"

	"github.com/regulars/regulars/internal/member"
)

const changesPerPage = 25

func (c *console) showProfile(v *visit) error {
	m, err := c.Members.Find(v.Context(), v.community.ID, v.PathValue("user"))
	if err != nil {
		return err
	}
	p, err := c.page(v, nameOf(m), "members", "")
	if err != nil {
		return err
	}
	names, err := member.LoadNames(v.Context(), c.DB, v.community.ID)
	if err != nil {
		return err
	}
	fields, err := c.Members.Fields(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	view := ProfileView{
		Page: p, ID: m.ID, Name: nameOf(m), Username: m.Username, Email: m.Email, Number: m.Number, Owner: m.Owner,
		Roles: named(m.RoleIDs, names.Roles), Tags: named(m.TagIDs, names.Tags), JoinedAt: m.JoinedAt, Values: valuesOf(p.Reader, m, fields),
	}
	cursor := v.URL.Query().Get("cursor")
	rows, next, err := c.Members.Histories(v.Context(), v.community.ID, member.HistoryFilter{UserID: m.ID, Cursor: cursor, Limit: changesPerPage})
	if err != nil {
		return err
	}
	if view.History, err = c.historyOf(v.Context(), p, rows); err != nil {
		return err
	}
	here := p.In("/members/" + m.ID)
	if cursor != "" {
		view.Newer = here
	}
	if next != "" {
		view.Older = here + "?cursor=" + url.QueryEscape(next)
	}
	return render(v, http.StatusOK, ProfilePage(view))
}

func valuesOf(r Reader, m member.Member, fields []member.Field) []Value {
	values := []Value{{Name: r.T("First Name"), Text: m.FirstName}, {Name: r.T("Last Name"), Text: m.LastName}, {Name: r.T("Phone"), Text: m.Phone}}
	values = append(values, Value{Name: r.T("Country"), Text: r.country(m.Country)}, Value{Name: r.T("Language"), Text: r.language(m.Language)})
	for _, f := range fields {
		if f.Default {
			continue
		}
		value := Value{Name: f.Name, Text: r.value(m.Fields[f.Field])}
		if f.Type == member.URL {
			value.Link = value.Text
		}
		values = append(values, value)
	}
	return values
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
		h := HistoryView{Field: row.FieldName, Old: p.Reader.value(row.Old), New: p.Reader.value(row.New), At: row.ValidFrom, By: by}
		if h.From, h.FromLink, err = who.source(ctx, p, row.Source); err != nil {
			return nil, err
		}
		view[i] = h
	}
	return view, nil
}
