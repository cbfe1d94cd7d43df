package jobs

import (
	"context"
	"time"

	"github.com/regulars/regulars/internal/sqldb"
)

// patience bounds a turn and a heartbeat: a connection may hang instead of
// breaking.
const patience = 30 * time.Second

// turn writes how jobs ended, takes over what others dropped, claims what is
// next and starts it. It returns after how long to look again.
func (e *Engine) turn(ctx context.Context, ended []result) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := e.tick(ctx); err != nil {
		return 0, err
	}
	found, err := look(ctx, e.db)
	if err != nil {
		return 0, err
	}
	at := e.clock.MS()
	due := found.runAt != 0 && found.runAt <= at
	late := found.expiry != 0 && found.expiry < at && e.graceEnd.Load() < at
	if due { // jobs become ready first
		found.ready = map[Lane]bool{}
	}
	wanted, err := e.planClaim(ctx, found)
	if err != nil {
		return 0, err
	}
	if len(ended) == 0 && !due && !late && wanted.empty() {
		return e.untilNext(found), nil
	}
	var claimed []*Job
	var served map[Lane]*served
	again := due || len(ended) > 0 // what is queued by this turn is claimed in the next one
	err = e.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := e.finish(ctx, tx, ended); err != nil {
			return err
		}
		if late {
			abandoned, err := e.takeOver(ctx, tx, ended)
			if err != nil {
				return err
			}
			again = again || abandoned > 0
		}
		if due {
			if err := promote(ctx, tx, at); err != nil {
				return err
			}
		}
		claimed, served, err = e.claim(ctx, tx, wanted)
		return err
	})
	if err != nil {
		return 0, err
	}
	e.served = served
	for _, j := range claimed {
		e.begin(j)
	}
	if again || len(claimed) > 0 {
		return 0, nil
	}
	return e.untilNext(found), nil
}

// untilNext is how long nothing will happen without a signal, at most poll.
func (e *Engine) untilNext(found queue) time.Duration {
	at := e.clock.MS()
	next := e.nextTick()
	for _, t := range []int64{found.runAt, found.expiry + 1} {
		if t > 1 && (next == 0 || t < next) {
			next = t
		}
	}
	if next <= at { // none, or one that this turn has dealt with
		return e.poll
	}
	return min(time.Duration(next-at)*time.Millisecond, e.poll)
}

// takeOver queues jobs whose lease has ended and returns how many, without
// those that this node works on or has just ended.
func (e *Engine) takeOver(ctx context.Context, tx *sqldb.Tx, ended []result) (abandoned int, err error) {
	late, err := expired(ctx, tx, e.clock.MS())
	if err != nil {
		return 0, err
	}
	alive := map[string]bool{}
	for _, j := range e.snapshot() {
		alive[j.token+j.ID] = true
	}
	for _, r := range ended {
		alive[r.job.token+r.job.ID] = true
	}
	for _, h := range late {
		if alive[h.token+h.ID] {
			continue
		}
		e.log.WarnContext(ctx, "job taken over from a silent worker", "job_id", h.ID, "kind", h.Kind, "node_id", h.nodeID)
		// A job of this node that no worker has: the commit of its claim was
		// answered by an error. No attempt was made.
		if err := e.abandon(ctx, tx, h, h.nodeID != e.nodeID); err != nil {
			return abandoned, err
		}
		abandoned++
	}
	return abandoned, nil
}

// abandon queues a job of a silent worker again, or gives it up if that has
// happened too often.
func (e *Engine) abandon(ctx context.Context, tx *sqldb.Tx, h held, died bool) error {
	end := ending{state: queued, attempt: h.Attempt - 1, errors: h.Errors, lane: h.Lane}
	if died {
		end.died, end.reason = 1, WaitInterrupted
		end.errors = withFailure(h.Job, e.clock.MS(), "the process ended during the attempt")
	}
	if _, known := e.workers[h.Kind]; known && died && h.deaths+1 >= MaxDeaths {
		end.state = dead
		e.log.ErrorContext(ctx, "job given up: its process ended too often without progress", "job_id", h.ID, "kind", h.Kind, "times", h.deaths+1)
	}
	return e.finishOne(ctx, tx, h.Job, end, Died)
}
