package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

// selectExpired returns jobs that keep more than their time allows, the oldest
// first.
func selectExpired(ctx context.Context, q sqldb.Querier, now int64) ([]job, error) {
	return sqldb.All(ctx, q, scanJob, "SELECT "+jobColumns+` FROM bulk_jobs
		WHERE expires_at > 0 AND expires_at <= $1 AND (status = 'draft' OR file_id <> ''
			OR type = 'undo' AND EXISTS (SELECT 1 FROM bulk_pieces p WHERE p.community_id = bulk_jobs.community_id AND p.job_id = bulk_jobs.id)) ORDER BY expires_at LIMIT 1000`, now)
}

// selectLost returns jobs that have not ended and that the queue has not.
func selectLost(ctx context.Context, q sqldb.Querier) ([]job, error) {
	return sqldb.All(ctx, q, scanJob, "SELECT "+jobColumns+` FROM bulk_jobs WHERE status IN ('queued', 'running')
		AND NOT EXISTS (SELECT 1 FROM jobs q WHERE q.id = bulk_jobs.queue_job_id AND q.finished_at = 0)`)
}

// deletePieces deletes the row details of a job, and its list of created tags.
func deletePieces(ctx context.Context, tx *sqldb.Tx, communityID, jobID string) error {
	if _, err := tx.Exec(ctx, "DELETE FROM bulk_tags WHERE community_id = $1 AND job_id = $2", communityID, jobID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "DELETE FROM bulk_pieces WHERE community_id = $1 AND job_id = $2", communityID, jobID)
	return err
}

func deleteJob(ctx context.Context, tx *sqldb.Tx, communityID, jobID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM bulk_jobs WHERE community_id = $1 AND id = $2", communityID, jobID)
	return err
}

// takeFile makes a job one without a file.
func takeFile(ctx context.Context, tx *sqldb.Tx, communityID, jobID string) error {
	_, err := tx.Exec(ctx, "UPDATE bulk_jobs SET file_id = '' WHERE community_id = $1 AND id = $2", communityID, jobID)
	return err
}

func fileUsed(ctx context.Context, q sqldb.Querier, fileID string) (bool, error) {
	n, err := sqldb.One(ctx, q, "job", sqldb.Value[int], "SELECT count(*) FROM bulk_jobs WHERE file_id = $1", fileID)
	return n > 0, err
}
