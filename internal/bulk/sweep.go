package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Sweep deletes what is no longer kept: row details and files of old jobs, and
// staged files nobody started. Any number of nodes may call it at any time.
func (b *Bulk) Sweep(ctx context.Context) error {
	old, err := selectExpired(ctx, b.db, b.clock.MS())
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
	lost, err := selectLost(ctx, b.db)
	if err != nil {
		return err
	}
	for i := range lost {
		err := b.db.Tx(ctx, func(tx *sqldb.Tx) error {
			j, err := lockJob(ctx, tx, lost[i].CommunityID, lost[i].ID)
			if err != nil || j.Status != Queued && j.Status != Running {
				return err
			}
			return b.end(ctx, tx, &j, Failed, gaveUp, errFailedOften.Message)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// forget drops the details of a job, and its file unless another job reads it.
// The job itself stays in the log with its counts.
func (b *Bulk) forget(ctx context.Context, j *job) error {
	err := b.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := deletePieces(ctx, tx, j.CommunityID, j.ID); err != nil {
			return err
		}
		if j.Status == draft {
			return deleteJob(ctx, tx, j.CommunityID, j.ID)
		}
		return takeFile(ctx, tx, j.CommunityID, j.ID)
	})
	if err != nil || j.FileID == "" {
		return err
	}
	used, err := b.Uses(ctx, j.FileID)
	if err != nil || used {
		return err
	}
	return b.deleteFile(j.FileID)
}

// Uses reports whether a stored file is one of a job.
func (b *Bulk) Uses(ctx context.Context, fileID string) (bool, error) {
	return fileUsed(ctx, b.db, fileID)
}

func (b *Bulk) deleteFile(fileID string) error {
	err := b.files.Delete(fileID)
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	return err
}
