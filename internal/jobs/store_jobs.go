package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// The states of a job that has a row. One that is done has none.
const (
	waiting   = "waiting"
	queued    = "queued"
	running   = "running"
	dead      = "dead"
	cancelled = "cancelled"
)

// row is what Insert writes.
type row struct {
	id, kind, args, communityID, unique, state string
	lane                                       Lane
	share                                      share
	priority, maxAttempts                      int
	runAt, createdAt                           int64
}

var insertColumns = []string{
	"id", "kind", "community_id", "unique_key", "state", "priority", "run_at", "attempt", "max_attempts", "args",
	"errors", "cancel_asked", "progressed", "node_id", "lease_token", "lease_until", "created_at", "finished_at",
	"lane", "share", "deaths", "position", "queued_at", "wait_reason", "refused_by", "refused_until",
}

func (r row) fill(into []any) {
	copy(into, []any{
		r.id, r.kind, r.communityID, r.unique, r.state, int64(r.priority), r.runAt, int64(0), int64(r.maxAttempts), r.args,
		"[]", false, false, "", "", int64(0), r.createdAt, int64(0),
		string(r.lane), string(r.share), int64(0), int64(0), r.createdAt, "", "", int64(0),
	})
}

func insertRows(ctx context.Context, tx *sqldb.Tx, rows []row) error {
	return tx.InsertRows(ctx, sqldb.Rows{Table: "jobs", Columns: insertColumns, N: len(rows), Fill: func(i int, into []any) { rows[i].fill(into) }})
}

// insertUnique returns the id of the row, or of the job that has its unique
// key. A job that ends between the two statements leaves room for ours.
func insertUnique(ctx context.Context, tx *sqldb.Tx, r row) (string, error) {
	args := make([]any, len(insertColumns))
	r.fill(args)
	for range 10 {
		inserted, err := tx.Exec(ctx, `
			INSERT INTO jobs (`+strings.Join(insertColumns, ", ")+`)
			VALUES (`+sqldb.Marks(1, len(args))+`)
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
	return "", errors.New("a job of the same unique key comes and goes")
}

// wake queues a job that waits and reports whether one is queued now, locked
// until tx ends.
func wake(ctx context.Context, tx *sqldb.Tx, kind, unique string, at int64) (bool, error) {
	woken, err := tx.Exec(ctx, `
		UPDATE jobs SET queued_at = CASE WHEN state = 'queued' THEN queued_at ELSE CAST($3 AS BIGINT) END, state = 'queued', run_at = 0, wait_reason = ''
		WHERE kind = $1 AND unique_key = $2 AND finished_at = 0 AND unique_key <> '' AND state IN ('queued', 'waiting')`, kind, unique, at)
	return woken > 0, err
}

func cancel(ctx context.Context, tx *sqldb.Tx, jobID string, at int64) error {
	_, err := tx.Exec(ctx, `
		UPDATE jobs SET cancel_asked = TRUE,
			finished_at = CASE WHEN state = 'running' THEN 0 ELSE CAST($2 AS BIGINT) END,
			state = CASE WHEN state = 'running' THEN state ELSE 'cancelled' END
		WHERE id = $1 AND finished_at = 0`, jobID, at)
	return err
}

// fence proves that j is held by its worker and keeps it so until tx ends.
func fence(ctx context.Context, tx *sqldb.Tx, j *Job, leaseUntil int64) error {
	held, err := tx.Exec(ctx, "UPDATE jobs SET lease_until = $3 WHERE id = $1 AND lease_token = $2", j.ID, j.token, leaseUntil)
	if err == nil && held == 0 {
		return ErrLeaseLost
	}
	return err
}

// advance moves the position of a job on and reports whether it was behind.
func advance(ctx context.Context, tx *sqldb.Tx, jobID, token string, position int64) (bool, error) {
	moved, err := tx.Exec(ctx, `
		UPDATE jobs SET position = $3, deaths = 0, progressed = TRUE
		WHERE id = $1 AND lease_token = $2 AND position < $3`, jobID, token, position)
	return moved > 0, err
}

func step(ctx context.Context, tx *sqldb.Tx, jobID, token string) error {
	_, err := tx.Exec(ctx, `
		UPDATE jobs SET position = position + 1, deaths = 0, progressed = TRUE
		WHERE id = $1 AND lease_token = $2`, jobID, token)
	return err
}

// finishDone removes jobs, each only if it is still held under its token.
func finishDone(ctx context.Context, tx *sqldb.Tx, ids, idsWithTokens []string) error {
	d := tx.Dialect()
	_, err := tx.Exec(ctx, "DELETE FROM jobs WHERE "+d.In("id", "$1")+" AND "+d.In("id || lease_token", "$2"), sqldb.Keys(ids), sqldb.Keys(idsWithTokens))
	return err
}

// ending is the row of a job after an attempt that did not end with done.
type ending struct {
	state   string
	runAt   int64
	attempt int
	errors  []Failure
	lane    Lane
	reason  string // why it waits, if it does
	died    int64  // 1: its process ended

	elsewhere    bool   // this node is one of refusedBy from now on
	refusedBy    string // see Job
	refusedUntil int64
}

// finish writes an ending if the job is still held under the token, and
// reports whether it was. A job that was to be cancelled is cancelled instead
// of being queued again.
func finish(ctx context.Context, tx *sqldb.Tx, jobID, token string, e ending, at int64) (held bool, err error) {
	packed, err := json.Marshal(e.errors)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(ctx, `
		UPDATE jobs SET
			state = CASE WHEN cancel_asked AND $3 <> 'dead' THEN 'cancelled' ELSE $3 END,
			finished_at = CASE WHEN cancel_asked OR $3 = 'dead' OR $3 = 'cancelled' THEN CAST($7 AS BIGINT) ELSE 0 END,
			run_at = $4, attempt = $5, errors = $6, node_id = '', lease_token = '', lease_until = 0,
			lane = $8, wait_reason = $9, deaths = deaths + $10, queued_at = CAST($7 AS BIGINT),
			refused_by = $11, refused_until = $12
		WHERE id = $1 AND lease_token = $2`,
		jobID, token, e.state, e.runAt, int64(e.attempt), string(packed), at, string(e.lane), e.reason, e.died, e.refusedBy, e.refusedUntil)
	return n > 0, err
}
