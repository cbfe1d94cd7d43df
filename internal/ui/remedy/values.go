package remedy

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/choice"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/bulk/staged"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/ui"
	"github.com/regulars/regulars/internal/ui/errorlist"
)

const (
	maxRows    = 100 // of the form
	maxChoices = 60  // of a select; more are an input with suggestions
	maxOffered = 300 // suggestions
)

// column is a column of the draft with a closed set of values.
type column struct {
	staged.Column
	draft bulk.Draft
	set   choice.Set
	more  bool // the form does not have all texts
}

// columnOf returns the column that a request names.
func (h *handlers) columnOf(v *ui.Request) (column, error) {
	d, err := h.Bulk.Draft(v.Context(), v.Actor, v.Community.ID, v.PathValue("draft"))
	if err != nil {
		return column{}, err
	}
	header := v.FormValue("column")
	at := slices.IndexFunc(d.Columns, func(c staged.Column) bool { return c.Header == header })
	if at < 0 {
		return column{}, errs.New(errs.NotFound, "column_not_found", "The file has no column %q. Choose one on the page of the columns.", header)
	}
	set, err := h.Choices.Of(v.Context(), v.Actor, v.Community.ID, d.Columns[at].Field)
	if err == nil && set.Field.Field == "" {
		err = errs.New(errs.Invalid, "no_choices", "The field of the column %q can have any value, so none can be mapped.", header)
	}
	return column{Column: d.Columns[at], draft: d, set: set}, err
}

func (h *handlers) showValues(v *ui.Request) error {
	if !v.URL.Query().Has("column") { // the address of the form, which a browser opens again
		return toDraft(v)
	}
	c, err := h.columnOf(v)
	if err != nil {
		return err
	}
	texts, more, err := h.textsToMap(v, &c)
	if err != nil {
		return err
	}
	c.more = more
	return h.renderValues(v, &c, texts, nil)
}

// renderValues shows the form with texts, and the error of a rejected one.
func (h *handlers) renderValues(v *ui.Request, c *column, rows []ValueRow, cause error) error {
	status, alert, err := rejected(v, cause)
	if err != nil {
		return err
	}
	p, err := h.page(v)
	if err != nil {
		return err
	}
	p.Alert = alert
	view := ValuesView{
		Page: p, Path: v.In("/import/" + c.draft.ID + "/values"), Back: back(v), JobID: v.FormValue("job"), Version: strconv.FormatInt(c.draft.Version, 10), Header: c.Header, More: c.more,
		Field: ui.FieldName(v.Context(), c.set.Field.Default, c.set.Field.Name), Rows: rows,
	}
	view.Choices = c.choices(p.Reader)
	view.Typed = len(view.Choices) == 0 || len(view.Choices) > maxChoices
	view.Choices = ui.FirstN(view.Choices, maxOffered)
	return ui.Render(v, status, valuesPage(view))
}

// choices are the values of the field, by label.
func (c *column) choices(r ui.Reader) (list []ui.Choice) {
	if c.set.Field.Type == field.Country {
		return r.Countries()
	}
	for _, text := range c.set.Texts {
		label := text
		if c.set.Field.Type == field.Boolean {
			label = r.T(map[string]string{"true": "Yes", "false": "No"}[text])
		}
		list = append(list, ui.Choice{Value: text, Label: label})
	}
	r.Sort(list)
	return list
}

// textsToMap are the mapped texts of a column, the ones with errors in the check,
// and those of the first rows that are no value of the field. more reports that there
// are others.
func (h *handlers) textsToMap(v *ui.Request, c *column) (rows []ValueRow, more bool, err error) {
	mapped := c.draft.Options.Values.Of(c.Header)
	seen := map[string]bool{}
	add := func(row ValueRow) {
		key := source.ValueKey(row.Text)
		if key == "" || seen[key] || strings.HasSuffix(row.Text, "…") {
			return
		}
		if len(rows) == maxRows {
			more = true
			return
		}
		seen[key] = true
		row.Index = len(rows)
		rows = append(rows, row)
	}
	for _, text := range slices.Sorted(maps.Keys(mapped)) {
		add(ValueRow{Text: text, To: mapped[text], Empty: mapped[text] == ""})
	}
	if jobID := v.FormValue("job"); jobID != "" {
		groups, err := h.Bulk.ErrorGroups(v.Context(), v.Actor, v.Community.ID, jobID)
		if err != nil {
			return nil, false, err
		}
		for _, g := range groups.List {
			if g.Column == c.Header && (g.OtherValues > 0 || g.MoreValues) {
				more = true
			}
			for _, value := range g.Values {
				if g.Column == c.Header && !c.set.Has(value.Text) {
					add(ValueRow{Text: value.Text, Rows: value.Rows})
				}
			}
		}
	}
	for _, text := range c.misfits() {
		add(ValueRow{Text: text})
	}
	return rows, more, nil
}

// misfits are the sample texts of a column that are no value of its field.
func (c *column) misfits() (texts []string) {
	separator := field.Formats{List: c.draft.Options.ListSeparator}.ListSeparator()
	for _, sample := range c.Samples {
		names := []string{sample}
		switch c.set.Field.Type {
		case field.RoleList, field.TagList, field.MultiSelect:
			names = strings.Split(sample, separator)
		}
		for _, name := range names {
			if name = strings.TrimSpace(name); name != "" && !c.set.Has(name) {
				texts = append(texts, name)
			}
		}
	}
	return texts
}

// saveValues saves the texts to read instead of others. With a check it checks the
// file again.
func (h *handlers) saveValues(v *ui.Request) error {
	c, err := h.columnOf(v)
	if err != nil {
		return err
	}
	rows, wrong := c.rowsOf(v)
	if wrong {
		return h.renderValues(v, &c, rows, errs.New(errs.Invalid, "unknown_value", "Some of the values are not possible. Choose others."))
	}
	o := c.draft.Options
	o.Values = c.withRows(rows)
	if problem := job.CheckValues(o.Values); problem != nil {
		return h.renderValues(v, &c, rows, errs.InvalidFields([]errs.Field{*problem}))
	}
	if v.FormValue("job") != "" {
		return h.checkAgain(v, o)
	}
	if _, err := h.Bulk.RestageVersion(v.Context(), v.Actor, v.Community.ID, c.draft.ID, errorlist.VersionOf(v), o); err != nil {
		return h.renderValues(v, &c, rows, err)
	}
	return v.Redirect(v.In("/import/"+c.draft.ID), "")
}

// rowsOf returns the rows of the sent form; wrong reports that one has an impossible
// value.
func (c *column) rowsOf(v *ui.Request) (rows []ValueRow, wrong bool) {
	for i := range maxRows {
		n := strconv.Itoa(i)
		text := v.PostFormValue("from-" + n)
		if text == "" {
			break
		}
		row := ValueRow{Index: i, Text: text, To: strings.TrimSpace(v.PostFormValue("to-" + n)), Empty: v.PostFormValue("empty-"+n) != ""}
		if row.To == emptyCell {
			row.To, row.Empty = "", true
		}
		if row.Empty {
			row.To = ""
		}
		if row.To != "" && !c.set.Has(row.To) {
			row.Error, wrong = v.T("This is no value of the field. Choose another one."), true
		}
		rows = append(rows, row)
	}
	return rows, wrong
}

// withRows returns the values of the draft with those of the form. A text that was
// mapped to a text of the form is mapped to its new value.
func (c *column) withRows(rows []ValueRow) source.Values {
	texts := maps.Clone(c.draft.Options.Values.Of(c.Header))
	if texts == nil {
		texts = map[string]string{}
	}
	for _, row := range rows {
		if row.To == "" && !row.Empty {
			delete(texts, row.Text)
			continue
		}
		for from, to := range texts {
			if to != "" && source.ValueKey(to) == source.ValueKey(row.Text) {
				texts[from] = row.To
			}
		}
		texts[row.Text] = row.To
	}
	values := maps.Clone(c.draft.Options.Values)
	if values == nil {
		values = source.Values{}
	}
	maps.DeleteFunc(values, func(header string, _ map[string]string) bool { return source.SameHeader(header, c.Header) })
	if len(texts) > 0 {
		values[c.Header] = texts
	}
	if len(values) == 0 {
		return nil
	}
	return values
}
