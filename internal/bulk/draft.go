package bulk

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/mapping"
	"github.com/regulars/regulars/internal/bulk/origin"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/bulk/staged"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
)

// Stage stores an uploaded file for the wizard. Unlike Start it accepts an
// unknown header and an unclear encoding; it fails if the file cannot be read. A
// file of failed rows gets the type and the options of its job, another file those of
// the latest draft with the same header. A file that was staged by the same person
// with the same Start.JobID is not staged again.
func (b *Bulk) Stage(ctx context.Context, caller actor.Actor, communityID string, in Start) (Draft, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return Draft{}, notStartedError{err}
	}
	now := b.clock.MS()
	j := job.Job{
		CommunityID: communityID, ID: cmp.Or(in.JobID, b.NewID()), Type: in.Type, Status: job.Draft, Options: in.Options, FileID: in.FileID, FileName: shortName(in.FileName), FileSize: in.FileScan.Size,
		FileScan: in.FileScan, Actor: caller.Ref(), ActorName: caller.Name, CreatedAt: now, UpdatedAt: now, ExpiresAt: now + b.limits.KeepDrafts.Milliseconds(),
	}
	d, err := b.Preview(ctx, &j)
	if err == nil && mayHaveFailedRows(d) {
		adopted, adoptErr := b.adoptOptions(ctx, &j)
		switch {
		case adoptErr != nil:
			err = adoptErr
		case adopted:
			j.FileScan.Contents = nil
			d, err = b.Preview(ctx, &j)
		}
	}
	if err == nil {
		d, err = b.UseSaved(ctx, &j, d)
	}
	if err != nil {
		return d, notStartedError{err}
	}
	existing, err := b.insertDraft(ctx, &j)
	switch {
	case err != nil:
		return d, err
	case existing != nil:
		if err := b.deleteFile(ctx, in.FileID); err != nil {
			return d, err
		}
		return b.Preview(ctx, existing)
	}
	d.ID = j.ID
	return d, nil
}

// openDraft opens the file of a draft after it was compared with its upload.
func (b *Bulk) openDraft(ctx context.Context, j *job.Job, d *source.Dictionary) (source.File, error) {
	if err := b.verify(ctx, j); err != nil {
		return source.File{}, err
	}
	return b.detectTable(ctx, j, b.uploadSlots, d)
}

// mayHaveFailedRows reports whether a staged file may be one of failed rows: one
// of its headers contains the name of an added column, or its encoding is unclear.
func mayHaveFailedRows(d Draft) bool {
	return len(d.Unclear) > 0 || slices.ContainsFunc(d.Columns, func(c staged.Column) bool { return strings.Contains(c.Header, "_error_code") })
}

// readings are attempts to read a file of failed rows without the options of its
// job. The names of columns and the codes are ASCII, so that another encoding does
// not matter.
var readings = []job.Options{
	{},
	{Encoding: "windows-1252"},
	{Encoding: "windows-1252", Delimiter: ","},
	{Encoding: "windows-1252", Delimiter: ";"},
	{Encoding: "windows-1252", Delimiter: "\t"},
	{Encoding: "windows-1252", Delimiter: "|"},
}

// adoptOptions sets the type and the options of a staged file with failed rows to
// those of their job, except options of reading that no longer fit the file, for
// example since a spreadsheet program saved it in another encoding.
func (b *Bulk) adoptOptions(ctx context.Context, j *job.Job) (adopted bool, err error) {
	var rows []origin.Row
	var detected sheet.Detected
	for i := 0; i < len(readings) && len(rows) == 0; i++ {
		if rows, detected, err = b.readFailedRows(ctx, *j, j.Type, readings[i]); err != nil {
			return false, err
		}
	}
	found, err := origin.Find(ctx, b.db, j.CommunityID, j.FileName, rows)
	if found == nil || err != nil {
		return false, err
	}
	o := found.Options
	o.DryRun, o.Notify, o.FailedOf = false, j.Options.Notify, found.ID
	if strings.HasPrefix(detected.Encoding, "utf-") && (j.FileScan.Multibyte > 0 || detected.Encoding != "utf-8") {
		o.Encoding = "" // UTF is proven
	}
	layout, reading := o, o
	layout.Delimiter, layout.HeaderLine = "", 0
	reading.Delimiter, reading.HeaderLine, reading.Encoding, reading.Sheet = "", 0, "", ""
	for _, o := range []job.Options{o, layout, reading} {
		rows, _, err := b.readFailedRows(ctx, *j, found.Type, o)
		if len(rows) > 0 && err == nil {
			j.Type, j.Options = found.Type, o
		}
		if len(rows) > 0 || err != nil {
			return err == nil, err
		}
	}
	return false, nil
}

// readFailedRows returns the first failed rows of a staged file and its detected
// format; nothing if the options do not fit the file.
func (b *Bulk) readFailedRows(ctx context.Context, j job.Job, typ job.Type, o job.Options) ([]origin.Row, sheet.Detected, error) {
	j.Type, j.Options = typ, o
	dictionary, err := job.LoadDictionary(ctx, b.db, &j)
	if err != nil {
		return nil, sheet.Detected{}, err
	}
	table, err := b.detectTable(ctx, &j, b.uploadSlots, dictionary)
	switch kind := errs.KindOf(err); {
	case kind == errs.Invalid || kind == errs.Unsupported:
		return nil, sheet.Detected{}, nil
	case err != nil:
		return nil, sheet.Detected{}, err
	}
	defer table.Close()
	rows, err := origin.ReadRows(table.Table)
	return rows, table.Detected(), err
}

// insertDraft stores a new draft. If a draft of the same person with this id and
// this file exists, it is returned instead; if the id is in use otherwise, the new
// draft gets another one.
func (b *Bulk) insertDraft(ctx context.Context, j *job.Job) (used *job.Job, err error) {
	err = b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := tx.LockExclusive(ctx, "bulk_draft:"+j.ID); err != nil {
			return err
		}
		found, err := job.LoadAny(ctx, tx, j.CommunityID, j.ID)
		switch {
		case errs.KindOf(err) == errs.NotFound:
		case err != nil:
			return err
		case found.Status == job.Draft && found.Actor == j.Actor && found.FileName == j.FileName && found.FileScan.SHA256 != "" && found.FileScan.SHA256 == j.FileScan.SHA256:
			used = &found
			return nil
		default:
			j.ID = b.NewID()
		}
		if err := b.reserve(ctx, tx, j); err != nil {
			return err
		}
		return job.Insert(ctx, tx, *j)
	})
	return used, err
}

// StartDraft queues a job for a staged file, which stays staged for further
// jobs. It fails like Start.
func (b *Bulk) StartDraft(ctx context.Context, caller actor.Actor, communityID, draftID string, dryRun bool) (Status, error) {
	return b.StartDraftVersion(ctx, caller, communityID, draftID, 0, dryRun)
}

// StartDraftVersion is StartDraft of a version of a draft, 0 for the current one.
// If a job for the same options was started since that version, it is returned and
// no other one starts.
func (b *Bulk) StartDraftVersion(ctx context.Context, caller actor.Actor, communityID, draftID string, version int64, dryRun bool) (Status, error) {
	from, err := b.LoadDraft(ctx, caller, communityID, draftID)
	if err != nil {
		return Status{}, err
	}
	if version == 0 {
		version = from.UpdatedAt
	}
	previewed := from
	d, err := b.Preview(ctx, &previewed)
	if err != nil {
		return Status{}, err
	}
	o := d.Options
	o.DryRun, o.Mapping = dryRun, d.Mapping()
	from.FileScan.Contents = nil
	j, err := b.prepare(ctx, caller, communityID, Start{Type: from.Type, FileID: from.FileID, FileName: from.FileName, FileScan: from.FileScan, Options: o, CorrectionsOf: draftID})
	if err != nil {
		return Status{}, err
	}
	err = b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		locked, err := job.LockDraft(ctx, tx, communityID, draftID)
		if err != nil {
			return err
		}
		if !job.SameRequest(&locked, &from) {
			return staged.ErrChanged()
		}
		if locked.UpdatedAt != version {
			started, err := staged.StartedBefore(ctx, tx, &locked, &j)
			if started != nil {
				j = *started
			}
			if started != nil || err != nil {
				return err
			}
		}
		if locked.UpdatedAt != from.UpdatedAt && j.HasChoices() {
			return staged.ErrChanged() // a corrected cell may have another choice
		}
		if err := b.create(ctx, tx, caller, &j); err != nil {
			return err
		}
		if err := job.SetDraft(ctx, tx, &locked, b.clock.MS()); err != nil {
			return err
		}
		if err := mapping.Save(ctx, tx, &j, &locked, d.Headers()); err != nil {
			return err
		}
		return job.FollowDraft(ctx, tx, communityID, draftID, j.ID)
	})
	return b.status(j), err
}
