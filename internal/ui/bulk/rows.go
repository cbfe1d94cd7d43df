package bulk

import (
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/posting"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ui"
	"github.com/regulars/regulars/internal/ui/errorlist"
)

const rowsPerPage = 25

// rowsOf returns the rows that the address selects, with their errors.
func (h *handlers) rowsOf(v *ui.Request, j JobView, base string) (RowsView, error) {
	query := v.URL.Query()
	selected := errorlist.SelectionOf(query)
	view := RowsView{Job: j, Base: base, Outcome: selected.Outcome}
	view.Line, _ = strconv.Atoi(query.Get("line")) // invalid: any line
	if j.Live() {
		return view, nil
	}
	cursor := query.Get("cursor")
	details, next, err := h.Bulk.Details(v.Context(), v.Actor, v.Community.ID, j.ID, bulk.DetailFilter{Outcome: view.Outcome, Line: view.Line, Errors: selected.Errors, Cursor: cursor, Limit: rowsPerPage})
	if errs.KindOf(err) == errs.Gone {
		view.Gone = v.T("The rows of this job have expired; its counts remain.")
		return view, nil
	}
	if err != nil {
		return view, err
	}
	if next != "" {
		view.Next = selected.Address(base, next)
	}
	if cursor != "" {
		view.Start = selected.Address(base, "")
	}
	names, err := h.fieldNames(v, j)
	if err != nil {
		return view, err
	}
	if j.Draft != nil && j.Counts.Failed > 0 {
		list, pending, err := h.Bulk.Corrections(v.Context(), v.Actor, v.Community.ID, j.Draft.ID, j.ID)
		if err != nil {
			return view, err
		}
		view.Corrections, view.Query = errorlist.NewCorrections(list, pending), query.Encode()
	}
	for _, d := range details {
		row := rowView(v, j, d, names)
		if j.Draft != nil {
			row.Cells = view.Corrections.Cells(d)
		}
		view.Rows = append(view.Rows, row)
	}
	if j.Counts.Failed > 0 {
		view.Errors, err = h.errorsOf(v, j, base, selected)
	}
	return view, err
}

// errorsOf returns the groups of the errors of a job. A check of a draft has remedies.
func (h *handlers) errorsOf(v *ui.Request, j JobView, page string, selected errorlist.Selection) (errorlist.View, error) {
	groups, err := h.Bulk.ErrorGroups(v.Context(), v.Actor, v.Community.ID, j.ID)
	name := "/failed.csv"
	if j.Workbook {
		name = "/failed.xlsx"
	}
	in := errorlist.Input{Groups: groups, Failed: j.Counts.Failed, Page: page, Download: v.In("/bulk-jobs/" + j.ID + name), Selected: selected.Errors, Draft: j.Draft}
	if j.Draft != nil || strings.HasPrefix(page, v.In("/bulk-jobs/")) {
		in.Options = j.Options
	}
	return errorlist.New(v, in), err
}

// fieldNames are what people call the fields, by their database names; new fields of
// the job too, which may not exist.
func (h *handlers) fieldNames(v *ui.Request, j JobView) (map[string]string, error) {
	fields, err := h.Fields.List(v.Context(), v.Actor, v.Community.ID)
	names := map[string]string{}
	for _, n := range j.NewFields {
		names[n.Field] = n.Name
	}
	for _, f := range posting.Columns {
		names[f.Field] = ui.FieldName(v.Context(), true, f.Name)
	}
	for _, f := range fields {
		names[f.Field] = ui.FieldName(v.Context(), f.Default, f.Name)
	}
	return names, err
}

func rowView(v *ui.Request, j JobView, d bulk.Detail, names map[string]string) RowView {
	r := ui.Reader{Words: ui.PrinterOf(v.Context())}
	row := RowView{Line: d.Line, Person: d.Identifier, Outcome: d.Outcome}
	for _, change := range d.Changes {
		if d.Removed {
			break // the note replaces them
		}
		name := names[change.Field]
		if name == "" {
			name = change.Field
		}
		row.Changes = append(row.Changes, ui.Change{Field: name, Old: r.FieldValue(change.Field, change.Old), New: r.FieldValue(change.Field, change.New)})
	}
	for _, e := range d.Errors {
		row.Errors = append(row.Errors, RowError{e.Column, ui.Translate(v.Context(), e.Message), e.Value})
	}
	switch {
	case d.Withheld:
		row.Note = v.T("The data of this person was erased.")
	case d.Removed:
		row.Note = v.T("The member created by this row was deleted")
	case j.Type == "undo":
	case d.Outcome == "unchanged":
		row.Note = v.T("Everything is up to date")
	case d.Outcome == "skipped" && d.Identifier == "":
		row.Note = v.T("An empty row")
	case d.Outcome == "skipped":
		row.Note = v.T("Left out, as you chose")
	}
	return row
}

// correctable reports whether a row has a cell to correct, or a correction is saved.
func (v RowsView) correctable() bool {
	return v.Corrections.Pending > 0 || slices.ContainsFunc(v.Rows, func(r RowView) bool { return len(r.Cells) > 0 })
}

// inputs are the inputs of the cells of an error of a row, beside its first error.
func (r RowView) inputs(number int) (cells []errorlist.CellView) {
	column := r.Errors[number].Column
	if slices.ContainsFunc(r.Errors[:number], func(e RowError) bool { return e.Column == column }) {
		return nil
	}
	for _, c := range r.Cells {
		if c.Column == column {
			cells = append(cells, c)
		}
	}
	return cells
}

// otherInputs are the inputs of cells of no error.
func (r RowView) otherInputs() []errorlist.CellView {
	return slices.DeleteFunc(slices.Clone(r.Cells), func(c errorlist.CellView) bool {
		return slices.ContainsFunc(r.Errors, func(e RowError) bool { return e.Column == c.Column })
	})
}
