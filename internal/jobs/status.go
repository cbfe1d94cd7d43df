package jobs

import (
	"cmp"
	"context"
	"strings"
	"sync/atomic"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// Stats counts jobs by state.
type Stats struct {
	Waiting, Queued, Running, Dead, Cancelled int64
}

// Stats counts the jobs of all nodes.
func (e *Engine) Stats(ctx context.Context) (Stats, error) {
	return countByState(ctx, e.db)
}

// Entry describes a job. Jobs that are done have none.
type Entry struct {
	ID, Kind, CommunityID string
	State                 string // waiting, queued, running, dead or cancelled
	Crashes               int64  // crashes of its processes without progress
	Final                 bool   // the callback of Register has run: the job cannot be queued again
	Attempt, MaxAttempts  int
	Errors                []Failure // the latest, oldest first
	Args                  string    // JSON
	CreatedAt, RunAt      int64     // Unix milliseconds
	FinishedAt            int64     // 0 unless dead or cancelled

	cancelRequested bool
}

// Cause returns why a dead job is dead.
func (e Entry) Cause() Cause {
	if e.Crashes >= MaxCrashes {
		return Crashed
	}
	return Failed
}

// KindStats counts the jobs of a kind.
type KindStats struct {
	Kind          string
	Waiting, Dead int64 // Waiting includes queued jobs
	OldestAt      int64 // start of the longest wait for a worker, Unix milliseconds; 0 for none
}

// KindStats counts the jobs of all nodes by kind, sorted by kind.
func (e *Engine) KindStats(ctx context.Context) ([]KindStats, error) {
	return countByKind(ctx, e.db)
}

// Dead returns the dead jobs, latest first. It fails with Forbidden
// "owner_required" unless the actor owns the installation.
func (e *Engine) Dead(ctx context.Context, caller actor.Actor, limit int) ([]Entry, error) {
	if err := caller.RequireInstallationOwner(); err != nil {
		return nil, err
	}
	list, err := selectDead(ctx, e.db, limit)
	for i := range list {
		list[i].Final = e.workers[list[i].Kind].isFinal
	}
	return list, err
}

// Dismiss deletes a dead job. It fails as Dead does; other jobs are a Conflict
// "job_not_dead".
func (e *Engine) Dismiss(ctx context.Context, caller actor.Actor, jobID string) error {
	if err := caller.RequireInstallationOwner(); err != nil {
		return err
	}
	dismissed, err := deleteDead(ctx, e.db, jobID)
	if err == nil && !dismissed {
		return notDead()
	}
	return err
}

// Requeue queues a dead job again, with all its attempts. It fails as Dead does;
// other jobs, and dead ones with a successor of the same unique key, are a
// Conflict "job_not_dead".
func (e *Engine) Requeue(ctx context.Context, caller actor.Actor, jobID string) error {
	if err := caller.RequireInstallationOwner(); err != nil {
		return err
	}
	err := e.db.Tx(ctx, func(tx *sqldb.Tx) error {
		revived, err := requeueDead(ctx, tx, jobID, e.clock.MS())
		if err != nil {
			return err
		}
		if !revived {
			return notDead()
		}
		return tx.Notify(ctx, topic, "")
	})
	if sqldb.IsDuplicate(err) {
		return notDead().Because(err)
	}
	return err
}

func notDead() *errs.Error {
	return errs.New(errs.Conflict, "job_not_dead", "Only a job that was given up, and has no successor, can be queued again or dismissed.")
}

// sanitize returns valid UTF-8 without NUL, which both engines can store.
func sanitize(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "?"), "\x00", "?")
}

// Wait describes why a job makes no progress.
type Wait struct {
	Reason      string // one of the constants below, or the reason of SnoozeFor
	Since       int64  // Unix milliseconds
	NextAttempt int64  // Unix milliseconds; 0 for as soon as the reason ends
}

// The reasons of a Wait, stable codes.
const (
	WaitWorker      = "free_worker"    // all workers of the lane are busy
	WaitAccount     = "account_jobs"   // other jobs of the account or key are running
	WaitCommunity   = "community_jobs" // other jobs of the community are running
	WaitInterrupted = "interrupted"    // its process ended; such jobs start one at a time
	WaitRetry       = "retry"          // an attempt failed
	WaitDatabase    = "database"       // the database was unavailable
	WaitServer      = "no_server"      // no server is running
	WaitNode        = "silent_server"  // the server that runs it does not renew its lease
	WaitOtherNode   = "other_server"   // this server lacks the file; another one has it
	WaitDisk        = "disk_full"      // the disk of the database is full
	waitSnooze      = "later"
)

// ReportWait records why the running job makes no progress, until done is
// called. Only this process reports it. A repeated reason keeps its start.
func (j *Job) ReportWait(reason string) (done func()) {
	if w := j.stalled.Load(); w == nil || w.Reason != reason {
		j.stalled.Store(&Wait{Reason: reason, Since: j.engine.clock.MS()})
	}
	return func() { j.stalled.Store(nil) }
}

// stall is the Wait of a running job, nil while it makes progress.
type stall = atomic.Pointer[Wait]

// addReported adds the waits that running jobs of this process have reported.
func (e *Engine) addReported(ids []string, waits map[string]Wait) {
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

// Waits returns the waits of the given jobs by id. Jobs that make progress have
// none.
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
	busy, err := countRunningByShare(ctx, e.db)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		w := row.wait(e.clock.MS(), live, busy[row.lane])
		if w.Reason == WaitNode || w.Reason == WaitServer {
			w.Reason = cmp.Or(e.outageReason(), w.Reason) // during an outage no node can renew its lease
		}
		if w.Reason != "" {
			waits[row.id] = w
		}
	}
	e.addReported(ids, waits)
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
	case w.rejectedBy != "" && w.rejectedUntil > now:
		since.Reason = WaitOtherNode
	case w.crashes > 0:
		since.Reason = WaitInterrupted
	default:
		since.Reason = w.share.waitReason(others)
	}
	return since
}

// waitReason returns why no worker is free for a share, given the running jobs.
func (s share) waitReason(others map[share]int) string {
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
