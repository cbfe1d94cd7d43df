package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Sweep deletes what is no longer kept: row details and files of old jobs, and
// staged files nobody started. Any number of nodes may call it at any time.
func (b *Bulk) Sweep(ctx context.Context) error {
	now := b.clock.MS()
	old, err := sqldb.All(ctx, b.db, scanJob, "SELECT "+jobColumns+` FROM bulk_jobs
		WHERE expires_at > 0 AND expires_at <= $1 AND (status = 'draft' OR file_id <> ''
			OR type = 'undo' AND EXISTS (SELECT 1 FROM bulk_pieces p WHERE p.community_id = bulk_jobs.community_id AND p.job_id = bulk_jobs.id)) ORDER BY expires_at LIMIT 1000`, now)
	if err != nil {
		return err
	}
	for i := range old {
		if err := b.forget(ctx, &old[i]); err != nil {
			return err
		}
	}
	return b.endLost(ctx)
}

// endLost ends jobs that the queue has given up: a process that dies at a job
// again and again never comes to write its end.
func (b *Bulk) endLost(ctx context.Context) error {
	lost, err := sqldb.All(ctx, b.db, scanJob, "SELECT "+jobColumns+` FROM bulk_jobs WHERE status IN ('queued', 'running')
		AND NOT EXISTS (SELECT 1 FROM jobs q WHERE q.id = bulk_jobs.queue_job_id AND q.finished_at = 0)`)
	if err != nil {
		return err
	}
	for i := range lost {
		err := b.db.Tx(ctx, func(tx *sqldb.Tx) error {
			j, err := lockJob(ctx, tx, lost[i].CommunityID, lost[i].ID)
			if err != nil || j.Status != Queued && j.Status != Running {
				return err
			}
			return b.end(ctx, tx, &j, Failed, errGaveUp.Code, errGaveUp.Message)
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
		if _, err := tx.Exec(ctx, "DELETE FROM bulk_pieces WHERE community_id = $1 AND job_id = $2", j.CommunityID, j.ID); err != nil {
			return err
		}
		if j.Status == draft {
			_, err := tx.Exec(ctx, "DELETE FROM bulk_jobs WHERE community_id = $1 AND id = $2", j.CommunityID, j.ID)
			return err
		}
		_, err := tx.Exec(ctx, "UPDATE bulk_jobs SET file_id = '' WHERE community_id = $1 AND id = $2", j.CommunityID, j.ID)
		return err
	})
	if err != nil || j.FileID == "" {
		return err
	}
	used, err := b.fileUsed(ctx, j.FileID)
	if err != nil || used {
		return err
	}
	return b.deleteFile(j.FileID)
}

func (b *Bulk) fileUsed(ctx context.Context, fileID string) (bool, error) {
	n, err := sqldb.One(ctx, b.db, "job", sqldb.Value[int], "SELECT count(*) FROM bulk_jobs WHERE file_id = $1", fileID)
	return n > 0, err
}

// Uses reports whether a stored file is one of a job.
func (b *Bulk) Uses(ctx context.Context, fileID string) (bool, error) { return b.fileUsed(ctx, fileID) }

func (b *Bulk) deleteFile(fileID string) error {
	err := b.files.Delete(fileID)
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	return err
}
