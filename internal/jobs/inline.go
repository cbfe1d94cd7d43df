package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// RunUntilDone waits until a job has ended, for a command beside a server that
// may or may not be running. While no engine is live, it runs the job itself,
// and no other. It returns the last error of a dead job and ErrCancelled for a
// cancelled one. The engine must not be started.
func (e *Engine) RunUntilDone(ctx context.Context, jobID string) error {
	defer e.db.Subscribe(topic, e.onNotify)()
	ticker := time.NewTicker(min(e.poll, 200*time.Millisecond))
	defer ticker.Stop()
	for {
		ended, err := e.finalResult(ctx, jobID)
		if ended || err != nil && !sqldb.IsUnavailable(err) {
			return err
		}
		ran := false
		if err == nil {
			ran, err = e.claimAndRun(ctx, jobID)
		}
		if err != nil && !sqldb.IsUnavailable(err) {
			return err
		}
		if ran {
			continue // the job may be queued again
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-e.wake:
		case <-ticker.C:
		}
	}
}

// RemoveNodes removes all nodes. The caller knows, by a lock, that no engine is
// live, and that those which crashed must not count as live.
func (e *Engine) RemoveNodes(ctx context.Context) error {
	return e.db.Tx(ctx, func(tx *sqldb.Tx) error { return removeNodes(ctx, tx) })
}

// finalResult reports whether a job has ended, and its error.
func (e *Engine) finalResult(ctx context.Context, jobID string) (ended bool, err error) {
	j, err := selectEntry(ctx, e.db, jobID)
	switch {
	case errs.KindOf(err) == errs.NotFound:
		return true, nil // done
	case err != nil:
		return false, err
	case j.State == cancelled:
		return true, ErrCancelled
	case j.State != dead:
		return false, nil
	case len(j.Errors) == 0:
		return true, fmt.Errorf("job %s is dead", jobID)
	}
	return true, fmt.Errorf("job %s is dead: %s", jobID, j.Errors[len(j.Errors)-1].Error)
}

// claimAndRun runs the job once, unless an engine is live.
func (e *Engine) claimAndRun(ctx context.Context, jobID string) (ran bool, err error) {
	live, err := e.LiveNodes(ctx)
	if err != nil || live > 0 {
		return false, err
	}
	var claimed []*Job
	err = e.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := e.reclaimExpired(ctx, tx, nil); err != nil {
			return err
		}
		picked, err := lockOne(ctx, tx, jobID, e.clock.MS())
		if err != nil {
			return err
		}
		claimed, err = e.acquire(ctx, tx, picked)
		return err
	})
	if err != nil || len(claimed) == 0 {
		return false, err
	}
	return true, e.runInline(ctx, claimed[0])
}

// runInline runs a job and saves its result, even if the command is interrupted.
func (e *Engine) runInline(ctx context.Context, j *Job) error {
	e.startJob(j)
	renew := time.NewTicker(e.options.Lease / 3)
	defer renew.Stop()
	interrupted := ctx.Done()
	for {
		select {
		case <-interrupted:
			interrupted = nil
			j.cancel(ErrStopped)
		case <-renew.C:
			e.noteOutage(e.renewInline(context.WithoutCancel(ctx), j))
		case r := <-e.finished:
			e.removeRunning(r)
			saveCtx := context.WithoutCancel(ctx)
			return e.db.Tx(saveCtx, func(tx *sqldb.Tx) error { return e.saveResults(saveCtx, tx, []result{r}) })
		}
	}
}

// renewInline renews the lease of the job and handles a request to cancel it.
func (e *Engine) renewInline(ctx context.Context, j *Job) error {
	if err := e.db.Tx(ctx, func(tx *sqldb.Tx) error { return e.renewLeases(ctx, tx, []*Job{j}) }); err != nil {
		return err
	}
	found, err := selectEntry(ctx, e.db, j.ID)
	if err == nil && found.cancelRequested {
		j.cancel(ErrCancelled)
	}
	return err
}
