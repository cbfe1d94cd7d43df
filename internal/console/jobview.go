package console

import (
	"fmt"
	"strings"
	"time"
)

// The outcomes of a row, in the order they are told.
var outcomes = []struct{ Key, Label, Planned string }{
	{"created", "Created", "To create"},
	{"updated", "Updated", "To update"},
	{"unchanged", "Unchanged", "Unchanged"},
	{"skipped", "Skipped", "Skipped"},
	{"failed", "Failed", "Failed"},
}

// undone are the outcomes of a job that takes another one back.
var undone = map[string]string{"created": "Created", "updated": "Undone", "unchanged": "Gone already", "skipped": "Kept", "failed": "Failed"}

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
	By                         string
	CreatedAt                  int64
	StartedAt, FinishedAt      int64
}

// Live reports whether the job still moves.
func (j JobView) Live() bool { return j.Status == "queued" || j.Status == "running" }

// Kind is what the job is, for a list.
func (j JobView) Kind() string {
	switch {
	case j.DryRun:
		return "Dry run"
	case j.Type == "update":
		return "Update"
	case j.Type == "undo":
		return "Undo"
	}
	return "Import"
}

// State is the word, icon and class of the job's status.
func (j JobView) State() (word, icon, class string) {
	switch j.Status {
	case "queued":
		return "Waiting", "clock", ""
	case "running":
		return "Running", "loader-circle", "busy"
	case "completed":
		return "Done", "circle-check", "ok"
	case "completed_with_errors":
		return "Done, some rows failed", "triangle-alert", "attention"
	case "failed":
		return "Failed", "circle-x", "failed"
	case "cancelled":
		return "Cancelled", "ban", ""
	case "undone":
		return "Undone", "undo-2", ""
	}
	return j.Status, "circle-dashed", ""
}

// Title is what stands in the browser's tab.
func (j JobView) Title() string {
	name := j.name()
	switch {
	case j.Live() && j.Percent != nil:
		return j.percent() + " · " + name
	case j.Live():
		return "… · " + name
	}
	return name
}

// percent is rounded down: all of it is done when the job is.
func (j JobView) percent() string { return fmt.Sprintf("%d %%", int(*j.Percent)) }

func (j JobView) name() string {
	if j.FileName != "" {
		return j.FileName
	}
	return j.Kind()
}

// Headline is the job in one sentence.
func (j JobView) Headline(r Reader) string {
	switch {
	case j.Status == "queued":
		return "Waiting to start."
	case j.Status == "running" && j.DryRun:
		return "Checking every row. Nothing is changed."
	case j.Status == "running" && j.Type == "undo":
		return "Undoing the changes."
	case j.Status == "running":
		return "Writing the rows."
	case j.Status == "failed":
		return "The job could not go on" + j.kept(r)
	case j.Status == "cancelled":
		return "Cancelled" + j.kept(r)
	case j.Status == "undone":
		return "All of this was undone."
	}
	return j.result(r)
}

func (j JobView) kept(r Reader) string {
	if done := j.Counts.Created + j.Counts.Updated; done > 0 && !j.DryRun {
		return ". " + r.Count(done, "row was", "rows were") + " written before that, and stay."
	}
	return ". Nothing was changed."
}

func (j JobView) result(r Reader) string {
	c := j.Counts
	if c.Read == 0 {
		return "The file has no rows."
	}
	if j.Type == "undo" {
		return r.Count(c.Created+c.Updated, "row was", "rows were") + " undone" + j.notDone(r, "stayed as it is", "stayed as they are", c.Skipped+c.Failed)
	}
	var done []string
	verb := map[bool][2]string{false: {"was", "were"}, true: {"would be", "would be"}}[j.DryRun]
	if c.Created > 0 {
		done = append(done, r.Count(c.Created, "member "+verb[0], "members "+verb[1])+" created")
	}
	switch {
	case c.Updated > 0 && len(done) > 0:
		done = append(done, r.Number(c.Updated)+" updated")
	case c.Updated > 0:
		done = append(done, r.Count(c.Updated, "member "+verb[0], "members "+verb[1])+" updated")
	}
	if len(done) == 0 {
		done = []string{"Nothing " + map[bool]string{false: "was", true: "would be"}[j.DryRun] + " changed"}
	}
	if j.DryRun {
		return list(done) + j.notDone(r, "cannot be imported", "cannot be imported", c.Failed)
	}
	return list(done) + j.notDone(r, "was not imported", "were not imported", c.Failed)
}

func (j JobView) notDone(r Reader, one, many string, n int64) string {
	if n == 0 {
		return "."
	}
	return ". " + r.Count(n, "row "+one, "rows "+many) + "."
}

// Pace is how fast the job goes and how long it will take, or took.
func (j JobView) Pace(r Reader) []string {
	var parts []string
	if j.Live() {
		if j.RowsPerSecond > 0 {
			parts = append(parts, r.Count(int64(j.RowsPerSecond), "row a second", "rows a second"))
		}
		if j.Left != nil {
			parts = append(parts, "about "+r.Span(*j.Left)+" left")
		}
		return parts
	}
	if j.StartedAt > 0 && j.FinishedAt >= j.StartedAt {
		took := time.Duration(j.FinishedAt-j.StartedAt) * time.Millisecond
		parts = append(parts, "took "+r.Span(took))
	}
	return parts
}

// Sum shows that the five counts are all that was read.
func (j JobView) Sum(r Reader) string {
	parts := make([]string, 0, len(outcomes))
	for _, o := range outcomes {
		parts = append(parts, r.Number(j.Counts.of(o.Key)))
	}
	return r.Count(j.Counts.Read, "row", "rows") + " read = " + strings.Join(parts, " + ")
}

// Label is the name of an outcome in this job.
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
