package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/app/datadir"
	"github.com/regulars/regulars/internal/app/importreport"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
)

type importCommand struct {
	File        string `arg:"" optional:"" help:"File to import (CSV or XLSX, also compressed with gzip or zip), or - for standard input."`
	Community   string `required:"" placeholder:"ID" help:"Id of the community."`
	earlierJob  `embed:""`
	Update      bool `xor:"kind" help:"Bulk update: change existing members only."`
	Premium     bool `xor:"kind" help:"Post premium currency: one entry for each row, with the columns amount_op, amount and reason."`
	importFlags `embed:""`
	Failed      string `placeholder:"FILE" help:"Write the failed rows and their errors to this file. Those of a workbook become a workbook if the name ends in .xlsx."`
	JSON        bool   `name:"json" help:"Print one JSON object when the job has ended: {\"jobId\",\"status\",\"dryRun\",\"counts\"}, and if there are any, \"warnings\", \"errors\" of rows in groups, \"unread\" rows of a stopped job, \"next\" commands, and the \"error\" that it failed with."`
}

// earlierJob has the flags with the id of a job whose stored file is read instead of a
// FILE.
type earlierJob struct {
	RestOf     string `placeholder:"JOB" xor:"job" help:"Instead of FILE: import the rows that a cancelled or failed job did not read, with its options."`
	CheckAgain string `placeholder:"JOB" xor:"job" help:"Instead of FILE: repeat a dry run with its options, such as after missing tags, roles or fields were created."`
	Apply      string `placeholder:"JOB" xor:"job" help:"Instead of FILE: run the plan of a dry run."`
}

// Validate is called by the parser of the command line.
func (c importCommand) Validate() error {
	ofJob := c.earlierJob != earlierJob{}
	switch {
	case c.File == "" && !ofJob:
		return errors.New("expected \"<file>\", or a job with --rest-of, --check-again or --apply")
	case c.File != "" && ofJob:
		return errors.New("a job has its own file; leave out the file or the job")
	case ofJob && (c.Update || c.Premium || !reflect.ValueOf(c.importFlags).IsZero()):
		return errors.New("a job has its own options; leave out --update, --premium and the import options")
	}
	return nil
}

// importFlags are the flags of import options. A field has the name of its
// job.Option.
type importFlags struct {
	DryRun         bool     `help:"Check the whole file and show what would happen, without changes."`
	Mode           string   `help:"Rows to import: all (upsert, the default), new members only (create) or existing members only (update)."`
	CreateTags     bool     `help:"Create missing tags."`
	CreateFields   []string `sep:"none" placeholder:"HEADER=TYPE" help:"Field that the import creates for a column, such as Visits=numerical. Repeatable."`
	Mapping        []string `aliases:"map" sep:"none" placeholder:"HEADER=FIELD" help:"Field of a column; an empty field ignores the column. Repeatable."`
	Values         string   `placeholder:"JSON" help:"Texts to read instead of those in the file: {\"header\": {\"text in the file\": \"text to read instead\"}}."`
	Encoding       string   `help:"Encoding of the file (default: detected)."`
	Delimiter      string   `help:"Delimiter of the file: , ; | or tab (default: detected)."`
	Sheet          string   `help:"Name or number of the sheet in a workbook."`
	HeaderLine     string   `placeholder:"LINE" help:"Line of the header (default: detected)."`
	HiddenRows     string   `help:"Hidden rows of a workbook: import (default) or skip."`
	Decimal        string   `help:"Decimal separator of numbers: . or ,"`
	DateFormat     string   `help:"Format of dates: DD/MM/YYYY, MM/DD/YYYY or DD.MM.YYYY."`
	ListSeparator  string   `help:"Separator of roles, tags and choices in a cell: , (default) ; or |"`
	DefaultCountry string   `placeholder:"CODE" help:"Country of phone numbers without a country code, such as DE."`
}

// options parses the flags like the form fields of an upload. Errors name flags.
func (f importFlags) options() (bulk.Options, error) {
	form := map[string]string{}
	flags := reflect.ValueOf(f)
	for _, option := range job.OptionList {
		switch value := flags.FieldByName(strings.ToUpper(option.Name[:1]) + option.Name[1:]); {
		case !value.IsValid(): // no flag
		case option.Switch:
			form[option.Name] = strconv.FormatBool(value.Bool())
		case option.Pairs:
			object, err := job.JoinPairs(value.Interface().([]string))
			if err != nil {
				return bulk.Options{}, fmt.Errorf("%s: %w", option.Flag(), err)
			}
			form[option.Name] = object
		default:
			form[option.Name] = value.String()
		}
	}
	options, err := job.ParseOptions(form)
	if e := errs.From(err); e != nil {
		for i := range e.Fields {
			e.Fields[i].Field = errs.NewOption(e.Fields[i].Field, "").Flag()
		}
	}
	return options, err
}

// Run queues the job and shows its progress until it has ended. A running server
// executes it; without one this process does.
func (c importCommand) Run(sh *shell) error {
	return withServices(sh, func(p *Services) error {
		queued, err := c.queue(sh, p)
		if err != nil {
			return err
		}
		if err := p.removeCrashedNodes(sh.ctx, sh.store); err != nil {
			return err
		}
		bar := importreport.NewProgress(sh.stderr)
		done, err := p.followJob(sh.ctx, c.Community, queued.JobID, bar.Show)
		if sh.ctx.Err() != nil {
			fmt.Fprintf(sh.stderr, "\nJob %s continues when a server runs.\n", queued.JobID)
		}
		if err != nil {
			return err
		}
		return c.report(sh, p, done)
	})
}

func (c importCommand) queue(sh *shell, p *Services) (bulk.Status, error) {
	if _, err := p.Communities.Get(sh.ctx, c.Community); err != nil {
		return bulk.Status{}, err
	}
	switch {
	case c.RestOf != "":
		return p.Bulk.Continue(sh.ctx, operator, c.Community, c.RestOf, "")
	case c.CheckAgain != "":
		return p.Bulk.CheckAgain(sh.ctx, operator, c.Community, c.CheckAgain)
	case c.Apply != "":
		return p.Bulk.Apply(sh.ctx, operator, c.Community, c.Apply, "")
	}
	return c.upload(sh, p)
}

func (c importCommand) upload(sh *shell, p *Services) (bulk.Status, error) {
	options, err := c.options()
	if err != nil {
		return bulk.Status{}, err
	}
	var from io.Reader = sh.stdin
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return bulk.Status{}, err
		}
		defer func() { _ = file.Close() }() // read only
		from = file
	}
	fileID, scanned, err := p.storeFile(sh.ctx, from)
	if err != nil {
		return bulk.Status{}, err
	}
	kind := bulk.Import
	switch {
	case c.Update:
		kind = bulk.Update
	case c.Premium:
		kind = bulk.Premium
	}
	queued, err := p.Bulk.Start(sh.ctx, operator, c.Community, bulk.Start{
		Type: kind, FileID: fileID, FileName: filepath.Base(c.File), FileScan: scanned, Options: options,
	})
	if err != nil && bulk.Refused(err) { // otherwise the job may exist
		return bulk.Status{}, errors.Join(err, p.Files.Delete(sh.ctx, fileID))
	}
	return queued, err
}

// storeFile stores a file durably and scans its bytes.
func (p *Services) storeFile(ctx context.Context, from io.Reader) (fileID string, scanned sheet.ScanResult, err error) {
	w, err := p.Files.Create(ctx)
	if err != nil {
		return "", scanned, err
	}
	defer w.Abort()
	var scan sheet.Scanner
	if _, err := io.Copy(io.MultiWriter(w, &scan), from); err != nil {
		return "", scanned, err
	}
	return w.ID(), scan.Result(), w.Commit()
}

// removeCrashedNodes removes the nodes of killed servers without waiting for
// their heartbeats. On SQLite, an unlocked data folder means that none runs.
func (p *Services) removeCrashedNodes(ctx context.Context, s config.StorageConfig) error {
	if p.DB.Dialect() != sqldb.SQLite {
		return nil
	}
	inUse, err := datadir.InUse(s.Data)
	if err != nil || inUse {
		return err
	}
	return p.Jobs.RemoveNodes(ctx)
}

// followJob shows the progress of a job until it has ended. It executes the job
// itself while no server does, also if the server stops meanwhile.
func (p *Services) followJob(ctx context.Context, communityID, jobID string, show func(bulk.Status)) (bulk.Status, error) {
	queueJob, err := p.Bulk.QueueJob(ctx, communityID, jobID)
	if err != nil {
		return bulk.Status{}, err
	}
	workCtx, stop := context.WithCancel(ctx)
	defer stop()
	worked := make(chan error, 1)
	go func() { worked <- p.Jobs.RunUntilDone(workCtx, queueJob) }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-worked:
			status, statusErr := p.Bulk.Status(ctx, operator, communityID, jobID)
			if err != nil && (statusErr != nil || status.Status != bulk.Failed) {
				return bulk.Status{}, err // otherwise the status has the error
			}
			show(status)
			return status, statusErr
		case <-tick.C:
			status, err := p.Bulk.Status(ctx, operator, communityID, jobID)
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

// report prints the results; it returns errFailedRows if a row failed or the job
// was cancelled.
func (c importCommand) report(sh *shell, p *Services, done bulk.Status) error {
	command := importreport.Command{File: c.File, Community: c.Community, Data: sh.given, Type: done.Type, Failed: c.Failed != ""}
	report := importreport.Report{Job: done}
	if done.Counts.Failed > 0 {
		var err error
		if report.Groups, err = p.Bulk.ErrorGroups(sh.ctx, operator, c.Community, done.JobID); err != nil {
			return err
		}
	}
	report.Next = command.Next(done, report.Groups)
	if err := c.write(sh, report); err != nil {
		return err
	}
	if c.Failed != "" && done.Counts.Failed > 0 {
		if err := c.writeFailedFile(sh, p, done, command); err != nil {
			return err
		}
	}
	switch {
	case done.Error != nil:
		return errors.New(done.Error.Message.CommandLine())
	case done.Counts.Failed > 0 || done.Status == bulk.Cancelled:
		return errFailedRows
	}
	return nil
}

func (c importCommand) write(sh *shell, report importreport.Report) error {
	if c.JSON {
		return writeResult(sh, true, report.Object(), "")
	}
	err := report.Write(sh.stdout)
	for _, step := range report.Next {
		fmt.Fprintf(sh.stderr, "%s\n  %s\n", step.Text, step.Command)
	}
	return err
}

// writeFailedFile writes the failed rows as a workbook if the name says so. Those of
// a CSV file are always CSV.
func (c importCommand) writeFailedFile(sh *shell, p *Services, done bulk.Status, command importreport.Command) error {
	name, format := c.Failed, bulk.CSV
	if strings.EqualFold(filepath.Ext(name), ".xlsx") {
		format = bulk.Workbook
	}
	if format == bulk.Workbook && done.Detected != nil && done.Detected.Format == "csv" {
		name, format = strings.TrimSuffix(name, filepath.Ext(name))+".csv", bulk.CSV
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	err = p.Bulk.WriteFailed(sh.ctx, operator, c.Community, done.JobID, format, bulk.ErrorFilter{}, file)
	if err := errors.Join(err, file.Close()); err != nil || c.JSON {
		return err
	}
	command.File = name
	o := *done.Options
	o.DryRun = false
	_, err = fmt.Fprintf(sh.stderr, "Correct the rows in %s, then run:\n  %s\n", name, command.Line(o))
	return err
}
