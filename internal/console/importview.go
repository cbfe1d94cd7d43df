package console

import (
	"strings"

	"github.com/regulars/regulars/internal/i18n"
)

// Choices of the wizard's selects; "" is what the server finds out by itself.
var (
	encodings   = []Choice{{"", i18n.Key("Find out")}, {"utf-8", "UTF-8"}, {"windows-1252", i18n.Key("Windows-1252 (Western European)")}, {"utf-16le", "UTF-16, little-endian"}, {"utf-16be", "UTF-16, big-endian"}}
	delimiters  = []Choice{{"", i18n.Key("Find out")}, {",", i18n.Key("Comma")}, {";", i18n.Key("Semicolon")}, {"\t", "Tab"}, {"|", i18n.Key("Vertical bar")}}
	dateFormats = []Choice{{"", "2026-04-07"}, {"DD/MM/YYYY", i18n.Key("07/04/2026, day first")}, {"MM/DD/YYYY", i18n.Key("04/07/2026, month first")}, {"DD.MM.YYYY", "07.04.2026"}}
	decimals    = []Choice{{"", i18n.Key("Find out")}, {".", i18n.Key("Point: 1.5")}, {",", i18n.Key("Comma: 1,5")}}
	modes       = []Choice{{"upsert", i18n.Key("Add who is new, change who is here")}, {"create", i18n.Key("Only add who is new")}, {"update", i18n.Key("Only change who is here")}}
)

type stepView struct {
	Name, Text, Link string
	Done             bool
}

// steps are the four steps as they stand: what is behind can be gone back to.
func (v ImportView) steps() []stepView {
	steps := []stepView{
		{Name: v.T("File"), Text: v.T("What you bring"), Link: v.In("/import")},
		{Name: v.T("Columns"), Text: v.T("Where each one goes")},
		{Name: v.T("Check"), Text: v.T("What would happen")},
		{Name: v.T("Run"), Text: v.T("Done, or undone")},
	}
	for i := range steps {
		steps[i].Done = i+1 < v.Step
	}
	if v.Draft.ID != "" {
		steps[0].Text = v.Draft.FileName
		steps[1].Link = v.In("/import/" + v.Draft.ID)
	}
	if v.Step == 4 {
		steps[3].Done = !v.Job.Live() && v.Job.Status != "failed"
		if v.Job.PlanJob != "" {
			steps[2].Link = v.In("/import/" + v.Draft.ID + "/jobs/" + v.Job.PlanJob)
		}
	}
	if v.Step == 2 && v.Draft.JobID != "" {
		steps[2].Link = v.In("/import/" + v.Draft.ID + "/jobs/" + v.Draft.JobID)
	}
	return steps
}

// continueAddress is where an unfinished import goes on.
func (v ImportView) continueAddress() string {
	at := v.In("/import/" + v.Unfinished.ID)
	if v.Unfinished.JobID != "" {
		return at + "/jobs/" + v.Unfinished.JobID
	}
	return at
}

func (v ImportView) here() string { return v.In("/import/" + v.Draft.ID + "/jobs/" + v.Job.ID) }

func (d DraftView) mode() string {
	if d.Mode == "" {
		return "upsert"
	}
	return d.Mode
}

// matched says how far the columns have found their fields.
func (d DraftView) matched(r Reader) string {
	open := 0
	for _, c := range d.Columns {
		if c.Field == "" {
			open++
		}
	}
	if open == 0 {
		return r.Count(int64(len(d.Columns)), "%d column, settled", "%d columns, all of them settled")
	}
	return r.Count(int64(open), "%d column needs your choice", "%d columns need your choice")
}

func (d DraftView) hasOwnFields() bool {
	for _, f := range d.Fields {
		if !f.Default {
			return true
		}
	}
	return false
}

func (c ColumnView) title(p Page) string {
	if strings.TrimSpace(c.Header) == "" {
		return p.T("Column without a name")
	}
	return c.Header
}

func (f FieldChoice) title(p Page) string {
	if f.Required {
		return p.T("%s (required)", f.Name)
	}
	return f.Name
}

// writes is how many rows change something.
func (j JobView) writes() int64 { return j.Counts.Created + j.Counts.Updated }

func (j JobView) canUndo() bool {
	if j.DryRun || j.Type == "undo" || j.writes() == 0 {
		return false
	}
	switch j.Status {
	case "completed", "completed_with_errors", "failed", "cancelled":
		return true
	}
	return false
}

// cancelText is the key of what a cancelled job leaves behind.
func cancelText(j JobView) string {
	if j.DryRun {
		return i18n.Key("The check stops. Nothing has been changed.")
	}
	return i18n.Key("Rows that are written already stay written; you can undo them afterwards. The rest of the file is not read.")
}

// undoWord has to be typed where members would go.
func undoWord(j JobView) string {
	if j.Counts.Created > 0 {
		return "undo"
	}
	return ""
}

func undoText(r Reader, j JobView) string {
	var parts []string
	if n := j.Counts.Created; n > 0 {
		parts = append(parts, r.Count(n, "This removes %d member that it created.", "This removes %d members that it created."))
	}
	if n := j.Counts.Updated; n > 0 {
		parts = append(parts, r.Count(n, "This gives %d changed member the old values back.", "This gives %d changed members the old values back."))
	}
	return r.sentences(append(parts, r.T("What somebody changed since then stays, and the log says which."))...)
}

func problemsTitle(p Page, j JobView) string {
	if j.DryRun {
		return p.Reader.Count(j.Counts.Failed, "row cannot be imported", "rows cannot be imported")
	}
	if j.Type == "undo" {
		return p.Reader.Count(j.Counts.Failed, "row was not undone", "rows were not undone")
	}
	return p.Reader.Count(j.Counts.Failed, "row was not imported", "rows were not imported")
}

func whatTitle(j JobView) string {
	if j.DryRun {
		return i18n.Key("What would change")
	}
	return i18n.Key("What changed")
}

func missingText(v ImportView) string {
	names := v.Reader.List(v.Draft.Missing)
	if len(v.Draft.Missing) == 1 {
		return v.T("%s has no column", names)
	}
	return v.T("%s have no column", names)
}

func undoTitle(j JobView) string {
	if j.Type == "update" {
		return i18n.Key("Undo update")
	}
	return i18n.Key("Undo import")
}

func undoQuestion(j JobView) string {
	if j.Type == "update" {
		return i18n.Key("Undo this update?")
	}
	return i18n.Key("Undo this import?")
}
