package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

const (
	topic            = "jobs" // of sqldb signals: "" look for work, else the job to cancel
	usualMaxAttempts = 20
)

// Insert queues a job that exists if and only if tx commits; a worker is woken
// then. When o.Unique names a job that has not ended, that job's id is
// returned and nothing is queued.
func Insert(ctx context.Context, tx *sqldb.Tx, args Args, o Options) (jobID string, err error) {
	packed, err := json.Marshal(args)
	if err != nil {
		return "", fmt.Errorf("queue %s: %w", args.Kind(), err)
	}
	row := newRow(args.Kind(), string(packed), o)
	jobID, err = insertUnique(ctx, tx, row)
	if err != nil {
		return "", fmt.Errorf("queue %s: %w", args.Kind(), err)
	}
	return jobID, tx.Signal(ctx, topic, "")
}

// Wake starts a job with a unique key at once if it waits, as after Snooze, and
// queues a new one if it has ended. It reports whether an attempt starts after
// tx commits: not so if one runs now, which may have read what tx changes.
func Wake(ctx context.Context, tx *sqldb.Tx, args Args, o Options) (starts bool, err error) {
	woken, err := wake(ctx, tx, args.Kind(), o.Unique, now().UnixMilli())
	if err != nil {
		return false, fmt.Errorf("wake %s: %w", args.Kind(), err)
	}
	if woken {
		return true, tx.Signal(ctx, topic, "")
	}
	packed, err := json.Marshal(args)
	if err != nil {
		return false, fmt.Errorf("wake %s: %w", args.Kind(), err)
	}
	row := newRow(args.Kind(), string(packed), o)
	jobID, err := insertUnique(ctx, tx, row)
	if err != nil {
		return false, fmt.Errorf("wake %s: %w", args.Kind(), err)
	}
	return jobID == row.id, tx.Signal(ctx, topic, "")
}

// InsertMany queues many jobs of one kind at the cost of few. o.Unique has to
// be empty.
func InsertMany[A Args](ctx context.Context, tx *sqldb.Tx, list []A, o Options) error {
	rows := make([]row, len(list))
	for i, args := range list {
		packed, err := json.Marshal(args)
		if err != nil {
			return fmt.Errorf("queue %s: %w", args.Kind(), err)
		}
		rows[i] = newRow(args.Kind(), string(packed), o)
	}
	if err := insertRows(ctx, tx, rows); err != nil || len(rows) == 0 {
		return err
	}
	return tx.Signal(ctx, topic, "")
}

// DiedSince reports whether a job like args, with a unique key, was given up
// after a time because its process ended again and again. What queues such
// work again by itself has to rest then.
func DiedSince(ctx context.Context, q sqldb.Querier, args Args, unique string, after time.Time) (bool, error) {
	return diedSince(ctx, q, args.Kind(), unique, after.UnixMilli())
}

// newRow has no other clock than the system's: created_at and the id only put
// jobs in order.
func newRow(kind, args string, o Options) row {
	made := now()
	r := row{
		id: id.New(made), kind: kind, args: args, communityID: o.CommunityID, unique: o.Unique, priority: o.Priority,
		runAt: ms(o.RunAt), state: queued, maxAttempts: o.MaxAttempts, createdAt: made.UnixMilli(),
		lane: o.Lane, share: shareOf(o.Owner, o.CommunityID),
	}
	if r.lane == "" {
		r.lane = Short
	}
	if r.runAt > 0 {
		r.state = waiting
	}
	if r.maxAttempts == 0 {
		r.maxAttempts = usualMaxAttempts
	}
	return r
}

// Cancel ends a job: one that no worker holds at once; of one that runs the
// worker's context ends with ErrCancelled, soon after the commit. A job that
// has ended is left as it is. Call it in a transaction before you lock rows
// that the worker writes: the worker locks the job first.
func Cancel(ctx context.Context, tx *sqldb.Tx, jobID string) error {
	if err := cancel(ctx, tx, jobID, now().UnixMilli()); err != nil {
		return fmt.Errorf("cancel job: %w", err)
	}
	return tx.Signal(ctx, topic, jobID)
}
