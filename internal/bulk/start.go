package bulk

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/bulk/correction"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/newfield"
	"github.com/regulars/regulars/internal/bulk/plan"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/bulk/staged"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
)

// Start is a stored file with its import options.
type Start struct {
	Type     job.Type // Import or Update
	FileID   string
	FileName string
	FileScan sheet.ScanResult // of a sheet.Scanner
	Options  job.Options
	JobID    string // from NewID, also of a draft; "": a new one

	CorrectionsOf string // the staged file or job with the corrected cells; "": none
}

// Start checks the header of a file and queues a job in one transaction. It
// fails as access.Can does, with Invalid or Unsupported and one of the codes of package sheet, or
// invalid_header, invalid_choices, no_identifying_column, notify_needs_person, with Conflict
// storage_quota_reached, duplicate_field or too_many_fields and with Unavailable
// files_busy; then there is no job and the caller deletes the file. New fields need
// the permission UserFields.
func (b *Bulk) Start(ctx context.Context, caller actor.Actor, communityID string, in Start) (Status, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return Status{}, notStartedError{err}
	}
	j, err := b.prepare(ctx, caller, communityID, in)
	if err != nil {
		return Status{}, notStartedError{err}
	}
	err = b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := b.reserve(ctx, tx, &j); err != nil {
			return err
		}
		return b.create(ctx, tx, caller, &j)
	})
	return b.status(j), err
}

// notStartedError is an error before the transaction that starts a job.
type notStartedError struct{ error }

func (e notStartedError) Unwrap() error { return e.error }

// Refused reports whether an error of Start or Stage left no job, so that the
// file can be deleted. After other errors there may be one.
func Refused(err error) bool {
	if _, before := errors.AsType[notStartedError](err); before {
		return true
	}
	kind := errs.KindOf(err)
	return err != nil && kind != errs.Internal && kind != errs.Unavailable
}

// prepare checks the file and returns its job.
func (b *Bulk) prepare(ctx context.Context, caller actor.Actor, communityID string, in Start) (job.Job, error) {
	if err := mayNotify(caller, in.Options); err != nil {
		return job.Job{}, err
	}
	now := b.clock.MS()
	if in.JobID == "" {
		in.JobID = b.NewID()
	}
	j := job.Job{
		CommunityID: communityID, ID: in.JobID, Type: in.Type, Status: job.Queued, DryRun: in.Options.DryRun, Options: in.Options,
		FileID: in.FileID, FileName: shortName(in.FileName), FileScan: in.FileScan,
		Actor: caller.Ref(), ActorName: caller.Name, Owner: caller.Uploader(), CreatedAt: now, UpdatedAt: now, CorrectionsOf: in.CorrectionsOf,
	}
	var err error
	if j.Options.NewFields, err = newfield.ResolveAll(ctx, b.db, communityID, in.Options.NewFields, b.NewID); err != nil {
		return j, err
	}
	if err := b.mayCreateFields(ctx, caller, &j); err != nil {
		return j, err
	}
	dictionary, err := job.LoadDictionary(ctx, b.db, &j)
	if err != nil {
		return j, err
	}
	table, err := b.detectTable(ctx, &j, b.uploadSlots, dictionary)
	if err != nil {
		return j, err
	}
	defer table.Close()
	dictionary.Samples = sync.OnceValue(func() [][]string {
		samples, _ := staged.Sample(table, len(table.Header())) // without them there are fewer suggestions
		return samples
	})
	j.Options.Mapping = newfield.Mapping(table.Header(), j.Options.Mapping, in.Options.NewFields)
	header, err := dictionary.ReadHeader(table.Header(), j.Options.Mapping)
	if err != nil {
		return j, err
	}
	if err := newfield.CheckColumns(header, j.Options.NewFields); err != nil {
		return j, err
	}
	if err := header.SetValues(j.Options.Values); err != nil {
		return j, err
	}
	if err := job.SetDefaultCountry(ctx, b.db, &j); err != nil {
		return j, err
	}
	unfit, err := newfield.SetChoices(ctx, b.db, table, header, &j)
	if err != nil {
		return j, err
	}
	detected := table.Detected()
	j.Detected, j.Warnings, j.FileSize, j.Position = &detected, slices.Concat(table.Warnings(), header.Warnings(table.HeaderLine()), unfit), table.Size(), table.Start()
	j.Revision, err = plan.Revision(ctx, b.db, communityID)
	return j, err
}

// mayCreateFields returns nil if the actor may create the new fields of a job.
func (b *Bulk) mayCreateFields(ctx context.Context, caller actor.Actor, j *job.Job) error {
	if len(j.Options.NewFields) == 0 {
		return nil
	}
	return b.access.Can(ctx, caller, j.CommunityID, permission.UserFields)
}

// create queues a new job, with its new fields unless it is a dry run.
func (b *Bulk) create(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, j *job.Job) error {
	if !j.DryRun {
		if err := newfield.Create(ctx, tx, caller, j); err != nil {
			return err
		}
	}
	return b.queue(ctx, tx, j)
}

// queue stores a job with its audit entry and queues it.
func (b *Bulk) queue(ctx context.Context, tx *sqldb.Tx, j *job.Job) (err error) {
	j.QueueJobID, err = jobs.Insert(ctx, tx, runArgs{j.CommunityID, j.ID}, j.QueueOptions())
	if err != nil {
		return err
	}
	if err := job.Insert(ctx, tx, *j); err != nil {
		return err
	}
	if j.CorrectionsOf != "" {
		if err := correction.Copy(ctx, tx, j.CommunityID, j.CorrectionsOf, j.ID); err != nil {
			return err
		}
	}
	return audit.Append(ctx, tx, audit.Entry{
		CommunityID: j.CommunityID, At: j.CreatedAt, Actor: j.Actor, ActorName: j.ActorName, Action: "bulk_job.start", Target: j.Target(),
		Changes: []audit.Change{{Field: "type", New: j.Type}, {Field: "dryRun", New: j.DryRun}},
	})
}

func shortName(name string) string {
	if runes := []rune(name); len(runes) > 200 {
		return string(runes[:200])
	}
	return name
}

// Template returns the header of an import file: the default fields, then the
// custom fields.
func (b *Bulk) Template(ctx context.Context, caller actor.Actor, communityID string) ([]string, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return nil, err
	}
	fields, err := field.List(ctx, b.db, communityID)
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = source.EscapeCell(f.Name)
	}
	return names, err
}
