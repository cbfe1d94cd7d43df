package correction

import (
	"context"

	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/sqldb"
)

func insert(ctx context.Context, tx *sqldb.Tx, communityID, jobID string, list []source.Correction) error {
	for _, c := range list {
		_, err := tx.Exec(ctx, `INSERT INTO bulk_corrections (community_id, job_id, line, cell, text) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (community_id, job_id, line, cell) DO UPDATE SET text = excluded.text`, communityID, jobID, int64(c.Line), int64(c.Cell), c.Text)
		if err != nil {
			return err
		}
	}
	return nil
}

// Load returns the corrections of a staged file or a job, in order.
func Load(ctx context.Context, q sqldb.Querier, communityID, jobID string) ([]source.Correction, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (c source.Correction, err error) {
		err = s.Scan(&c.Line, &c.Cell, &c.Text)
		return c, err
	}, "SELECT line, cell, text FROM bulk_corrections WHERE community_id = $1 AND job_id = $2 ORDER BY line, cell", communityID, jobID)
}

// Pending counts the corrections of a staged file that its job does not have.
func Pending(ctx context.Context, q sqldb.Querier, communityID, draftID, jobID string) (int64, error) {
	return sqldb.One(ctx, q, "correction", sqldb.Value[int64], `SELECT count(*) FROM bulk_corrections d WHERE d.community_id = $1 AND d.job_id = $2
		AND NOT EXISTS (SELECT 1 FROM bulk_corrections j WHERE j.community_id = $1 AND j.job_id = $3 AND j.line = d.line AND j.cell = d.cell AND j.text = d.text)`,
		communityID, draftID, jobID)
}

// Copy copies the corrections of a staged file or a job to a new job.
func Copy(ctx context.Context, tx *sqldb.Tx, communityID, from, to string) error {
	_, err := tx.Exec(ctx, `INSERT INTO bulk_corrections (community_id, job_id, line, cell, text)
		SELECT community_id, CAST($3 AS TEXT), line, cell, text FROM bulk_corrections WHERE community_id = $1 AND job_id = $2`, communityID, from, to)
	return err
}

// Delete deletes the corrections of a staged file or a job.
func Delete(ctx context.Context, tx *sqldb.Tx, communityID, jobID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM bulk_corrections WHERE community_id = $1 AND job_id = $2", communityID, jobID)
	return err
}
