package bulk

import (
	"fmt"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/newfield"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/ui"
	"github.com/regulars/regulars/internal/ui/errorlist"
)

func jobView(v *ui.Request, s bulk.Status) JobView {
	j := JobView{
		Options: s.Options,
		ID:      s.JobID, Type: string(s.Type), Status: s.Status, FileName: s.FileName, DryRun: s.DryRun, PlanJob: s.PlanJobID,
		Counts: Counts(s.Counts), Percent: s.Percent, RowsPerSecond: s.RowsPerSecond, By: starterName(v, s.Starter, s.CreatedBy),
		CreatedAt: clock.Parse(s.CreatedAt), StartedAt: millisOf(s.StartedAt), FinishedAt: millisOf(s.FinishedAt),
	}
	if s.UndoOf != "" {
		j.PlanJob = s.UndoOf
	}
	j.AppliedBy, j.UndoneBy, j.Continues, j.ContinuedBy = s.AppliedBy, s.UndoneBy, s.Continues, s.ContinuedBy
	j.Unread, j.Creates = s.Unread, s.Creates
	if s.Options != nil {
		j.NewFields = s.Options.NewFields
	}
	if s.Type == bulk.Undo {
		j.Kept = max(s.Kept, s.Counts.Skipped+s.Counts.Failed)
	}
	if s.Detected != nil {
		j.Detected, j.Workbook = detectedText(v, *s.Detected), s.Detected.Format != "csv"
	}
	if s.EtaSeconds != nil && s.Status == bulk.Running {
		left := time.Duration(*s.EtaSeconds * float64(time.Second))
		j.Left = &left
	}
	if s.Waiting != nil {
		j.Waiting, j.NextAttempt = waitText(s.Waiting.Reason), millisOf(s.Waiting.NextAttemptAt)
	}
	for _, w := range s.Warnings {
		text := ui.Translate(v.Context(), w.Message)
		if s.Type == bulk.Undo {
			j.KeptTexts, j.KeptCreated = append(j.KeptTexts, text), j.KeptCreated+w.Count
			continue
		}
		j.Warnings = append(j.Warnings, text)
	}
	if s.Error != nil {
		j.Error = ui.Translate(v.Context(), s.Error.Message)
	}
	return j
}

// waitTexts are the reasons of waiting jobs, keys of sentences.
var waitTexts = map[string]string{
	jobs.WaitWorker:      i18n.Key("Waiting for a free worker."),
	jobs.WaitAccount:     i18n.Key("Waiting for other jobs of the same person or API key."),
	jobs.WaitCommunity:   i18n.Key("Waiting for other jobs of this community."),
	jobs.WaitInterrupted: i18n.Key("Interrupted by a restart of the server. Interrupted jobs start again one at a time."),
	jobs.WaitRetry:       i18n.Key("The last attempt failed because of an error of the server. It is tried again."),
	jobs.WaitDatabase:    i18n.Key("Waiting for the database."),
	jobs.WaitServer:      i18n.Key("Waiting for a server that works on jobs."),
	jobs.WaitNode:        i18n.Key("The server that works on this job does not respond. Another one will continue it."),
	jobs.WaitDisk:        i18n.Key("The disk of the server is full. The job continues as soon as there is space."),
	jobs.WaitOtherNode:   i18n.Key("The file is on another server. The job continues there."),
	bulk.WaitFiles:       i18n.Key("The file storage does not answer. The job continues as soon as it does."),
	bulk.WaitFieldChange: i18n.Key("Waiting until a change of the community's fields is complete."),
}

// waitText is the sentence for a reason.
func waitText(reason string) string {
	if text, known := waitTexts[reason]; known {
		return text
	}
	return i18n.Key("Waiting to continue.")
}

// starterName is the name of the actor of a job; callers without a name get a
// general one.
func starterName(v *ui.Request, ref, name string) string {
	switch {
	case ref == string(actor.Open):
		return v.T("a caller without a key")
	case ref == string(actor.Command):
		return v.T("the command line")
	case name == "":
		return ref
	}
	return name
}

func detectedText(v *ui.Request, d sheet.Detected) string {
	parts := []string{}
	for _, fact := range detectedFacts(v, d) {
		parts = append(parts, fact.Label)
	}
	return strings.Join(parts, v.T(", "))
}

// millisOf is millis for an optional time.
func millisOf(at *string) int64 {
	if at == nil {
		return 0
	}
	return clock.Parse(*at)
}

// The outcomes of a row, in the order of display.
var outcomes = []struct{ Key, Label, Planned string }{
	{"created", i18n.Key("Created"), i18n.Key("To create")},
	{"updated", i18n.Key("Updated"), i18n.Key("To update")},
	{"unchanged", i18n.Key("Unchanged"), i18n.Key("Unchanged")},
	{"skipped", i18n.Key("Skipped"), i18n.Key("Skipped")},
	{"failed", i18n.Key("Failed"), i18n.Key("Failed")},
}

// undone are the outcomes of an undo.
var undone = map[string]string{
	"created": i18n.Key("Created"), "updated": i18n.Key("Undone"), "unchanged": i18n.Key("Already deleted"), "skipped": i18n.Key("Kept"), "failed": i18n.Key("Failed"),
}

// Counts are the rows of a job by outcome.
type Counts struct{ Read, Created, Updated, Unchanged, Skipped, Failed int64 }

func (c Counts) of(outcome string) int64 {
	return map[string]int64{"created": c.Created, "updated": c.Updated, "unchanged": c.Unchanged, "skipped": c.Skipped, "failed": c.Failed}[outcome]
}

// JobView is a bulk job as pages show it.
type JobView struct {
	Draft                      *errorlist.Draft // of a check in the wizard; else nil
	Options                    *bulk.Options    // nil: an undo
	ID, Type, Status, FileName string           // Type: import, update, premium_currency, undo
	DryRun                     bool
	PlanJob                    string // the dry run that this job carried out, or the job that it undid
	Detected                   string
	Workbook                   bool              // the file is a workbook, so failed rows can be one
	AppliedBy, UndoneBy        string            // the jobs that apply or undo this one; "": none
	Continues, ContinuedBy     string            // the stopped job that this one continues, and the one that continues this one
	Undo                       *JobView          // UndoneBy, if it is loaded
	NewFields                  []job.NewField    // of the options: created by this job, by a dry run's run or by the job that it continues
	Creates                    *newfield.Creates // by the run of a dry run; nil: nothing
	Kept                       int64             // rows of an undo with something that was kept
	Unread                     *int64            // rows that a stopped job did not read; nil: unknown
	Counts                     Counts
	Percent                    *float64
	RowsPerSecond              float64
	Left                       *time.Duration
	Error                      string
	Warnings                   []string // sentences
	Expired                    bool     // the file and the details of the rows are no longer stored
	KeptTexts                  []string // of an undo: the fields and tags of the job that it kept, as sentences
	KeptCreated                int64    // number of those fields and tags
	Waiting                    string   // the reason of waiting, a key of a sentence; "": it is not waiting
	NextAttempt                int64    // when it is tried again; 0: as soon as it can be
	By                         string
	CreatedAt                  int64
	StartedAt, FinishedAt      int64
}

// Live reports whether the job still moves.
func (j JobView) Live() bool { return j.Status == "queued" || j.Status == "running" }

// Kind is what the job is, for a list; a key of a sentence.
func (j JobView) Kind() string {
	switch {
	case j.DryRun:
		return i18n.Key("Dry run")
	case j.Type == "update":
		return i18n.Key("Update")
	case j.Type == "premium_currency":
		return i18n.Key("Premium currency")
	case j.Type == "undo":
		return i18n.Key("noun|Undo")
	}
	return i18n.Key("Import")
}

// KindIcon is the icon of Kind.
func (j JobView) KindIcon() string {
	switch {
	case j.DryRun:
		return "eye"
	case j.Type == "update":
		return "pencil"
	case j.Type == "premium_currency":
		return "award"
	case j.Type == "undo":
		return "undo-2"
	}
	return "upload"
}

// State is the word, a key of a sentence, the icon and the class of the job's status.
func (j JobView) State() (word, icon, class string) {
	if j.Live() && j.Waiting != "" {
		return i18n.Key("Waiting"), "clock", ""
	}
	switch j.Status {
	case "queued":
		return i18n.Key("Waiting"), "clock", ""
	case "running":
		return i18n.Key("Running"), "loader-circle", "busy"
	case "completed":
		return i18n.Key("Done"), "circle-check", "ok"
	case "completed_with_errors":
		return i18n.Key("Done, some rows failed"), "triangle-alert", "attention"
	case "failed":
		return i18n.Key("Failed"), "circle-x", "failed"
	case "cancelled":
		return i18n.Key("Cancelled"), "ban", ""
	case "undone":
		return i18n.Key("Undone"), "undo-2", ""
	}
	return j.Status, "circle-dashed", ""
}

// Title is the title of the browser tab.
func (j JobView) Title(r ui.Reader) string {
	name := j.name(r)
	switch {
	case j.Live() && j.Percent != nil:
		return j.percent(r) + " · " + name
	case j.Live():
		return "… · " + name
	}
	return name
}

// percent is rounded down: all of it is done when the job is.
func (j JobView) percent(r ui.Reader) string { return r.T("%d %%", int(*j.Percent)) }

func (j JobView) name(r ui.Reader) string {
	if j.FileName != "" {
		return j.FileName
	}
	return r.T(j.Kind())
}

// Headline is the job in one sentence, or two.
func (j JobView) Headline(r ui.Reader) string {
	switch {
	case j.Live() && j.Waiting != "" && j.NextAttempt > 0:
		return r.Sentences(r.T(j.Waiting), r.T("Next attempt: %s.", r.Exact(j.NextAttempt)))
	case j.Live() && j.Waiting != "":
		return r.T(j.Waiting)
	case j.Status == "queued":
		return r.T("Waiting to start.")
	case j.Status == "running" && j.DryRun:
		return r.T("Checking every row. Nothing is changed.")
	case j.Status == "running" && j.Type == "undo":
		return r.T("Undoing the changes.")
	case j.Status == "running":
		return r.T("Writing the rows.")
	case j.Status == "failed":
		return r.Sentences(r.T("The job could not continue."), j.kept(r), j.unread(r))
	case j.Status == "cancelled":
		return r.Sentences(r.T("Cancelled."), j.kept(r), j.unread(r))
	case j.Status == "undone":
		return j.undone(r)
	case j.UndoneBy != "":
		return r.T("This is being undone.")
	case j.Counts.Read == 0 && j.Type != "undo":
		return r.T("The file has no rows.")
	}
	return r.Sentences(j.result(r), j.notDone(r))
}

// undone is what an undone job says about its undo.
func (j JobView) undone(r ui.Reader) string {
	switch u := j.Undo; {
	case u == nil:
		return r.T("This was undone.")
	case u.Kept == 0 && u.KeptCreated == 0:
		return r.T("All of this was undone.")
	default:
		return r.Sentences(u.result(r), u.notDone(r))
	}
}

// unread is the number of rows that a stopped job did not read, as a sentence.
func (j JobView) unread(r ui.Reader) string {
	switch {
	case j.Type == "undo" && j.Unread != nil && *j.Unread > 0:
		return r.Count(*j.Unread, "%d row is not undone.", "%d rows are not undone.")
	case j.Unread == nil:
		return r.T("The rest of the file was not read.")
	case *j.Unread > 0:
		return r.Count(*j.Unread, "%d row was not read.", "%d rows were not read.")
	}
	return ""
}

func (j JobView) kept(r ui.Reader) string {
	switch done := j.Counts.Created + j.Counts.Updated; {
	case done > 0 && j.Type == "undo":
		return r.Count(done, "%d row was undone before that.", "%d rows were undone before that.")
	case done > 0 && !j.DryRun:
		return r.Count(done, "%d row was written before that, and stays.", "%d rows were written before that, and stay.")
	}
	return j.onlyFields(r)
}

// result summarises the changes, made or planned.
func (j JobView) result(r ui.Reader) string {
	created, updated := j.Counts.Created, j.Counts.Updated
	switch {
	case j.Type == "undo" && j.Counts.Read == 0:
		return r.T("No row had to be undone.")
	case j.Type == "undo":
		return r.Count(created+updated, "%d row was undone.", "%d rows were undone.")
	case j.DryRun && created > 0 && updated > 0:
		return r.T("%[1]s would be created and %[2]d updated.", r.Count(created, "member", "members"), updated)
	case j.DryRun && created > 0:
		return r.Count(created, "%d member would be created.", "%d members would be created.")
	case j.DryRun && updated > 0:
		return r.Count(updated, "%d member would be updated.", "%d members would be updated.")
	case j.DryRun:
		return r.T("Nothing would be changed.")
	case created == 1 && updated > 0:
		return r.T("%[1]d member was created and %[2]d updated.", created, updated)
	case created > 0 && updated > 0:
		return r.T("%[1]d members were created and %[2]d updated.", created, updated)
	case created > 0:
		return r.Count(created, "%d member was created.", "%d members were created.")
	case updated > 0:
		return r.Count(updated, "%d member was updated.", "%d members were updated.")
	}
	return j.onlyFields(r)
}

// onlyFields says that a job changed no member. Its new fields are created before
// the first row.
func (j JobView) onlyFields(r ui.Reader) string {
	if !j.DryRun && j.createsFields() {
		return r.Sentences(r.T("No member was changed."), r.Count(int64(len(j.NewFields)), "%d field was created.", "%d fields were created."))
	}
	return r.T("Nothing was changed.")
}

// notDone is the number of rows without changes, as a sentence; "" without any.
func (j JobView) notDone(r ui.Reader) string {
	c := j.Counts
	switch {
	case j.Type == "undo" && j.Kept > 0:
		return r.Count(j.Kept, "In %d row something was kept.", "In %d rows something was kept.")
	case j.Type == "undo" && j.KeptCreated > 0:
		return r.Count(j.KeptCreated, "%d field or tag that it created was kept.", "%d fields or tags that it created were kept.")
	case j.Type == "undo" || c.Failed == 0:
		return ""
	case j.DryRun:
		return r.Count(c.Failed, "%d row cannot be imported.", "%d rows cannot be imported.")
	}
	return r.Count(c.Failed, "%d row was not imported.", "%d rows were not imported.")
}

// Pace is the speed and the remaining time, or the duration.
func (j JobView) Pace(r ui.Reader) []string {
	var parts []string
	if j.Live() && j.Waiting != "" {
		return nil
	}
	if j.Live() {
		if j.RowsPerSecond > 0 {
			parts = append(parts, r.Count(int64(j.RowsPerSecond), "row a second", "rows a second"))
		}
		if j.Left != nil {
			parts = append(parts, r.T("about %s left", r.Span(*j.Left)))
		}
		return parts
	}
	if j.StartedAt > 0 && j.FinishedAt >= j.StartedAt {
		took := time.Duration(j.FinishedAt-j.StartedAt) * time.Millisecond
		parts = append(parts, r.T("took %s", r.Span(took)))
	}
	return parts
}

// Sum shows that the five counts are all that was read.
func (j JobView) Sum(r ui.Reader) string {
	parts := make([]string, 0, len(outcomes))
	for _, o := range outcomes {
		parts = append(parts, r.Number(j.Counts.of(o.Key)))
	}
	return r.Count(j.Counts.Read, "%d row read", "%d rows read") + " = " + strings.Join(parts, " + ")
}

// Label is the name of an outcome in this job, a key of a sentence.
func (j JobView) Label(outcome string) string {
	for _, o := range outcomes {
		if o.Key != outcome {
			continue
		}
		switch {
		case j.DryRun:
			return o.Planned
		case j.Type == "undo":
			return undone[outcome]
		}
		return o.Label
	}
	return outcome
}

// Segment is one piece of the meter, in percent of its width.
type Segment struct {
	Class      string
	From, Wide float64
}

// Segments divides the meter among the outcomes and the remaining rows.
func (j JobView) Segments() []Segment {
	whole := 100.0
	switch {
	case j.stopped() && j.Unread != nil:
		whole = 100 * float64(j.Counts.Read) / float64(max(j.Counts.Read+*j.Unread, 1))
	case (j.Live() || j.stopped()) && j.Percent != nil:
		whole = *j.Percent
	}
	var segments []Segment
	from := 0.0
	for _, o := range outcomes {
		wide := 0.0
		if j.Counts.Read > 0 {
			wide = whole * float64(j.Counts.of(o.Key)) / float64(j.Counts.Read)
		}
		segments = append(segments, Segment{"m-" + o.Key, from, wide})
		from += wide
	}
	return segments
}

func share(percent float64) string { return fmt.Sprintf("%.2f%%", percent) }
