package apply

import (
	"context"
	"log/slog"
	"time"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/outage"
	"github.com/regulars/regulars/internal/sqldb"
)

// Attempt is one attempt at a bulk job.
type Attempt struct {
	Queued   *jobs.Job
	Job      *job.Job
	Clock    clock.Clock
	Log      *slog.Logger
	Database *outage.Log        // may be nil
	Watch    *sqldb.ChangeWatch // does not count the transactions of the attempt
	Limiter  *sqldb.BatchLimiter
}

// Tx runs f in a transaction that commits only with the lease of the job. It
// retries while the database is unavailable or its disk is full, and after lost
// races for a unique key.
func (a *Attempt) Tx(ctx context.Context, f func(*sqldb.Tx) error, options ...sqldb.TxOption) error {
	options = append(options, a.Watch)
	races := 0
	resume := func() {}
	defer func() { resume() }()
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := a.Queued.Tx(ctx, f, options...)
		switch {
		case err == nil || ctx.Err() != nil:
			return err
		case sqldb.IsDuplicate(err) && !IsRejected(err) && races < 10:
			races++ // lost a race for a unique key; retry
			continue
		case !sqldb.IsUnavailable(err):
			return err
		}
		reason := jobs.WaitDatabase
		if sqldb.IsDiskFull(err) {
			reason = jobs.WaitDisk
		}
		a.Database.Failed(ctx, err, "task", "bulk job", "job_id", a.Job.ID, "reason", reason)
		resume = a.Queued.ReportWait(reason)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// Record stores the outcomes of a batch and appends the event if members
// changed.
func (a *Attempt) Record(ctx context.Context, tx *sqldb.Tx, done *outcome.Batch) error {
	if err := outcome.Insert(ctx, tx, a.Job.CommunityID, a.Job.ID, done); err != nil {
		return err
	}
	return a.appendEvent(ctx, tx, done)
}

// mayYield reports whether the job can continue later. A dry run starts over, so
// it yields only to move to the lane of large files.
func (a *Attempt) mayYield() bool { return !a.Job.DryRun || a.Queued.Lane == jobs.Small }
