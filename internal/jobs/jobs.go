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
	CommunityID string    // shares the workers fairly with other communities; "" has no share
	MaxAttempts int       // 0 means 20
}

// Job is one attempt at a job, held by this process.
type Job struct {
	ID, Kind, CommunityID string
	Attempt               int       // 1 at the first attempt
	MaxAttempts           int       // after this attempt fails the job is dead
	Errors                []Failure // of earlier attempts, the last ones

	engine  *Engine
	args    json.RawMessage
	token   string
	cancel  context.CancelCauseFunc
	outages int64 // of the database that the engine knew of at the start
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

type snooze time.Duration

func (s snooze) Error() string { return "jobs: again after " + time.Duration(s).String() }

// Snooze is the answer of a worker that wants to be called again after d, at
// once if d is 0: long work that goes on, or something that is not there yet.
// It is not a failure and burns no attempt.
func Snooze(d time.Duration) error { return snooze(d) }

type fatal struct{ error }

func (f fatal) Unwrap() error { return f.error }

// Fatal is the answer of a worker that sees no sense in another attempt: the
// job is dead at once.
func Fatal(err error) error { return fatal{err} }

// Register names the worker of a kind; call it before Start. The worker's
// answer nil means done, Snooze again later, Fatal never again, the cause of
// its context the end that was asked for; after any other error the job is
// tried again, later each time. A worker ends soon when its context ends.
func Register[A Args](e *Engine, work func(ctx context.Context, j *Job, args A) error) {
	var none A
	kind := none.Kind()
	if _, twice := e.workers[kind]; twice {
		panic("jobs: two workers for " + kind) //nolint:forbidigo // a mistake in the wiring, seen at the first start
	}
	e.workers[kind] = func(ctx context.Context, j *Job) error {
		var args A
		if err := json.Unmarshal(j.args, &args); err != nil {
			return Fatal(fmt.Errorf("read arguments: %w", err))
		}
		return work(ctx, j, args)
	}
}

func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func now() time.Time { return clock.Clock{}.Now() }
