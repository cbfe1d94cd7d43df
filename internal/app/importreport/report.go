// Package importreport prints the result of an import on the command line: counts,
// errors in groups, and the commands that continue the work.
package importreport

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/bulk"
)

const (
	shownGroups = 50 // of errors
	shownValues = 5  // of a group
)

// Report is the result of a job.
type Report struct {
	Job    bulk.Status
	Groups bulk.ErrorGroups
	Next   []Step
}

// stopped reports whether a job ended before the end of its file.
func stopped(job bulk.Status) bool {
	return job.Status == bulk.Cancelled || job.Status == bulk.Failed
}

// Object returns the report as a JSON object.
func (r Report) Object() map[string]any {
	object := map[string]any{"jobId": r.Job.JobID, "status": r.Job.Status, "dryRun": r.Job.DryRun, "counts": r.Job.Counts}
	if len(r.Job.Warnings) > 0 {
		object["warnings"] = r.Job.Warnings
	}
	if r.Job.Creates != nil {
		object["creates"] = r.Job.Creates
	}
	if len(r.Groups.List) > 0 {
		object["errors"] = r.errors()
	}
	if stopped(r.Job) {
		object["unread"] = r.Job.Unread
	}
	if r.Job.Error != nil {
		object["error"] = r.Job.Error
	}
	if len(r.Next) > 0 {
		object["next"] = r.Next
	}
	return object
}

// group is a group of errors as JSON.
type group struct {
	bulk.ErrorGroup
	Message string `json:"message"` // of the first row, "" if it is withheld
}

func (r Report) errors() []group {
	groups := make([]group, len(r.Groups.List))
	for i := range r.Groups.List {
		groups[i] = group{r.Groups.List[i], messageOf(&r.Groups.List[i])}
	}
	return groups
}

// Write prints the report without the next steps.
func (r Report) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Job %s: %s.\n", r.Job.JobID, strings.ReplaceAll(r.Job.Status, "_", " "))
	if r.Job.DryRun {
		b.WriteString("Dry run, nothing was changed: ")
	}
	b.WriteString(Counts(r.Job))
	switch {
	case !stopped(r.Job):
	case r.Job.Unread == nil:
		b.WriteString("The rows that were not read are not counted yet.\n")
	default:
		fmt.Fprintf(&b, "%s not read.\n", plural(*r.Job.Unread, "row was", "rows were"))
	}
	r.writeCreates(&b)
	for _, warning := range r.Job.Warnings {
		fmt.Fprintln(&b, "Warning:", warning.Message.CommandLine())
	}
	r.writeGroups(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// writeCreates prints the fields and tags that the run of a dry run will create.
func (r Report) writeCreates(b *strings.Builder) {
	if r.Job.Creates == nil {
		return
	}
	for _, f := range r.Job.Creates.Fields {
		fmt.Fprintf(b, "The import will create the field %q of the type %s%s.\n", f.Name, f.Type, choices(f.Options))
	}
	for _, t := range r.Job.Creates.Tags {
		fmt.Fprintf(b, "The import will create the tag %q, %s.\n", t.Name, plural(t.Rows, "row", "rows"))
	}
	if more := r.Job.Creates.TotalTags - int64(len(r.Job.Creates.Tags)); more > 0 {
		fmt.Fprintf(b, "The import will create %s.\n", plural(more, "other tag", "other tags"))
	}
}

// mostChoices is the number of choices of a field that are printed.
const mostChoices = 10

// choices returns the first choices of a field and the number of all; "" without any.
func choices(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	quoted := make([]string, min(len(texts), mostChoices))
	for i := range quoted {
		quoted[i] = strconv.Quote(texts[i])
	}
	if more := len(texts) - len(quoted); more > 0 {
		quoted = append(quoted, fmt.Sprintf("%d more", more))
	}
	return " with " + plural(int64(len(texts)), "choice", "choices") + ": " + strings.Join(quoted, ", ")
}

// Counts returns the rows read and their outcomes as a line.
func Counts(job bulk.Status) string {
	c := job.Counts
	return fmt.Sprintf("%d rows read: %d created, %d updated, %d unchanged, %d skipped, %d failed.\n", c.Read, c.Created, c.Updated, c.Unchanged, c.Skipped, c.Failed)
}

// writeGroups prints the errors of failed rows by column and kind, each with its
// message and most frequent values.
func (r Report) writeGroups(b *strings.Builder) {
	list := r.Groups.List
	for i := range list[:min(len(list), shownGroups)] {
		g := &list[i]
		name := g.Code
		if g.Column != "" {
			name = g.Column + ": " + g.Code
		}
		fmt.Fprintf(b, "  %s, %s, first on line %d\n", name, plural(g.Rows, "row", "rows"), g.FirstLine)
		for _, text := range []string{messageOf(g), valuesOf(g)} {
			if text != "" {
				fmt.Fprintf(b, "    %s\n", text)
			}
		}
	}
	if more := len(list) - shownGroups; more > 0 {
		fmt.Fprintf(b, "  and %s of errors\n", plural(int64(more), "other kind", "other kinds"))
	}
	if len(list) > 0 && r.Groups.Counted < r.Job.Counts.Failed {
		fmt.Fprintf(b, "These are the errors of the first %d of %d failed rows.\n", r.Groups.Counted, r.Job.Counts.Failed)
	}
}

// messageOf returns the message of the first row of a group, "" if it may contain
// data of an erased person.
func messageOf(g *bulk.ErrorGroup) string {
	if !g.Same && len(g.Values) == 0 {
		return ""
	}
	return g.Message.CommandLine()
}

// valuesOf lists the most frequent values of a group.
func valuesOf(g *bulk.ErrorGroup) string {
	var parts []string
	for _, value := range g.Values[:min(len(g.Values), shownValues)] {
		parts = append(parts, fmt.Sprintf("%.60q: %s", value.Text, plural(value.Rows, "row", "rows")))
	}
	if others := len(g.Values) - len(parts) + g.OtherValues; others > 0 {
		parts = append(parts, plural(int64(others), "other value", "other values"))
	}
	if g.MoreValues {
		parts = append(parts, "and more")
	}
	return strings.Join(parts, ", ")
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
