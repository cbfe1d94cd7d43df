package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/member"
)

// MemberQuery is what an address of the member list asks for.
type MemberQuery struct {
	base                         string   // address of the list
	Search, RoleID, TagID, Order string   // Order: "" newest first, else as in member.Filter
	State                        string   // "": active
	Claimed                      string   // "true" or "false"; "": both
	Filters                      []string // see MemberFilter
	Columns                      []string
	Page                         int
}

// usualColumns are shown where nobody has chosen.
var usualColumns = []string{"email", "country", "labels", "joined"}

func memberQuery(base string, from url.Values) MemberQuery {
	page, _ := strconv.Atoi(from.Get("page")) // what is no number is the first page
	q := MemberQuery{
		base: base, Search: strings.TrimSpace(from.Get("q")), RoleID: from.Get("role"), TagID: from.Get("tag"),
		Order: from.Get("sort"), Columns: from["col"], Page: max(page, 1), Filters: first(from["f"], maxFilters),
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
	return q
}

// Address is the address of the list that asks for q and says nothing else.
func (q MemberQuery) Address() string {
	values := url.Values{}
	for _, c := range q.state() {
		values.Add(c.Value, c.Label)
	}
	if q.Page > 1 {
		values.Set("page", strconv.Itoa(q.Page))
	}
	if len(values) == 0 {
		return q.base
	}
	return q.base + "?" + values.Encode()
}

// state is all that the query says but the page, by the names of the address.
func (q MemberQuery) state() []Choice {
	state := []Choice{{"q", q.Search}, {"role", q.RoleID}, {"tag", q.TagID}, {"state", q.State}, {"claimed", q.Claimed}, {"sort", q.Order}}
	for _, filter := range q.Filters {
		state = append(state, Choice{"f", filter})
	}
	for _, column := range q.Columns {
		state = append(state, Choice{"col", column})
	}
	return slices.DeleteFunc(state, func(c Choice) bool { return c.Label == "" })
}

// without is the state but one part of it: what a form keeps that asks for
// another value of that part.
func (q MemberQuery) without(part string) []Choice {
	return slices.DeleteFunc(q.state(), func(c Choice) bool { return c.Value == part })
}

func (q MemberQuery) filtered() bool {
	return q.Search != "" || q.RoleID != "" || q.TagID != "" || q.State != "" || q.Claimed != "" || len(q.Filters) > 0
}

// shows reports whether a column is to be seen.
func (q MemberQuery) shows(column string) bool {
	if len(q.Columns) == 0 {
		return slices.Contains(usualColumns, column)
	}
	return slices.Contains(q.Columns, column)
}

func (q MemberQuery) withRole(id string) MemberQuery {
	q.RoleID, q.Page = id, 1
	return q
}

func (q MemberQuery) withTag(id string) MemberQuery {
	q.TagID, q.Page = id, 1
	return q
}

func (q MemberQuery) withClaimed(claimed string) MemberQuery {
	q.Claimed, q.Page = claimed, 1
	return q
}

// claim is what a member.Filter asks of claims.
func (q MemberQuery) claim() string {
	return map[string]string{"true": member.ClaimedOnly, "false": member.UnclaimedOnly}[q.Claimed]
}

func (q MemberQuery) onPage(page int) string {
	q.Page = page
	return q.Address()
}

// sortedBy is the order a click on a column asks for: names from the start,
// times from the newest; a second click turns it round.
func (q MemberQuery) sortedBy(column string) MemberQuery {
	q.Page = 1
	switch {
	case column == "created" && q.Order == "":
		q.Order = "created"
	case column == "created":
		q.Order = ""
	case q.Order == column:
		q.Order = "-" + column
	default:
		q.Order = column
	}
	return q
}

// sorted is the aria-sort of a column.
func (q MemberQuery) sorted(column string) string {
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

// found says how many members fit, for those who do not see the table.
func (v MembersView) found() string {
	if v.Range.Capped {
		return v.T("More than %d members found", v.Range.Total)
	}
	return v.Reader.Count(v.Range.Total, "%d member found", "%d members found")
}

func labelOf(choices []Choice, value string) string {
	for _, c := range choices {
		if c.Value == value {
			return c.Label
		}
	}
	if value != "" {
		return i18n.Key("one that is gone")
	}
	return ""
}

func first[T any](s []T, n int) []T { return s[:min(n, len(s))] }

func hidden[T any](s []T, n int) int { return max(0, len(s)-n) }

// plural is the noun that goes with n, for Pager.
func plural(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
