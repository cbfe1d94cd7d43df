package console

import (
	"strings"
)

// Choices of the wizard's selects; "" is what the server finds out by itself.
var (
	encodings   = []Choice{{"", "Find out"}, {"utf-8", "UTF-8"}, {"windows-1252", "Windows-1252 (Western European)"}, {"utf-16le", "UTF-16, little-endian"}, {"utf-16be", "UTF-16, big-endian"}}
	delimiters  = []Choice{{"", "Find out"}, {",", "Comma"}, {";", "Semicolon"}, {"\t", "Tab"}, {"|", "Vertical bar"}}
	dateFormats = []Choice{{"", "2026-04-07"}, {"DD/MM/YYYY", "07/04/2026, day first"}, {"MM/DD/YYYY", "04/07/2026, month first"}, {"DD.MM.YYYY", "07.04.2026"}}
	decimals    = []Choice{{"", "Find out"}, {".", "Point: 1.5"}, {",", "Comma: 1,5"}}
	modes       = []Choice{{"upsert", "Add who is new, change who is here"}, {"create", "Only add who is new"}, {"update", "Only change who is here"}}
)

type stepView struct {
	Name, Text, Link string
	Done             bool
}

// steps are the four steps as they stand: what is behind can be gone back to.
func (v ImportView) steps() []stepView {
	steps := []stepView{
		{Name: "File", Text: "What you bring", Link: v.In("/import")},
		{Name: "Columns", Text: "Where each one goes"},
		{Name: "Check", Text: "What would happen"},
		{Name: "Run", Text: "Done, or undone"},
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
		return r.Count(int64(len(d.Columns)), "column", "columns") + ", all of them settled"
	}
	return r.Count(int64(open), "column needs", "columns need") + " your choice"
}

func (d DraftView) hasOwnFields() bool {
	for _, f := range d.Fields {
		if !f.Default {
			return true
		}
	}
	return false
}

func (c ColumnView) title() string {
	if strings.TrimSpace(c.Header) == "" {
		return "Column without a name"
	}
	return c.Header
}

func (f FieldChoice) title() string {
	if f.Required {
		return f.Name + " (required)"
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

func cancelText(j JobView) string {
	if j.DryRun {
		return "The check stops. Nothing has been changed."
	}
	return "Rows that are written already stay written; you can undo them afterwards. The rest of the file is not read."
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
		parts = append(parts, "removes "+r.Count(n, "member that it created", "members that it created"))
	}
	if n := j.Counts.Updated; n > 0 {
		parts = append(parts, "gives "+r.Count(n, "changed member", "changed members")+" the old values back")
	}
	return "This " + list(parts) + ". What somebody changed since then stays, and the log says which."
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
		return "What would change"
	}
	return "What changed"
}
