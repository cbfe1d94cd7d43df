package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
)

type importCommand struct {
	File       string            `arg:"" help:"File to import (CSV, XLSX, or one of them packed with gzip or zip), or - for the standard input."`
	Community  string            `required:"" placeholder:"ID" help:"Id of the community."`
	DryRun     bool              `name:"dry-run" help:"Read everything, change nothing, and say what would happen."`
	Update     bool              `help:"Only change members, never create one: a bulk update."`
	Mode       string            `enum:"upsert,create,update" default:"upsert" help:"Who is imported: ${enum}."`
	CreateTags bool              `name:"create-tags" help:"Make the tags that do not exist yet."`
	Map        map[string]string `placeholder:"HEADER=FIELD" help:"What a column is; an empty field ignores it. Repeatable."`
	Encoding   string            `help:"Encoding of the file; found out by itself."`
	Delimiter  string            `help:"Delimiter of the file; found out by itself."`
	Sheet      string            `help:"Name or number of the sheet of a spreadsheet."`
	Decimal    string            `help:"Decimal sign of the numbers: . or ,"`
	DateFormat string            `name:"date-format" help:"Form of the dates: DD/MM/YYYY, MM/DD/YYYY or DD.MM.YYYY."`
	Failed     string            `placeholder:"FILE" help:"Write the failed rows, with what is wrong with them, to this file."`
	JSON       bool              `name:"json" help:"Print one JSON object when the job has ended: {\"jobId\",\"status\",\"dryRun\",\"counts\"}, with \"error\" where it could not go on."`
}

// Run queues the job and follows it to its end. A server that runs works it;
// without one this process does.
func (c importCommand) Run(sh *shell) error {
	return withParts(sh, func(p *Parts) error {
		queued, err := c.start(sh, p)
		if err != nil {
			return err
		}
		if err := p.forgetCrashed(sh.ctx, sh.store); err != nil {
			return err
		}
		bar := newProgress(sh.stderr)
		done, err := p.follow(sh.ctx, c.Community, queued.JobID, bar.show)
		if sh.ctx.Err() != nil {
			fmt.Fprintf(sh.stderr, "\nThe job %s is kept and goes on when a server runs.\n", queued.JobID)
		}
		if err != nil {
			return err
		}
		return c.report(sh, p, done)
	})
}

func (c importCommand) start(sh *shell, p *Parts) (bulk.Status, error) {
	options, err := c.options()
	if err != nil {
		return bulk.Status{}, err
	}
	if _, err := p.Communities.Get(sh.ctx, c.Community); err != nil {
		return bulk.Status{}, err
	}
	var from io.Reader = sh.stdin
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return bulk.Status{}, err
		}
		defer func() { _ = file.Close() }() // it was only read
		from = file
	}
	fileID, verdict, err := p.keep(from)
	if err != nil {
		return bulk.Status{}, err
	}
	kind := bulk.Import
	if c.Update {
		kind = bulk.Update
	}
	queued, err := p.Bulk.Start(sh.ctx, bulk.Start{
		CommunityID: c.Community, Type: kind, FileID: fileID, FileName: filepath.Base(c.File), Verdict: verdict, Options: options, Actor: operator,
	})
	if err != nil && bulk.Refused(err) { // else the job may be there
		return bulk.Status{}, errors.Join(err, p.Files.Delete(fileID))
	}
	return queued, err
}

func (c importCommand) options() (bulk.Options, error) {
	options, err := bulk.ParseOptions(map[string]string{
		"mode": c.Mode, "encoding": c.Encoding, "delimiter": c.Delimiter, "sheet": c.Sheet, "decimal": c.Decimal, "dateFormat": c.DateFormat,
	})
	options.DryRun, options.CreateTags = c.DryRun, c.CreateTags
	for header, field := range c.Map {
		if options.Mapping == nil {
			options.Mapping = map[string]*string{}
		}
		if options.Mapping[header] = nil; field != "" {
			options.Mapping[header] = &field
		}
	}
	return options, err
}

// keep puts a file on stable storage and judges its bytes on the way.
func (p *Parts) keep(from io.Reader) (fileID string, verdict sheet.ScanResult, err error) {
	w, err := p.Files.Create()
	if err != nil {
		return "", verdict, err
	}
	defer w.Abort()
	var scan sheet.Scanner
	if _, err := io.Copy(io.MultiWriter(w, &scan), from); err != nil {
		return "", verdict, err
	}
	return w.ID(), scan.Result(), w.Commit()
}

// forgetCrashed looks at the lock of the data folder, which on SQLite tells at
// once that no server lives, also after one was killed.
func (p *Parts) forgetCrashed(ctx context.Context, s Store) error {
	if p.DB.Dialect() != sqldb.SQLite {
		return nil
	}
	used, err := folderInUse(s.Data)
	if err != nil || used {
		return err
	}
	return p.Jobs.RemoveNodes(ctx)
}

// follow shows a job until it has ended. It works the job itself while no
// server does, also when the one that did goes away meanwhile.
func (p *Parts) follow(ctx context.Context, communityID, jobID string, show func(bulk.Status)) (bulk.Status, error) {
	queueJob, err := p.Bulk.QueueJob(ctx, communityID, jobID)
	if err != nil {
		return bulk.Status{}, err
	}
	working, stop := context.WithCancel(ctx)
	defer stop()
	worked := make(chan error, 1)
	go func() { worked <- p.Jobs.RunUntilDone(working, queueJob) }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-worked:
			status, statusErr := p.Bulk.Status(ctx, communityID, jobID)
			if err != nil && (statusErr != nil || status.Status != bulk.Failed) {
				return bulk.Status{}, err // else the status has the reason
			}
			show(status)
			return status, statusErr
		case <-tick.C:
			status, err := p.Bulk.Status(ctx, communityID, jobID)
			if err != nil {
				stop()
				return status, errors.Join(err, <-worked)
			}
			if !status.Finished() {
				show(status)
			}
		}
	}
}

// report tells what became of the rows; errFailedRows when one failed.
func (c importCommand) report(sh *shell, p *Parts, done bulk.Status) error {
	if err := c.printResult(sh, done); err != nil {
		return err
	}
	if done.Error != nil {
		return errors.New(done.Error.Message)
	}
	if done.Counts.Failed == 0 {
		return nil
	}
	if !c.JSON {
		if err := c.tellFailed(sh, p, done); err != nil {
			return err
		}
	}
	if c.Failed != "" {
		if err := c.writeFailed(sh, p, done); err != nil {
			return err
		}
	}
	return errFailedRows
}

func (c importCommand) printResult(sh *shell, done bulk.Status) error {
	if c.JSON {
		object := map[string]any{"jobId": done.JobID, "status": done.Status, "dryRun": done.DryRun, "counts": done.Counts}
		if done.Error != nil {
			object["error"] = done.Error
		}
		return answer(sh, true, object, "")
	}
	fmt.Fprintf(sh.stdout, "Job %s: %s.\n", done.JobID, strings.ReplaceAll(done.Status, "_", " "))
	if done.DryRun {
		fmt.Fprint(sh.stdout, "Nothing was changed. What would happen: ")
	}
	printCounts(sh.stdout, done)
	return nil
}

// tellFailed prints the first failed rows.
func (c importCommand) tellFailed(sh *shell, p *Parts, done bulk.Status) error {
	const few = 20
	rows, more, err := p.Bulk.Details(sh.ctx, c.Community, done.JobID, bulk.DetailFilter{Outcome: "failed", Limit: few})
	if err != nil {
		return err
	}
	printFailed(sh.stdout, rows)
	if more != "" {
		fmt.Fprintf(sh.stdout, "  and %d more; --failed FILE writes them all\n", done.Counts.Failed-int64(len(rows)))
	}
	return nil
}

func (c importCommand) writeFailed(sh *shell, p *Parts, done bulk.Status) error {
	file, err := os.Create(c.Failed)
	if err != nil {
		return err
	}
	err = p.Bulk.WriteFailed(sh.ctx, c.Community, done.JobID, file)
	return errors.Join(err, file.Close())
}
