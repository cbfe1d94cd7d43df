package bulk

import (
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/choice"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/staged"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/ui"
)

// mappingOf is where the form sends each column. Columns that the form does not have
// stay as they are.
func mappingOf(v *ui.Request, d bulk.Draft) map[string]*string {
	mapping := map[string]*string{}
	for _, column := range d.Columns {
		name := "column-" + strconv.Itoa(column.Index)
		choice := v.PostFormValue(name)
		if before, mapped := d.Options.Mapping[column.Header]; mapped && !v.PostForm.Has(name) {
			mapping[column.Header] = before
			continue
		}
		switch choice {
		case "", newField:
		case Ignored:
			if column.Field != "" || column.NeedsMapping { // else another kind of file may read it
				mapping[column.Header] = nil
			}
		default:
			mapping[column.Header] = &choice
		}
	}
	return mapping
}

// reject adds the errors of a rejected form. Its inputs have their values again, so that
// they can be corrected, unless another window has saved others.
func (d *DraftView) reject(v *ui.Request, cause error) {
	d.Errors = ui.FieldErrors(v.Context(), cause)
	if cause == nil || errs.Is(cause, "draft_changed") {
		return
	}
	inputs := map[string]*string{"defaultCountry": &d.Country, "headerLine": &d.HeaderLine, "encoding": &d.Encoding, "delimiter": &d.Delimiter, "sheet": &d.Sheet, "otherSheet": &d.OtherSheet}
	for name, value := range inputs {
		if v.PostForm.Has(name) {
			*value = v.PostFormValue(name)
		}
	}
	if d.Reread = v.PostForm.Has("headerLine"); d.Reread {
		d.SkipHidden = v.PostFormValue("hiddenRows") == "skip"
	}
}

func draftView(v *ui.Request, d bulk.Draft) DraftView {
	view := DraftView{
		ID: d.ID, Version: strconv.FormatInt(d.Version, 10), FileName: d.FileName, Size: d.Size, Detected: detectedFacts(v, d.Detected), Encoding: d.Options.Encoding, Delimiter: d.Options.Delimiter,
		Sheet: d.Options.Sheet, Text: d.Detected.Format == "csv", Mode: d.Options.Mode, Decimal: d.Options.Decimal, Dates: d.Options.DateFormat,
		CreateTags: d.Options.CreateTags, Notify: d.Options.Notify, Options: optionsOf(d), ExpiresAt: clock.Parse(d.ExpiresAt), JobID: d.JobID,
	}
	view.HeaderLine, view.SkipHidden = number(d.Options.HeaderLine), d.Options.HiddenRows == bulk.HiddenSkip
	view.Kind = string(d.Type)
	view.Separator, view.Country = d.Options.ListSeparator, d.Options.DefaultCountry
	for _, c := range d.Unclear {
		view.Unclear = append(view.Unclear, ui.Choice{Value: c.Encoding, Label: c.Sample})
	}
	for _, c := range d.Encodings {
		view.Samples = append(view.Samples, ui.Choice{Value: c.Encoding, Label: c.Sample})
	}
	for _, w := range d.Warnings {
		view.Warnings = append(view.Warnings, ui.Translate(v.Context(), w.Message))
	}
	if view.Sheet == "" {
		view.Sheet = d.Detected.Sheet
	}
	required, closed := map[string]bool{}, map[string]bool{}
	for _, f := range d.Fields {
		if view.premium() && !f.Identifier {
			continue
		}
		view.Fields = append(view.Fields, FieldChoice{ID: f.Field, Name: ui.FieldName(v.Context(), f.Default, f.Name), Required: f.Required && view.imports(), Default: f.Default})
		required[f.Field], closed[f.Field] = f.Required, choice.Closed(&f)
	}
	if !view.imports() {
		for _, other := range updateChoices(v, view, d.Fields) {
			view.Fields = append(view.Fields, other)
			required[other.ID] = false
		}
	}
	for _, f := range d.Missing {
		view.Missing = append(view.Missing, ui.FieldName(v.Context(), f.Default, f.Name))
	}
	for _, c := range d.Columns {
		column := ColumnView{Index: c.Index, Header: c.Header, Samples: c.Samples, Field: c.Field, Suggested: c.Suggested, Problem: ui.Translate(v.Context(), c.Problem)}
		column.LeftOut = c.LeftOut
		column.Closed, column.Mapped = closed[c.Field], len(d.Options.Values.Of(c.Header))
		if c.Field == "" && c.Problem.IsZero() {
			column.Field = Ignored
		}
		if _, listed := required[c.Field]; c.Field != "" && !listed {
			column.Extra = c.Field
		}
		if !view.premium() {
			column.describeNew(v, c)
		}
		view.Columns = append(view.Columns, column)
	}
	slices.SortStableFunc(view.Columns, func(a, b ColumnView) int { return columnRank(a, required) - columnRank(b, required) })
	return view
}

// columnRank orders columns: open choices, then required fields.
func columnRank(c ColumnView, required map[string]bool) int {
	switch {
	case c.Problem != "":
		return 0
	case required[c.Field]:
		return 1
	case c.Field == Ignored:
		return 3
	}
	return 2
}

// detectedFacts are what a file turned out to be, in plain words.
func detectedFacts(v *ui.Request, d sheet.Detected) []ui.Choice {
	kind := strings.ToUpper(d.Format)
	switch d.Format {
	case "xlsx":
		kind = v.T("Excel workbook")
	case "ods":
		kind = v.T("OpenDocument spreadsheet")
	}
	if d.Container != "" {
		kind = v.T("%[1]s, packed with %[2]s", kind, d.Container)
	}
	facts := []ui.Choice{{Value: v.T("Kind"), Label: kind}}
	add := func(label, value string) {
		if value != "" {
			facts = append(facts, ui.Choice{Value: label, Label: value})
		}
	}
	add(v.T("Table"), d.Entry)
	add(v.T("Sheet"), d.Sheet)
	add(v.T("Header line"), number(d.HeaderLine))
	add(v.T("Encoding"), v.T(encodingName(d.Encoding)))
	add(v.T("Delimiter"), v.T(ui.LabelOf(delimiters, d.Delimiter)))
	return facts
}

func encodingName(encoding string) string {
	switch encoding {
	case "utf-8":
		return "UTF-8"
	case "utf-8-bom":
		return i18n.Key("UTF-8 with byte order mark")
	case "utf-16le", "utf-16be":
		return "UTF-16"
	case "windows-1252":
		return "Windows-1252"
	}
	for _, c := range encodings {
		if c.Value == encoding && encoding != "" {
			return c.Label
		}
	}
	return encoding // a rare one, as in the standard
}

// newField is the choice to create a field with the name of the column.
const newField = "+"

// newFields returns the fields that the form creates for columns, and maps their
// columns to them.
func newFields(v *ui.Request, d bulk.Draft, mapping map[string]*string) (list []job.NewField) {
	for _, c := range d.Columns {
		number := strconv.Itoa(c.Index)
		before := slices.IndexFunc(d.Options.NewFields, func(o job.NewField) bool { return o.Header == c.Header })
		if before >= 0 && !v.PostForm.Has("column-"+number) {
			list = append(list, d.Options.NewFields[before])
			continue
		}
		if v.PostFormValue("column-"+number) != newField {
			continue
		}
		n := job.NewFieldOf(c.Header, field.Type(v.PostFormValue("type-"+number)))
		if n.Type == "" {
			n.Type = c.NewType
		}
		if before >= 0 {
			n.ID = d.Options.NewFields[before].ID
		}
		list, mapping[c.Header] = append(list, n), new(n.Field)
	}
	return list
}

// describeNew sets what the row of a column says about a new field.
func (column *ColumnView) describeNew(v *ui.Request, c staged.Column) {
	column.NewType = string(c.NewType)
	column.CanCreate = strings.TrimSpace(c.Header) != "" && (c.Suggested || c.New != "" || c.Field == "" && !c.Problem.IsZero())
	switch {
	case c.New != "":
		column.Field, column.Extra, column.NewType = newField, "", string(c.New)
		if c.Choices != nil {
			column.Choices = choicesOf(ui.Reader{Words: ui.PrinterOf(v.Context())}, c.Choices.Texts, c.Choices.Partial)
		}
	case column.CanCreate && !c.Problem.IsZero():
		column.Problem = v.T("There is no field of this name. Choose one, create one, or leave the column out.")
	}
}

// mostChoices is the number of choices that are shown.
const mostChoices = 8

// choicesOf returns what is shown of the choices of a new field. partial reports whether
// there may be others.
func choicesOf(r ui.Reader, texts []string, partial bool) choicesView {
	n := int64(len(texts))
	view := choicesView{First: ui.FirstN(texts, mostChoices), Count: r.Count(n, "%d choice will be created:", "%d choices will be created:")}
	if partial {
		view.Count = r.Count(n, "%d choice in the first rows. The check reads all rows:", "%d choices in the first rows. The check reads all rows:")
	}
	if more := n - int64(len(view.First)); more > 0 {
		view.More = r.Count(more, "and %d more", "and %d more")
	}
	return view
}
