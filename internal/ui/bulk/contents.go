package bulk

import (
	"slices"
	"strconv"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/posting"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/ui"
)

// kinds are what a file does.
var kinds = []ui.Choice{
	{Value: string(bulk.Import), Label: i18n.Key("Add and update members")},
	{Value: string(bulk.Update), Label: i18n.Key("Update existing members only, with operations on numbers, XP and coins")},
	{Value: string(bulk.Premium), Label: i18n.Key("Change premium currency, one entry for each row")},
}

// shownDropped limits the mapped values that are listed as ignored.
const shownDropped = 10

// SheetView is a sheet of a workbook.
type SheetView struct {
	Value, Name string
	Rows        string
	Hidden      bool
	Selected    bool
}

// about is the number of rows, and that the sheet is hidden.
func (s SheetView) about(p ui.Page) string {
	if s.Hidden {
		return s.Rows + " · " + p.T("hidden")
	}
	return s.Rows
}

// addContents adds the numbers of columns and rows, the sheets, and the file that the
// columns are matched like.
func (d *DraftView) addContents(p ui.Page, of bulk.Draft) {
	d.Detected = append(d.Detected, ui.Choice{Value: p.T("Columns"), Label: p.Reader.Number(int64(len(of.Columns)))}, ui.Choice{Value: p.T("Rows"), Label: rowsText(p.Reader, of.Contents)})
	if m := of.Matched; m != nil {
		d.Matched = &MatchedView{By: m.By, At: m.At, Dropped: m.Dropped, Values: m.Values}
		for _, value := range m.DroppedValues {
			d.Matched.DroppedValues = append(d.Matched.DroppedValues, p.T("%[1]s: %[2]s", value.Header, value.From+" → "+value.To))
		}
	}
	d.Sheets, d.MoreSheets, d.Updates = sheetViews(p.Reader, of.Contents, d.Sheet), of.Contents.More, of.Updates
}

// rowsText is the number of rows of a file.
func rowsText(r ui.Reader, c sheet.Contents) string {
	if c.Estimated {
		return r.T("about %s", r.Number(rounded(c.Rows)))
	}
	return r.Number(c.Rows)
}

// rounded is a number with two digits, then zeros.
func rounded(n int64) int64 {
	unit := int64(1)
	for n/unit >= 100 {
		unit *= 10
	}
	return (n + unit/2) / unit * unit
}

// sheetViews are the sheets of a workbook with several.
func sheetViews(r ui.Reader, c sheet.Contents, selected string) (list []SheetView) {
	if len(c.Sheets) < 2 {
		return nil
	}
	for _, s := range c.Sheets {
		one := SheetView{Value: s.Name, Name: s.Name, Hidden: s.Hidden, Selected: s.Name == selected}
		if s.Name == "" {
			one.Value, one.Name = strconv.Itoa(s.Number), r.T("Sheet %d", s.Number)
		}
		switch {
		case s.Rows < 0:
			one.Rows = r.T("rows not counted")
		case s.More:
			one.Rows = r.T("more than %s rows", r.Number(s.Rows))
		default:
			one.Rows = r.Count(s.Rows, "%d row", "%d rows")
		}
		list = append(list, one)
	}
	return list
}

// imports reports whether the file may create members.
func (d DraftView) imports() bool { return d.Kind == string(bulk.Import) }

// premium reports whether the file has amounts of premium currency.
func (d DraftView) premium() bool { return d.Kind == string(bulk.Premium) }

// otherColumns is the name of the columns that an import does not have, a key of a
// sentence.
func (d DraftView) otherColumns() string {
	if d.premium() {
		return i18n.Key("Premium currency")
	}
	return i18n.Key("Only in updates")
}

// updateChoices are the columns that an import does not have: the id of a member, the
// balances, and the operations on them and on numbers; or the amounts of premium currency.
func updateChoices(v *ui.Request, d DraftView, fields []field.Field) []FieldChoice {
	choices := []FieldChoice{{ID: "user_id", Name: v.T("ID of the member"), Operation: true}}
	if d.premium() {
		return append(choices, FieldChoice{ID: "amount_op", Name: v.T("Operation on %s", v.T("Amount")), Operation: true}, FieldChoice{ID: "amount", Name: v.T("Amount"), Operation: true}, FieldChoice{ID: "reason", Name: v.T("Reason"), Operation: true})
	}
	for _, f := range []*field.Field{posting.XP, posting.Coins} {
		name := ui.FieldName(v.Context(), true, f.Name)
		choices = append(choices, FieldChoice{ID: f.Field, Name: name, Operation: true}, FieldChoice{ID: f.Field + "_op", Name: v.T("Operation on %s", name), Operation: true})
	}
	for _, f := range fields {
		if f.Type == field.Numerical {
			choices = append(choices, FieldChoice{ID: f.Field + "_op", Name: v.T("Operation on %s", ui.FieldName(v.Context(), f.Default, f.Name)), Operation: true})
		}
	}
	return choices
}

// columnsPerPage bounds the page of a file with very many columns.
const columnsPerPage = 50

// columnsPageOf is the page of columns of a request, from 1.
func columnsPageOf(v *ui.Request) int {
	page, err := strconv.Atoi(v.URL.Query().Get("columns"))
	if err != nil || page < 1 {
		return 1
	}
	return page
}

// pageOfColumns are the columns of a page, and the number of pages.
func (d DraftView) pageOfColumns(page int) (shown []ColumnView, pages int) {
	pages = max((len(d.Columns)+columnsPerPage-1)/columnsPerPage, 1)
	first := (min(page, pages) - 1) * columnsPerPage
	return d.Columns[first:min(first+columnsPerPage, len(d.Columns))], pages
}

// changedStates are the columns of a form with a problem or with choices of a new field,
// now or when its page was shown.
func changedStates(v *ui.Request, d DraftView) (changed []ColumnView) {
	for _, c := range d.Columns {
		number := strconv.Itoa(c.Index)
		if v.PostForm.Has("column-"+number) && (c.Problem != "" || c.LeftOut || len(c.Choices.First) > 0) || slices.Contains(v.PostForm["described"], number) {
			changed = append(changed, c)
		}
	}
	return changed
}
