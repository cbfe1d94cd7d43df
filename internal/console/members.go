package console

import (
	"context"
	"net/http"

	"github.com/regulars/regulars/internal/auth"
	"github.com/regulars/regulars/internal/member"
)

const membersPerPage = 50

func (c *console) goToMembers(v *visit) error { return v.goTo(v.in("/members"), "") }

func (c *console) showMembers(v *visit) error {
	p, err := c.page(v, "Members", "members", "")
	if err != nil {
		return err
	}
	q := memberQuery(p.In("/members"), v.URL.Query())
	names, err := member.LoadNames(v.Context(), c.DB, v.community.ID)
	if err != nil {
		return err
	}
	found, err := c.Members.List(v.Context(), v.community.ID, member.Filter{
		Search: q.Search, RoleID: q.RoleID, TagID: q.TagID, Sort: q.Order, Page: q.Page, Limit: membersPerPage,
	})
	if err != nil {
		return err
	}
	view := MembersView{Page: p, Query: q, NobodyYet: found.Total == 0 && !q.filtered()}
	if view.Roles, view.Tags, err = c.filterChoices(v.Context(), v.community.ID); err != nil {
		return err
	}
	for _, m := range found.Members {
		view.Rows = append(view.Rows, memberRowOf(m, names))
	}
	view.Range = newRange(q.Page, membersPerPage, len(view.Rows), found.Total, found.TotalCapped, q.onPage)
	if v.isSwap() {
		v.w.Header().Set("HX-Replace-Url", q.Address())
	}
	return render(v, http.StatusOK, MembersPage(view))
}

func (c *console) filterChoices(ctx context.Context, communityID string) (roles, tags []Choice, err error) {
	allRoles, err := auth.Roles(ctx, c.DB, communityID)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range allRoles {
		if !r.Everyone {
			roles = append(roles, Choice{r.ID, r.Title})
		}
	}
	allTags, err := c.Members.Tags(ctx, communityID)
	for _, t := range allTags {
		tags = append(tags, Choice{t.ID, t.Name})
	}
	return roles, tags, err
}

func memberRowOf(m member.Member, names member.Names) MemberRow {
	return MemberRow{
		ID: m.ID, Name: nameOf(m), Username: m.Username, Email: m.Email, Country: countryName(m.Country), Owner: m.Owner,
		Roles: named(m.RoleIDs, names.Roles), Tags: named(m.TagIDs, names.Tags), JoinedAt: m.JoinedAt,
	}
}

// nameOf is what people call a member.
func nameOf(m member.Member) string {
	full := m.FirstName
	if m.LastName != "" {
		if full != "" {
			full += " "
		}
		full += m.LastName
	}
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
