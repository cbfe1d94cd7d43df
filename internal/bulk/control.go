package bulk

import (
	"context"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sqldb"
)

// planAge is how long the plan of a dry run may be applied.
const planAge = 24 * time.Hour

// Cancel stops a queued or running job; what it applied stays. It fails with
// NotFound job_not_found, or Conflict job_finished.
func (b *Bulk) Cancel(ctx context.Context, communityID, jobID string) (Status, error) {
	var j job
	err := b.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		if j, err = loadJob(ctx, tx, communityID, jobID); err != nil {
			return err
		}
		// The queue's row first: a worker takes the two in this order.
		if err := jobs.Cancel(ctx, tx, j.QueueJobID); err != nil {
			return err
		}
		if j, err = lockJob(ctx, tx, communityID, jobID); err != nil {
			return err
		}
		if j.Status != Queued && j.Status != Running {
			return errs.New(errs.Conflict, "job_finished", "The job is %s already; there is nothing to cancel.", word(j.Status))
		}
		if err := b.end(ctx, tx, &j, Cancelled, "", ""); err != nil {
			return err
		}
		return audit.Record(ctx, tx, b.clock.MS(), communityID, "bulk_job.cancel", j.target())
	})
	return b.status(j), err
}

// Apply starts a new job that does exactly what a dry run planned. It fails
// with Conflict not_a_plan, plan_running, already_applied or plan_stale, or
// Gone expired.
func (b *Bulk) Apply(ctx context.Context, actor actor.Actor, communityID, jobID, newID string) (Status, error) {
	var started job
	beginning, err := b.beginning(ctx, communityID, jobID, b.looking, b.verify)
	if err != nil {
		return Status{}, err
	}
	err = b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		plan, err := lockJob(ctx, tx, communityID, jobID)
		if err != nil {
			return err
		}
		if err := b.applicable(ctx, tx, &plan); err != nil {
			return err
		}
		started = b.successor(&plan, actor, newID)
		started.Type, started.Options, started.Detected = plan.Type, plan.Options, plan.Detected
		started.FileID, started.FileSize, started.Verdict = plan.FileID, plan.FileSize, plan.Verdict
		started.Options.DryRun = false
		started.Revision, started.Position = plan.Revision, beginning
		return b.queue(ctx, tx, &started)
	})
	return b.status(started), err
}

// beginning is where the rows of a job's file start. Opening a large workbook
// takes a while, so it is not for a transaction. The file is verified first.
func (b *Bulk) beginning(ctx context.Context, communityID, jobID string, at *places, verify func(context.Context, *job) error) (sheet.Pos, error) {
	j, err := b.keptJob(ctx, communityID, jobID)
	if err != nil {
		return sheet.Pos{}, err
	}
	if j.Type == Undo {
		return sheet.Pos{}, nil
	}
	if err := verify(ctx, &j); err != nil {
		return sheet.Pos{}, err
	}
	table, err := b.openTable(ctx, &j, at)
	if err != nil {
		return sheet.Pos{}, err
	}
	defer table.close()
	return table.Start(), nil
}

func (b *Bulk) applicable(ctx context.Context, q sqldb.Querier, plan *job) error {
	now := b.clock.MS()
	switch {
	case !plan.DryRun:
		return errs.New(errs.Conflict, "not_a_plan", "Only a dry run can be applied.")
	case plan.Status == Queued || plan.Status == Running:
		return errs.New(errs.Conflict, "plan_running", "The dry run has not ended yet.").WithRetry(2 * time.Second)
	case plan.Status != Completed:
		return errs.New(errs.Conflict, "not_a_plan", "The dry run is %s, so its plan is not complete.", word(plan.Status))
	case expired(plan, now):
		return errExpired()
	}
	// What it did once no longer is what its plan says, so its rows would fail.
	applied, err := applicationsOf(ctx, q, plan.CommunityID, plan.ID)
	if err != nil {
		return err
	}
	if len(applied) > 0 {
		return errs.New(errs.Conflict, "already_applied", "The job %s applied this plan already; undo that job to apply it again.", applied[0])
	}
	if now-plan.FinishedAt > planAge.Milliseconds() {
		return errs.New(errs.Conflict, "plan_stale", "The plan is more than 24 hours old: run the dry run again.")
	}
	revision, err := b.revision(ctx, q, plan.CommunityID)
	if err != nil {
		return err
	}
	if revision != plan.Revision {
		return errs.New(errs.Conflict, "plan_stale", "A field, role, tag or setting changed since the dry run: run it again.")
	}
	return nil
}

// Undo starts a job that takes back what a job did. It fails with Conflict
// not_undoable, or Gone expired.
func (b *Bulk) Undo(ctx context.Context, actor actor.Actor, communityID, jobID, newID string) (Status, error) {
	var started job
	err := b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		done, err := lockJob(ctx, tx, communityID, jobID)
		if err != nil {
			return err
		}
		switch {
		case done.DryRun, done.Type == Undo:
			return errs.New(errs.Conflict, "not_undoable", "Only an import or update that was run for real can be undone.")
		case !slices.Contains([]string{Completed, CompletedWithErrors, Failed, Cancelled}, done.Status):
			return errs.New(errs.Conflict, "not_undoable", "The job is %s, so it cannot be undone.", word(done.Status))
		case expired(&done, b.clock.MS()):
			return errExpired()
		}
		if err := b.noUndoUnderWay(ctx, tx, &done); err != nil {
			return err
		}
		started = b.successor(&done, actor, newID)
		started.Type, started.TotalRows, started.Detected = Undo, done.Counts.Created+done.Counts.Updated, done.Detected
		return b.queue(ctx, tx, &started)
	})
	return b.status(started), err
}

func (b *Bulk) noUndoUnderWay(ctx context.Context, tx *sqldb.Tx, done *job) error {
	n, err := countOpenUndos(ctx, tx, done.CommunityID, done.ID)
	if err == nil && n > 0 {
		return errs.New(errs.Conflict, "undo_running", "This job is being undone already.")
	}
	return err
}

// successor is a new job that follows from another one.
func (b *Bulk) successor(of *job, actor actor.Actor, newID string) job {
	if newID == "" {
		newID = b.NewID()
	}
	now := b.clock.MS()
	return job{
		CommunityID: of.CommunityID, ID: newID, Status: Queued, OriginID: of.ID, FileName: of.FileName,
		Actor: actor.Ref(), ActorName: actor.Name, owner: actor.Uploader(), CreatedAt: now, UpdatedAt: now,
	}
}

// expired reports whether a job's file and row details are gone.
func expired(j *job, now int64) bool { return j.ExpiresAt > 0 && j.ExpiresAt <= now }

func errExpired() error {
	return errs.New(errs.Gone, "expired", "The file and the row details of this job are no longer kept.")
}

// word is a status as a person reads it.
func word(status string) errs.Word {
	if status == CompletedWithErrors {
		status = Completed
	}
	return errs.Word(status)
}
