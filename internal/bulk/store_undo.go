package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

func setUndone(ctx context.Context, tx *sqldb.Tx, communityID, jobID string, now int64) error {
	_, err := tx.Exec(ctx, "UPDATE bulk_jobs SET status = 'undone', updated_at = $1 WHERE community_id = $2 AND id = $3", now, communityID, jobID)
	return err
}

// undosOf returns the ids of the jobs that take a job back.
func undosOf(ctx context.Context, q sqldb.Querier, communityID, jobID string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT id FROM bulk_jobs WHERE community_id = $1 AND origin_id = $2 AND type = 'undo'", communityID, jobID)
}

// countOpenUndos counts those of them that have not ended.
func countOpenUndos(ctx context.Context, q sqldb.Querier, communityID, jobID string) (int, error) {
	return sqldb.One(ctx, q, "job", sqldb.Value[int], `SELECT count(*) FROM bulk_jobs
		WHERE community_id = $1 AND origin_id = $2 AND type = 'undo' AND status IN ('queued', 'running')`, communityID, jobID)
}

// applicationsOf returns the ids of the jobs that apply a plan, or did and were
// not undone. One that ended before it did anything is none.
func applicationsOf(ctx context.Context, q sqldb.Querier, communityID, planID string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], `SELECT id FROM bulk_jobs WHERE community_id = $1 AND origin_id = $2 AND status NOT IN ('draft', 'undone')
		AND NOT (status IN ('failed', 'cancelled') AND pieces = 0) ORDER BY id DESC`, communityID, planID)
}
