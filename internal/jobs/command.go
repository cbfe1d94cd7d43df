package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// RunUntilDone returns when a job has ended, for a command beside a server
// that may or may not run: as long as no engine lives, it works on the job
// itself, on this one only. It fails with the job's last error if the job is
// dead and with ErrCancelled if it was cancelled. The engine is not started.
func (e *Engine) RunUntilDone(ctx context.Context, jobID string) error {
	defer e.db.Listen(topic, e.hear)()
	ticker := time.NewTicker(min(e.poll, 200*time.Millisecond))
	defer ticker.Stop()
	for {
		ended, err := e.outcome(ctx, jobID)
		if ended || err != nil && !sqldb.IsUnavailable(err) {
			return err
		}
		worked := false
		if err == nil {
			worked, err = e.step(ctx, jobID)
		}
		if err != nil && !sqldb.IsUnavailable(err) {
			return err
		}
		if worked {
			continue // perhaps it goes on at once
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-e.wake:
		case <-ticker.C:
		}
	}
}

// ForgetNodes is for a caller that knows, by a lock, that no engine lives:
// processes that died without a word no longer count as alive.
func (e *Engine) ForgetNodes(ctx context.Context) error {
	return e.db.Tx(ctx, func(tx *sqldb.Tx) error { return removeNodes(ctx, tx) })
}

// outcome reports whether a job has ended, and its error if it did not end
// well.
func (e *Engine) outcome(ctx context.Context, jobID string) (ended bool, err error) {
	j, err := find(ctx, e.db, jobID)
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
		return true, fmt.Errorf("job %s was given up", jobID)
	}
	return true, fmt.Errorf("job %s was given up: %s", jobID, j.Errors[len(j.Errors)-1].Error)
}

// step works on the job once, if no engine lives that does.
func (e *Engine) step(ctx context.Context, jobID string) (worked bool, err error) {
	live, err := e.LiveNodes(ctx)
	if err != nil || live > 0 {
		return false, err
	}
	var claimed []*Job
	err = e.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := e.takeOver(ctx, tx, nil); err != nil {
			return err
		}
		picked, err := pickOne(ctx, tx, jobID, e.clock.MS())
		if err != nil {
			return err
		}
		claimed, err = e.take(ctx, tx, picked)
		return err
	})
	if err != nil || len(claimed) == 0 {
		return false, err
	}
	return true, e.runHere(ctx, claimed[0])
}

// runHere works on a job on behalf of a command and writes how it ended, also
// when the command is interrupted.
func (e *Engine) runHere(ctx context.Context, j *Job) error {
	e.begin(j)
	beat := time.NewTicker(e.options.Lease / 3)
	defer beat.Stop()
	interrupted := ctx.Done()
	for {
		select {
		case <-interrupted:
			interrupted = nil
			j.cancel(ErrStopped)
		case <-beat.C:
			e.note(e.extend(context.WithoutCancel(ctx), j))
		case r := <-e.finished:
			e.release(r)
			calm := context.WithoutCancel(ctx)
			return e.db.Tx(calm, func(tx *sqldb.Tx) error { return e.finish(calm, tx, []result{r}) })
		}
	}
}

// extend makes the lease of the one job longer and looks whether it is to end.
func (e *Engine) extend(ctx context.Context, j *Job) error {
	if err := e.db.Tx(ctx, func(tx *sqldb.Tx) error { return e.beat(ctx, tx, []*Job{j}) }); err != nil {
		return err
	}
	found, err := find(ctx, e.db, j.ID)
	if err == nil && found.cancelAsked {
		j.cancel(ErrCancelled)
	}
	return err
}
