package console

import (
	"context"
	"net/http"
	"strings"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
)

const (
	membersPerPage = 50
	picksShown     = 50
	ownColumn      = "field:" // before the database name of a custom field
)

func (c *console) showMembers(v *visit) error {
	p, err := c.page(v, "Members", "members", "")
	if err != nil {
		return err
	}
	q := memberQuery(p.In("/members"), v.URL.Query())
	if added, ok := addedFilter(v.URL.Query()); ok {
		return v.goTo(q.withFilter(added).Address(), "")
	}
	names, err := member.LoadNames(v.Context(), c.DB, v.community.ID)
	if err != nil {
		return err
	}
	fields, err := c.Fields.List(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	filter, chips, wrong := q.filter(v, member.NewAsking(fields, names))
	filter.Page, filter.Limit = q.Page, membersPerPage
	found, err := c.Members.List(v.Context(), v.community.ID, filter)
	if err != nil {
		return err
	}
	p.Alert = wrong
	view := MembersView{
		Page: p, Query: q, Columns: memberColumns(p, fields), NobodyYet: found.Total == 0 && !q.filtered(),
		Role: v.T(filteredBy(q.RoleID, names.Roles)), Tag: v.T(filteredBy(q.TagID, names.Tags)),
		HasRoles: len(names.Roles) > 1, HasTags: len(names.Tags) > 0, // @all is no choice
		Filters: chips, Fields: filterFields(p.Reader, fields), Labels: labelNames(names),
	}
	view.MayInvite = c.Members.MayInviteAgain(v.Context(), v.actor, v.community.ID) == nil
	if view.Views, err = c.viewLinks(v, q); err != nil {
		return err
	}
	for _, m := range found.Members {
		row := memberRowOf(p.Reader, m, names, fields)
		row.Picture = media.Path(v.community.ID, m.Avatar)
		view.Rows = append(view.Rows, row)
	}
	view.Range = newRange(q.Page, membersPerPage, len(view.Rows), found.Total, found.TotalCapped, q.onPage)
	if strings.HasPrefix(v.Header.Get("HX-Source"), "form#") { // links push their own address
		v.w.Header().Set("HX-Replace-Url", q.Address())
	}
	return render(v, http.StatusOK, MembersPage(view))
}

func filteredBy(id string, names map[string]string) string {
	if id != "" && names[id] == "" {
		return i18n.Key("one that is gone")
	}
	return names[id]
}

// memberColumns are the columns there are besides the member's name.
func memberColumns(p Page, fields []field.Field) []Choice {
	columns := []Choice{{"email", p.T("Email")}, {"phone", p.T("Phone")}, {"country", p.T("Country")}, {"language", p.T("Language")}, {"labels", p.T("Roles and tags")}}
	for _, f := range fields {
		if !f.Default {
			columns = append(columns, Choice{ownColumn + f.Field, f.Name})
		}
	}
	return append(columns, Choice{"joined", p.T("Joined")})
}

func memberRowOf(r Reader, m member.Member, names member.Names, fields []field.Field) MemberRow {
	row := MemberRow{
		ID: m.ID, Name: nameOf(m), Username: m.Username, Email: m.Email, Owner: m.Owner, Unclaimed: !m.Claimed(),
		Roles: named(m.RoleIDs, names.Roles), Tags: named(m.TagIDs, names.Tags), JoinedAt: m.JoinedAt,
		Texts: map[string]string{"phone": m.Phone, "country": r.country(m.Country), "language": r.language(m.Language)},
	}
	for _, f := range fields {
		if !f.Default {
			row.Texts[ownColumn+f.Field] = r.value(m.Fields[f.Field])
		}
	}
	return row
}

// nameOf is what people call a member.
func nameOf(m member.Member) string {
	full := strings.TrimSpace(m.FirstName + " " + m.LastName)
	switch {
	case m.DisplayName != "":
		return m.DisplayName
	case full != "":
		return full
	}
	return m.Username
}

// named are the names of ids; what is gone has none.
func named(ids []string, names map[string]string) []string {
	var found []string
	for _, id := range ids {
		if name := names[id]; name != "" {
			found = append(found, name)
		}
	}
	return found
}

// PickItem is an entry of a picker: a filter that can be put on.
type PickItem struct{ Label, Link string }

// pick answers the roles or tags that can be filtered by, as far as they fit
// what is typed.
func (c *console) pick(v *visit) error {
	query := v.URL.Query()
	q := memberQuery(v.in("/members"), query)
	kind, typed := "role", strings.ToLower(strings.TrimSpace(query.Get("name")))
	choices, err := c.roleChoices(v.Context(), v.community.ID)
	with := q.withRole
	if query.Get("kind") == "tag" {
		kind, with = "tag", q.withTag
		choices, err = c.tagChoices(v.Context(), v.community.ID)
	}
	if err != nil {
		return err
	}
	var found []PickItem
	for _, choice := range choices {
		if strings.Contains(strings.ToLower(choice.Label), typed) {
			found = append(found, PickItem{choice.Label, with(choice.Value).Address()})
		}
	}
	return render(v, http.StatusOK, PickItems(kind, first(found, picksShown), hidden(found, picksShown)))
}

func (c *console) roleChoices(ctx context.Context, communityID string) (choices []Choice, err error) {
	roles, err := access.Roles(ctx, c.DB, communityID)
	for _, r := range roles {
		if !r.Everyone {
			choices = append(choices, Choice{r.ID, r.Title})
		}
	}
	return choices, err
}

func (c *console) tagChoices(ctx context.Context, communityID string) (choices []Choice, err error) {
	tags, err := c.Members.Tags(ctx, communityID)
	for _, t := range tags {
		choices = append(choices, Choice{t.ID, t.Name})
	}
	return choices, err
}
