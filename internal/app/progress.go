package app

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/jobs"
)

// progress shows how a job goes: as a bar that stays in its line on a
// terminal, else as a line now and then, which suits a log.
type progress struct {
	w        io.Writer
	terminal bool
	clock    clock.Clock
	shown    time.Time
}

// linePause is how often a line is printed where there is no terminal.
const linePause = 5 * time.Second

func newProgress(w io.Writer) *progress {
	file, ok := w.(*os.File)
	if !ok {
		return &progress{w: w}
	}
	info, err := file.Stat()
	return &progress{w: w, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

// show tells how the job stands.
func (p *progress) show(s bulk.Status) {
	now := p.clock.Now()
	if !p.terminal {
		if s.Finished() || now.Sub(p.shown) >= linePause {
			p.shown = now
			fmt.Fprintf(p.w, "%s: %d rows read, %d failed%s%s\n", s.Status, s.Counts.Read, s.Counts.Failed, share(s), waits(s))
		}
		return
	}
	const width = 30
	full := 0
	if s.Percent != nil {
		full = int(*s.Percent / 100 * width)
	}
	end := ""
	if s.Finished() {
		end = "\n"
	}
	bar := strings.Repeat("█", full) + strings.Repeat("░", width-full)
	fmt.Fprintf(p.w, "\r\x1b[K%s%s  %d rows, %.0f a second%s%s%s", bar, share(s), s.Counts.Read, s.RowsPerSecond, left(s), waits(s), end)
}

var waitTexts = map[string]string{
	jobs.WaitWorker: "waits for a free worker", jobs.WaitAccount: "waits for other jobs of the same account or key",
	jobs.WaitCommunity: "waits for other jobs of the community", jobs.WaitInterrupted: "was interrupted by the end of a process, and starts again when other interrupted jobs have moved on",
	jobs.WaitRetry: "failed, and is tried again", jobs.WaitDatabase: "waits for the database", jobs.WaitServer: "starts when a server or command works on it",
	jobs.WaitNode: "waits: its server does not respond", jobs.WaitDisk: "waits for space on the disk", jobs.WaitOtherNode: "waits for the server that has its file",
	bulk.WaitFieldChange: "waits: the fields of the community are being changed",
}

// waits is why a job makes no progress, "" while it does.
func waits(s bulk.Status) string {
	if s.Waiting == nil {
		return ""
	}
	text, known := waitTexts[s.Waiting.Reason]
	if !known {
		text = "waits"
	}
	if s.Waiting.NextAttemptAt != nil {
		text += " at " + *s.Waiting.NextAttemptAt
	}
	return ", " + text
}

func share(s bulk.Status) string {
	if s.Percent == nil {
		return ""
	}
	return fmt.Sprintf("  %3.0f %%", *s.Percent)
}

func left(s bulk.Status) string {
	if s.EtaSeconds == nil || s.Finished() {
		return ""
	}
	return ", " + (time.Duration(*s.EtaSeconds) * time.Second).String() + " left"
}

// printCounts prints the five counts that add up to what was read.
func printCounts(w io.Writer, s bulk.Status) {
	c := s.Counts
	fmt.Fprintf(w, "%d rows read: %d created, %d updated, %d unchanged, %d skipped, %d failed.\n",
		c.Read, c.Created, c.Updated, c.Unchanged, c.Skipped, c.Failed)
}

// printFailed prints failed rows, one finding a line.
func printFailed(w io.Writer, rows []bulk.Detail) {
	for _, row := range rows {
		for _, e := range row.Errors {
			column := e.Column
			if column != "" {
				column += ": "
			}
			value := ""
			if e.Value != "" {
				value = fmt.Sprintf(" (%.60q)", e.Value)
			}
			fmt.Fprintf(w, "  line %d, %s%s%s\n", row.Line, column, e.Message, value)
		}
	}
}
