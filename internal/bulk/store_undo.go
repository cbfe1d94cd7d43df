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

// jobTag is a tag that a job created, with the line of the row that named it
// first.
type jobTag struct {
	id   string
	line int
}

// insertJobTags saves which tags a piece of a job created.
func insertJobTags(ctx context.Context, tx *sqldb.Tx, communityID, jobID string, p *planner) error {
	return tx.InsertRows(ctx, sqldb.Rows{Table: "bulk_tags", Columns: []string{"community_id", "job_id", "tag_id", "line"}, N: len(p.newTags), Fill: func(i int, row []any) {
		row[0], row[1], row[2], row[3] = communityID, jobID, p.newTags[i].ID, int64(p.lines[i])
	}})
}

// selectJobTags returns them by line.
func selectJobTags(ctx context.Context, q sqldb.Querier, communityID, jobID string) ([]jobTag, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (jobTag, error) {
		var t jobTag
		return t, s.Scan(&t.id, &t.line)
	}, "SELECT tag_id, line FROM bulk_tags WHERE community_id = $1 AND job_id = $2 ORDER BY line, tag_id", communityID, jobID)
}

func deleteJobTags(ctx context.Context, tx *sqldb.Tx, communityID, jobID string, tagIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM bulk_tags WHERE community_id = $1 AND job_id = $2 AND "+tx.Dialect().In("tag_id", "$3"), communityID, jobID, sqldb.Keys(tagIDs))
	return err
}

func updateOutcomes(ctx context.Context, tx *sqldb.Tx, j *job, number int64, outcomes []byte) error {
	_, err := tx.Exec(ctx, "UPDATE bulk_pieces SET outcomes = $1 WHERE community_id = $2 AND job_id = $3 AND number = $4", outcomes, j.CommunityID, j.ID, number)
	return err
}
