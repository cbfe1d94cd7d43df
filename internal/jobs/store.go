package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// The states of a job. A job that is done has no row.
const (
	waiting   = "waiting"
	queued    = "queued"
	running   = "running"
	dead      = "dead"
	cancelled = "cancelled"
)

// row is a job to insert.
type row struct {
	id, kind, args, communityID, unique, state string
	lane                                       Lane
	share                                      share
	priority, maxAttempts                      int
	runAt, createdAt                           int64
}

var insertColumns = []string{
	"id", "kind", "community_id", "unique_key", "state", "priority", "run_at", "attempt", "max_attempts", "args",
	"errors", "cancel_requested", "progressed", "node_id", "lease_token", "lease_until", "created_at", "finished_at",
	"lane", "share", "crashes", "position", "queued_at", "wait_reason", "rejected_by", "rejected_until",
}

func (r row) fill(values []any) {
	copy(values, []any{
		r.id, r.kind, r.communityID, r.unique, r.state, int64(r.priority), r.runAt, int64(0), int64(r.maxAttempts), r.args,
		"[]", false, false, "", "", int64(0), r.createdAt, int64(0),
		string(r.lane), string(r.share), int64(0), int64(0), r.createdAt, "", "", int64(0),
	})
}

func insertRows(ctx context.Context, tx *sqldb.Tx, rows []row) error {
	return tx.InsertRows(ctx, sqldb.Rows{Table: "jobs", Columns: insertColumns, N: len(rows), Fill: func(i int, values []any) { rows[i].fill(values) }})
}

// insertUnique returns the id of the new row, or of the existing job with the
// unique key. It retries if that job ends between the two statements.
func insertUnique(ctx context.Context, tx *sqldb.Tx, r row) (string, error) {
	args := make([]any, len(insertColumns))
	r.fill(args)
	for range 10 {
		inserted, err := tx.Exec(ctx, `
			INSERT INTO jobs (`+strings.Join(insertColumns, ", ")+`)
			VALUES (`+sqldb.Placeholders(1, len(args))+`)
			ON CONFLICT (kind, unique_key) WHERE unique_key <> '' AND finished_at = 0 DO NOTHING`, args...)
		if err != nil || inserted == 1 {
			return r.id, err
		}
		other, err := sqldb.One(ctx, tx, "job", sqldb.Value[string],
			"SELECT id FROM jobs WHERE kind = $1 AND unique_key = $2 AND finished_at = 0", r.kind, r.unique)
		if err == nil || errs.KindOf(err) != errs.NotFound {
			return other, err
		}
	}
	return "", errors.New("jobs with the same unique key keep ending: try again")
}

// wake queues a waiting job. It reports whether a job is queued now, and locks
// it until the end of tx.
func wake(ctx context.Context, tx *sqldb.Tx, kind, unique string, at int64) (bool, error) {
	woken, err := tx.Exec(ctx, `
		UPDATE jobs SET queued_at = CASE WHEN state = 'queued' THEN queued_at ELSE CAST($3 AS BIGINT) END, state = 'queued', run_at = 0, wait_reason = ''
		WHERE kind = $1 AND unique_key = $2 AND finished_at = 0 AND unique_key <> '' AND state IN ('queued', 'waiting')`, kind, unique, at)
	return woken > 0, err
}

func cancel(ctx context.Context, tx *sqldb.Tx, jobID string, at int64) error {
	_, err := tx.Exec(ctx, `
		UPDATE jobs SET cancel_requested = TRUE,
			finished_at = CASE WHEN state = 'running' THEN 0 ELSE CAST($2 AS BIGINT) END,
			state = CASE WHEN state = 'running' THEN state ELSE 'cancelled' END
		WHERE id = $1 AND finished_at = 0`, jobID, at)
	return err
}

// fence fails with ErrLeaseLost unless the worker holds the lease of j. It
// renews the lease and locks the job until the end of tx.
func fence(ctx context.Context, tx *sqldb.Tx, j *Job, leaseUntil int64) error {
	held, err := tx.Exec(ctx, "UPDATE jobs SET lease_until = $3 WHERE id = $1 AND lease_token = $2", j.ID, j.token, leaseUntil)
	if err == nil && held == 0 {
		return ErrLeaseLost
	}
	return err
}

// advance raises the position of a job and reports whether it was lower.
func advance(ctx context.Context, tx *sqldb.Tx, jobID, token string, position int64) (bool, error) {
	moved, err := tx.Exec(ctx, `
		UPDATE jobs SET position = $3, crashes = 0, progressed = TRUE
		WHERE id = $1 AND lease_token = $2 AND position < $3`, jobID, token, position)
	return moved > 0, err
}

func incrementPosition(ctx context.Context, tx *sqldb.Tx, jobID, token string) error {
	_, err := tx.Exec(ctx, `
		UPDATE jobs SET position = position + 1, crashes = 0, progressed = TRUE
		WHERE id = $1 AND lease_token = $2`, jobID, token)
	return err
}

// deleteDone deletes jobs, each only under its lease token.
func deleteDone(ctx context.Context, tx *sqldb.Tx, ids, idsWithTokens []string) error {
	d := tx.Dialect()
	_, err := tx.Exec(ctx, "DELETE FROM jobs WHERE "+d.In("id", "$1")+" AND "+d.In("id || lease_token", "$2"), sqldb.Keys(ids), sqldb.Keys(idsWithTokens))
	return err
}

// transition is the new state of a job after an attempt that did not complete
// it.
type transition struct {
	state      string
	runAt      int64
	attempt    int
	errors     []Failure
	lane       Lane
	waitReason string // for Wait, if the job waits
	crashes    int64  // 1 if the process ended

	rejected      bool   // the worker returned ErrWrongNode
	rejectedBy    string // see Job.rejectedBy
	rejectedUntil int64
}

// saveTransition saves the new state and reports whether the worker held the
// lease. A job with a request to cancel is cancelled instead of being queued.
func saveTransition(ctx context.Context, tx *sqldb.Tx, jobID, token string, t transition, at int64) (held bool, err error) {
	packed, err := json.Marshal(t.errors)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(ctx, `
		UPDATE jobs SET
			state = CASE WHEN cancel_requested AND $3 <> 'dead' THEN 'cancelled' ELSE $3 END,
			finished_at = CASE WHEN cancel_requested OR $3 = 'dead' OR $3 = 'cancelled' THEN CAST($7 AS BIGINT) ELSE 0 END,
			run_at = $4, attempt = $5, errors = $6, node_id = '', lease_token = '', lease_until = 0,
			lane = $8, wait_reason = $9, crashes = crashes + $10, queued_at = CAST($7 AS BIGINT),
			rejected_by = $11, rejected_until = $12
		WHERE id = $1 AND lease_token = $2`,
		jobID, token, t.state, t.runAt, int64(t.attempt), string(packed), at, string(t.lane), t.waitReason, t.crashes, t.rejectedBy, t.rejectedUntil)
	return n > 0, err
}

// queueState summarizes the jobs table.
type queueState struct {
	ready       map[Lane]bool
	interrupted map[Lane]bool // jobs interrupted by the end of their process
	runAt       int64         // of the first waiting job; 0 for none
	expiry      int64         // of the first lease to expire; 0 for none
}

func selectQueueState(ctx context.Context, q sqldb.Querier) (queueState, error) {
	var runAt, expiry sql.NullInt64
	exists := []string{}
	ready, interrupted := make([]bool, len(lanes)), make([]bool, len(lanes))
	dest := []any{}
	for i, lane := range lanes {
		exists = append(exists,
			"EXISTS (SELECT 1 FROM jobs WHERE state = 'queued' AND crashes = 0 AND lane = '"+string(lane)+"')",
			"EXISTS (SELECT 1 FROM jobs WHERE state = 'queued' AND crashes > 0 AND lane = '"+string(lane)+"')")
		dest = append(dest, &ready[i], &interrupted[i])
	}
	err := q.QueryRow(ctx, `
		SELECT `+strings.Join(exists, ", ")+`,
			(SELECT min(run_at) FROM jobs WHERE state = 'waiting'),
			(SELECT min(lease_until) FROM jobs WHERE state = 'running')`).Scan(append(dest, &runAt, &expiry)...)
	found := queueState{map[Lane]bool{}, map[Lane]bool{}, runAt.Int64, expiry.Int64}
	for i, lane := range lanes {
		found.ready[lane], found.interrupted[lane] = ready[i], interrupted[i]
	}
	return found, err
}

// queueDue queues the waiting jobs that are due.
func queueDue(ctx context.Context, tx *sqldb.Tx, at int64) error {
	_, err := tx.Exec(ctx, `
		WITH due AS MATERIALIZED (
			SELECT id FROM jobs WHERE state = 'waiting' AND run_at <= $1 ORDER BY run_at LIMIT 1000 `+tx.Dialect().SkipLocked()+`)
		UPDATE jobs SET state = 'queued' WHERE id IN (SELECT id FROM due)`, at)
	return err
}

// leasedJob is a job and the node that has its lease.
type leasedJob struct {
	*Job
	nodeID string
}

const leasedColumns = "id, kind, community_id, lane, share, attempt, max_attempts, args, errors, lease_token, node_id, crashes, rejected_by"

func scanLeased(s sqldb.Scanner) (leasedJob, error) {
	h := leasedJob{Job: &Job{}}
	var args, failures string
	err := s.Scan(&h.ID, &h.Kind, &h.CommunityID, &h.Lane, &h.share, &h.Attempt, &h.MaxAttempts, &args, &failures, &h.token, &h.nodeID, &h.crashes, &h.rejectedBy)
	if err != nil {
		return h, err
	}
	h.args = json.RawMessage(args)
	return h, json.Unmarshal([]byte(failures), &h.Errors)
}

// claimable returns the condition that a node may claim a job; nodeID and at are
// placeholders.
func claimable(nodeID, at string) string {
	return "(rejected_by = '' OR rejected_until <= " + at + " OR rejected_by NOT LIKE '% ' || " + nodeID + " || ' %')"
}

// claimer is a node at the time of its claim.
type claimer struct {
	nodeID string
	at     int64
}

// selectShares returns the shares after a given one that have queued jobs in a
// lane. It skips from share to share in the index, because a share may have a
// hundred thousand jobs.
func selectShares(ctx context.Context, q sqldb.Querier, by claimer, lane Lane, after share, limit int) ([]share, error) {
	return sqldb.All(ctx, q, sqldb.Value[share], `
		WITH RECURSIVE found (share, n) AS (
			SELECT min(share), 1 FROM jobs WHERE state = 'queued' AND crashes = 0 AND lane = $1 AND share > $2 AND `+claimable("$4", "$5")+`
			UNION ALL
			SELECT (SELECT min(share) FROM jobs WHERE state = 'queued' AND crashes = 0 AND lane = $1 AND share > found.share AND `+claimable("$4", "$5")+`), n + 1
			FROM found WHERE found.share IS NOT NULL AND n < $3
		)
		SELECT share FROM found WHERE share IS NOT NULL ORDER BY share`, string(lane), string(after), int64(limit), by.nodeID, by.at)
}

// lockShare locks the next jobs of a share.
func lockShare(ctx context.Context, tx *sqldb.Tx, by claimer, lane Lane, of share, kinds []string, limit int) ([]leasedJob, error) {
	d := tx.Dialect()
	return sqldb.All(ctx, tx, scanLeased, `
		SELECT `+leasedColumns+` FROM jobs
		WHERE state = 'queued' AND crashes = 0 AND lane = $1 AND share = $2 AND `+d.In("kind", "$3")+` AND `+claimable("$5", "$6")+`
		ORDER BY priority DESC, queued_at, id LIMIT $4 `+d.SkipLocked(), string(lane), string(of), sqldb.Keys(kinds), int64(limit), by.nodeID, by.at)
}

// lockInterrupted locks one interrupted job: of the shortest lane, then the one
// with the fewest crashes.
func lockInterrupted(ctx context.Context, tx *sqldb.Tx, by claimer, kinds []string, of []Lane) ([]leasedJob, error) {
	d := tx.Dialect()
	names := make([]string, len(of))
	for i, lane := range of {
		names[i] = string(lane)
	}
	return sqldb.All(ctx, tx, scanLeased, `
		SELECT `+leasedColumns+` FROM jobs
		WHERE state = 'queued' AND crashes > 0 AND `+d.In("lane", "$1")+` AND `+d.In("kind", "$2")+` AND `+claimable("$3", "$4")+`
		ORDER BY CASE lane WHEN 'short' THEN 0 WHEN 'small' THEN 1 ELSE 2 END, crashes, queued_at, id LIMIT 1 `+d.SkipLocked(),
		sqldb.Keys(names), sqldb.Keys(kinds), by.nodeID, by.at)
}

// lockOne locks a job if it is due and not running.
func lockOne(ctx context.Context, tx *sqldb.Tx, jobID string, at int64) ([]leasedJob, error) {
	return sqldb.All(ctx, tx, scanLeased, `
		SELECT `+leasedColumns+` FROM jobs
		WHERE id = $1 AND run_at <= $2 AND state IN ('queued', 'waiting') `+tx.Dialect().SkipLocked(), jobID, at)
}

// markRunning assigns jobs to a node.
func markRunning(ctx context.Context, tx *sqldb.Tx, ids []string, nodeID, token string, leaseUntil int64) error {
	_, err := tx.Exec(ctx, `
		UPDATE jobs SET state = 'running', attempt = attempt + 1, progressed = FALSE, run_at = 0,
			node_id = $2, lease_token = $3, lease_until = $4
		WHERE `+tx.Dialect().In("id", "$1"), sqldb.Keys(ids), nodeID, token, leaseUntil)
	return err
}

// lockExpired locks jobs with an expired lease.
func lockExpired(ctx context.Context, tx *sqldb.Tx, at int64) ([]leasedJob, error) {
	return sqldb.All(ctx, tx, scanLeased, `
		SELECT `+leasedColumns+` FROM jobs
		WHERE state = 'running' AND lease_until < $1 ORDER BY lease_until LIMIT 100 `+tx.Dialect().SkipLocked(), at)
}

// lockRunning locks all running jobs.
func lockRunning(ctx context.Context, tx *sqldb.Tx) ([]leasedJob, error) {
	return sqldb.All(ctx, tx, scanLeased, "SELECT "+leasedColumns+" FROM jobs WHERE state = 'running' "+tx.Dialect().SkipLocked())
}

// renewLeases renews leases, each only under its token. It skips a locked job:
// the transaction that locked it renews the lease.
func renewLeases(ctx context.Context, tx *sqldb.Tx, ids, idsWithTokens []string, leaseUntil int64) error {
	d := tx.Dialect()
	_, err := tx.Exec(ctx, `
		WITH mine AS MATERIALIZED (
			SELECT id FROM jobs WHERE `+d.In("id", "$1")+` AND `+d.In("id || lease_token", "$2")+` `+d.SkipLocked()+`)
		UPDATE jobs SET lease_until = $3 WHERE id IN (SELECT id FROM mine)`, sqldb.Keys(ids), sqldb.Keys(idsWithTokens), leaseUntil)
	return err
}

// lease is the lease of a running job.
type lease struct {
	jobID, token    string
	cancelRequested bool
}

func selectLeases(ctx context.Context, q sqldb.Querier, nodeID string) ([]lease, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (l lease, err error) {
		return l, s.Scan(&l.jobID, &l.token, &l.cancelRequested)
	}, "SELECT id, lease_token, cancel_requested FROM jobs WHERE node_id = $1 AND state = 'running'", nodeID)
}

func countByState(ctx context.Context, q sqldb.Querier) (s Stats, err error) {
	err = q.QueryRow(ctx, `
		SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'queued'),
			count(*) FILTER (WHERE state = 'running'), count(*) FILTER (WHERE state = 'dead'),
			count(*) FILTER (WHERE state = 'cancelled')
		FROM jobs`).Scan(&s.Waiting, &s.Queued, &s.Running, &s.Dead, &s.Cancelled)
	return s, err
}

const entryColumns = "id, kind, community_id, state, attempt, max_attempts, errors, args, created_at, run_at, finished_at, cancel_requested, crashes"

func scanEntry(s sqldb.Scanner) (e Entry, err error) {
	var failures string
	err = s.Scan(&e.ID, &e.Kind, &e.CommunityID, &e.State, &e.Attempt, &e.MaxAttempts, &failures, &e.Args, &e.CreatedAt, &e.RunAt, &e.FinishedAt, &e.cancelRequested, &e.Crashes)
	if err != nil {
		return e, err
	}
	return e, json.Unmarshal([]byte(failures), &e.Errors)
}

func selectEntry(ctx context.Context, q sqldb.Querier, jobID string) (Entry, error) {
	return sqldb.One(ctx, q, "job", scanEntry, "SELECT "+entryColumns+" FROM jobs WHERE id = $1", jobID)
}

// selectDead returns the dead jobs, latest first.
func selectDead(ctx context.Context, q sqldb.Querier, limit int) ([]Entry, error) {
	return sqldb.All(ctx, q, scanEntry,
		"SELECT "+entryColumns+" FROM jobs WHERE state = 'dead' AND finished_at <> 0 ORDER BY finished_at DESC, id DESC LIMIT $1", int64(limit))
}

// requeueDead queues a dead job and reports whether there was one.
func requeueDead(ctx context.Context, tx *sqldb.Tx, jobID string, at int64) (bool, error) {
	revived, err := tx.Exec(ctx, `
		UPDATE jobs SET state = 'queued', attempt = 0, crashes = 0, finished_at = 0, cancel_requested = FALSE, queued_at = $2, wait_reason = '', rejected_by = ''
		WHERE id = $1 AND state = 'dead'`, jobID, at)
	return revived > 0, err
}

// deleteDead deletes a dead job and reports whether there was one.
func deleteDead(ctx context.Context, q sqldb.Querier, jobID string) (bool, error) {
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

// waitRow is the part of a job that Waits needs.
type waitRow struct {
	id, state  string
	lane       Lane
	share      share
	crashes    int64
	reason     string
	queuedAt   int64
	runAt      int64
	leaseUntil int64

	rejectedBy    string
	rejectedUntil int64
}

func selectWaits(ctx context.Context, q sqldb.Querier, ids []string) ([]waitRow, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (w waitRow, err error) {
		return w, s.Scan(&w.id, &w.state, &w.lane, &w.share, &w.crashes, &w.reason, &w.queuedAt, &w.runAt, &w.leaseUntil, &w.rejectedBy, &w.rejectedUntil)
	}, "SELECT id, state, lane, share, crashes, wait_reason, queued_at, run_at, lease_until, rejected_by, rejected_until FROM jobs WHERE finished_at = 0 AND "+q.Dialect().In("id", "$1"), sqldb.Keys(ids))
}

// countRunningByShare counts the running jobs of all nodes by lane and share.
func countRunningByShare(ctx context.Context, q sqldb.Querier) (map[Lane]map[share]int, error) {
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

// insertNode records the start of a node.
func insertNode(ctx context.Context, tx *sqldb.Tx, n Node) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO job_nodes (id, version, started_at, seen_at) VALUES ($1, $2, $3, $3)
		ON CONFLICT (id) DO UPDATE SET version = excluded.version, started_at = excluded.started_at, seen_at = excluded.seen_at`, n.ID, n.Version, n.StartedAt)
	return err
}

// renewNode records that a node is live and deletes nodes that have not been
// for a day. It inserts a node that another process has removed.
func renewNode(ctx context.Context, tx *sqldb.Tx, n Node, at int64) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO job_nodes (id, version, started_at, seen_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`, n.ID, n.Version, n.StartedAt, at)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "DELETE FROM job_nodes WHERE seen_at < $1", at-dayMS)
	return err
}

func selectNodes(ctx context.Context, q sqldb.Querier) ([]Node, error) {
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (n Node, err error) {
		return n, s.Scan(&n.ID, &n.Version, &n.StartedAt, &n.SeenAt, &n.RunningJobs)
	}, `
		SELECT id, version, started_at, seen_at, (SELECT count(*) FROM jobs WHERE state = 'running' AND node_id = job_nodes.id)
		FROM job_nodes ORDER BY started_at, id`)
}

func removeNode(ctx context.Context, q sqldb.Querier, nodeID string) error {
	_, err := q.Exec(ctx, "DELETE FROM job_nodes WHERE id = $1", nodeID)
	return err
}

func removeNodes(ctx context.Context, tx *sqldb.Tx) error {
	_, err := tx.Exec(ctx, "DELETE FROM job_nodes")
	return err
}

func countLiveNodes(ctx context.Context, q sqldb.Querier, since int64) (int, error) {
	return sqldb.One(ctx, q, "count", sqldb.Value[int], "SELECT count(*) FROM job_nodes WHERE seen_at >= $1", since)
}

func selectLiveNodeIDs(ctx context.Context, q sqldb.Querier, since int64) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT id FROM job_nodes WHERE seen_at >= $1", since)
}

func countOtherNodes(ctx context.Context, q sqldb.Querier, nodeID string) (int, error) {
	return sqldb.One(ctx, q, "count", sqldb.Value[int], "SELECT count(*) FROM job_nodes WHERE id <> $1", nodeID)
}

// advanceSchedule reports whether the caller is the first to reach a tick.
func advanceSchedule(ctx context.Context, tx *sqldb.Tx, name string, tick int64) (bool, error) {
	moved, err := tx.Exec(ctx, `
		INSERT INTO job_schedules (name, last_tick_at) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET last_tick_at = excluded.last_tick_at WHERE job_schedules.last_tick_at < excluded.last_tick_at`, name, tick)
	return moved == 1, err
}

// lastTick returns the last tick of a schedule, 0 for a new one.
func lastTick(ctx context.Context, q sqldb.Querier, name string) (int64, error) {
	tick, err := sqldb.One(ctx, q, "schedule", sqldb.Value[int64], "SELECT last_tick_at FROM job_schedules WHERE name = $1", name)
	if errs.KindOf(err) == errs.NotFound {
		return 0, nil
	}
	return tick, err
}

// crashedSince reports whether a job with a unique key has died by crashes since
// a time.
func crashedSince(ctx context.Context, q sqldb.Querier, kind, unique string, since int64) (bool, error) {
	n, err := sqldb.One(ctx, q, "count", sqldb.Value[int], `
		SELECT count(*) FROM jobs WHERE finished_at <> 0 AND finished_at > $1 AND kind = $2 AND unique_key = $3 AND state = 'dead' AND crashes >= $4`,
		since, kind, unique, int64(MaxCrashes))
	return n > 0, err
}

// deleteFinished deletes dead and cancelled jobs that ended before a time.
func deleteFinished(ctx context.Context, tx *sqldb.Tx, before int64) error {
	_, err := tx.Exec(ctx, "DELETE FROM jobs WHERE finished_at <> 0 AND finished_at < $1", before)
	return err
}
