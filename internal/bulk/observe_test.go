package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/jobs"
)

// Observe registers the worker of b on another engine and calls ended after each
// attempt, before the engine saves its result.
func Observe(engine *jobs.Engine, b *Bulk, ended func(jobID string)) {
	jobs.Register(engine, func(ctx context.Context, j *jobs.Job, args runArgs) error {
		err := b.work(ctx, j, args)
		ended(args.JobID)
		return err
	}, b.abandon)
}

// RunHere runs a job in this process to its end.
func (b *Bulk) RunHere(ctx context.Context, engine *jobs.Engine, communityID, jobID string) error {
	j, err := job.Load(ctx, b.db, communityID, jobID)
	if err != nil {
		return err
	}
	err = engine.RunUntilDone(ctx, j.QueueJobID)
	if j, loadErr := job.Load(ctx, b.db, communityID, jobID); loadErr == nil && j.Status == job.Failed {
		return nil // the status has the reason
	}
	return err
}
