package jobs

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/id"
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
	free := e.options.Workers - e.held()
	if len(ended) == 0 && !due && !late && (!found.ready || free == 0) {
		return e.untilNext(found), nil
	}
	var claimed []*Job
	err = e.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := e.finish(ctx, tx, ended); err != nil {
			return err
		}
		if late {
			if err := e.takeOver(ctx, tx, ended); err != nil {
				return err
			}
		}
		if due {
			if err := promote(ctx, tx, at); err != nil {
				return err
			}
		}
		claimed, err = e.claim(ctx, tx, free)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, j := range claimed {
		e.begin(j)
	}
	if due || len(claimed) == free && free > 0 {
		return 0, nil // perhaps there is more
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

// claim takes up to free jobs, of no community more than its share.
func (e *Engine) claim(ctx context.Context, tx *sqldb.Tx, free int) ([]*Job, error) {
	share := map[string]int{}
	for _, j := range e.snapshot() {
		share[j.CommunityID]++
	}
	claimed := []*Job{}
	for len(claimed) < free {
		limit := free - len(claimed)
		picked, err := e.pick(ctx, tx, e.full(share), limit)
		if err != nil || len(picked) == 0 {
			return claimed, err
		}
		mine := slices.DeleteFunc(slices.Clone(picked), func(h held) bool {
			share[h.CommunityID]++
			return h.CommunityID != "" && share[h.CommunityID] > e.options.PerCommunity
		})
		taken, err := e.take(ctx, tx, mine)
		if err != nil {
			return nil, err
		}
		claimed = append(claimed, taken...)
	}
	return claimed, nil
}

func (e *Engine) pick(ctx context.Context, tx *sqldb.Tx, full []string, limit int) ([]held, error) {
	kinds := slices.Sorted(maps.Keys(e.workers))
	if len(full) == 0 {
		return pick(ctx, tx, kinds, limit)
	}
	return pickHeads(ctx, tx, kinds, full, limit)
}

// full are the communities that have their share of this node.
func (e *Engine) full(share map[string]int) []string {
	full := []string{}
	for communityID, n := range share {
		if communityID != "" && n >= e.options.PerCommunity {
			full = append(full, communityID)
		}
	}
	return full
}

// take makes picked jobs this node's own, under a token that no earlier
// attempt had.
func (e *Engine) take(ctx context.Context, tx *sqldb.Tx, picked []held) ([]*Job, error) {
	if len(picked) == 0 {
		return nil, nil
	}
	token := id.New(e.clock.Now())
	jobs, ids := make([]*Job, len(picked)), make([]string, len(picked))
	for i := range picked {
		j := &picked[i].Job
		j.Attempt++
		j.token, j.engine = token, e
		jobs[i], ids[i] = j, j.ID
	}
	return jobs, take(ctx, tx, ids, e.nodeID, token, e.leaseEnd())
}

// takeOver queues jobs whose lease has ended, except those that this node
// works on or has just ended: they were only late to say so.
func (e *Engine) takeOver(ctx context.Context, tx *sqldb.Tx, ended []result) error {
	late, err := expired(ctx, tx, e.clock.MS())
	if err != nil {
		return err
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
		// A claim of this node that nobody works on: its commit was answered by
		// an error. No attempt was made.
		h.progressed = h.progressed || h.nodeID == e.nodeID
		e.log.WarnContext(ctx, "job taken over from a silent worker", "job_id", h.ID, "kind", h.Kind, "node_id", h.nodeID)
		if err := finish(ctx, tx, h.ID, h.token, abandoned(h, e.clock.MS()), e.clock.MS()); err != nil {
			return err
		}
	}
	return nil
}

// abandoned is the ending of an attempt whose worker fell silent. It counts
// as a failure only if it had committed nothing: else a job that kills its
// process would run for ever, and a long one would die of restarts.
func abandoned(h held, at int64) ending {
	if h.progressed {
		return ending{state: queued, attempt: h.Attempt - 1, errors: h.Errors}
	}
	end := ending{state: queued, attempt: h.Attempt, errors: withFailure(h.Job, at, "the worker fell silent")}
	if h.Attempt >= h.MaxAttempts {
		end.state = dead
	}
	return end
}
