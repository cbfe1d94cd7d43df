package importreport

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

// Progress shows the progress of a job: a bar on a terminal, otherwise a line
// every few seconds.
type Progress struct {
	w        io.Writer
	terminal bool
	clock    clock.Clock
	shown    time.Time
}

// lineInterval is the time between lines without a terminal.
const lineInterval = 5 * time.Second

// NewProgress returns a Progress that writes to w.
func NewProgress(w io.Writer) *Progress {
	file, ok := w.(*os.File)
	if !ok {
		return &Progress{w: w}
	}
	info, err := file.Stat()
	return &Progress{w: w, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

// Show prints the state of the job.
func (p *Progress) Show(s bulk.Status) {
	now := p.clock.Now()
	if !p.terminal {
		if s.Finished() || now.Sub(p.shown) >= lineInterval {
			p.shown = now
			fmt.Fprintf(p.w, "%s: %d rows read, %d failed%s%s\n", s.Status, s.Counts.Read, s.Counts.Failed, percent(s), waitReason(s))
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
	fmt.Fprintf(p.w, "\r\x1b[K%s%s  %d rows, %.0f/s%s%s%s", bar, percent(s), s.Counts.Read, s.RowsPerSecond, remaining(s), waitReason(s), end)
}

var waitReasons = map[string]string{
	jobs.WaitWorker: "waiting for a free worker", jobs.WaitAccount: "waiting for other jobs of the same account or key",
	jobs.WaitCommunity: "waiting for other jobs of the community", jobs.WaitInterrupted: "interrupted by the end of a process; restarts after other interrupted jobs have advanced",
	jobs.WaitRetry: "failed; will be retried", jobs.WaitDatabase: "waiting for the database", jobs.WaitServer: "waiting for a server or command to execute it",
	jobs.WaitNode: "waiting: its server does not respond", jobs.WaitDisk: "waiting for disk space", bulk.WaitFiles: "waiting for the file storage", jobs.WaitOtherNode: "waiting for the server that has its file",
	bulk.WaitFieldChange: "waiting: the fields of the community are being changed",
}

// waitReason returns why a job is waiting, "" if it is not.
func waitReason(s bulk.Status) string {
	if s.Waiting == nil {
		return ""
	}
	text, known := waitReasons[s.Waiting.Reason]
	if !known {
		text = "waiting"
	}
	if s.Waiting.NextAttemptAt != nil {
		text += ", next attempt at " + *s.Waiting.NextAttemptAt
	}
	return ", " + text
}

func percent(s bulk.Status) string {
	if s.Percent == nil {
		return ""
	}
	return fmt.Sprintf("  %3.0f %%", *s.Percent)
}

func remaining(s bulk.Status) string {
	if s.EtaSeconds == nil || s.Finished() {
		return ""
	}
	return ", " + (time.Duration(*s.EtaSeconds) * time.Second).String() + " left"
}

// PrintRowErrors prints failed rows, one error per line.
func PrintRowErrors(w io.Writer, rows []bulk.Detail) {
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
			fmt.Fprintf(w, "  line %d, %s%s%s\n", row.Line, column, e.Message.CommandLine(), value)
		}
	}
}
