package console

import (
	"fmt"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/i18n"
)

// The outcomes of a row, in the order they are told.
var outcomes = []struct{ Key, Label, Planned string }{
	{"created", i18n.Key("Created"), i18n.Key("To create")},
	{"updated", i18n.Key("Updated"), i18n.Key("To update")},
	{"unchanged", i18n.Key("Unchanged"), i18n.Key("Unchanged")},
	{"skipped", i18n.Key("Skipped"), i18n.Key("Skipped")},
	{"failed", i18n.Key("Failed"), i18n.Key("Failed")},
}

// undone are the outcomes of a job that takes another one back.
var undone = map[string]string{
	"created": i18n.Key("Created"), "updated": i18n.Key("Undone"), "unchanged": i18n.Key("Gone already"), "skipped": i18n.Key("Kept"), "failed": i18n.Key("Failed"),
}

// Counts say what became of the rows that were read.
type Counts struct{ Read, Created, Updated, Unchanged, Skipped, Failed int64 }

func (c Counts) of(outcome string) int64 {
	return map[string]int64{"created": c.Created, "updated": c.Updated, "unchanged": c.Unchanged, "skipped": c.Skipped, "failed": c.Failed}[outcome]
}

// JobView is a bulk job as pages show it.
type JobView struct {
	ID, Type, Status, FileName string // Type: import, update, undo
	DryRun                     bool
	PlanJob                    string // the dry run that this job carried out, or the job that it undid
	Detected                   string
	Counts                     Counts
	Percent                    *float64
	RowsPerSecond              float64
	Left                       *time.Duration
	Error                      string
	Waiting                    string // why it makes no progress at the moment, a key of a sentence; "" while it does
	NextAttempt                int64  // when it is tried again; 0: as soon as it can be
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
	case j.Type == "undo":
		return i18n.Key("Undo")
	}
	return i18n.Key("Import")
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

// Title is what stands in the browser's tab.
func (j JobView) Title(r Reader) string {
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
func (j JobView) percent(r Reader) string { return r.T("%d %%", int(*j.Percent)) }

func (j JobView) name(r Reader) string {
	if j.FileName != "" {
		return j.FileName
	}
	return r.T(j.Kind())
}

// Headline is the job in one sentence, or two.
func (j JobView) Headline(r Reader) string {
	switch {
	case j.Live() && j.Waiting != "" && j.NextAttempt > 0:
		return r.sentences(r.T(j.Waiting), r.T("Next attempt: %s.", r.Exact(j.NextAttempt)))
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
		return r.sentences(r.T("The job could not go on."), j.kept(r))
	case j.Status == "cancelled":
		return r.sentences(r.T("Cancelled."), j.kept(r))
	case j.Status == "undone":
		return r.T("All of this was undone.")
	case j.Counts.Read == 0:
		return r.T("The file has no rows.")
	}
	return r.sentences(j.result(r), j.notDone(r))
}

func (j JobView) kept(r Reader) string {
	if done := j.Counts.Created + j.Counts.Updated; done > 0 && !j.DryRun {
		return r.Count(done, "%d row was written before that, and stays.", "%d rows were written before that, and stay.")
	}
	return r.T("Nothing was changed.")
}

// result says what was done, or would be.
func (j JobView) result(r Reader) string {
	created, updated := j.Counts.Created, j.Counts.Updated
	switch {
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
	return r.T("Nothing was changed.")
}

// notDone says how many rows are left as they were; "" when there are none.
func (j JobView) notDone(r Reader) string {
	c := j.Counts
	switch {
	case j.Type == "undo" && c.Skipped+c.Failed > 0:
		return r.Count(c.Skipped+c.Failed, "%d row stayed as it is.", "%d rows stayed as they are.")
	case j.Type == "undo" || c.Failed == 0:
		return ""
	case j.DryRun:
		return r.Count(c.Failed, "%d row cannot be imported.", "%d rows cannot be imported.")
	}
	return r.Count(c.Failed, "%d row was not imported.", "%d rows were not imported.")
}

// Pace is how fast the job goes and how long it will take, or took.
func (j JobView) Pace(r Reader) []string {
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
func (j JobView) Sum(r Reader) string {
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

// Segments share the meter out: among the outcomes, and what is still to come.
func (j JobView) Segments() []Segment {
	whole := 100.0
	if j.Live() && j.Percent != nil {
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
