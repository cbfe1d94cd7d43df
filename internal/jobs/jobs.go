// Package jobs does work after the commit that asked for it: queued in the
// caller's transaction, worked by any node, at least once, until it is done,
// given up or cancelled. A worker holds a job by a lease; one that lost its
// lease cannot change anything through Job.Tx any more.
package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/sqldb"
)

// Args are what a worker needs to know, kept as JSON. Kind names the worker;
// it never changes once jobs of it may be queued anywhere.
type Args interface{ Kind() string }

// Options are how a job is queued. The zero value means: once, soon.
type Options struct {
	Unique      string    // while a job of the kind with this key has not ended, another is not queued; "" any number
	Priority    int       // the higher the sooner
	RunAt       time.Time // zero: at once
	Lane        Lane      // which workers take it; "" means Short
	Owner       string    // the account or key that caused it, as actor.Actor.Uploader names it; "": the server itself
	CommunityID string    // takes turns with the other communities of the owner; "": of none
	MaxAttempts int       // failed attempts, 0 means 20
}

// Lane is a group of workers of each node. Jobs of one lane never wait for
// those of another.
type Lane string

// The lanes.
const (
	Short Lane = "short" // mail, sign-in and other work of moments
	Small Lane = "small" // small files
	Large Lane = "large" // work that may take hours
)

var lanes = []Lane{Short, Small, Large} // the shortest work first

// Job is one attempt at a job, held by this process.
type Job struct {
	ID, Kind, CommunityID string
	Lane                  Lane
	Attempt               int       // 1 at the first attempt
	MaxAttempts           int       // after this attempt fails the job is dead
	Errors                []Failure // of earlier attempts, the last ones

	engine  *Engine
	args    json.RawMessage
	share   share
	token   string
	cancel  context.CancelCauseFunc
	outages int64 // of the database that the engine knew of at the start
	deaths  int64 // at the claim, see Engine.abandon

	refusedBy string // the nodes that answered ErrElsewhere, as ' id id '

	begun   int64        // Unix milliseconds
	movedAt atomic.Int64 // when this attempt first moved the saved position; 0: it has not
	stalled stall
}

// Failure is an attempt that failed.
type Failure struct {
	Attempt int    `json:"attempt"`
	At      int64  `json:"at"` // Unix milliseconds
	Error   string `json:"error"`
}

// The causes that end a worker's context, and answers of Job.Tx.
var (
	ErrCancelled = errors.New("jobs: the job was cancelled")
	ErrLeaseLost = errors.New("jobs: another worker has taken the job over")
	ErrStopped   = errors.New("jobs: the engine stops")
)

// Tx is the only way for a worker to write: it fails with ErrLeaseLost and
// changes nothing when the job is no longer this worker's, and makes the lease
// longer when it is. Nobody takes the job over while f runs. As with
// sqldb.DB.Tx, f may run again.
func (j *Job) Tx(ctx context.Context, f func(*sqldb.Tx) error) error {
	err := j.engine.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := fence(ctx, tx, j, j.engine.leaseEnd()); err != nil {
			return err
		}
		return f(tx)
	})
	j.engine.note(err)
	if errors.Is(err, ErrLeaseLost) {
		j.cancel(ErrLeaseLost)
	}
	return err
}

// Advance records, in a transaction of Job.Tx, that the saved position of the
// work is now position. A position beyond all earlier ones, also those of
// earlier attempts, is progress: processes that ended before no longer count.
func (j *Job) Advance(ctx context.Context, tx *sqldb.Tx, position int64) error {
	moved, err := advance(ctx, tx, j.ID, j.token, position)
	if err == nil && moved {
		tx.AfterCommit(j.moved)
	}
	return err
}

// Step is Advance by one, for work that never starts over.
func (j *Job) Step(ctx context.Context, tx *sqldb.Tx) error {
	err := step(ctx, tx, j.ID, j.token)
	if err == nil {
		tx.AfterCommit(j.moved)
	}
	return err
}

func (j *Job) moved() {
	if j.movedAt.CompareAndSwap(0, max(j.engine.clock.MS(), 1)) && j.deaths > 0 {
		j.engine.hear("") // the next interrupted job may start
	}
}

type snooze struct {
	pause  time.Duration
	reason string
}

func (s snooze) Error() string { return "jobs: again after " + s.pause.String() }

// Snooze is the answer of a worker that wants to be called again after d, at
// once if d is 0: long work that goes on, or something that is not there yet.
// It is not a failure and burns no attempt.
func Snooze(d time.Duration) error { return snooze{pause: d} }

// SnoozeFor is Snooze with the reason that Wait shows meanwhile, a stable code.
func SnoozeFor(d time.Duration, reason string) error { return snooze{d, reason} }

// ErrYielded is the answer of a worker that was asked to by Job.Yield: the job
// continues when the others had their turn. It burns no attempt.
var ErrYielded = errors.New("jobs: the job yields its worker")

type fatal struct{ error }

func (f fatal) Unwrap() error { return f.error }

// Fatal is the answer of a worker that sees no sense in another attempt: the
// job is dead at once.
func Fatal(err error) error { return fatal{err} }

// Cause is why a job was given up.
type Cause string

// The causes.
const (
	Died   Cause = "died"   // its process ended MaxDeaths times without its saved position moving on
	Failed Cause = "failed" // its last attempt failed, or it answered Fatal
)

// MaxDeaths is how often the process of a job may end without progress.
const MaxDeaths = 3

// worker is the code behind a kind of job.
type worker struct {
	work    func(context.Context, *Job) error
	gaveUp  func(context.Context, *sqldb.Tx, json.RawMessage, Cause) error
	isFinal bool // see Entry.Final
}

// Register names the worker of a kind; call it before Start. The worker's
// answer nil means done, Snooze again later, Fatal never again, the cause of
// its context the end that was asked for; after any other error the job is
// tried again, later each time. A worker ends soon when its context ends.
//
// gaveUp, if there is one, ends what the job was to do. It runs in the
// transaction that gives the job up; its error is logged and changes nothing.
func Register[A Args](e *Engine, work func(ctx context.Context, j *Job, args A) error, gaveUp ...func(ctx context.Context, tx *sqldb.Tx, args A, why Cause) error) {
	var none A
	kind := none.Kind()
	if _, twice := e.workers[kind]; twice {
		panic("jobs: two workers for " + kind) //nolint:forbidigo // a mistake in the wiring, seen at the first start
	}
	w := worker{isFinal: len(gaveUp) > 0}
	w.work = func(ctx context.Context, j *Job) error {
		var args A
		if err := json.Unmarshal(j.args, &args); err != nil {
			return Fatal(fmt.Errorf("read arguments: %w", err))
		}
		return work(ctx, j, args)
	}
	w.gaveUp = func(ctx context.Context, tx *sqldb.Tx, packed json.RawMessage, why Cause) error {
		var args A
		if err := json.Unmarshal(packed, &args); err != nil {
			return fmt.Errorf("read arguments: %w", err)
		}
		for _, end := range gaveUp {
			if err := end(ctx, tx, args, why); err != nil {
				return err
			}
		}
		return nil
	}
	e.workers[kind] = w
}

func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func now() time.Time { return clock.Clock{}.Now() }
