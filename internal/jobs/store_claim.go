package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"

	"github.com/regulars/regulars/internal/sqldb"
)

// queue is what one look at the tables says about the work to do.
type queue struct {
	ready       map[Lane]bool
	interrupted map[Lane]bool // jobs that wait since their process ended
	runAt       int64         // of the first job that waits; 0: none
	expiry      int64         // of the lease that ends first; 0: none
}

func look(ctx context.Context, q sqldb.Querier) (queue, error) {
	var runAt, expiry sql.NullInt64
	exists := []string{}
	ready, interrupted := make([]bool, len(lanes)), make([]bool, len(lanes))
	into := []any{}
	for i, lane := range lanes {
		exists = append(exists,
			"EXISTS (SELECT 1 FROM jobs WHERE state = 'queued' AND deaths = 0 AND lane = '"+string(lane)+"')",
			"EXISTS (SELECT 1 FROM jobs WHERE state = 'queued' AND deaths > 0 AND lane = '"+string(lane)+"')")
		into = append(into, &ready[i], &interrupted[i])
	}
	err := q.QueryRow(ctx, `
		SELECT `+strings.Join(exists, ", ")+`,
			(SELECT min(run_at) FROM jobs WHERE state = 'waiting'),
			(SELECT min(lease_until) FROM jobs WHERE state = 'running')`).Scan(append(into, &runAt, &expiry)...)
	found := queue{map[Lane]bool{}, map[Lane]bool{}, runAt.Int64, expiry.Int64}
	for i, lane := range lanes {
		found.ready[lane], found.interrupted[lane] = ready[i], interrupted[i]
	}
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

// held is a job and the node that holds it.
type held struct {
	*Job
	nodeID string
}

const heldColumns = "id, kind, community_id, lane, share, attempt, max_attempts, args, errors, lease_token, node_id, deaths, refused_by"

func scanHeld(s sqldb.Scanner) (held, error) {
	h := held{Job: &Job{}}
	var args, failures string
	err := s.Scan(&h.ID, &h.Kind, &h.CommunityID, &h.Lane, &h.share, &h.Attempt, &h.MaxAttempts, &args, &failures, &h.token, &h.nodeID, &h.deaths, &h.refusedBy)
	if err != nil {
		return h, err
	}
	h.args = json.RawMessage(args)
	return h, json.Unmarshal([]byte(failures), &h.Errors)
}

// mayTake is the condition of jobs that a node may claim; nodeID and at are
// placeholders.
func mayTake(nodeID, at string) string {
	return "(refused_by = '' OR refused_until <= " + at + " OR refused_by NOT LIKE '% ' || " + nodeID + " || ' %')"
}

// claimer is the node that claims, and when.
type claimer struct {
	nodeID string
	at     int64
}

// selectShares returns shares after one that have queued jobs of a lane. It
// goes from share to share by the index: one may have a hundred thousand jobs.
func selectShares(ctx context.Context, q sqldb.Querier, by claimer, lane Lane, after share, limit int) ([]share, error) {
	return sqldb.All(ctx, q, sqldb.Value[share], `
		WITH RECURSIVE found (share, n) AS (
			SELECT min(share), 1 FROM jobs WHERE state = 'queued' AND deaths = 0 AND lane = $1 AND share > $2 AND `+mayTake("$4", "$5")+`
			UNION ALL
			SELECT (SELECT min(share) FROM jobs WHERE state = 'queued' AND deaths = 0 AND lane = $1 AND share > found.share AND `+mayTake("$4", "$5")+`), n + 1
			FROM found WHERE found.share IS NOT NULL AND n < $3
		)
		SELECT share FROM found WHERE share IS NOT NULL ORDER BY share`, string(lane), string(after), int64(limit), by.nodeID, by.at)
}

// pickShare locks the next jobs of a share, of some kinds.
func pickShare(ctx context.Context, tx *sqldb.Tx, by claimer, lane Lane, of share, kinds []string, limit int) ([]held, error) {
	d := tx.Dialect()
	return sqldb.All(ctx, tx, scanHeld, `
		SELECT `+heldColumns+` FROM jobs
		WHERE state = 'queued' AND deaths = 0 AND lane = $1 AND share = $2 AND `+d.In("kind", "$3")+` AND `+mayTake("$5", "$6")+`
		ORDER BY priority DESC, queued_at, id LIMIT $4 `+d.SkipLocked(), string(lane), string(of), sqldb.Keys(kinds), int64(limit), by.nodeID, by.at)
}

// pickInterrupted locks the job whose process ended least often without
// progress, the short ones first.
func pickInterrupted(ctx context.Context, tx *sqldb.Tx, by claimer, kinds []string, of []Lane) ([]held, error) {
	d := tx.Dialect()
	names := make([]string, len(of))
	for i, lane := range of {
		names[i] = string(lane)
	}
	return sqldb.All(ctx, tx, scanHeld, `
		SELECT `+heldColumns+` FROM jobs
		WHERE state = 'queued' AND deaths > 0 AND `+d.In("lane", "$1")+` AND `+d.In("kind", "$2")+` AND `+mayTake("$3", "$4")+`
		ORDER BY CASE lane WHEN 'short' THEN 0 WHEN 'small' THEN 1 ELSE 2 END, deaths, queued_at, id LIMIT 1 `+d.SkipLocked(),
		sqldb.Keys(names), sqldb.Keys(kinds), by.nodeID, by.at)
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
