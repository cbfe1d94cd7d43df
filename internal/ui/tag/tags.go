package tag

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/ui"
)

const tagsPerPage = 100

// query is the part of the address that selects tags.
type query struct {
	base, Search, Order string // Order: a column, - for descending
	Page                int
}

func parseQuery(base string, from url.Values) query {
	q := query{base: base, Search: strings.TrimSpace(from.Get("q")), Order: from.Get("sort")}
	q.Page, _ = strconv.Atoi(from.Get("page"))
	q.Page = max(q.Page, 1)
	if !slices.Contains([]string{"-name", "members", "-members"}, q.Order) {
		q.Order = "name"
	}
	return q
}

func (q query) address() string {
	values := url.Values{}
	if q.Search != "" {
		values.Set("q", q.Search)
	}
	if q.Order != "name" {
		values.Set("sort", q.Order)
	}
	if q.Page > 1 {
		values.Set("page", strconv.Itoa(q.Page))
	}
	if len(values) == 0 {
		return q.base
	}
	return q.base + "?" + values.Encode()
}

// onPage returns the address of another page.
func (q query) onPage(page int) string {
	q.Page = page
	return q.address()
}

// sortedBy returns the address with the order of a column, whose first order is
// given.
func (q query) sortedBy(column, first string) string {
	other := "-" + column
	if first == other {
		other = column
	}
	q.Page = 1
	if q.Order == first {
		q.Order = other
	} else {
		q.Order = first
	}
	return q.address()
}

// sorted is the value of aria-sort of a column.
func (q query) sorted(column string) string {
	switch q.Order {
	case column:
		return "ascending"
	case "-" + column:
		return "descending"
	}
	return "none"
}

// rows returns all tags of the community by name, with their members.
func (h *handlers) rows(v *ui.Request) ([]Row, error) {
	tags, err := h.Members.Tags(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return nil, err
	}
	members, err := h.Members.TagMembers(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return nil, err
	}
	rows := make([]Row, len(tags))
	for i, t := range tags {
		rows[i] = Row{ID: t.ID, Name: t.Name, CreatedAt: t.CreatedAt, Members: members[t.ID]}
	}
	slices.SortStableFunc(rows, byName)
	addSimilar(rows)
	return rows, nil
}

// byName compares names without case first.
func byName(a, b Row) int {
	return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Name, b.Name))
}

func (h *handlers) showTags(v *ui.Request) error {
	p, err := h.Page(v, "Tags", "tags", "Labels on members, without permissions. Imports, filters and the API use their names.")
	if err != nil {
		return err
	}
	rows, err := h.rows(v)
	if err != nil {
		return err
	}
	view := TagsView{Page: p, query: parseQuery(p.In("/tags"), v.URL.Query()), Empty: len(rows) == 0}
	if text := strings.ToLower(view.Search); text != "" {
		rows = slices.DeleteFunc(rows, func(r Row) bool { return !strings.Contains(strings.ToLower(r.Name), text) })
	}
	switch view.Order {
	case "members":
		slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(a.Members, b.Members) })
	case "-members":
		slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(b.Members, a.Members) })
	case "-name":
		slices.Reverse(rows)
	}
	first := min((view.query.Page-1)*tagsPerPage, len(rows))
	view.Rows = rows[first:min(first+tagsPerPage, len(rows))]
	view.Range = ui.NewRange(view.query.Page, tagsPerPage, len(view.Rows), int64(len(rows)), false, view.onPage)
	if strings.HasPrefix(v.Header.Get("HX-Source"), "form#") { // links push their own address
		v.W.Header().Set("HX-Replace-Url", view.address())
	}
	return ui.Render(v, 200, TagsPage(view))
}

// search finds tags by their name for the palette.
func (h *handlers) search(v *ui.Request, text string) (ui.PaletteGroup, error) {
	group := ui.PaletteGroup{Name: v.T("Tags")}
	tags, err := h.Members.Tags(v.Context(), v.Actor, v.Community.ID)
	for _, t := range tags {
		if ui.Matches(t.Name, text) && len(group.Items) < ui.FoundLimit {
			group.Items = append(group.Items, ui.PaletteItem{Icon: "tag", Label: t.Name, Link: v.In("/tags/" + t.ID)})
		}
	}
	return group, err
}
