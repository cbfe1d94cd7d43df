package bulk

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/regulars/regulars/internal/bulk/apply"
	"github.com/regulars/regulars/internal/bulk/errorgroup"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/bulk/plan"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/bulk/spill"
	"github.com/regulars/regulars/internal/bulk/undo"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
	"github.com/regulars/regulars/internal/sqldb"
)

// work runs a bulk job from its saved position. It may be called again after a
// crash.
func (b *Bulk) work(ctx context.Context, queued *jobs.Job, args runArgs) error {
	r := &run{bulk: b, Attempt: &apply.Attempt{Queued: queued, Job: &job.Job{}, Clock: b.clock, Log: b.log, Database: b.database, Watch: b.db.WatchChanges(), Limiter: b.db.NewBatchLimiter(b.clock)}}
	var err error
	*r.Job, err = job.Load(ctx, b.db, args.CommunityID, args.JobID)
	if errs.KindOf(err) == errs.NotFound {
		return nil // the community was erased
	}
	if err != nil {
		return r.finishAttempt(ctx, err)
	}
	if r.start, err = b.beginning(ctx, args.CommunityID, args.JobID, nil, b.verifyAgain); err != nil {
		return r.finishAttempt(ctx, err)
	}
	err = r.Tx(ctx, func(tx *sqldb.Tx) error { return r.begin(ctx, tx, args) })
	if err != nil {
		return r.finishAttempt(ctx, err)
	}
	if err := plan.MayRun(ctx, b.db, r.Job, r.Clock.MS()); err != nil {
		return r.finishAttempt(ctx, err)
	}
	if r.Job.Type == job.Undo {
		return r.finishAttempt(ctx, r.undo(ctx))
	}
	return r.finishAttempt(ctx, r.readFile(ctx))
}

// run is one attempt of a job.
type run struct {
	*apply.Attempt
	bulk  *Bulk
	start record.Pos // of the file's rows
}

// begin marks the job as running. An interrupted dry run starts over, because
// its simulated members are lost.
func (r *run) begin(ctx context.Context, tx *sqldb.Tx, args runArgs) (err error) {
	if *r.Job, err = job.Lock(ctx, tx, args.CommunityID, args.JobID); err != nil {
		return err
	}
	j := r.Job
	if j.Status != job.Queued && j.Status != job.Running {
		return job.ErrLostClaim
	}
	now := r.Clock.MS()
	if j.StartedAt == 0 {
		j.StartedAt = now
	}
	if j.DryRun && j.Batches > 0 {
		j.Position, j.Batches, j.Counts, j.Hidden, j.ProcessedBytes = r.start, 0, outcome.Counts{}, job.Hidden{}, 0
		if err := outcome.Delete(ctx, tx, j.CommunityID, j.ID); err != nil {
			return err
		}
	}
	j.Status = job.Running
	return job.SetRunning(ctx, tx, j, now)
}

// readFile runs an import or update.
func (r *run) readFile(ctx context.Context) error {
	b := r.bulk
	err := apply.File(ctx, r.Attempt, apply.Deps{
		DB: b.db, Members: b.members, Ledger: b.ledger, BatchRows: apply.BatchRows(b.limits.BatchRows), Budget: b.memory,
		Open:  func(ctx context.Context) (source.File, error) { return b.openTable(ctx, r.Job, nil) },
		Spill: spill.Files{Dir: b.scratch, Log: b.log.With("job_id", r.Job.ID), ReportWait: r.Queued.ReportWait},
	})
	if err != nil {
		return err
	}
	return r.Tx(ctx, func(tx *sqldb.Tx) error { return r.finish(ctx, tx, "", nil) })
}

// undo runs an undo.
func (r *run) undo(ctx context.Context) error {
	original, err := job.Load(ctx, r.bulk.db, r.Job.CommunityID, r.Job.ParentID)
	if err != nil {
		return err
	}
	if job.Expired(&original, r.Clock.MS()) {
		return job.ErrExpired()
	}
	if err := undo.Run(ctx, r.Attempt, undo.Deps{DB: r.bulk.db, Ledger: r.bulk.ledger, Erase: r.bulk.erase}, &original); err != nil {
		return err
	}
	return r.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := job.SetUndone(ctx, tx, original.CommunityID, original.ID, r.Clock.MS()); err != nil {
			return err
		}
		if r.bulk.undone != nil {
			if err := r.bulk.undone(ctx, tx, original.CommunityID, original.ID); err != nil {
				return err
			}
		}
		return r.finish(ctx, tx, "", nil)
	})
}

// finish ends the job together with its entry in the queue, which would
// otherwise be dead after three crashes. With a code the job has failed.
func (r *run) finish(ctx context.Context, tx *sqldb.Tx, code string, cause error) error {
	j, err := job.Lock(ctx, tx, r.Job.CommunityID, r.Job.ID)
	if err != nil {
		return err
	}
	if j.Status != job.Running && (j.Status != job.Queued || code == "") {
		return job.ErrLostClaim
	}
	status, message := job.Completed, errs.Sentence{}
	if j.Counts.Failed > 0 {
		status = job.CompletedWithErrors
	}
	if j.DryRun {
		status = job.Completed
	}
	if code != "" {
		status, message = job.Failed, errs.From(cause).Sentence
	}
	if err := r.bulk.end(ctx, tx, &j, status, code, message); err != nil {
		return err
	}
	return r.Queued.Complete(ctx, tx)
}

// end stores the end of a job.
func (b *Bulk) end(ctx context.Context, tx *sqldb.Tx, j *job.Job, status, code string, message errs.Sentence) error {
	now := b.clock.MS()
	j.Status, j.ErrorCode, j.Error, j.FinishedAt, j.ExpiresAt = status, code, message, now, now+b.limits.Keep.Milliseconds()
	if status == job.Failed || status == job.Cancelled {
		if err := b.stopUnread(ctx, tx, j); err != nil {
			return err
		}
	}
	if err := job.SetEnded(ctx, tx, j); err != nil {
		return err
	}
	if err := errorgroup.Queue(ctx, tx, j); err != nil {
		return err
	}
	return event.Append(ctx, tx, now, event.Event{CommunityID: j.CommunityID, Type: EventJobFinished, Actor: j.Actor}, JobFinished{
		JobID: j.ID, JobType: string(j.Type), Status: status, DryRun: j.DryRun, Created: j.Counts.Created, Updated: j.Counts.Updated, Failed: j.Counts.Failed,
	})
}

// finishAttempt returns the result of an attempt for the queue.
func (r *run) finishAttempt(ctx context.Context, err error) error {
	switch {
	case err == nil, errors.Is(err, job.ErrLostClaim):
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, field.ErrChanged):
		return jobs.SnoozeFor(time.Second, WaitFieldChange) // continues with the new fields
	case errs.Is(err, "files_unavailable"):
		return jobs.SnoozeFor(time.Second, WaitFiles)
	case errors.Is(err, errMissing) && !r.bulk.files.Shared():
		if other, err := r.Queued.HasOtherNode(ctx); err != nil || other {
			return cmp.Or(err, jobs.ErrWrongNode)
		}
		return r.fail(ctx, errs.From(err).Code, err)
	case errors.Is(err, unpack.ErrDamaged) && !errs.Is(err, "zip_bomb"):
		return r.fail(ctx, "damaged_file", errs.New(errs.Invalid, "damaged_file", "The file is damaged after the last listed row. Repair the file and upload it again."))
	case errs.From(err) != nil && errs.KindOf(err) != errs.Unavailable && r.Job.ID != "":
		return r.fail(ctx, errs.From(err).Code, err)
	}
	return err
}

func (r *run) fail(ctx context.Context, code string, cause error) error {
	err := r.Tx(ctx, func(tx *sqldb.Tx) error { return r.finish(ctx, tx, code, cause) })
	if errors.Is(err, job.ErrLostClaim) {
		return nil
	}
	return err
}
