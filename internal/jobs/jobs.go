// Package jobs runs work after the commit that requested it. A job is queued in
// the caller's transaction and runs on any node, at least once, until it is
// done, dead or cancelled. A worker has a lease on its job; after losing the
// lease it can no longer write through Job.Tx.
package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Args are the arguments of a worker, stored as JSON. Kind identifies the
// worker; it must not change while jobs of the kind exist.
type Args interface{ Kind() string }

// Options are the options of a job. The zero value queues one job to run at
// once.
type Options struct {
	Unique      string    // while a job of the kind with this key has not ended, another is not queued; "" any number
	Priority    int       // the higher the sooner
	RunAt       time.Time // zero: at once
	Lane        Lane      // which workers take it; "" means Short
	Owner       string    // the account or key that caused it, as actor.Actor.Uploader names it; "": the server itself
	CommunityID string    // takes turns with the other communities of the owner; "": of none
	MaxAttempts int       // failed attempts, 0 means 20
}

// Lane is a group of workers on each node. Lanes do not wait for each other.
type Lane string

// The lanes.
const (
	Short Lane = "short" // mail, sign-in and other work of moments
	Small Lane = "small" // small files
	Large Lane = "large" // work that may take hours
)

var lanes = []Lane{Short, Small, Large} // shortest work first

// Job is an attempt at a job on this node.
type Job struct {
	ID, Kind, CommunityID string
	Lane                  Lane
	Attempt               int       // starts at 1
	MaxAttempts           int       // the job is dead after this many failed attempts
	Errors                []Failure // of the latest failed attempts

	engine  *Engine
	args    json.RawMessage
	share   share
	token   string
	cancel  context.CancelCauseFunc
	outages int64 // number of outages seen by the engine at the start
	crashes int64 // at the claim, see requeueInterrupted

	rejectedBy string // nodes that returned ErrWrongNode, in the form ' id id '

	startedAt  int64        // Unix milliseconds
	progressAt atomic.Int64 // first progress of this attempt, Unix milliseconds; 0 for none
	stalled    stall
}

// Failure is a failed attempt.
type Failure struct {
	Attempt int    `json:"attempt"`
	At      int64  `json:"at"` // Unix milliseconds
	Error   string `json:"error"`
}

// The causes of a worker's cancelled context, also returned by Job.Tx.
var (
	ErrCancelled = errors.New("jobs: the job was cancelled")
	ErrLeaseLost = errors.New("jobs: another worker has the lease of the job")
	ErrStopped   = errors.New("jobs: the engine is stopping")
)

// Tx runs f in a transaction that holds and renews the lease of the job. If the
// lease is lost, Tx fails with ErrLeaseLost and changes nothing. Workers write
// only through Tx. As with sqldb.DB.Tx, f may run several times.
func (j *Job) Tx(ctx context.Context, f func(*sqldb.Tx) error, options ...sqldb.TxOption) error {
	err := j.engine.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := fence(ctx, tx, j, j.engine.leaseEnd()); err != nil {
			return err
		}
		return f(tx)
	}, options...)
	j.engine.noteOutage(err)
	if errors.Is(err, ErrLeaseLost) {
		j.cancel(ErrLeaseLost)
	}
	return err
}

// Advance saves the position of the work in a transaction of Job.Tx. A position
// beyond every earlier one, of any attempt, is progress and resets the count of
// crashes.
func (j *Job) Advance(ctx context.Context, tx *sqldb.Tx, position int64) error {
	moved, err := advance(ctx, tx, j.ID, j.token, position)
	if err == nil && moved {
		tx.AfterCommit(j.noteProgress)
	}
	return err
}

// Step advances the position by one, for work that never restarts.
func (j *Job) Step(ctx context.Context, tx *sqldb.Tx) error {
	err := incrementPosition(ctx, tx, j.ID, j.token)
	if err == nil {
		tx.AfterCommit(j.noteProgress)
	}
	return err
}

// Complete deletes the job in a transaction of Job.Tx, together with the last
// change of its work, so that a crash after the commit leaves no job to repeat.
// The worker returns nil afterwards.
func (j *Job) Complete(ctx context.Context, tx *sqldb.Tx) error {
	return deleteDone(ctx, tx, []string{j.ID}, []string{j.ID + j.token})
}

// Batches runs next, each time in a transaction of its own, until it reports the end; then
// the job is complete. next saves what it has done, so that the job may run again.
func (j *Job) Batches(ctx context.Context, next func(*sqldb.Tx) (done bool, err error), options ...sqldb.TxOption) error {
	for {
		done := false
		err := j.Tx(ctx, func(tx *sqldb.Tx) (err error) {
			if done, err = next(tx); err != nil {
				return err
			}
			if done {
				return j.Complete(ctx, tx)
			}
			return j.Step(ctx, tx)
		}, options...)
		if err != nil || done {
			return err
		}
		if j.ShouldYield() {
			return ErrYielded
		}
	}
}

func (j *Job) noteProgress() {
	if j.progressAt.CompareAndSwap(0, max(j.engine.clock.MS(), 1)) && j.crashes > 0 {
		j.engine.onNotify("") // the next interrupted job may start
	}
}

type snoozeError struct {
	pause  time.Duration
	reason string
}

func (s snoozeError) Error() string { return "jobs: snoozed for " + s.pause.String() }

// Snooze is the result of a worker that wants to run again after d: the work is
// long, or something it needs does not exist yet. The attempt does not count.
func Snooze(d time.Duration) error { return snoozeError{pause: d} }

// SnoozeFor is Snooze with a stable code that Wait reports as the reason.
func SnoozeFor(d time.Duration, reason string) error { return snoozeError{d, reason} }

// ErrYielded is the result of a worker after Job.ShouldYield: the job
// continues after the others. The attempt does not count.
var ErrYielded = errors.New("jobs: the job yields its worker")

type fatalError struct{ error }

func (f fatalError) Unwrap() error { return f.error }

// Fatal is the result of a worker if another attempt is pointless: the job is
// dead.
func Fatal(err error) error { return fatalError{err} }

// Cause is the reason why a job is dead.
type Cause string

// The causes.
const (
	Crashed Cause = "died"   // its process ended MaxCrashes times without progress
	Failed  Cause = "failed" // the last attempt failed or returned Fatal
)

// MaxCrashes is how often the process of a job may end without progress before
// the job is dead.
const MaxCrashes = 3

// worker is the implementation of a kind of job.
type worker struct {
	work    func(context.Context, *Job) error
	onDead  func(context.Context, *sqldb.Tx, json.RawMessage, Cause) error
	isFinal bool // see Entry.Final

	rest time.Duration // see RestAfterCrashes
}

// RestAfterCrashes lets jobs of a registered kind rest, and not die, when their process has
// ended MaxCrashes times without progress: for work that must not be left undone.
func RestAfterCrashes[A Args](e *Engine, pause time.Duration) {
	var zero A
	w := e.workers[zero.Kind()]
	w.rest = pause
	e.workers[zero.Kind()] = w
}

// Register registers the worker of a kind, before Start. The worker returns nil
// if the job is done, Snooze, ErrYielded or ErrWrongNode to run again, Fatal to
// give up, and the cause of its context if that is cancelled. After any other
// error the job is retried with backoff. A worker must return soon after its
// context is cancelled.
//
// onDead runs in the transaction that makes the job dead, to finish what the job
// was part of. Its error is logged and ignored.
func Register[A Args](e *Engine, work func(ctx context.Context, j *Job, args A) error, onDead ...func(ctx context.Context, tx *sqldb.Tx, args A, why Cause) error) {
	var zero A
	kind := zero.Kind()
	if _, exists := e.workers[kind]; exists {
		panic("jobs: duplicate worker for " + kind) //nolint:forbidigo // a programming error, found at the first start
	}
	w := worker{isFinal: len(onDead) > 0}
	w.work = func(ctx context.Context, j *Job) error {
		var args A
		if err := json.Unmarshal(j.args, &args); err != nil {
			return Fatal(fmt.Errorf("read arguments: %w", err))
		}
		return work(ctx, j, args)
	}
	w.onDead = func(ctx context.Context, tx *sqldb.Tx, encoded json.RawMessage, why Cause) error {
		var args A
		if err := json.Unmarshal(encoded, &args); err != nil {
			return fmt.Errorf("read arguments: %w", err)
		}
		for _, f := range onDead {
			if err := f(ctx, tx, args, why); err != nil {
				return err
			}
		}
		return nil
	}
	e.workers[kind] = w
}

func unixMS(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func now() time.Time { return clock.Clock{}.Now() }

const (
	topic              = "jobs" // topic of notifications; the payload is "" for queued jobs, or the id of a job to cancel
	defaultMaxAttempts = 20
)

// Insert queues a job in tx; a worker is notified after the commit. If a job
// with o.Unique has not ended, Insert queues nothing and returns its id.
func Insert(ctx context.Context, tx *sqldb.Tx, args Args, o Options) (jobID string, err error) {
	encoded, err := json.Marshal(args)
	if err != nil {
		return "", fmt.Errorf("queue %s: %w", args.Kind(), err)
	}
	row := newRow(args.Kind(), string(encoded), o)
	jobID, err = insertUnique(ctx, tx, row)
	if err != nil {
		return "", fmt.Errorf("queue %s: %w", args.Kind(), err)
	}
	return jobID, tx.Notify(ctx, topic, "")
}

// Wake starts a waiting job with a unique key, for example after Snooze, or
// queues a new one if there is none. starts is false if the job is running,
// because that attempt may have read the data before tx changed it.
func Wake(ctx context.Context, tx *sqldb.Tx, args Args, o Options) (starts bool, err error) {
	woken, err := wake(ctx, tx, args.Kind(), o.Unique, now().UnixMilli())
	if err != nil {
		return false, fmt.Errorf("wake %s: %w", args.Kind(), err)
	}
	if woken {
		return true, tx.Notify(ctx, topic, "")
	}
	encoded, err := json.Marshal(args)
	if err != nil {
		return false, fmt.Errorf("wake %s: %w", args.Kind(), err)
	}
	row := newRow(args.Kind(), string(encoded), o)
	jobID, err := insertUnique(ctx, tx, row)
	if err != nil {
		return false, fmt.Errorf("wake %s: %w", args.Kind(), err)
	}
	return jobID == row.id, tx.Notify(ctx, topic, "")
}

// InsertMany queues many jobs of one kind in one statement. o.Unique must be
// empty.
func InsertMany[A Args](ctx context.Context, tx *sqldb.Tx, list []A, o Options) error {
	rows := make([]row, len(list))
	for i, args := range list {
		encoded, err := json.Marshal(args)
		if err != nil {
			return fmt.Errorf("queue %s: %w", args.Kind(), err)
		}
		rows[i] = newRow(args.Kind(), string(encoded), o)
	}
	if err := insertRows(ctx, tx, rows); err != nil || len(rows) == 0 {
		return err
	}
	return tx.Notify(ctx, topic, "")
}

// CrashedSince reports whether a job of the kind with the unique key has died by
// crashes since a time. Callers that queue such work automatically pause then.
func CrashedSince(ctx context.Context, q sqldb.Querier, args Args, unique string, after time.Time) (bool, error) {
	return crashedSince(ctx, q, args.Kind(), unique, after.UnixMilli())
}

// newRow uses the system clock: created_at and id only order jobs.
func newRow(kind, args string, o Options) row {
	created := now()
	r := row{
		id: id.New(created), kind: kind, args: args, communityID: o.CommunityID, unique: o.Unique, priority: o.Priority,
		runAt: unixMS(o.RunAt), state: queued, maxAttempts: o.MaxAttempts, createdAt: created.UnixMilli(),
		lane: o.Lane, share: shareOf(o.Owner, o.CommunityID),
	}
	if r.lane == "" {
		r.lane = Short
	}
	if r.runAt > 0 {
		r.state = waiting
	}
	if r.maxAttempts == 0 {
		r.maxAttempts = defaultMaxAttempts
	}
	return r
}

// Cancel cancels a job: at once if it is not running, otherwise by cancelling
// the worker's context with ErrCancelled soon after the commit. It ignores a job
// that has ended. Call it before locking rows that the worker writes, because
// the worker locks the job first.
func Cancel(ctx context.Context, tx *sqldb.Tx, jobID string) error {
	if err := cancel(ctx, tx, jobID, now().UnixMilli()); err != nil {
		return fmt.Errorf("cancel job: %w", err)
	}
	return tx.Notify(ctx, topic, jobID)
}
