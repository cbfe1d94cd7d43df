package jobs

import (
	"context"
	"maps"
	"slices"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// sharesPerClaim is the number of shares that one claim considers. If more are
// queued, each claim continues after those of the previous one.
const sharesPerClaim = 64

// claimPlan is the work that a claim looks for.
type claimPlan struct {
	waiting     map[Lane][]share
	interrupted []Lane // lanes in which an interrupted job may start
}

func (p claimPlan) empty() bool { return len(p.waiting) == 0 && len(p.interrupted) == 0 }

// planClaim finds the queued shares. Those that no free worker can run are left
// to Job.ShouldYield.
func (e *Engine) planClaim(ctx context.Context, state queueState) (claimPlan, error) {
	p := claimPlan{waiting: map[Lane][]share{}}
	for _, lane := range lanes {
		var waiting []share
		if state.ready[lane] {
			var err error
			if waiting, err = e.queuedShares(ctx, lane); err != nil {
				return p, err
			}
		}
		u := e.laneUsage(lane)
		if _, ok := u.next(waiting); ok && u.free() > 0 {
			p.waiting[lane] = waiting
		}
		e.mu.Lock()
		e.contending[lane], e.yields[lane] = waiting, 0
		e.mu.Unlock()
		if state.interrupted[lane] && u.free() > 0 && e.canRestart(lane) {
			p.interrupted = append(p.interrupted, lane)
		}
	}
	return p, nil
}

// queuedShares returns up to sharesPerClaim shares with queued jobs, round
// robin.
func (e *Engine) queuedShares(ctx context.Context, lane Lane) ([]share, error) {
	after := e.shareCursor[lane]
	found, err := selectShares(ctx, e.db, e.claimer(), lane, after, sharesPerClaim)
	if err != nil {
		return nil, err
	}
	e.shareCursor[lane] = ""
	if len(found) == sharesPerClaim {
		e.shareCursor[lane] = found[len(found)-1]
		return found, nil
	}
	if after == "" {
		return found, nil
	}
	first, err := selectShares(ctx, e.db, e.claimer(), lane, "", sharesPerClaim-len(found))
	return append(found, slices.DeleteFunc(first, func(s share) bool { return s > after })...), err
}

func (e *Engine) claimer() claimer { return claimer{e.nodeID, e.clock.MS()} }

// laneUsage counts the running jobs of a lane on this node.
func (e *Engine) laneUsage(lane Lane) *usage {
	u := newUsage(e.options.workersOf(lane))
	for _, j := range e.snapshot() {
		if j.Lane == lane {
			u.adjust(j.share, 1)
		}
	}
	return u
}

// canRestart reports whether an interrupted job, one that was running when its
// process ended, may start in a lane. They start one at a time, the next after
// the previous one has made progress, so that a job that crashes its process is
// identified. A job does not wait for one of a longer lane, which may take
// hours, but a longer one waits for shorter ones, so that those are not blamed
// for its crashes. Large jobs run one after another, because together they may
// exhaust the memory.
func (e *Engine) canRestart(lane Lane) bool {
	return !slices.ContainsFunc(e.snapshot(), func(j *Job) bool {
		if j.crashes == 0 || slices.Index(lanes, j.Lane) > slices.Index(lanes, lane) {
			return false
		}
		return j.progressAt.Load() == 0 || lane == Large && j.Lane == Large
	})
}

// claim claims jobs as planned. It returns the new values of Engine.served, to
// be stored after the commit.
func (e *Engine) claim(ctx context.Context, tx *sqldb.Tx, p claimPlan) (claimed []*Job, after map[Lane]*served, err error) {
	after = map[Lane]*served{}
	usages := map[Lane]*usage{}
	for _, lane := range lanes {
		after[lane] = e.served[lane].clone()
		usages[lane] = e.laneUsage(lane)
		usages[lane].served = after[lane]
	}
	kinds := slices.Sorted(maps.Keys(e.workers))
	if len(p.interrupted) > 0 {
		picked, err := lockInterrupted(ctx, tx, e.claimer(), kinds, p.interrupted)
		if err != nil {
			return nil, nil, err
		}
		for _, h := range picked {
			usages[h.Lane].assign(h.share)
		}
		if claimed, err = e.acquire(ctx, tx, picked); err != nil {
			return nil, nil, err
		}
	}
	for _, lane := range lanes {
		more, err := e.claimLane(ctx, tx, lane, kinds, usages[lane], p.waiting[lane])
		if err != nil {
			return nil, nil, err
		}
		claimed = append(claimed, more...)
	}
	return claimed, after, nil
}

// claimLane claims jobs for all free workers of a lane.
func (e *Engine) claimLane(ctx context.Context, tx *sqldb.Tx, lane Lane, kinds []string, u *usage, waiting []share) (claimed []*Job, err error) {
	waiting = slices.Clone(waiting)
	for {
		quotas := u.allocate(waiting)
		if len(quotas) == 0 {
			return claimed, nil
		}
		picked := []leasedJob{}
		for _, q := range quotas {
			leased, err := lockShare(ctx, tx, e.claimer(), lane, q.share, kinds, q.n)
			if err != nil {
				return nil, err
			}
			if missing := q.n - len(leased); missing > 0 {
				u.adjust(q.share, -missing)
				waiting = slices.DeleteFunc(waiting, func(s share) bool { return s == q.share })
			}
			picked = append(picked, leased...)
		}
		acquired, err := e.acquire(ctx, tx, picked)
		if err != nil {
			return nil, err
		}
		claimed = append(claimed, acquired...)
	}
}

// acquire marks picked jobs as running on this node, with a new lease token.
func (e *Engine) acquire(ctx context.Context, tx *sqldb.Tx, picked []leasedJob) ([]*Job, error) {
	if len(picked) == 0 {
		return nil, nil
	}
	token := id.New(e.clock.Now())
	jobs, ids := make([]*Job, len(picked)), make([]string, len(picked))
	for i := range picked {
		j := picked[i].Job
		j.Attempt++
		j.token, j.engine = token, e
		jobs[i], ids[i] = j, j.ID
	}
	return jobs, markRunning(ctx, tx, ids, e.nodeID, token, e.leaseEnd())
}

// ShouldYield reports whether the worker should return ErrYielded, because
// shares that have had less are waiting. A job of the lane Small moves to
// Large if it yields.
func (j *Job) ShouldYield() bool { return j.engine.shouldYield(j) }

func (e *Engine) shouldYield(j *Job) bool {
	if !j.usedSlice(e.clock.MS(), e.options.Slice.Milliseconds()) {
		return false
	}
	u := e.laneUsage(j.Lane)
	u.adjust(j.share, -1)
	e.mu.Lock()
	defer e.mu.Unlock()
	crowd := e.contending[j.Lane]
	if j.Lane == Large {
		crowd = slices.DeleteFunc(slices.Clone(crowd), func(s share) bool { return s == j.share })
	}
	if _, ok := u.next(crowd); !ok || e.yields[j.Lane] >= len(crowd) {
		return false
	}
	e.yields[j.Lane]++
	return true
}

// usedSlice reports whether a job has used its time slice. The slice is longer
// for a job that starts slowly, for example after a million rows of a compressed
// file.
func (j *Job) usedSlice(now, slice int64) bool {
	if j.Lane == Small {
		return now-j.startedAt >= slice
	}
	moved := j.progressAt.Load()
	return moved != 0 && now-moved >= max(slice, 4*(moved-j.startedAt))
}
