package jobs

import (
	"cmp"
	"context"
	"sync/atomic"
)

// Wait is why a job makes no progress at the moment.
type Wait struct {
	Reason      string // one of the reasons below, or of SnoozeFor
	Since       int64  // Unix milliseconds
	NextAttempt int64  // Unix milliseconds; 0: as soon as the reason has gone
}

// The reasons of a Wait, stable codes.
const (
	WaitWorker      = "free_worker"    // all workers of the lane are busy
	WaitAccount     = "account_jobs"   // other jobs of the account or key run
	WaitCommunity   = "community_jobs" // other jobs of the community run
	WaitInterrupted = "interrupted"    // its process ended; such jobs start one at a time
	WaitRetry       = "retry"          // an attempt failed
	WaitDatabase    = "database"       // the database was away
	WaitServer      = "no_server"      // no server runs
	WaitNode        = "silent_server"  // the server that works on it has gone silent
	WaitOtherNode   = "other_server"   // this server lacks its file; another one has it
	WaitDisk        = "disk_full"      // the disk of the server is full
	waitSnooze      = "later"
)

// Wait states why the job makes no progress although it keeps its worker, until
// done is called. Only the process of the worker reports it. A repeated reason
// keeps its beginning.
func (j *Job) Wait(reason string) (done func()) {
	if w := j.stalled.Load(); w == nil || w.Reason != reason {
		j.stalled.Store(&Wait{Reason: reason, Since: j.engine.clock.MS()})
	}
	return func() { j.stalled.Store(nil) }
}

// stall is the Wait of a job that runs, nil if it makes progress.
type stall = atomic.Pointer[Wait]

// addStalls adds the jobs of this process that keep their workers and wait.
func (e *Engine) addStalls(ids []string, waits map[string]Wait) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, jobID := range ids {
		if j := e.running[jobID]; j != nil {
			if w := j.stalled.Load(); w != nil {
				waits[jobID] = *w
			}
		}
	}
}

// Waits returns those of some jobs that wait, by their ids.
func (e *Engine) Waits(ctx context.Context, ids ...string) (map[string]Wait, error) {
	waits := map[string]Wait{}
	if len(ids) == 0 {
		return waits, nil
	}
	rows, err := selectWaits(ctx, e.db, ids)
	if err != nil {
		return nil, err
	}
	live, err := e.LiveNodes(ctx)
	if err != nil {
		return nil, err
	}
	busy, err := runningShares(ctx, e.db)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		w := row.wait(e.clock.MS(), live, busy[row.lane])
		if w.Reason == WaitNode || w.Reason == WaitServer {
			w.Reason = cmp.Or(e.outage(), w.Reason) // no node can renew its lease
		}
		if w.Reason != "" {
			waits[row.id] = w
		}
	}
	e.addStalls(ids, waits)
	return waits, nil
}

func (w *waitRow) wait(now int64, live int, others map[share]int) Wait {
	since := Wait{Since: w.queuedAt}
	switch w.state {
	case queued, waiting:
	case running:
		if w.leaseUntil >= now {
			return Wait{}
		}
		return Wait{Reason: WaitNode, Since: w.leaseUntil}
	default:
		return Wait{}
	}
	switch {
	case live == 0:
		since.Reason = WaitServer
	case w.state == waiting:
		since.NextAttempt = w.runAt
		if since.Reason = w.reason; w.reason == "" {
			since.Reason = waitSnooze
		}
	case w.refusedBy != "" && w.refusedUntil > now:
		since.Reason = WaitOtherNode
	case w.deaths > 0:
		since.Reason = WaitInterrupted
	default:
		since.Reason = w.share.waitsFor(others)
	}
	return since
}

// waitsFor is what keeps a share from a worker, of the shares that run.
func (s share) waitsFor(others map[share]int) string {
	reason := WaitWorker
	for other := range others {
		switch {
		case s.owner() != "" && other.owner() == s.owner():
			return WaitAccount
		case s.community() != "" && other.community() == s.community():
			reason = WaitCommunity
		}
	}
	return reason
}
