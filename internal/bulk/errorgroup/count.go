package errorgroup

import (
	"context"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

// countedAtOnce is the number of failed rows that a request groups. The groups of a
// job with more are counted once after its end, and until then of its first rows.
const countedAtOnce = 5_000

// Of returns the groups of an ended job.
func Of(ctx context.Context, q sqldb.Querier, j *job.Job) (Groups, error) {
	groups, stored, err := Load(ctx, q, j.CommunityID, j.ID)
	if err != nil || stored {
		return groups, err
	}
	return Count(ctx, q, j.CommunityID, j.ID, countedAtOnce)
}

// countArgs identify an ended job with many failed rows.
type countArgs struct {
	CommunityID string `json:"communityId"`
	JobID       string `json:"jobId"`
}

// Kind is the kind of the queue job.
func (countArgs) Kind() string { return "bulk.group_errors" }

// Queue queues the count of the groups of an ended job with many failed rows.
func Queue(ctx context.Context, tx *sqldb.Tx, j *job.Job) error {
	if j.Counts.Failed <= countedAtOnce {
		return nil
	}
	o := j.QueueOptions()
	o.Unique = "bulk-groups:" + j.ID
	_, err := jobs.Insert(ctx, tx, countArgs{j.CommunityID, j.ID}, o)
	return err
}

// Register registers the worker that counts groups.
func Register(engine *jobs.Engine, db *sqldb.DB, now clock.Clock) {
	jobs.Register(engine, func(ctx context.Context, queued *jobs.Job, args countArgs) error {
		j, err := job.Load(ctx, db, args.CommunityID, args.JobID)
		if errs.KindOf(err) == errs.NotFound || err == nil && job.Expired(&j, now.MS()) {
			return nil
		}
		if err != nil {
			return err
		}
		groups, err := Count(ctx, db, j.CommunityID, j.ID, 0)
		if err != nil {
			return err
		}
		return queued.Tx(ctx, func(tx *sqldb.Tx) error { return Save(ctx, tx, j.CommunityID, j.ID, groups) })
	})
}
