package jobs

import (
	"context"
	"maps"
	"slices"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// sharesAtOnce is how many shares one claim looks at. With more of them, each
// claim looks at the next ones.
const sharesAtOnce = 64

// plan is what a claim will ask for.
type plan struct {
	waiting     map[Lane][]share
	interrupted []Lane // lanes of which one interrupted job may start
}

func (p plan) empty() bool { return len(p.waiting) == 0 && len(p.interrupted) == 0 }

// planClaim finds the shares that wait and leaves those that a free worker
// cannot serve to Job.Yield.
func (e *Engine) planClaim(ctx context.Context, found queue) (plan, error) {
	p := plan{waiting: map[Lane][]share{}}
	for _, lane := range lanes {
		var waiting []share
		if found.ready[lane] {
			var err error
			if waiting, err = e.sharesOf(ctx, lane); err != nil {
				return p, err
			}
		}
		u := e.usageOf(lane)
		if _, ok := u.next(waiting); ok && u.free() > 0 {
			p.waiting[lane] = waiting
		}
		e.mu.Lock()
		e.crowd[lane], e.yields[lane] = waiting, 0
		e.mu.Unlock()
		if found.interrupted[lane] && u.free() > 0 && e.mayRestart(lane) {
			p.interrupted = append(p.interrupted, lane)
		}
	}
	return p, nil
}

// sharesOf returns shares that have queued jobs, other ones each time if there
// are too many to look at.
func (e *Engine) sharesOf(ctx context.Context, lane Lane) ([]share, error) {
	after := e.after[lane]
	found, err := selectShares(ctx, e.db, e.claimer(), lane, after, sharesAtOnce)
	if err != nil {
		return nil, err
	}
	e.after[lane] = ""
	if len(found) == sharesAtOnce {
		e.after[lane] = found[len(found)-1]
		return found, nil
	}
	if after == "" {
		return found, nil
	}
	first, err := selectShares(ctx, e.db, e.claimer(), lane, "", sharesAtOnce-len(found))
	return append(found, slices.DeleteFunc(first, func(s share) bool { return s > after })...), err
}

func (e *Engine) claimer() claimer { return claimer{e.nodeID, e.clock.MS()} }

// usageOf counts the jobs of a lane that run here.
func (e *Engine) usageOf(lane Lane) *usage {
	u := newUsage(e.options.workersOf(lane))
	for _, j := range e.snapshot() {
		if j.Lane == lane {
			u.add(j.share, 1)
		}
	}
	return u
}

// mayRestart reports whether an interrupted job (its process ended while it ran)
// may start in a lane. They start one at a time, the next when the one
// before has moved on, so that the job that ends processes is found. A job
// never waits for one of a longer lane, which may take hours; one of a longer
// lane waits, so that short jobs do not share the deaths of a large one. Large
// ones run one after another: together they may need too much memory.
func (e *Engine) mayRestart(lane Lane) bool {
	return !slices.ContainsFunc(e.snapshot(), func(j *Job) bool {
		if j.deaths == 0 || slices.Index(lanes, j.Lane) > slices.Index(lanes, lane) {
			return false
		}
		return j.movedAt.Load() == 0 || lane == Large && j.Lane == Large
	})
}

// claim takes jobs as planned, and returns what was served with them.
func (e *Engine) claim(ctx context.Context, tx *sqldb.Tx, p plan) (claimed []*Job, after map[Lane]*served, err error) {
	after = map[Lane]*served{}
	usages := map[Lane]*usage{}
	for _, lane := range lanes {
		after[lane] = e.served[lane].clone()
		usages[lane] = e.usageOf(lane)
		usages[lane].served = after[lane]
	}
	kinds := slices.Sorted(maps.Keys(e.workers))
	if len(p.interrupted) > 0 {
		picked, err := pickInterrupted(ctx, tx, e.claimer(), kinds, p.interrupted)
		if err != nil {
			return nil, nil, err
		}
		for _, h := range picked {
			usages[h.Lane].serve(h.share)
		}
		if claimed, err = e.take(ctx, tx, picked); err != nil {
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

// claimLane takes jobs for all free workers of a lane.
func (e *Engine) claimLane(ctx context.Context, tx *sqldb.Tx, lane Lane, kinds []string, u *usage, waiting []share) (claimed []*Job, err error) {
	waiting = slices.Clone(waiting)
	for {
		quotas := u.allot(waiting)
		if len(quotas) == 0 {
			return claimed, nil
		}
		picked := []held{}
		for _, q := range quotas {
			of, err := pickShare(ctx, tx, e.claimer(), lane, q.share, kinds, q.n)
			if err != nil {
				return nil, err
			}
			if missing := q.n - len(of); missing > 0 {
				u.add(q.share, -missing)
				waiting = slices.DeleteFunc(waiting, func(s share) bool { return s == q.share })
			}
			picked = append(picked, of...)
		}
		taken, err := e.take(ctx, tx, picked)
		if err != nil {
			return nil, err
		}
		claimed = append(claimed, taken...)
	}
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
		j := picked[i].Job
		j.Attempt++
		j.token, j.engine = token, e
		jobs[i], ids[i] = j, j.ID
	}
	return jobs, take(ctx, tx, ids, e.nodeID, token, e.leaseEnd())
}

// Yield asks a worker whether to answer ErrYielded, because others wait that
// have had less. A job of the lane Small moves to Large by that.
func (j *Job) Yield() bool { return j.engine.yield(j) }

func (e *Engine) yield(j *Job) bool {
	if !j.longEnough(e.clock.MS(), e.options.Slice.Milliseconds()) {
		return false
	}
	u := e.usageOf(j.Lane)
	u.add(j.share, -1)
	e.mu.Lock()
	defer e.mu.Unlock()
	crowd := e.crowd[j.Lane]
	if j.Lane == Large {
		crowd = slices.DeleteFunc(slices.Clone(crowd), func(s share) bool { return s == j.share })
	}
	if _, ok := u.next(crowd); !ok || e.yields[j.Lane] >= len(crowd) {
		return false
	}
	e.yields[j.Lane]++
	return true
}

// longEnough reports whether a job has had its time slice. One that starts
// slowly, such as behind a million rows of a packed file, gets a longer one.
func (j *Job) longEnough(now, slice int64) bool {
	if j.Lane == Small {
		return now-j.begun >= slice
	}
	moved := j.movedAt.Load()
	return moved != 0 && now-moved >= max(slice, 4*(moved-j.begun))
}
