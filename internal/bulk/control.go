package bulk

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/newfield"
	"github.com/regulars/regulars/internal/bulk/plan"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/bulk/undo"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sqldb"
)

// planAge is the time in which a dry run can be applied.
const planAge = 24 * time.Hour

// Cancel stops a queued or running job; applied rows stay applied. It fails with
// NotFound job_not_found, or Conflict job_finished.
func (b *Bulk) Cancel(ctx context.Context, caller actor.Actor, communityID, jobID string) (Status, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return Status{}, err
	}
	var j job.Job
	err := b.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		if j, err = job.Load(ctx, tx, communityID, jobID); err != nil {
			return err
		}
		// The queue's row first, in the order of the workers.
		if err := jobs.Cancel(ctx, tx, j.QueueJobID); err != nil {
			return err
		}
		if j, err = job.Lock(ctx, tx, communityID, jobID); err != nil {
			return err
		}
		if j.Status != job.Queued && j.Status != job.Running {
			return errs.New(errs.Conflict, "job_finished", "The job is %s already; there is nothing to cancel.", job.StatusWord(j.Status))
		}
		if err := b.end(ctx, tx, &j, job.Cancelled, "", errs.Sentence{}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, caller, b.clock.MS(), communityID, "bulk_job.cancel", j.Target())
	})
	return b.status(j), err
}

// Apply starts a job that applies the plan of a dry run. It fails with Conflict
// not_a_plan, plan_running, already_applied or plan_stale, or Gone expired. New fields
// of the plan need the permission UserFields.
func (b *Bulk) Apply(ctx context.Context, caller actor.Actor, communityID, jobID, newID string) (Status, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return Status{}, err
	}
	planned, err := job.Load(ctx, b.db, communityID, jobID)
	if err != nil {
		return Status{}, err
	}
	if err := b.mayCreateFields(ctx, caller, &planned); err != nil {
		return Status{}, err
	}
	var started job.Job
	beginning, err := b.beginning(ctx, communityID, jobID, b.detailSlots, b.verify)
	if err != nil {
		return Status{}, err
	}
	err = b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		plan, err := job.Lock(ctx, tx, communityID, jobID)
		if err != nil {
			return err
		}
		if err := b.applicable(ctx, tx, &plan); err != nil {
			return err
		}
		started = b.successor(&plan, caller, newID)
		readSameFile(&started, &plan)
		started.Options.DryRun, started.Position = false, beginning
		return b.create(ctx, tx, caller, &started)
	})
	return b.status(started), err
}

// beginning returns the position of the first row of a job's file, which is
// verified first. Opening a large workbook is slow, so it runs outside a
// transaction.
func (b *Bulk) beginning(ctx context.Context, communityID, jobID string, at *source.Slots, verify func(context.Context, *job.Job) error) (record.Pos, error) {
	j, err := b.jobWithDetails(ctx, communityID, jobID)
	if err != nil {
		return record.Pos{}, err
	}
	if j.Type == job.Undo {
		return record.Pos{}, nil
	}
	if err := verify(ctx, &j); err != nil {
		return record.Pos{}, err
	}
	table, err := b.openTable(ctx, &j, at)
	if err != nil {
		return record.Pos{}, err
	}
	defer table.Close()
	return table.Start(), nil
}

func (b *Bulk) applicable(ctx context.Context, q sqldb.Querier, dry *job.Job) error {
	now := b.clock.MS()
	switch {
	case !dry.DryRun:
		return errs.New(errs.Conflict, "not_a_plan", "Only a dry run can be applied.")
	case dry.Status == job.Queued || dry.Status == job.Running:
		return errs.New(errs.Conflict, "plan_running", "The dry run has not ended yet.").WithRetry(2 * time.Second)
	case dry.Status != job.Completed:
		return errs.New(errs.Conflict, "not_a_plan", "The dry run is %s, so its plan is not complete.", job.StatusWord(dry.Status))
	case job.Expired(dry, now):
		return job.ErrExpired()
	}
	// After a first application the rows would differ from their plan.
	applied, err := job.AppliedBy(ctx, q, dry.CommunityID, dry.ID)
	if err != nil {
		return err
	}
	if len(applied) > 0 {
		return errs.New(errs.Conflict, "already_applied", "The job %s applied this plan already; undo that job to apply it again.", applied[0])
	}
	if now-dry.FinishedAt > planAge.Milliseconds() {
		return errs.New(errs.Conflict, "plan_stale", "The plan is more than 24 hours old: run the dry run again.")
	}
	revision, err := plan.Revision(ctx, q, dry.CommunityID)
	if err != nil {
		return err
	}
	if revision != dry.Revision {
		return errs.New(errs.Conflict, "plan_stale", "A field, role, tag or setting changed since the dry run: run it again.")
	}
	return nil
}

// Undo starts a job that restores the state before another job. It fails with
// Conflict not_undoable, or Gone expired.
func (b *Bulk) Undo(ctx context.Context, caller actor.Actor, communityID, jobID, newID string) (Status, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return Status{}, err
	}
	var started job.Job
	err := b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		done, err := job.Lock(ctx, tx, communityID, jobID)
		if err != nil {
			return err
		}
		switch {
		case done.DryRun, done.Type == job.Undo:
			return errs.New(errs.Conflict, "not_undoable", "Only a job that changed members or balances can be undone.")
		case !slices.Contains([]string{job.Completed, job.CompletedWithErrors, job.Failed, job.Cancelled}, done.Status):
			return errs.New(errs.Conflict, "not_undoable", "The job is %s, so it cannot be undone.", job.StatusWord(done.Status))
		case job.Expired(&done, b.clock.MS()):
			return job.ErrExpired()
		}
		if err := b.noUndoUnderWay(ctx, tx, &done); err != nil {
			return err
		}
		started = b.successor(&done, caller, newID)
		started.Type, started.TotalRows, started.Detected = job.Undo, done.Counts.Created+done.Counts.Updated, done.Detected
		return b.queue(ctx, tx, &started)
	})
	return b.status(started), err
}

func (b *Bulk) noUndoUnderWay(ctx context.Context, tx *sqldb.Tx, done *job.Job) error {
	n, err := job.CountOpenUndos(ctx, tx, done.CommunityID, done.ID)
	if err == nil && n > 0 {
		return errs.New(errs.Conflict, "undo_running", "This job is being undone already.")
	}
	return err
}

// successor returns a new job with the file name of another one.
func (b *Bulk) successor(of *job.Job, actor actor.Actor, newID string) job.Job {
	if newID == "" {
		newID = b.NewID()
	}
	now := b.clock.MS()
	return job.Job{
		CommunityID: of.CommunityID, ID: newID, Status: job.Queued, ParentID: of.ID, FileName: of.FileName,
		Actor: actor.Ref(), ActorName: actor.Name, Owner: actor.Uploader(), CreatedAt: now, UpdatedAt: now,
	}
}

// readSameFile sets the file of a job, the options, the revision and the corrected
// cells to those of another one.
func readSameFile(j, of *job.Job) {
	j.Type, j.Options, j.Detected, j.Warnings = of.Type, of.Options, of.Detected, of.Warnings
	j.FileID, j.FileSize, j.FileScan = of.FileID, of.FileSize, of.FileScan
	j.Revision, j.CorrectionsOf = of.Revision, of.ID
}

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
		err = stopped.Continuable()
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
		if err := stopped.Continuable(); err != nil {
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
	readSameFile(&rest, stopped)
	rest.ParentID, rest.Continues = "", stopped.ID
	rest.Position, rest.ProcessedBytes = stopped.Position, stopped.ProcessedBytes
	rest.Options.Notify = rest.Options.Notify && caller.Ref() == stopped.Actor
	return rest
}

// CheckAgain starts a dry run of the file of another one, with the same options. If a
// later one has the same plan, it returns that one. It fails with Conflict not_a_plan or Gone expired, or like Start.
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
	j, err := b.prepare(ctx, caller, communityID, Start{Type: before.Type, FileID: before.FileID, FileName: before.FileName, FileScan: before.FileScan, Options: before.Options, CorrectionsOf: before.ID})
	if err != nil {
		return Status{}, err
	}
	err = b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := job.Lock(ctx, tx, communityID, jobID); err != nil {
			return err
		}
		if later, err := job.CheckedSince(ctx, tx, &j, jobID); later != nil || err != nil {
			j = *cmp.Or(later, &j)
			return err
		}
		return b.create(ctx, tx, caller, &j)
	})
	return b.status(j), err
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

// Kept returns the causes for which an undo kept something, in the order of the file.
// It fails like Details.
func (b *Bulk) Kept(ctx context.Context, caller actor.Actor, communityID, undoID string) ([]KeptCause, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return nil, err
	}
	j, err := b.jobWithDetails(ctx, communityID, undoID)
	if err != nil {
		return nil, err
	}
	return undo.Kept(ctx, b.db, &j)
}
