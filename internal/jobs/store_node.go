package jobs

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// seeNode writes down that a node lives, and forgets those that have not for
// a day.
func seeNode(ctx context.Context, tx *sqldb.Tx, nodeID string, at int64) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO job_nodes (id, started_at, seen_at) VALUES ($1, $2, $2)
		ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`, nodeID, at)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "DELETE FROM job_nodes WHERE seen_at < $1", at-dayMS)
	return err
}

func removeNode(ctx context.Context, q sqldb.Querier, nodeID string) error {
	_, err := q.Exec(ctx, "DELETE FROM job_nodes WHERE id = $1", nodeID)
	return err
}

func removeNodes(ctx context.Context, tx *sqldb.Tx) error {
	_, err := tx.Exec(ctx, "DELETE FROM job_nodes")
	return err
}

func liveNodes(ctx context.Context, q sqldb.Querier, since int64) (int, error) {
	return sqldb.One(ctx, q, "count", sqldb.Value[int], "SELECT count(*) FROM job_nodes WHERE seen_at >= $1", since)
}

func liveNodeIDs(ctx context.Context, q sqldb.Querier, since int64) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT id FROM job_nodes WHERE seen_at >= $1", since)
}

func countOthers(ctx context.Context, q sqldb.Querier, nodeID string) (int, error) {
	return sqldb.One(ctx, q, "count", sqldb.Value[int], "SELECT count(*) FROM job_nodes WHERE id <> $1", nodeID)
}

// moveSchedule reports whether the caller is the first to reach a tick.
func moveSchedule(ctx context.Context, tx *sqldb.Tx, name string, tick int64) (bool, error) {
	moved, err := tx.Exec(ctx, `
		INSERT INTO job_schedules (name, tick) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET tick = excluded.tick WHERE job_schedules.tick < excluded.tick`, name, tick)
	return moved == 1, err
}

// lastTick returns the tick a schedule has reached, 0 if it is new.
func lastTick(ctx context.Context, q sqldb.Querier, name string) (int64, error) {
	tick, err := sqldb.One(ctx, q, "schedule", sqldb.Value[int64], "SELECT tick FROM job_schedules WHERE name = $1", name)
	if errs.KindOf(err) == errs.NotFound {
		return 0, nil
	}
	return tick, err
}

// diedSince reports whether a job with a unique key was given up after a time,
// since its process ended again and again.
func diedSince(ctx context.Context, q sqldb.Querier, kind, unique string, since int64) (bool, error) {
	n, err := sqldb.One(ctx, q, "count", sqldb.Value[int], `
		SELECT count(*) FROM jobs WHERE finished_at <> 0 AND finished_at > $1 AND kind = $2 AND unique_key = $3 AND state = 'dead' AND deaths >= $4`,
		since, kind, unique, int64(MaxDeaths))
	return n > 0, err
}

// forget removes jobs that ended, dead or cancelled, before a time.
func forget(ctx context.Context, tx *sqldb.Tx, before int64) error {
	_, err := tx.Exec(ctx, "DELETE FROM jobs WHERE finished_at <> 0 AND finished_at < $1", before)
	return err
}
