package member

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/ui"
)

func membersCall(v MembersView) ui.Call {
	query := url.Values{}
	order := v.Query.Order
	if slices.Contains(field.Figures, strings.TrimPrefix(order, "-")) {
		order = "" // of the console only
	}
	for name, value := range map[string]string{"search": v.Query.Search, "role": v.Query.RoleID, "tag": v.Query.TagID, "sort": order} {
		if value != "" {
			query.Set(name, value)
		}
	}
	path := "/v1/communities/" + v.Community.ID + "/users"
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return ui.Call{Path: path}
}

const (
	membersPerPage = 50
	picksShown     = 50
	ownColumn      = "field:" // before the database name of a custom field
)

func (h *handlers) showMembers(v *ui.Request) error {
	p, err := h.Page(v, "Members", "members", "")
	if err != nil {
		return err
	}
	q := ParseQuery(p.In("/members"), v.URL.Query())
	if added, ok := addedFilter(v.URL.Query()); ok {
		return v.Redirect(q.withFilter(added).Address(), "")
	}
	names, err := h.Members.FilterNames(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	q.TagID = names.Unmerged(q.TagID)
	fields, err := h.Fields.List(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return err
	}
	filter, chips, wrong := q.filter(v, directory.NewFilterFields(fields, names))
	filter.Page, filter.After, filter.Before, filter.Limit = q.Page, q.After, q.Before, membersPerPage
	found, from, err := h.listMembers(v, p.Reader, filter)
	if q.lost(found, err) {
		return v.Redirect(q.OnPage(1), "")
	}
	if err != nil {
		return err
	}
	p.Alert = wrong
	view := MembersView{
		Page: p, Query: q, Columns: Columns(p, fields), Empty: found.Total == 0 && !q.filtered(), Job: from,
		Role: v.T(filteredBy(q.RoleID, names.Roles)), Tag: v.T(filteredBy(q.TagID, names.Tags)),
		HasRoles: len(names.Roles) > 1, HasTags: len(names.Tags) > 0, // @all is no choice
		Filters: chips, Fields: filterFields(p.Reader, fields), Labels: labelNames(names.Names),
	}
	view.MayInvite = h.Moderation.MayInviteAgain(v.Context(), v.Actor, v.Community.ID) == nil
	if view.Views, err = h.viewLinks(v, q); err != nil {
		return err
	}
	for _, link := range view.Views {
		if link.Current {
			view.Nav = viewKey(link.ID)
		}
	}
	figures, err := h.Members.Figures(v.Context(), v.Actor, v.Community.ID, found.Members...)
	if err != nil {
		return err
	}
	for _, m := range found.Members {
		row := memberRowOf(p.Reader, m, names.Names, fields)
		row.Figures = figures[m.ID]
		row.Picture = media.Path(v.Community.ID, m.AvatarID)
		view.Rows = append(view.Rows, row)
	}
	view.Range = q.pages(found)
	if strings.HasPrefix(v.Header.Get("HX-Source"), "form#") { // links push their own address
		v.W.Header().Set("HX-Replace-Url", q.Address())
	}
	return ui.Render(v, http.StatusOK, MembersPage(view))
}

// JobView is the bulk job of a filter.
type JobView struct {
	Name string
	Note string // why members are missing; "": all are listed
}

// listMembers returns the members that a filter selects, and its bulk job: zero
// without one.
func (h *handlers) listMembers(v *ui.Request, r ui.Reader, filter directory.Filter) (found directory.List, from JobView, err error) {
	if filter.JobID != "" {
		job, err := h.Bulk.MembersOf(v.Context(), v.Actor, v.Community.ID, filter.JobID)
		if e := errs.From(err); e != nil {
			return found, JobView{Name: v.T("unknown"), Note: notListed(v, e)}, nil
		}
		if err != nil {
			return found, from, err
		}
		from.Name = cmp.Or(job.FileName, v.T("without a file"))
		if !job.Complete {
			from.Note = v.T("The members of this job are being listed: %[1]s of %[2]s rows so far. Reload the page in a moment.", r.Number(job.Listed), r.Number(job.Rows))
		}
	}
	found, err = h.Members.List(v.Context(), v.Actor, v.Community.ID, filter)
	return found, from, err
}

// notListed is why the members of a job cannot be listed.
func notListed(v *ui.Request, e *errs.Error) string {
	switch e.Kind {
	case errs.NotFound:
		return v.T("This community has no job with this id. Remove the filter to see all members.")
	case errs.Gone:
		return v.T("The rows of this job have expired, so its members cannot be listed.")
	}
	return ui.Translate(v.Context(), e.Sentence)
}

func filteredBy(id string, names map[string]string) string {
	if id != "" && names[id] == "" {
		return i18n.Key("deleted")
	}
	return names[id]
}

// Columns are all columns except the name.
func Columns(p ui.Page, fields []field.Field) []ui.Choice {
	columns := []ui.Choice{{Value: "email", Label: p.T("Email")}, {Value: "phone", Label: p.T("Phone")}, {Value: "country", Label: p.T("Country")}, {Value: "language", Label: p.T("Language")}, {Value: "labels", Label: p.T("Roles and tags")}}
	for _, f := range fields {
		if !f.Default {
			columns = append(columns, ui.Choice{Value: ownColumn + f.Field, Label: f.Name})
		}
	}
	columns = append(columns, ui.Choice{Value: "joined", Label: p.T("Joined")})
	for _, f := range field.EarnedFields() {
		columns = append(columns, ui.Choice{Value: f.Field, Label: fieldLabel(p.T, &f)})
	}
	return columns
}

func memberRowOf(r ui.Reader, m member.Member, names member.Names, fields []field.Field) MemberRow {
	row := MemberRow{
		ID: m.ID, Name: ui.MemberName(m), Username: m.Username, Email: m.Email, Owner: m.Owner, Unclaimed: !m.Claimed(),
		Roles: names.RoleNames(m.RoleIDs), Tags: names.TagNames(m.TagIDs), JoinedAt: m.JoinedAt,
		Texts: map[string]string{"phone": m.Phone, "country": r.CountryName(m.Country), "language": r.LanguageName(m.Language)},
	}
	for _, f := range fields {
		if !f.Default {
			row.Texts[ownColumn+f.Field] = r.Value(m.Values.Get(f.Field))
		}
	}
	return row
}

// PickItem is an entry of a picker: a filter that can be put on.
type PickItem struct{ Label, Link string }

// pick responds with the roles or tags that match the text in the picker.
func (h *handlers) pick(v *ui.Request) error {
	query := v.URL.Query()
	q := ParseQuery(v.In("/members"), query)
	kind, typed := "role", strings.ToLower(strings.TrimSpace(query.Get("name")))
	choices, err := h.roleChoices(v)
	with := q.withRole
	if query.Get("kind") == "tag" {
		kind, with = "tag", q.withTag
		choices, err = h.tagChoices(v)
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
	return ui.Render(v, http.StatusOK, PickItems(kind, ui.FirstN(found, picksShown), ui.Remaining(found, picksShown)))
}

func (h *handlers) roleChoices(v *ui.Request) (choices []ui.Choice, err error) {
	roles, err := h.Access.Roles(v.Context(), v.Actor, v.Community.ID)
	for _, r := range roles {
		if !r.Everyone {
			choices = append(choices, ui.Choice{Value: r.ID, Label: r.Title})
		}
	}
	return choices, err
}

func (h *handlers) tagChoices(v *ui.Request) (choices []ui.Choice, err error) {
	tags, err := h.Members.Tags(v.Context(), v.Actor, v.Community.ID)
	for _, t := range tags {
		choices = append(choices, ui.Choice{Value: t.ID, Label: t.Name})
	}
	return choices, err
}

// search finds members for the palette.
func (h *handlers) search(v *ui.Request, text string) (ui.PaletteGroup, error) {
	group := ui.PaletteGroup{Name: v.T("Members")}
	found, err := h.Members.List(v.Context(), v.Actor, v.Community.ID, directory.Filter{Search: text, Page: 1, Limit: ui.FoundLimit})
	for _, m := range found.Members {
		group.Items = append(group.Items, ui.PaletteItem{Icon: "user-round", Label: ui.MemberName(m), Hint: m.Email, Link: v.In("/members/" + m.ID)})
	}
	return group, err
}
