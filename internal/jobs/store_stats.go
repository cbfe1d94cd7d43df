package jobs

import (
	"context"
	"encoding/json"

	"github.com/regulars/regulars/internal/sqldb"
)

func countByState(ctx context.Context, q sqldb.Querier) (s Stats, err error) {
	err = q.QueryRow(ctx, `
		SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'queued'),
			count(*) FILTER (WHERE state = 'running'), count(*) FILTER (WHERE state = 'dead'),
			count(*) FILTER (WHERE state = 'cancelled')
		FROM jobs`).Scan(&s.Waiting, &s.Queued, &s.Running, &s.Dead, &s.Cancelled)
	return s, err
}

const entryColumns = "id, kind, community_id, state, attempt, max_attempts, errors, args, created_at, run_at, finished_at, cancel_asked"

func scanEntry(s sqldb.Scanner) (e Entry, err error) {
	var failures string
	err = s.Scan(&e.ID, &e.Kind, &e.CommunityID, &e.State, &e.Attempt, &e.MaxAttempts, &failures, &e.Args, &e.CreatedAt, &e.RunAt, &e.FinishedAt, &e.cancelAsked)
	if err != nil {
		return e, err
	}
	return e, json.Unmarshal([]byte(failures), &e.Errors)
}

func find(ctx context.Context, q sqldb.Querier, jobID string) (Entry, error) {
	return sqldb.One(ctx, q, "job", scanEntry, "SELECT "+entryColumns+" FROM jobs WHERE id = $1", jobID)
}

// selectDead returns the jobs that were given up, the latest first.
func selectDead(ctx context.Context, q sqldb.Querier, limit int) ([]Entry, error) {
	return sqldb.All(ctx, q, scanEntry,
		"SELECT "+entryColumns+" FROM jobs WHERE state = 'dead' AND finished_at <> 0 ORDER BY finished_at DESC, id DESC LIMIT $1", int64(limit))
}

// revive reports whether there was a dead job to queue again.
func revive(ctx context.Context, tx *sqldb.Tx, jobID string) (bool, error) {
	revived, err := tx.Exec(ctx, "UPDATE jobs SET state = 'queued', attempt = 0, finished_at = 0, cancel_asked = FALSE WHERE id = $1 AND state = 'dead'", jobID)
	return revived > 0, err
}
