package importreport

import (
	"strings"

	"github.com/regulars/regulars/internal/bulk"
)

// Command is an import command without its options.
type Command struct {
	File      string // "": the file of an earlier job
	Community string // id
	Data      string // data folder; "": the default one
	Type      bulk.Type
	Failed    bool // the failed rows are written to a file
}

// Step is a command that continues the work.
type Step struct {
	Text    string `json:"text"`
	Command string `json:"command"`
}

// Line returns the command line of the command with options.
func (c Command) Line(o bulk.Options) string {
	var flags []string
	switch c.Type {
	case bulk.Update:
		flags = append(flags, "--update")
	case bulk.Premium:
		flags = append(flags, "--premium")
	}
	o.Notify = false // no flag
	for _, f := range o.Form() {
		flags = append(flags, f.Arguments()...)
	}
	return c.line([]string{c.File}, flags)
}

// line returns the command line with arguments before and behind those of the
// community.
func (c Command) line(first, flags []string) string {
	args := append(append([]string{"regulars", "import"}, first...), "--community", c.Community)
	if c.Data != "" {
		args = append(args, "--data", c.Data)
	}
	args = append(args, flags...)
	for i := range args {
		args[i] = quoted(args[i])
	}
	return strings.Join(args, " ")
}

// Next returns the commands after the job of a command, except that for a file of
// failed rows.
func (c Command) Next(job bulk.Status, groups bulk.ErrorGroups) []Step {
	var steps []Step
	add := func(text string, change func(*bulk.Options)) {
		o := *job.Options
		o.DryRun = false
		change(&o)
		if c.File != "" {
			steps = append(steps, Step{text, c.Line(o)})
		}
	}
	follow := func(text, flag string) {
		steps = append(steps, Step{text, c.line([]string{flag, job.JobID}, nil)})
	}
	for i := range groups.List {
		if groups.List[i].Code == "unknown_tag" {
			add("To create the missing tags, run:", func(o *bulk.Options) { o.CreateTags, o.DryRun = true, job.DryRun })
			break
		}
	}
	unchanged := func(*bulk.Options) {}
	switch {
	case job.DryRun && job.Status == bulk.Completed && job.Counts.Created+job.Counts.Updated > 0:
		if c.File == "" {
			follow("To import the file, run:", "--apply")
		}
		add("To import the file, run:", unchanged)
	case job.DryRun:
	case stopped(job):
		if job.Unread == nil || *job.Unread > 0 {
			follow("To import the rest, run:", "--rest-of")
		}
	case c.Type == bulk.Update, c.Type == bulk.Premium: // may add to numbers twice
	case job.Counts.Failed > 0 && !c.Failed:
		add("Correct these rows in the file, then run the command again. Rows that were imported stay unchanged:", unchanged)
	}
	return steps
}

// quoted quotes an argument for a shell if that is necessary.
func quoted(arg string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"
	if arg != "" && strings.Trim(arg, plain) == "" {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}
