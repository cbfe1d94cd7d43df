package newfield

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

func insert(ctx context.Context, tx *sqldb.Tx, communityID, jobID, fieldID string) error {
	_, err := tx.Exec(ctx, "INSERT INTO bulk_fields (community_id, job_id, field_id) VALUES ($1, $2, $3)", communityID, jobID, fieldID)
	return err
}

// Of returns the ids of the fields that a job created and that no undo has deleted or
// listed as kept.
func Of(ctx context.Context, q sqldb.Querier, communityID, jobID string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT field_id FROM bulk_fields WHERE community_id = $1 AND job_id = $2 ORDER BY field_id", communityID, jobID)
}

// Forget removes a field from the list of a job.
func Forget(ctx context.Context, tx *sqldb.Tx, communityID, jobID, fieldID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM bulk_fields WHERE community_id = $1 AND job_id = $2 AND field_id = $3", communityID, jobID, fieldID)
	return err
}

// ForgetAll removes the list of a job.
func ForgetAll(ctx context.Context, tx *sqldb.Tx, communityID, jobID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM bulk_fields WHERE community_id = $1 AND job_id = $2", communityID, jobID)
	return err
}
