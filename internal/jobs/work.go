package jobs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/sqldb"
)

// result is what a worker answered.
type result struct {
	job *Job
	err error
}

// begin runs a claimed job on its own goroutine.
func (e *Engine) begin(j *Job) {
	ctx, cancel := context.WithCancelCause(e.base)
	j.cancel, j.outages, j.begun = cancel, e.outages.Load(), e.clock.MS()
	e.mu.Lock()
	e.running[j.ID] = j
	e.mu.Unlock()
	go func() {
		err := e.run(ctx, j)
		cancel(nil)
		e.finished <- result{j, err}
	}()
}

// run calls the worker and returns its answer, or the cause that ended its
// context where the answer is only a consequence of that.
func (e *Engine) run(ctx context.Context, j *Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			e.log.ErrorContext(ctx, "job panicked", "job_id", j.ID, "kind", j.Kind, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	err = e.workers[j.Kind].work(ctx, j)
	_, again := errors.AsType[snooze](err)
	_, never := errors.AsType[fatal](err)
	if err == nil || again || never || errors.Is(err, ErrYielded) || errors.Is(err, ErrElsewhere) {
		return err
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if sqldb.IsFull(err) || sqldb.IsUnavailable(err) && (j.outages != e.outages.Load() || e.gone(ctx)) {
		return awayError{err}
	}
	return err
}

// awayError is an attempt that failed because the database was away or had no
// space: not the job's fault.
type awayError struct{ error }

func (e awayError) Unwrap() error { return e.error }

func (e *Engine) gone(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return e.db.Ping(ctx) != nil
}

// finish writes the answers of workers, each only where its token still holds
// the job.
func (e *Engine) finish(ctx context.Context, tx *sqldb.Tx, ended []result) error {
	ids, idsWithTokens := []string{}, []string{}
	for _, r := range ended {
		if r.err == nil {
			ids, idsWithTokens = append(ids, r.job.ID), append(idsWithTokens, r.job.ID+r.job.token)
			continue
		}
		if errors.Is(r.err, ErrLeaseLost) {
			continue // another worker's job now
		}
		if err := e.finishOne(ctx, tx, r.job, e.ending(ctx, r), Failed); err != nil {
			return err
		}
		if errors.Is(r.err, ErrElsewhere) {
			if err := tx.Signal(ctx, topic, ""); err != nil {
				return err
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return finishDone(ctx, tx, ids, idsWithTokens)
}

// finishOne writes the ending of one job. If it is given up, what it was to do
// ends in the same transaction.
func (e *Engine) finishOne(ctx context.Context, tx *sqldb.Tx, j *Job, end ending, why Cause) error {
	end.refusedBy = j.refusedBy
	if end.elsewhere {
		end.refusedBy = withNode(j.refusedBy, e.nodeID)
	}
	end.refusedUntil = e.leaseEnd()
	held, err := finish(ctx, tx, j.ID, j.token, end, e.clock.MS())
	if err != nil || !held || end.state != dead {
		return err
	}
	err = tx.Savepoint(ctx, func() error { return e.workers[j.Kind].gaveUp(ctx, tx, j.args, why) })
	if err == nil || sqldb.IsUnavailable(err) || sqldb.IsRetryable(err) || ctx.Err() != nil {
		return err
	}
	e.log.ErrorContext(ctx, "the work of a job that was given up could not be ended", "job_id", j.ID, "kind", j.Kind, "error", err)
	return nil
}

// ending is the row of a job after an answer other than done.
func (e *Engine) ending(ctx context.Context, r result) ending {
	at := e.clock.Now()
	j := r.job
	again := ending{state: queued, attempt: j.Attempt - 1, errors: j.Errors, lane: j.Lane}
	if s, ok := errors.AsType[snooze](r.err); ok {
		again.reason = s.reason
		return again.at(at, s.pause)
	}
	if errors.Is(r.err, ErrYielded) {
		if j.Lane == Small {
			again.lane = Large
		}
		return again
	}
	if errors.Is(r.err, ErrElsewhere) {
		again.elsewhere = true
		return again
	}
	if errors.Is(r.err, ErrStopped) {
		return again
	}
	if errors.Is(r.err, ErrCancelled) {
		again.state, again.attempt = cancelled, j.Attempt
		return again
	}
	if _, ok := errors.AsType[awayError](r.err); ok {
		if again.reason = WaitDatabase; sqldb.IsFull(r.err) {
			again.reason = WaitDisk
		}
		return again.at(at, time.Second)
	}
	failed := ending{state: queued, attempt: j.Attempt, errors: withFailure(j, at.UnixMilli(), r.err.Error()), lane: j.Lane, reason: WaitRetry}
	if _, ok := errors.AsType[fatal](r.err); ok || j.Attempt >= j.MaxAttempts {
		failed.state = dead
		e.log.ErrorContext(ctx, "job given up", "job_id", j.ID, "kind", j.Kind, "attempt", j.Attempt, "error", r.err)
		return failed
	}
	e.log.WarnContext(ctx, "job failed, to be tried again", "job_id", j.ID, "kind", j.Kind, "attempt", j.Attempt, "error", r.err)
	return failed.at(at, backOff(j.Attempt))
}

func (end ending) at(now time.Time, pause time.Duration) ending {
	if pause > 0 {
		end.state, end.runAt = waiting, now.Add(pause).UnixMilli()
	}
	return end
}

// backOff is the pause after an attempt: 5 s, 10 s, 20 s ... 1 h, and up to a
// quarter more, so that jobs that failed together do not come back together.
func backOff(attempt int) time.Duration {
	pause := min(5*time.Second<<min(attempt-1, 12), time.Hour)
	return pause + rand.N(pause/4)
}

const (
	keptFailures  = 10
	keptErrorSize = 1000
)

// withFailure returns the failures of a job and one more, without its oldest
// ones.
func withFailure(j *Job, at int64, text string) []Failure {
	if len(text) > keptErrorSize {
		text = text[:keptErrorSize]
	}
	list := append(slices.Clone(j.Errors), Failure{Attempt: j.Attempt, At: at, Error: clean(text)})
	return list[max(0, len(list)-keptFailures):]
}
