package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/bulk/correction"
	"github.com/regulars/regulars/internal/bulk/errorgroup"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/jobmember"
	"github.com/regulars/regulars/internal/bulk/newfield"
	"github.com/regulars/regulars/internal/bulk/outcome"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Sweep deletes expired row details, files and staged files. Any number of nodes
// may call it at any time.
func (b *Bulk) Sweep(ctx context.Context) error {
	old, err := job.SelectExpired(ctx, b.db, b.clock.MS())
	if err != nil {
		return err
	}
	for i := range old {
		if err := b.forget(ctx, &old[i]); err != nil {
			return err
		}
	}
	if err := b.sweepWithheld(ctx); err != nil {
		return err
	}
	return b.endLost(ctx)
}

// endLost ends jobs without a job in the queue, such as those that an earlier
// version gave up.
func (b *Bulk) endLost(ctx context.Context) error {
	lost, err := job.SelectLost(ctx, b.db)
	if err != nil {
		return err
	}
	for i := range lost {
		err := b.db.Tx(ctx, func(tx *sqldb.Tx) error {
			j, err := job.Lock(ctx, tx, lost[i].CommunityID, lost[i].ID)
			if err != nil || j.Status != job.Queued && j.Status != job.Running {
				return err
			}
			return b.end(ctx, tx, &j, job.Failed, gaveUp, errFailedOften.Sentence)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// forget deletes the details of a job, and its file unless another job has it.
// The job stays in the list with its counts.
func (b *Bulk) forget(ctx context.Context, j *job.Job) error {
	err := b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := outcome.Delete(ctx, tx, j.CommunityID, j.ID); err != nil {
			return err
		}
		if err := correction.Delete(ctx, tx, j.CommunityID, j.ID); err != nil {
			return err
		}
		if err := errorgroup.Delete(ctx, tx, j.CommunityID, j.ID); err != nil {
			return err
		}
		if err := jobmember.Delete(ctx, tx, j.CommunityID, j.ID); err != nil {
			return err
		}
		if err := newfield.ForgetAll(ctx, tx, j.CommunityID, j.ID); err != nil {
			return err
		}
		if j.Status == job.Draft {
			return job.Delete(ctx, tx, j.CommunityID, j.ID)
		}
		return job.ClearFile(ctx, tx, j.CommunityID, j.ID)
	})
	if err != nil || j.FileID == "" {
		return err
	}
	used, err := b.Uses(ctx, j.FileID)
	if err != nil || used {
		return err
	}
	return b.deleteFile(ctx, j.FileID)
}

// Uses reports whether a stored file belongs to a job.
func (b *Bulk) Uses(ctx context.Context, fileID string) (bool, error) {
	return job.FileUsed(ctx, b.db, fileID)
}

func (b *Bulk) deleteFile(ctx context.Context, fileID string) error {
	err := b.files.Delete(ctx, fileID)
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	return err
}
