package bulk

import (
	"context"

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
