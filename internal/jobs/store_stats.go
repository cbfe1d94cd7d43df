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

const entryColumns = "id, kind, community_id, state, attempt, max_attempts, errors, args, created_at, run_at, finished_at, cancel_asked, deaths"

func scanEntry(s sqldb.Scanner) (e Entry, err error) {
	var failures string
	err = s.Scan(&e.ID, &e.Kind, &e.CommunityID, &e.State, &e.Attempt, &e.MaxAttempts, &failures, &e.Args, &e.CreatedAt, &e.RunAt, &e.FinishedAt, &e.cancelAsked, &e.Deaths)
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
func revive(ctx context.Context, tx *sqldb.Tx, jobID string, at int64) (bool, error) {
	revived, err := tx.Exec(ctx, `
		UPDATE jobs SET state = 'queued', attempt = 0, deaths = 0, finished_at = 0, cancel_asked = FALSE, queued_at = $2, wait_reason = '', refused_by = ''
		WHERE id = $1 AND state = 'dead'`, jobID, at)
	return revived > 0, err
}

// dismiss reports whether there was a dead job to delete.
func dismiss(ctx context.Context, q sqldb.Querier, jobID string) (bool, error) {
	deleted, err := q.Exec(ctx, "DELETE FROM jobs WHERE id = $1 AND state = 'dead'", jobID)
	return deleted > 0, err
}

func countByKind(ctx context.Context, q sqldb.Querier) ([]KindStats, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (k KindStats, err error) {
		return k, s.Scan(&k.Kind, &k.Waiting, &k.Dead, &k.OldestAt)
	}, `
		SELECT kind, count(*) FILTER (WHERE state IN ('queued', 'waiting')), count(*) FILTER (WHERE state = 'dead'),
			COALESCE(min(queued_at) FILTER (WHERE state = 'queued'), 0)
		FROM jobs GROUP BY kind ORDER BY kind`)
}

// waitRow is what Waits reads of a job.
type waitRow struct {
	id, state  string
	lane       Lane
	share      share
	deaths     int64
	reason     string
	queuedAt   int64
	runAt      int64
	leaseUntil int64

	refusedBy    string
	refusedUntil int64
}

func selectWaits(ctx context.Context, q sqldb.Querier, ids []string) ([]waitRow, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (w waitRow, err error) {
		return w, s.Scan(&w.id, &w.state, &w.lane, &w.share, &w.deaths, &w.reason, &w.queuedAt, &w.runAt, &w.leaseUntil, &w.refusedBy, &w.refusedUntil)
	}, "SELECT id, state, lane, share, deaths, wait_reason, queued_at, run_at, lease_until, refused_by, refused_until FROM jobs WHERE finished_at = 0 AND "+q.Dialect().In("id", "$1"), sqldb.Keys(ids))
}

// runningShares counts the running jobs of all nodes by lane and share.
func runningShares(ctx context.Context, q sqldb.Querier) (map[Lane]map[share]int, error) {
	found := map[Lane]map[share]int{}
	_, err := sqldb.All(ctx, q, func(s sqldb.Scanner) (none struct{}, err error) {
		var lane Lane
		var of share
		if err := s.Scan(&lane, &of); err != nil {
			return none, err
		}
		if found[lane] == nil {
			found[lane] = map[share]int{}
		}
		found[lane][of]++
		return none, nil
	}, "SELECT lane, share FROM jobs WHERE state = 'running'")
	return found, err
}
