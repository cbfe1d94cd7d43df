package bulk

import (
	"net/url"
	"strconv"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ui"
)

// rowsOf returns the rows that the address selects, with their errors.
func (h *handlers) rowsOf(v *ui.Request, j JobView, base string) (RowsView, error) {
	query := v.URL.Query()
	view := RowsView{Job: j, Base: base, Outcome: query.Get("outcome")}
	view.Line, _ = strconv.Atoi(query.Get("line")) // invalid: any line
	if j.Live() {
		return view, nil
	}
	cursor := query.Get("cursor")
	details, next, err := h.Bulk.Details(v.Context(), v.Actor, v.Community.ID, j.ID, bulk.DetailFilter{Outcome: view.Outcome, Line: view.Line, Cursor: cursor, Limit: rowsPerPage})
	if errs.KindOf(err) == errs.Gone {
		view.Gone = v.T("The rows of this job have expired; its counts remain.")
		return view, nil
	}
	if err != nil {
		return view, err
	}
	if next != "" {
		view.Next = rowsAddress(base, view.Outcome, next)
	}
	if cursor != "" {
		view.Start = rowsAddress(base, view.Outcome, "")
	}
	names, err := h.fieldNames(v)
	if err != nil {
		return view, err
	}
	for _, d := range details {
		view.Rows = append(view.Rows, rowView(v, j, d, names))
	}
	if j.Counts.Failed > 0 {
		view.Problems, err = h.problemsOf(v, j, base)
	}
	return view, err
}

func (h *handlers) problemsOf(v *ui.Request, j JobView, base string) ([]ProblemView, error) {
	kinds, err := h.Bulk.Problems(v.Context(), v.Actor, v.Community.ID, j.ID)
	var view []ProblemView
	for _, k := range ui.FirstN(kinds, 100) {
		show := rowsAddress(base, "failed", "")
		if k.Count == 1 {
			show = base + "?line=" + strconv.Itoa(k.FirstLine) + "#rows"
		}
		view = append(view, ProblemView{Column: k.Column, Message: ui.Translate(v.Context(), k.Message), Count: k.Count, FirstLine: k.FirstLine, Show: show})
	}
	return view, err
}

// fieldNames are what people call the fields, by their database names.
func (h *handlers) fieldNames(v *ui.Request) (map[string]string, error) {
	fields, err := h.Fields.List(v.Context(), v.Actor, v.Community.ID)
	names := map[string]string{}
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

// rowsAddress is the address of some rows of a job.
func rowsAddress(base, outcome, cursor string) string {
	query := url.Values{}
	if outcome != "" {
		query.Set("outcome", outcome)
	}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	if len(query) > 0 {
		base += "?" + query.Encode()
	}
	return base + "#rows"
}
