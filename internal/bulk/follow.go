package bulk

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/newfield"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Continue starts a job that imports the rows that a cancelled or failed job did not
// read, from the same file with the same options. If there is such a job that was not
// undone, it returns that one. It fails with Conflict not_stopped, nothing_unread or
// field_gone, or Gone expired or damaged_file.
func (b *Bulk) Continue(ctx context.Context, caller actor.Actor, communityID, jobID, newID string) (Status, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return Status{}, err
	}
	stopped, err := b.jobWithDetails(ctx, communityID, jobID)
	if err == nil {
		err = continuable(&stopped)
	}
	if err == nil {
		err = b.verify(ctx, &stopped)
	}
	if err != nil {
		return Status{}, err
	}
	var rest job.Job
	err = b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if stopped, err = job.Lock(ctx, tx, communityID, jobID); err != nil {
			return err
		}
		if err := continuable(&stopped); err != nil {
			return err
		}
		followers, err := job.Successors(ctx, tx, communityID, []string{jobID})
		if err != nil {
			return err
		}
		if at := slices.IndexFunc(followers, func(s job.Successor) bool { return s.Continues == jobID && s.Status != job.Undone }); at >= 0 {
			rest, err = job.Load(ctx, tx, communityID, followers[at].ID)
			return err
		}
		if err := newfield.CheckCreated(ctx, tx, &stopped); err != nil {
			return err
		}
		rest = b.restOf(&stopped, caller, newID)
		return b.queue(ctx, tx, &rest)
	})
	return b.status(rest), err
}

// restOf returns the job for the rows that a stopped job did not read.
func (b *Bulk) restOf(stopped *job.Job, caller actor.Actor, newID string) job.Job {
	rest := b.successor(stopped, caller, newID)
	rest.ParentID, rest.Continues = "", stopped.ID
	rest.Type, rest.Options, rest.Detected, rest.Warnings = stopped.Type, stopped.Options, stopped.Detected, stopped.Warnings
	rest.FileID, rest.FileSize, rest.FileScan = stopped.FileID, stopped.FileSize, stopped.FileScan
	rest.Revision, rest.Position, rest.ProcessedBytes = stopped.Revision, stopped.Position, stopped.ProcessedBytes
	if mayNotify(caller, rest.Options) != nil {
		rest.Options.Notify = false
	}
	return rest
}

// continuable returns nil if a job stopped before the end of its file.
func continuable(j *job.Job) error {
	switch {
	case j.DryRun, j.Type == job.Undo, j.Status != job.Cancelled && j.Status != job.Failed:
		return errs.New(errs.Conflict, "not_stopped", "Only an import or update that was cancelled or failed can be continued.")
	case j.Unread == 0:
		return errs.New(errs.Conflict, "nothing_unread", "The job read every row of its file. There is nothing left to import.")
	case j.FileID == "":
		return job.ErrExpired()
	}
	return nil
}

// CheckAgain starts a dry run of the file of another one, with the same options. It
// fails with Conflict not_a_plan or Gone expired, or like Start.
func (b *Bulk) CheckAgain(ctx context.Context, caller actor.Actor, communityID, jobID string) (Status, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return Status{}, err
	}
	before, err := b.jobWithDetails(ctx, communityID, jobID)
	if err != nil {
		return Status{}, err
	}
	if !before.DryRun {
		return Status{}, errs.New(errs.Conflict, "not_a_plan", "Only a dry run can be repeated.")
	}
	if err := b.verify(ctx, &before); err != nil {
		return Status{}, err
	}
	j, err := b.prepare(ctx, caller, communityID, Start{Type: before.Type, FileID: before.FileID, FileName: before.FileName, FileScan: before.FileScan, Options: before.Options})
	if err != nil {
		return Status{}, err
	}
	return b.status(j), b.db.Tx(ctx, func(tx *sqldb.Tx) error { return b.create(ctx, tx, caller, &j) })
}

// PlanProblem returns nil if the plan of a dry run can be applied now, or the error of
// Apply.
func (b *Bulk) PlanProblem(ctx context.Context, caller actor.Actor, communityID, jobID string) error {
	if err := b.may(ctx, caller, communityID); err != nil {
		return err
	}
	j, err := job.Load(ctx, b.db, communityID, jobID)
	if err != nil {
		return err
	}
	return b.applicable(ctx, b.db, &j)
}

// relate adds the ids of the successors of jobs to their states.
func (b *Bulk) relate(ctx context.Context, communityID string, list []Status) error {
	at, ids := map[string]int{}, make([]string, len(list))
	for i := range list {
		ids[i], at[list[i].JobID] = list[i].JobID, i
	}
	followers, err := job.Successors(ctx, b.db, communityID, ids)
	for i := range followers {
		f := &followers[i]
		if of, listed := at[f.Parent]; listed && f.Undoes() {
			list[of].UndoneBy = f.ID
		} else if listed && f.Applies() {
			list[of].AppliedBy = f.ID
		}
		if of, listed := at[f.Continues]; listed && f.Status != job.Undone {
			list[of].ContinuedBy = f.ID
		}
	}
	return err
}

// KeptCause is a cause for which an undo kept something.
type KeptCause struct {
	Column    string // of the field; "": the whole row
	Code      string
	Message   errs.Sentence // of the first row
	Count     int64         // rows
	FirstLine int
}

// maxCauses limits the causes that Kept returns.
const maxCauses = 100

// maxKeptBatches limits the batches that Kept reads.
const maxKeptBatches = 200

// Kept returns the causes for which an undo kept something, in the order of the file.
// In a very long undo causes that are in its last rows only are left out. It fails like
// Details.
func (b *Bulk) Kept(ctx context.Context, caller actor.Actor, communityID, undoID string) ([]KeptCause, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return nil, err
	}
	j, err := b.jobWithDetails(ctx, communityID, undoID)
	if err != nil {
		return nil, err
	}
	var list []KeptCause
	rows := int64(0)
	for number := int64(0); number < min(j.Batches, maxKeptBatches) && rows < j.Kept; number++ {
		batch, err := outcome.Find(ctx, b.db, communityID, undoID, number, 0, 0)
		if err != nil || batch == nil {
			return list, err
		}
		records, err := outcome.Unpack(batch.Outcomes)
		if err != nil {
			return nil, err
		}
		for i := range records {
			if records[i].Kept() {
				rows++
				list = countCauses(list, &records[i])
			}
		}
	}
	slices.SortFunc(list, func(a, b KeptCause) int { return a.FirstLine - b.FirstLine })
	return list, nil
}

// countCauses adds the errors of a row to causes.
func countCauses(list []KeptCause, rec *outcome.Record) []KeptCause {
	for _, e := range rec.Errors {
		at := slices.IndexFunc(list, func(k KeptCause) bool {
			return k.Column == e.Column && k.Code == e.Code && k.Message.Format == e.Message.Format
		})
		switch {
		case at >= 0:
			list[at].Count++
			list[at].FirstLine = min(list[at].FirstLine, rec.Pos.Line)
		case len(list) < maxCauses:
			list = append(list, KeptCause{Column: e.Column, Code: e.Code, Message: e.Message, Count: 1, FirstLine: rec.Pos.Line})
		}
	}
	return list
}
