package jobs

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/regulars/regulars/internal/sqldb"
)

// queue is what one look at the tables says about the work to do.
type queue struct {
	ready  bool
	runAt  int64 // of the first job that waits; 0: none
	expiry int64 // of the lease that ends first; 0: none
}

func look(ctx context.Context, q sqldb.Querier) (queue, error) {
	var found queue
	var runAt, expiry sql.NullInt64
	err := q.QueryRow(ctx, `
		SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'queued'),
			(SELECT min(run_at) FROM jobs WHERE state = 'waiting'),
			(SELECT min(lease_until) FROM jobs WHERE state = 'running')`).Scan(&found.ready, &runAt, &expiry)
	found.runAt, found.expiry = runAt.Int64, expiry.Int64
	return found, err
}

// promote queues the jobs whose time has come.
func promote(ctx context.Context, tx *sqldb.Tx, at int64) error {
	_, err := tx.Exec(ctx, `
		WITH due AS MATERIALIZED (
			SELECT id FROM jobs WHERE state = 'waiting' AND run_at <= $1 ORDER BY run_at LIMIT 1000 `+tx.Dialect().SkipLocked()+`)
		UPDATE jobs SET state = 'queued' WHERE id IN (SELECT id FROM due)`, at)
	return err
}

// held is a job with the columns that a worker or its end needs.
type held struct {
	Job
	nodeID     string
	progressed bool
}

const heldColumns = "id, kind, community_id, attempt, max_attempts, args, errors, lease_token, node_id, progressed"

func scanHeld(s sqldb.Scanner) (h held, err error) {
	var args, failures string
	err = s.Scan(&h.ID, &h.Kind, &h.CommunityID, &h.Attempt, &h.MaxAttempts, &args, &failures, &h.token, &h.nodeID, &h.progressed)
	if err != nil {
		return h, err
	}
	h.args = json.RawMessage(args)
	return h, json.Unmarshal([]byte(failures), &h.Errors)
}

// pick locks the next jobs of some kinds.
func pick(ctx context.Context, tx *sqldb.Tx, kinds []string, limit int) ([]held, error) {
	d := tx.Dialect()
	return sqldb.All(ctx, tx, scanHeld, `
		SELECT `+heldColumns+` FROM jobs
		WHERE state = 'queued' AND `+d.In("kind", "$1")+`
		ORDER BY priority DESC, id LIMIT $2 `+d.SkipLocked(), sqldb.Keys(kinds), int64(limit))
}

// pickHeads locks the next job of each community but the full ones. It goes
// from community to community by the index: a full one may have a hundred
// thousand jobs in front.
func pickHeads(ctx context.Context, tx *sqldb.Tx, kinds, full []string, limit int) ([]held, error) {
	d := tx.Dialect()
	return sqldb.All(ctx, tx, scanHeld, `
		WITH RECURSIVE communities (id) AS (
			SELECT min(community_id) FROM jobs WHERE state = 'queued'
			UNION ALL
			SELECT (SELECT min(community_id) FROM jobs WHERE state = 'queued' AND community_id > communities.id)
			FROM communities WHERE communities.id IS NOT NULL
		), heads AS MATERIALIZED (
			SELECT (SELECT id FROM jobs WHERE state = 'queued' AND community_id = communities.id AND `+d.In("kind", "$1")+`
				ORDER BY priority DESC, id LIMIT 1) AS id
			FROM communities WHERE communities.id IS NOT NULL AND NOT (`+d.In("communities.id", "$2")+`)
		)
		SELECT `+heldColumns+` FROM jobs WHERE state = 'queued' AND id IN (SELECT id FROM heads)
		ORDER BY priority DESC, id LIMIT $3 `+d.SkipLocked(), sqldb.Keys(kinds), sqldb.Keys(full), int64(limit))
}

// pickOne locks one job if no worker holds it and its time has come.
func pickOne(ctx context.Context, tx *sqldb.Tx, jobID string, at int64) ([]held, error) {
	return sqldb.All(ctx, tx, scanHeld, `
		SELECT `+heldColumns+` FROM jobs
		WHERE id = $1 AND run_at <= $2 AND state IN ('queued', 'waiting') `+tx.Dialect().SkipLocked(), jobID, at)
}

// take gives picked jobs to a node.
func take(ctx context.Context, tx *sqldb.Tx, ids []string, nodeID, token string, leaseUntil int64) error {
	_, err := tx.Exec(ctx, `
		UPDATE jobs SET state = 'running', attempt = attempt + 1, progressed = FALSE, run_at = 0,
			node_id = $2, lease_token = $3, lease_until = $4
		WHERE `+tx.Dialect().In("id", "$1"), sqldb.Keys(ids), nodeID, token, leaseUntil)
	return err
}

// expired locks the jobs whose worker has not been heard of in time.
func expired(ctx context.Context, tx *sqldb.Tx, at int64) ([]held, error) {
	return sqldb.All(ctx, tx, scanHeld, `
		SELECT `+heldColumns+` FROM jobs
		WHERE state = 'running' AND lease_until < $1 ORDER BY lease_until LIMIT 100 `+tx.Dialect().SkipLocked(), at)
}

// allRunning is every job that some worker holds.
func allRunning(ctx context.Context, tx *sqldb.Tx) ([]held, error) {
	return sqldb.All(ctx, tx, scanHeld, "SELECT "+heldColumns+" FROM jobs WHERE state = 'running' "+tx.Dialect().SkipLocked())
}

// beat makes the leases of jobs longer, each only under its token. A job whose
// row is locked is passed over: its own transaction does that.
func beat(ctx context.Context, tx *sqldb.Tx, ids, idsWithTokens []string, leaseUntil int64) error {
	d := tx.Dialect()
	_, err := tx.Exec(ctx, `
		WITH mine AS MATERIALIZED (
			SELECT id FROM jobs WHERE `+d.In("id", "$1")+` AND `+d.In("id || lease_token", "$2")+` `+d.SkipLocked()+`)
		UPDATE jobs SET lease_until = $3 WHERE id IN (SELECT id FROM mine)`, sqldb.Keys(ids), sqldb.Keys(idsWithTokens), leaseUntil)
	return err
}

// lease is what a heartbeat reads back.
type lease struct {
	jobID, token string
	cancelAsked  bool
}

func leases(ctx context.Context, q sqldb.Querier, nodeID string) ([]lease, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (l lease, err error) {
		return l, s.Scan(&l.jobID, &l.token, &l.cancelAsked)
	}, "SELECT id, lease_token, cancel_asked FROM jobs WHERE node_id = $1 AND state = 'running'", nodeID)
}
