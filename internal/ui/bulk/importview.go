package bulk

import (
	"slices"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/ui"
)

// Choices of the wizard's selects; "" is what the server finds out by itself.
var (
	delimiters  = []ui.Choice{{Value: "", Label: i18n.Key("Detect")}, {Value: ",", Label: i18n.Key("Comma")}, {Value: ";", Label: i18n.Key("Semicolon")}, {Value: "\t", Label: "Tab"}, {Value: "|", Label: i18n.Key("Vertical bar")}}
	dateFormats = []ui.Choice{{Value: "", Label: "2026-04-07"}, {Value: "DD/MM/YYYY", Label: i18n.Key("07/04/2026, day first")}, {Value: "MM/DD/YYYY", Label: i18n.Key("04/07/2026, month first")}, {Value: "DD.MM.YYYY", Label: "07.04.2026"}}
	decimals    = []ui.Choice{{Value: "", Label: i18n.Key("Detect")}, {Value: ".", Label: i18n.Key("Point: 1.5")}, {Value: ",", Label: i18n.Key("Comma: 1,5")}}
	separators  = []ui.Choice{{Value: "", Label: i18n.Key("Comma")}, {Value: ";", Label: i18n.Key("Semicolon")}, {Value: "|", Label: i18n.Key("Vertical bar")}}
	modes       = []ui.Choice{{Value: "upsert", Label: i18n.Key("Add new members, update existing ones")}, {Value: "create", Label: i18n.Key("Add new members only")}, {Value: "update", Label: i18n.Key("Update existing members only")}}
)

var encodings = []ui.Choice{
	{Value: "", Label: i18n.Key("Detect")},
	{Value: "utf-8", Label: "UTF-8"},
	{Value: "utf-16le", Label: "UTF-16, little-endian"},
	{Value: "utf-16be", Label: "UTF-16, big-endian"},
	{Value: "windows-1252", Label: i18n.Key("Windows-1252 (Western European)")},
	{Value: "macintosh", Label: i18n.Key("Macintosh (Western European)")},
	{Value: "ibm850", Label: i18n.Key("Code page 850 (Western European)")},
	{Value: "windows-1250", Label: i18n.Key("Windows-1250 (Central European)")},
	{Value: "iso-8859-2", Label: i18n.Key("ISO 8859-2 (Central European)")},
	{Value: "windows-1251", Label: i18n.Key("Windows-1251 (Cyrillic)")},
	{Value: "koi8-r", Label: i18n.Key("KOI8-R (Cyrillic)")},
	{Value: "ibm866", Label: i18n.Key("Code page 866 (Cyrillic)")},
	{Value: "windows-1253", Label: i18n.Key("Windows-1253 (Greek)")},
	{Value: "windows-1254", Label: i18n.Key("Windows-1254 (Turkish)")},
	{Value: "windows-1255", Label: i18n.Key("Windows-1255 (Hebrew)")},
	{Value: "windows-1256", Label: i18n.Key("Windows-1256 (Arabic)")},
	{Value: "windows-1257", Label: i18n.Key("Windows-1257 (Baltic)")},
	{Value: "windows-874", Label: i18n.Key("Windows-874 (Thai)")},
	{Value: "gb18030", Label: i18n.Key("GB 18030 (simplified Chinese)")},
	{Value: "gbk", Label: i18n.Key("GBK (simplified Chinese)")},
	{Value: "big5", Label: i18n.Key("Big5 (traditional Chinese)")},
	{Value: "shift_jis", Label: i18n.Key("Shift_JIS (Japanese)")},
	{Value: "euc-jp", Label: i18n.Key("EUC-JP (Japanese)")},
	{Value: "iso-2022-jp", Label: i18n.Key("ISO-2022-JP (Japanese)")},
	{Value: "euc-kr", Label: i18n.Key("EUC-KR (Korean)")},
}

// maxSample is the number of characters of a sample in the list of encodings.
const maxSample = 40

// encodings are the choices, the plausible ones first with a sample of the text as
// they read it, and with the chosen one if it is a rare one.
func (d DraftView) encodings(p ui.Page) []ui.Choice {
	list := p.Choices(encodings)
	for i, sample := range d.Samples {
		at := slices.IndexFunc(list, func(c ui.Choice) bool { return c.Value == sample.Value })
		choice := ui.Choice{Value: sample.Value, Label: p.T(encodingName(sample.Value))}
		if at > 0 {
			choice = list[at]
			list = slices.Delete(list, at, at+1)
		}
		shown := []rune(sample.Label)
		if len(shown) > maxSample {
			shown = append(shown[:maxSample-1], '…')
		}
		choice.Label += ": " + string(shown)
		list = slices.Insert(list, i+1, choice)
	}
	if !slices.ContainsFunc(list, func(c ui.Choice) bool { return c.Value == d.Encoding }) {
		list = append(list, ui.Choice{Value: d.Encoding, Label: d.Encoding})
	}
	return list
}

type stepView struct {
	Name, Text, Link string
	Done             bool
}

// steps are the four steps with links to the previous ones.
func (v ImportView) steps() []stepView {
	steps := []stepView{
		{Name: v.T("File"), Text: v.T("Your file"), Link: v.In("/import")},
		{Name: v.T("Columns"), Text: v.T("Fields of the columns")},
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
		steps[3].Done = !v.Job.Live() && !v.Job.stopped()
		if v.Job.PlanJob != "" {
			steps[2].Link = v.In("/import/" + v.Draft.ID + "/jobs/" + v.Job.PlanJob)
		}
	}
	if v.Step == 2 && v.Draft.JobID != "" {
		steps[2].Link = v.In("/import/" + v.Draft.ID + "/jobs/" + v.Draft.JobID)
	}
	return steps
}

// continueAddress is the address of the step of an unfinished import.
func (v ImportView) continueAddress(u UnfinishedView) string {
	if u.JobID != "" {
		return v.In("/import/" + u.ID + "/jobs/" + u.JobID)
	}
	return v.In("/import/" + u.ID)
}

// step is the name of the step of an unfinished import, a key of a sentence.
func (u UnfinishedView) step() string {
	if u.JobID != "" {
		return i18n.Key("Step 3 of 4: Check")
	}
	return i18n.Key("Step 2 of 4: Columns")
}

func (v ImportView) here() string { return v.In("/import/" + v.Draft.ID + "/jobs/" + v.Job.ID) }

func (d DraftView) mode() string {
	if d.Mode == "" {
		return "upsert"
	}
	return d.Mode
}

// shownColumns are the columns of the page.
func (v ImportView) shownColumns() []ColumnView {
	shown, _ := v.Draft.pageOfColumns(max(v.ColumnsPage, 1))
	return shown
}

// columnPages are the pages of columns: their names, and the addresses that save the
// choices first; "" for the current one.
func (v ImportView) columnPages() (list []ui.Choice) {
	_, pages := v.Draft.pageOfColumns(1)
	for page := 1; page <= pages; page++ {
		first := (page - 1) * columnsPerPage
		link := ui.Choice{Label: v.T("Columns %[1]d to %[2]d", first+1, min(first+columnsPerPage, len(v.Draft.Columns)))}
		if page != min(max(v.ColumnsPage, 1), pages) {
			link.Value = v.In("/import/" + v.Draft.ID + "/choices?columns=" + strconv.Itoa(page))
		}
		list = append(list, link)
	}
	return list
}

// matched is the number of columns without a field, or of all.
func (d DraftView) matched(r ui.Reader) string {
	open := 0
	for _, c := range d.Columns {
		if c.Field == "" || c.Problem != "" {
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
		if !f.Default && !f.Operation {
			return true
		}
	}
	return false
}

func (c ColumnView) title(p ui.Page) string {
	if strings.TrimSpace(c.Header) == "" {
		return p.T("Column without a name")
	}
	return c.Header
}

func (f FieldChoice) title(p ui.Page) string {
	if f.Required {
		return p.T("%s (required)", f.Name)
	}
	return f.Name
}

// writes is how many rows change something.
func (j JobView) writes() int64 { return j.Counts.Created + j.Counts.Updated }

// stopped reports whether the job ended before the end of its file.
func (j JobView) stopped() bool { return j.Status == "cancelled" || j.Status == "failed" }

// canContinue reports whether a job stopped before the end of its file.
func (j JobView) canContinue() bool {
	return !j.DryRun && !j.Expired && j.Type != "undo" && j.stopped() && (j.Unread == nil || *j.Unread > 0)
}

// createsFields reports whether the job created fields at its start.
func (j JobView) createsFields() bool { return len(j.NewFields) > 0 && j.Continues == "" }

func (j JobView) canUndo() bool {
	if j.DryRun || j.Expired || j.Type == "undo" || j.writes() == 0 && !j.createsFields() {
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

func undoText(r ui.Reader, j JobView) string {
	var parts []string
	if n := j.Counts.Created; n > 0 {
		parts = append(parts, r.Count(n, "This removes %d member that it created.", "This removes %d members that it created."))
	}
	if n := j.Counts.Updated; n > 0 && j.Type == "premium_currency" {
		parts = append(parts, r.Count(n, "This reverses %d entry, as far as its amount is left.", "This reverses %d entries, as far as their amounts are left."))
	} else if n > 0 {
		parts = append(parts, r.Count(n, "This reverts the values of %d updated member.", "This reverts the values of %d updated members."))
	}
	if j.createsFields() {
		parts = append(parts, r.T("This deletes the fields that it created, unless something else uses them."))
	}
	if j.Options != nil && j.Options.CreateTags {
		parts = append(parts, r.T("This deletes the tags that it created, unless other members have them."))
	}
	return r.Sentences(append(parts, r.T("Later changes are kept; the log lists them."))...)
}

func problemsTitle(p ui.Page, j JobView) string {
	if j.DryRun {
		return p.Reader.Count(j.Counts.Failed, "row cannot be imported", "rows cannot be imported")
	}
	if j.Type == "undo" {
		return p.Reader.Count(j.Counts.Failed, "row was not undone", "rows were not undone")
	}
	return p.Reader.Count(j.Counts.Failed, "row was not imported", "rows were not imported")
}

// remedyText is the key of what can be done about the failed rows of a check.
func remedyText(j JobView) string {
	switch {
	case j.writes() > 0 && !j.stopped():
		return i18n.Key("Import the others now and these later, or correct your file and start again.")
	case j.Draft != nil:
		return i18n.Key("Correct them below, or correct your file and start again.")
	}
	return i18n.Key("Correct your file and start again.")
}

func changesTitle(j JobView) string {
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

// membersTitle names the list of the members that a job created or changed.
func membersTitle(j JobView) string {
	switch j.Type {
	case "update", "premium_currency":
		return i18n.Key("Members of this update")
	case "undo":
		return i18n.Key("Members of this undo")
	}
	return i18n.Key("Members of this import")
}

func undoTitle(j JobView) string {
	if j.Type == "update" || j.Type == "premium_currency" {
		return i18n.Key("Undo update")
	}
	return i18n.Key("Undo import")
}

func undoQuestion(j JobView) string {
	if j.Type == "update" || j.Type == "premium_currency" {
		return i18n.Key("Undo this update?")
	}
	return i18n.Key("Undo this import?")
}
