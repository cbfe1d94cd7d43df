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

// cycleTimeout bounds a cycle and a heartbeat, because a connection may hang
// instead of failing.
const cycleTimeout = 30 * time.Second

// runCycle saves the results of finished jobs, reclaims those with an expired
// lease, and claims and starts new ones. It returns the time until the next
// cycle.
func (e *Engine) runCycle(ctx context.Context, ended []result) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, cycleTimeout)
	defer cancel()
	if err := e.tick(ctx); err != nil {
		return 0, err
	}
	found, err := selectQueueState(ctx, e.db)
	if err != nil {
		return 0, err
	}
	at := e.clock.MS()
	due := found.runAt != 0 && found.runAt <= at
	late := found.expiry != 0 && found.expiry < at && e.graceEnd.Load() < at
	if due { // queue the due jobs first, to keep the order
		found.ready = map[Lane]bool{}
	}
	plan, err := e.planClaim(ctx, found)
	if err != nil {
		return 0, err
	}
	if len(ended) == 0 && !due && !late && plan.empty() {
		return e.idleTime(found), nil
	}
	var claimed []*Job
	var served map[Lane]*served
	again := due || len(ended) > 0 // jobs that this cycle queues are claimed in the next one
	err = e.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := e.saveResults(ctx, tx, ended); err != nil {
			return err
		}
		if late {
			reclaimed, err := e.reclaimExpired(ctx, tx, ended)
			if err != nil {
				return err
			}
			again = again || reclaimed > 0
		}
		if due {
			if err := queueDue(ctx, tx, at); err != nil {
				return err
			}
		}
		claimed, served, err = e.claim(ctx, tx, plan)
		return err
	})
	if err != nil {
		return 0, err
	}
	e.served = served
	for _, j := range claimed {
		e.startJob(j)
	}
	if again || len(claimed) > 0 {
		return 0, nil
	}
	return e.idleTime(found), nil
}

// idleTime returns the time until the next known event, at most the poll
// interval.
func (e *Engine) idleTime(found queueState) time.Duration {
	at := e.clock.MS()
	next := e.nextTick()
	for _, t := range []int64{found.runAt, found.expiry + 1} {
		if t > 1 && (next == 0 || t < next) {
			next = t
		}
	}
	if next <= at { // no event, or handled in this cycle
		return e.poll
	}
	return min(time.Duration(next-at)*time.Millisecond, e.poll)
}

// reclaimExpired queues jobs with an expired lease and returns how many, without
// those that this node is running or has just finished.
func (e *Engine) reclaimExpired(ctx context.Context, tx *sqldb.Tx, ended []result) (reclaimed int, err error) {
	late, err := lockExpired(ctx, tx, e.clock.MS())
	if err != nil {
		return 0, err
	}
	own := map[string]bool{}
	for _, j := range e.snapshot() {
		own[j.token+j.ID] = true
	}
	for _, r := range ended {
		own[r.job.token+r.job.ID] = true
	}
	for _, h := range late {
		if own[h.token+h.ID] {
			continue
		}
		e.log.WarnContext(ctx, "job reclaimed from a silent node", "job_id", h.ID, "kind", h.Kind, "node_id", h.nodeID)
		// A job of this node without a worker: the commit of its claim succeeded
		// but returned an error. No attempt was made.
		if err := e.requeueInterrupted(ctx, tx, h, h.nodeID != e.nodeID); err != nil {
			return reclaimed, err
		}
		reclaimed++
	}
	return reclaimed, nil
}

// requeueInterrupted queues a job of a silent worker. After MaxCrashes crashes
// the job is dead, or rests.
func (e *Engine) requeueInterrupted(ctx context.Context, tx *sqldb.Tx, h leasedJob, crashed bool) error {
	next := transition{state: queued, attempt: h.Attempt - 1, errors: h.Errors, lane: h.Lane}
	if crashed {
		next.crashes, next.waitReason = 1, WaitInterrupted
		next.errors = withFailure(h.Job, e.clock.MS(), "the process ended during the attempt")
	}
	switch w, known := e.workers[h.Kind]; {
	case !known || !crashed || h.crashes+1 < MaxCrashes:
	case w.rest > 0:
		next = next.after(e.clock.Now(), w.rest)
	default:
		next.state = dead
		e.log.ErrorContext(ctx, "job is dead: its process crashed too often without progress", "job_id", h.ID, "kind", h.Kind, "times", h.crashes+1)
	}
	return e.applyTransition(ctx, tx, h.Job, next, Crashed)
}

// result is the return value of a worker.
type result struct {
	job *Job
	err error
}

// startJob runs a claimed job in a new goroutine.
func (e *Engine) startJob(j *Job) {
	ctx, cancel := context.WithCancelCause(e.workCtx)
	j.cancel, j.outages, j.startedAt = cancel, e.outages.Load(), e.clock.MS()
	e.mu.Lock()
	e.running[j.ID] = j
	e.mu.Unlock()
	go func() {
		err := e.runWorker(ctx, j)
		cancel(nil)
		e.finished <- result{j, err}
	}()
}

// runWorker calls the worker and returns its error, or the cause of the
// cancellation if the error is a consequence of it.
func (e *Engine) runWorker(ctx context.Context, j *Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			e.log.ErrorContext(ctx, "job panicked", "job_id", j.ID, "kind", j.Kind, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	err = e.workers[j.Kind].work(ctx, j)
	_, snoozed := errors.AsType[snoozeError](err)
	_, isFatal := errors.AsType[fatalError](err)
	if err == nil || snoozed || isFatal || errors.Is(err, ErrYielded) || errors.Is(err, ErrWrongNode) {
		return err
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if sqldb.IsDiskFull(err) || sqldb.IsUnavailable(err) && (j.outages != e.outages.Load() || e.unreachable(ctx)) {
		return outageError{err}
	}
	return err
}

// outageError marks an attempt that failed because the database was unavailable.
type outageError struct{ error }

func (e outageError) Unwrap() error { return e.error }

func (e *Engine) unreachable(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return e.db.Ping(ctx) != nil
}

// saveResults saves the results of workers, each only under its lease token.
func (e *Engine) saveResults(ctx context.Context, tx *sqldb.Tx, ended []result) error {
	ids, idsWithTokens := []string{}, []string{}
	for _, r := range ended {
		if r.err == nil {
			ids, idsWithTokens = append(ids, r.job.ID), append(idsWithTokens, r.job.ID+r.job.token)
			continue
		}
		if errors.Is(r.err, ErrLeaseLost) {
			continue // another worker has the job
		}
		if err := e.applyTransition(ctx, tx, r.job, e.transitionFor(ctx, r), Failed); err != nil {
			return err
		}
		if errors.Is(r.err, ErrWrongNode) {
			if err := tx.Notify(ctx, topic, ""); err != nil {
				return err
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return deleteDone(ctx, tx, ids, idsWithTokens)
}

// applyTransition saves the new state of a job. If that is dead, the callback of
// Register runs in the same transaction.
func (e *Engine) applyTransition(ctx context.Context, tx *sqldb.Tx, j *Job, next transition, why Cause) error {
	next.rejectedBy = j.rejectedBy
	if next.rejected {
		next.rejectedBy = addNode(j.rejectedBy, e.nodeID)
	}
	next.rejectedUntil = e.leaseEnd()
	held, err := saveTransition(ctx, tx, j.ID, j.token, next, e.clock.MS())
	if err != nil || !held || next.state != dead {
		return err
	}
	err = tx.Savepoint(ctx, func() error { return e.workers[j.Kind].onDead(ctx, tx, j.args, why) })
	if err == nil || sqldb.IsUnavailable(err) || sqldb.IsRetryable(err) || ctx.Err() != nil {
		return err
	}
	e.log.ErrorContext(ctx, "callback of a dead job failed", "job_id", j.ID, "kind", j.Kind, "error", err)
	return nil
}

// transitionFor returns the new state of a job after a result other than done.
func (e *Engine) transitionFor(ctx context.Context, r result) transition {
	now := e.clock.Now()
	j := r.job
	requeued := transition{state: queued, attempt: j.Attempt - 1, errors: j.Errors, lane: j.Lane}
	if s, ok := errors.AsType[snoozeError](r.err); ok {
		requeued.waitReason = s.reason
		return requeued.after(now, s.pause)
	}
	if errors.Is(r.err, ErrYielded) {
		if j.Lane == Small {
			requeued.lane = Large
		}
		return requeued
	}
	if errors.Is(r.err, ErrWrongNode) {
		requeued.rejected = true
		return requeued
	}
	if errors.Is(r.err, ErrStopped) {
		return requeued
	}
	if errors.Is(r.err, ErrCancelled) {
		requeued.state, requeued.attempt = cancelled, j.Attempt
		return requeued
	}
	if _, ok := errors.AsType[outageError](r.err); ok {
		if requeued.waitReason = WaitDatabase; sqldb.IsDiskFull(r.err) {
			requeued.waitReason = WaitDisk
		}
		return requeued.after(now, time.Second)
	}
	failed := transition{state: queued, attempt: j.Attempt, errors: withFailure(j, now.UnixMilli(), r.err.Error()), lane: j.Lane, waitReason: WaitRetry}
	if _, ok := errors.AsType[fatalError](r.err); ok || j.Attempt >= j.MaxAttempts {
		failed.state = dead
		e.log.ErrorContext(ctx, "job is dead", "job_id", j.ID, "kind", j.Kind, "attempt", j.Attempt, "error", r.err)
		return failed
	}
	e.log.WarnContext(ctx, "job failed, will be retried", "job_id", j.ID, "kind", j.Kind, "attempt", j.Attempt, "error", r.err)
	return failed.after(now, backoff(j.Attempt))
}

func (t transition) after(now time.Time, pause time.Duration) transition {
	if pause > 0 {
		t.state, t.runAt = waiting, now.Add(pause).UnixMilli()
	}
	return t
}

// backoff returns the pause after an attempt: 5 s, 10 s, 20 s, up to 1 h, plus
// up to a quarter of jitter.
func backoff(attempt int) time.Duration {
	pause := min(5*time.Second<<min(attempt-1, 12), time.Hour)
	return pause + rand.N(pause/4)
}

const (
	maxFailures   = 10
	maxErrorBytes = 1000
)

// withFailure appends a failure to those of the job and drops the oldest ones.
func withFailure(j *Job, at int64, text string) []Failure {
	if len(text) > maxErrorBytes {
		text = text[:maxErrorBytes]
	}
	list := append(slices.Clone(j.Errors), Failure{Attempt: j.Attempt, At: at, Error: sanitize(text)})
	return list[max(0, len(list)-maxFailures):]
}
