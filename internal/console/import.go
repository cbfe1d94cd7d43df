package console

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/sheet"
)

// draftCookie remembers the file that a browser was importing.
const draftCookie = "regulars_draft"

func (c *console) importPage(v *visit) (Page, error) {
	return c.page(v, "Import members", "import", "From a CSV or Excel file, in four steps.")
}

func (c *console) showFileStep(v *visit) error {
	p, err := c.importPage(v)
	if err != nil {
		return err
	}
	view := ImportView{Page: p, Step: 1}
	if cookie, err := v.Cookie(draftCookie); err == nil {
		d, err := c.Bulk.Draft(v.Context(), v.community.ID, cookie.Value)
		switch {
		case err == nil:
			view.Unfinished = draftView(v, d)
		case errs.From(err) == nil: // one that is gone or damaged is forgotten
			return err
		}
	}
	return render(v, http.StatusOK, ImportPage(view))
}

func (c *console) template(v *visit) error {
	headers, err := c.Bulk.Template(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	download(v.w, "members-template.csv")
	out := csv.NewWriter(v.w)
	out.UseCRLF = true
	_ = out.Write(headers) // kept until Flush
	out.Flush()
	return sent(out.Error())
}

func (c *console) rememberDraft(v *visit, draftID string) {
	cookie := &http.Cookie{Name: draftCookie, Value: draftID, Path: v.in("/import"), MaxAge: 24 * 60 * 60, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: httpx.Secure(v.Request)}
	if draftID == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(v.w, cookie)
}

func (c *console) forgetDraft(v *visit) error {
	c.rememberDraft(v, "")
	return v.goTo(v.in("/import"), "")
}

func (c *console) showColumnsStep(v *visit) error {
	d, err := c.Bulk.Draft(v.Context(), v.community.ID, v.PathValue("draft"))
	if err != nil {
		return err
	}
	return c.renderColumns(v, http.StatusOK, d, Alert{})
}

func (c *console) renderColumns(v *visit, status int, d bulk.Draft, a Alert) error {
	p, err := c.importPage(v)
	if err != nil {
		return err
	}
	p.Alert = a
	return render(v, status, ImportPage(ImportView{Page: p, Step: 2, Draft: draftView(v, d)}))
}

// readAgain takes another encoding, delimiter or sheet.
func (c *console) readAgain(v *visit) error {
	d, err := c.Bulk.Draft(v.Context(), v.community.ID, v.PathValue("draft"))
	if err != nil {
		return err
	}
	o := d.Options
	o.Mapping = nil // the names of the columns may be others now
	o.Encoding, o.Delimiter, o.Sheet = v.PostFormValue("encoding"), v.PostFormValue("delimiter"), strings.TrimSpace(v.PostFormValue("sheet"))
	if _, err := c.Bulk.Restage(v.Context(), v.community.ID, d.ID, o); err != nil {
		a, err := alert(v, err)
		if err != nil {
			return err
		}
		return c.renderColumns(v, http.StatusBadRequest, d, a)
	}
	return v.goTo(v.in("/import/"+d.ID), "")
}

// check keeps where the columns go and starts the dry run.
func (c *console) check(v *visit) error {
	draftID := v.PathValue("draft")
	d, err := c.Bulk.Draft(v.Context(), v.community.ID, draftID)
	if err != nil {
		return err
	}
	if err := c.makeFields(v, d); err != nil {
		a, err := alert(v, err)
		if err != nil {
			return err
		}
		return c.renderColumns(v, http.StatusBadRequest, d, a)
	}
	o := d.Options
	o.Mapping = mappingOf(v, d)
	o.Mode, o.DateFormat, o.Decimal = v.PostFormValue("mode"), v.PostFormValue("dateFormat"), v.PostFormValue("decimal")
	o.CreateTags, o.Notify = v.PostFormValue("createTags") == "true", v.PostFormValue("notify") == "true"
	staged, err := c.Bulk.Restage(v.Context(), v.community.ID, draftID, o)
	if err == nil && staged.Problem != "" {
		return c.renderColumns(v, http.StatusBadRequest, staged, Alert{Message: retell(v.Context(), staged.Problem)})
	}
	var s bulk.Status
	if err == nil {
		d = staged
		s, err = c.Bulk.StartDraft(v.Context(), v.actor, v.community.ID, draftID, true)
	}
	if err != nil {
		a, err := alert(v, err)
		if err != nil {
			return err
		}
		return c.renderColumns(v, http.StatusBadRequest, d, a)
	}
	return v.goTo(v.in("/import/"+draftID+"/jobs/"+s.JobID), "")
}

// makeFields makes a field for each column that asks for one, of the type its
// first values have; the header then is its name.
func (c *console) makeFields(v *visit, d bulk.Draft) error {
	for _, column := range d.Columns {
		if v.PostFormValue("column-"+strconv.Itoa(column.Index)) != makeField {
			continue
		}
		if err := c.Access.Can(v.Context(), v.actor, v.community.ID, access.PermUserFields); err != nil {
			return err
		}
		in := field.Input{Name: column.Header, Field: strings.ToLower(column.Header), Type: typeOf(column.Samples, d.Options)}
		if _, err := c.Fields.Create(v.Context(), v.community.ID, in); err != nil {
			return err
		}
	}
	return nil
}

// typeOf is the type of field that all samples fit; text where that says
// nothing, or where digits are a name and no number.
func typeOf(samples []string, o bulk.Options) field.Type {
	for _, t := range []field.Type{field.Numerical, field.Date, field.Boolean, field.Email, field.URL} {
		fld := field.Field{Type: t}
		fits := func(text string) bool {
			_, problem := fld.FromText(text, field.Formats{Decimal: o.Decimal, DateFormat: o.DateFormat})
			return problem == nil && !(t == field.Numerical && len(text) > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9')
		}
		if len(samples) > 0 && !slices.ContainsFunc(samples, func(text string) bool { return !fits(text) }) {
			return t
		}
	}
	return field.SingleLine
}

// mappingOf is where the form sends each column.
func mappingOf(v *visit, d bulk.Draft) map[string]*string {
	mapping := map[string]*string{}
	for _, column := range d.Columns {
		switch choice := v.PostFormValue("column-" + strconv.Itoa(column.Index)); choice {
		case "", makeField:
		case ignored:
			mapping[column.Header] = nil
		default:
			mapping[column.Header] = &choice
		}
	}
	return mapping
}

func (c *console) showJobStep(v *visit) error { return c.renderJobStep(v, nil) }

// renderJobStep is the check or the run, whichever the job is, and why it
// could not go on.
func (c *console) renderJobStep(v *visit, cause error) error {
	status, a, err := refusal(v, cause)
	if err != nil {
		return err
	}
	s, err := c.Bulk.Status(v.Context(), v.community.ID, v.PathValue("job"))
	if err != nil {
		return err
	}
	d, err := c.Bulk.Draft(v.Context(), v.community.ID, v.PathValue("draft"))
	if errs.From(err) != nil {
		return v.goTo(v.in("/api-log/"+s.JobID), "") // the staged file is gone, the job is not
	}
	if err != nil {
		return err
	}
	p, err := c.importPage(v)
	if err != nil {
		return err
	}
	view := ImportView{Page: p, Step: 4, Draft: draftView(v, d), Job: jobView(v, s)}
	if s.DryRun {
		view.Step = 3
	}
	view.Busy, view.Tab, view.Alert = view.Job.Live(), view.Job.Title(p.Reader), a
	if view.Rows, err = c.rowsOf(v, view.Job, view.here()); err != nil {
		return err
	}
	if view.UndoJob, err = c.undoOf(v.Context(), v.community.ID, view.Job); err != nil {
		return err
	}
	if !s.DryRun {
		c.rememberDraft(v, "") // what has run is not unfinished
	}
	return render(v, status, ImportPage(view))
}

func (c *console) applyDraft(v *visit) error {
	draftID := v.PathValue("draft")
	s, err := c.Bulk.Apply(v.Context(), v.actor, v.community.ID, v.PathValue("job"), "")
	if err != nil {
		return c.renderJobStep(v, err)
	}
	if err := c.Bulk.FollowDraft(v.Context(), v.community.ID, draftID, s.JobID); err != nil {
		return err
	}
	return v.goTo(v.in("/import/"+draftID+"/jobs/"+s.JobID), "")
}

func draftView(v *visit, d bulk.Draft) DraftView {
	view := DraftView{
		ID: d.ID, FileName: d.FileName, Size: d.Size, Detected: detectedFacts(v, d.Detected), Encoding: d.Options.Encoding, Delimiter: d.Options.Delimiter,
		Sheet: d.Options.Sheet, Text: d.Detected.Format != "xlsx", Mode: d.Options.Mode, Decimal: d.Options.Decimal, Dates: d.Options.DateFormat,
		CreateTags: d.Options.CreateTags, Notify: d.Options.Notify, Options: optionsOf(d), ExpiresAt: millis(d.ExpiresAt), JobID: d.JobID,
	}
	if view.Sheet == "" {
		view.Sheet = d.Detected.Sheet
	}
	required := map[string]bool{}
	for _, f := range d.Fields {
		view.Fields = append(view.Fields, FieldChoice{f.Field, fieldName(v.Context(), f.Default, f.Name), f.Required, f.Default})
		required[f.Field] = f.Required
	}
	for _, f := range d.Missing {
		view.Missing = append(view.Missing, fieldName(v.Context(), f.Default, f.Name))
	}
	for _, c := range d.Columns {
		column := ColumnView{Index: c.Index, Header: c.Header, Samples: c.Samples, Field: c.Field, Suggested: c.Suggested, Problem: retell(v.Context(), c.Problem)}
		if c.Field == "" && c.Problem == "" {
			column.Field = ignored
		}
		column.NewType = typeName(string(typeOf(c.Samples, d.Options)))
		column.MayMake = strings.TrimSpace(c.Header) != "" && (c.Suggested || c.Field == "" && c.Problem != "")
		if column.MayMake && c.Problem != "" {
			column.Problem = v.T("No field is called that. Choose one, make a new one, or leave the column out.")
		}
		view.Columns = append(view.Columns, column)
	}
	view.Detected = append(view.Detected, Choice{v.T("Columns"), strconv.Itoa(len(d.Columns))})
	slices.SortStableFunc(view.Columns, func(a, b ColumnView) int { return columnRank(a, required) - columnRank(b, required) })
	return view
}

// columnRank puts what needs a look first: open choices, then required fields.
func columnRank(c ColumnView, required map[string]bool) int {
	switch {
	case c.Problem != "":
		return 0
	case required[c.Field]:
		return 1
	case c.Field == ignored:
		return 3
	}
	return 2
}

// detectedFacts are what a file turned out to be, in plain words.
func detectedFacts(v *visit, d sheet.Detected) []Choice {
	kind := strings.ToUpper(d.Format)
	if d.Format == "xlsx" {
		kind = v.T("Excel workbook")
	}
	if d.Container != "" {
		kind = v.T("%[1]s, packed with %[2]s", kind, d.Container)
	}
	facts := []Choice{{v.T("Kind"), kind}}
	add := func(label, value string) {
		if value != "" {
			facts = append(facts, Choice{label, value})
		}
	}
	add(v.T("Table"), d.Entry)
	add(v.T("Sheet"), d.Sheet)
	add(v.T("Encoding"), v.T(encodingName(d.Encoding)))
	add(v.T("Cells are divided by"), v.T(labelOf(delimiters, d.Delimiter)))
	return facts
}

func encodingName(encoding string) string {
	switch encoding {
	case "utf-8":
		return "UTF-8"
	case "utf-8-bom":
		return i18n.Key("UTF-8 with a mark")
	case "utf-16le", "utf-16be":
		return "UTF-16"
	case "windows-1252":
		return "Windows-1252"
	}
	return encoding
}

// escaped is a file name for a header.
func escaped(name string) string { return url.PathEscape(path.Base(name)) }
