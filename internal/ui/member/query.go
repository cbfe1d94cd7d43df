package member

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/ui"
)

// Query is the query of the member list.
type Query struct {
	base                         string   // address of the list
	Search, RoleID, TagID, Order string   // Order: "" newest first, else as in directory.Filter
	JobID                        string   // bulk job that created or changed the members; "": any
	State                        string   // "": active
	Claimed                      string   // "true" or "false"; "": both
	Filters                      []string // see Filter
	Columns                      []string
	Page                         int    // its number, for the range that is shown
	After, Before                string // position of a page that is not the first, as in directory.Filter
}

// maxNumbered is the last page that is shown by its number alone, because all members
// before it are read.
const maxNumbered = 200

// usualColumns are the columns by default.
var usualColumns = []string{"email", "country", "labels", "joined"}

// ParseQuery reads the query of an address of the list at base.
func ParseQuery(base string, from url.Values) Query {
	page, _ := strconv.Atoi(from.Get("page")) // invalid: the first page
	q := Query{
		base: base, Search: strings.TrimSpace(from.Get("q")), RoleID: from.Get("role"), TagID: from.Get("tag"), JobID: from.Get("job"),
		Order: from.Get("sort"), Columns: from["col"], Page: max(page, 1), Filters: ui.FirstN(from["f"], maxFilters),
	}
	if state := from.Get("state"); slices.Contains(member.AnyState, state) && state != member.Active {
		q.State = state
	}
	if claimed := from.Get("claimed"); claimed == "true" || claimed == "false" {
		q.Claimed = claimed
	}
	if slices.Equal(q.Columns, usualColumns) {
		q.Columns = nil
	}
	if q.Page > 1 {
		q.After, q.Before = from.Get("after"), from.Get("before")
	}
	if q.After == "" && q.Before == "" && q.Page > maxNumbered {
		q.Page = 1
	}
	return q
}

// Address is the address of the list with q.
func (q Query) Address() string {
	values := url.Values{}
	for _, c := range q.state() {
		values.Add(c.Value, c.Label)
	}
	if q.Page > 1 {
		values.Set("page", strconv.Itoa(q.Page))
		for name, position := range map[string]string{"after": q.After, "before": q.Before} {
			if position != "" {
				values.Set(name, position)
			}
		}
	}
	if len(values) == 0 {
		return q.base
	}
	return q.base + "?" + values.Encode()
}

// state is the query without the page, by parameter.
func (q Query) state() []ui.Choice {
	state := []ui.Choice{{Value: "q", Label: q.Search}, {Value: "role", Label: q.RoleID}, {Value: "tag", Label: q.TagID}, {Value: "job", Label: q.JobID}, {Value: "state", Label: q.State}, {Value: "claimed", Label: q.Claimed}, {Value: "sort", Label: q.Order}}
	for _, filter := range q.Filters {
		state = append(state, ui.Choice{Value: "f", Label: filter})
	}
	for _, column := range q.Columns {
		state = append(state, ui.Choice{Value: "col", Label: column})
	}
	return slices.DeleteFunc(state, func(c ui.Choice) bool { return c.Label == "" })
}

// without is the state without one parameter, for the form that sets it.
func (q Query) without(part string) []ui.Choice {
	return slices.DeleteFunc(q.state(), func(c ui.Choice) bool { return c.Value == part })
}

func (q Query) filtered() bool {
	return q.Search != "" || q.RoleID != "" || q.TagID != "" || q.JobID != "" || q.State != "" || q.Claimed != "" || len(q.Filters) > 0
}

// shows reports whether a column is to be seen.
func (q Query) shows(column string) bool {
	if len(q.Columns) == 0 {
		return slices.Contains(usualColumns, column)
	}
	return slices.Contains(q.Columns, column)
}

func (q Query) withRole(id string) Query {
	q.RoleID, q.Page = id, 1
	return q
}

func (q Query) withTag(id string) Query {
	q.TagID, q.Page = id, 1
	return q
}

func (q Query) withoutJob() Query {
	q.JobID, q.Page = "", 1
	return q
}

func (q Query) withClaimed(claimed string) Query {
	q.Claimed, q.Page = claimed, 1
	return q
}

// claim is the Claim of a directory.Filter.
func (q Query) claim() string {
	return map[string]string{"true": directory.ClaimedOnly, "false": directory.UnclaimedOnly}[q.Claimed]
}

// OnPage returns the address of a page by its number.
func (q Query) OnPage(page int) string { return q.at(page, "", "") }

// at returns the address of the page with a number at a position.
func (q Query) at(page int, after, before string) string {
	q.Page, q.After, q.Before = page, after, before
	return q.Address()
}

// pages returns the part of the list that a page shows, with the addresses beside it.
func (q Query) pages(found directory.List) ui.Range {
	r := ui.NewRange(q.Page, membersPerPage, len(found.Members), found.Total, found.TotalCapped, func(int) string { return "" })
	if found.Previous != "" {
		r.Previous = q.at(q.Page-1, "", found.Previous)
	}
	if found.Next != "" {
		r.Next = q.at(q.Page+1, found.Next, "")
	}
	return r
}

// lost reports whether the position of the page is not of this list, or has no members
// behind it.
func (q Query) lost(found directory.List, err error) bool {
	return errs.Is(err, "invalid_cursor") || err == nil && q.Page > 1 && len(found.Members) == 0
}

// sortedBy is the query with the order of a click on a column: names ascending,
// times and figures descending; a second click reverses it.
func (q Query) sortedBy(column string) Query {
	q.Page = 1
	switch {
	case column == "created" && q.Order == "":
		q.Order = "created"
	case column == "created":
		q.Order = ""
	case slices.Contains(field.Figures, column) && q.Order != "-"+column, q.Order == column:
		q.Order = "-" + column
	default:
		q.Order = column
	}
	return q
}

// sorted is the aria-sort of a column.
func (q Query) sorted(column string) string {
	order := q.Order
	if order == "" {
		order = "-created"
	}
	switch order {
	case column:
		return "ascending"
	case "-" + column:
		return "descending"
	}
	return "none"
}

// found is the number of results, for screen readers.
func (v MembersView) found() string {
	if v.Range.Capped {
		return v.T("More than %d members found", v.Range.Total)
	}
	return v.Reader.Count(v.Range.Total, "%d member found", "%d members found")
}
