package jobs

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/outage"
	"github.com/regulars/regulars/internal/sqldb"
)

const dayMS = 24 * 60 * 60 * 1000

// retentionDays is how long dead and cancelled jobs are kept.
const retentionDays = 30

// EngineOptions are the settings of an Engine.
type EngineOptions struct {
	Workers    int           // of the lanes Small and Large together; Short has as many again; 0 means 4
	Lease      time.Duration // lease of a job, renewed while its worker lives; 0 means 30 s
	Slice      time.Duration // how long a job may run before Job.ShouldYield may report true; 0 means 5 s
	ReclaimAll bool          // Start requeues every running job; the caller guarantees that no other process is working
	Version    string        // of the program, for Nodes
	Database   *outage.Log   // nil: of its own
	NodeID     string        // Start requeues the running jobs of this node; the caller guarantees that no other process has the id; "" generates one
}

// Engine claims jobs and calls their workers. Create it with New, Register the
// workers, Start it, and Stop it before the database closes.
type Engine struct {
	db        *sqldb.DB
	clock     clock.Clock
	log       *slog.Logger
	options   EngineOptions
	poll      time.Duration // polling interval, in case notifications are missed
	nodeID    string
	node      Node // set by Start
	workers   map[string]worker
	schedules []*schedule

	outages     atomic.Int64 // of the database, seen by this process
	diskFull    atomic.Bool  // the last outage was a full disk
	cycleFailed atomic.Bool  // the last cycle failed
	graceEnd    atomic.Int64 // Unix milliseconds; until then leases of other nodes do not expire, see noteOutage

	mu         sync.Mutex
	running    map[string]*Job  // by id; until the worker has returned
	contending map[Lane][]share // with queued jobs
	yields     map[Lane]int     // jobs that were asked to yield to contending

	// Used only by the goroutine of loop.
	served      map[Lane]*served
	shareCursor map[Lane]share // last share considered, see queuedShares

	wake        chan struct{}
	finished    chan result
	workCtx     context.Context         // parent of the workers' contexts
	stopWorkers context.CancelCauseFunc // cancels workCtx
	dbCtx       context.Context         // for the engine's own statements; outlives workCtx until Stop gives up
	abortDB     context.CancelFunc      // cancels dbCtx
	loops       sync.WaitGroup
	unsubscribe func()
}

// New returns an engine that is not started.
func New(db *sqldb.DB, c clock.Clock, log *slog.Logger, o EngineOptions) *Engine {
	if o.Workers == 0 {
		o.Workers = 4
	}
	if o.Lease == 0 {
		o.Lease = 30 * time.Second
	}
	if o.Slice == 0 {
		o.Slice = 5 * time.Second
	}
	if o.NodeID == "" {
		o.NodeID = id.New(c.Now())
	}
	if o.Database == nil {
		o.Database = outage.New(log, c, "database")
	}
	e := &Engine{
		db: db, clock: c, log: log, options: o, poll: 2 * time.Second, nodeID: o.NodeID,
		workers: map[string]worker{}, running: map[string]*Job{}, contending: map[Lane][]share{}, yields: map[Lane]int{},
		served: map[Lane]*served{}, shareCursor: map[Lane]share{}, wake: make(chan struct{}, 1),
	}
	workers := 0
	for _, lane := range lanes {
		e.served[lane] = newServed()
		workers += o.workersOf(lane)
	}
	e.finished = make(chan result, workers)
	e.dbCtx, e.abortDB = context.WithCancel(context.Background())
	e.workCtx, e.stopWorkers = context.WithCancelCause(context.Background())
	return e
}

// Start starts the engine, once. ctx bounds only the start; Stop ends the
// engine.
func (e *Engine) Start(ctx context.Context) error {
	e.node = Node{ID: e.nodeID, Version: e.options.Version, StartedAt: e.clock.MS()}
	err := e.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := e.reclaimOwn(ctx, tx); err != nil {
			return err
		}
		if err := e.startSchedules(ctx, tx); err != nil {
			return err
		}
		return insertNode(ctx, tx, e.node)
	})
	if err != nil {
		return err
	}
	e.unsubscribe = e.db.Subscribe(topic, e.onNotify)
	e.loops.Go(e.loop)
	e.loops.Go(e.renewLeasesRegularly)
	return nil
}

// reclaimOwn requeues the jobs that were left running by processes which the
// caller knows to have ended.
func (e *Engine) reclaimOwn(ctx context.Context, tx *sqldb.Tx) error {
	running, err := lockRunning(ctx, tx)
	if err != nil {
		return err
	}
	for _, h := range running {
		if !e.options.ReclaimAll && h.nodeID != e.nodeID {
			continue
		}
		if err := e.requeueInterrupted(ctx, tx, h, true); err != nil {
			return err
		}
	}
	if !e.options.ReclaimAll {
		return nil
	}
	return removeNodes(ctx, tx)
}

// onNotify handles a notification: the id of a job to cancel, or "" if jobs were
// queued.
func (e *Engine) onNotify(jobID string) {
	if jobID != "" {
		e.cancelJob(jobID, "", ErrCancelled)
	}
	select {
	case e.wake <- struct{}{}:
	default: // already awake
	}
}

// cancelJob cancels the context of a job that runs here, with any token if token
// is "".
func (e *Engine) cancelJob(jobID, token string, cause error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if j := e.running[jobID]; j != nil && (token == "" || j.token == token) {
		j.cancel(cause)
	}
}

// Stop cancels the contexts of all workers, waits until they have returned, and
// requeues their jobs without counting the attempt. If ctx ends first, Stop
// requeues the jobs nevertheless and returns the error of ctx; the remaining
// workers have lost their leases.
func (e *Engine) Stop(ctx context.Context) error {
	if e.unsubscribe == nil {
		return nil // not started
	}
	e.unsubscribe()
	e.stopWorkers(ErrStopped)
	stopped := make(chan struct{})
	go func() { e.loops.Wait(); close(stopped) }()
	var late error
	select {
	case <-stopped:
	case <-ctx.Done():
		late = ctx.Err()
		e.abortDB()
		<-stopped
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	return errors.Join(late, removeNode(ctx, e.db, e.nodeID))
}

// shutdownTimeout bounds the statements of an engine that is stopping.
const shutdownTimeout = 5 * time.Second

// loop claims and finishes jobs, many of them in each transaction.
func (e *Engine) loop() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	ended, failures := []result{}, 0
	for e.workCtx.Err() == nil {
		select {
		case <-e.workCtx.Done():
			continue
		case r := <-e.finished:
			ended = append(ended, e.removeRunning(r))
		case <-e.wake:
		case <-timer.C:
		}
		ended = e.drainFinished(ended)
		next, err := e.runCycle(e.dbCtx, ended)
		e.cycleFailed.Store(err != nil)
		if err == nil {
			e.options.Database.Succeeded()
			ended, failures = nil, 0
			timer.Reset(next)
			continue
		}
		failures++
		e.reportError(err, failures)
		timer.Reset(min(time.Duration(failures)*100*time.Millisecond, e.poll))
	}
	e.finishRemaining(ended)
}

// drainFinished receives further results, to save them in the same transaction.
func (e *Engine) drainFinished(ended []result) []result {
	for {
		select {
		case r := <-e.finished:
			ended = append(ended, e.removeRunning(r))
		default:
			return ended
		}
	}
}

func (e *Engine) removeRunning(r result) result {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.running, r.job.ID)
	return r
}

// finishRemaining waits for the workers and saves their results.
func (e *Engine) finishRemaining(ended []result) {
	for waiting := true; waiting && e.runningCount() > 0; {
		select {
		case r := <-e.finished:
			ended = append(ended, e.removeRunning(r))
		case <-e.dbCtx.Done():
			waiting = false
		}
	}
	for _, j := range e.snapshot() {
		ended = append(ended, result{j, ErrStopped}) // the worker has not returned
	}
	if len(ended) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(e.dbCtx), shutdownTimeout)
	defer cancel()
	err := e.db.Tx(ctx, func(tx *sqldb.Tx) error { return e.saveResults(ctx, tx, ended) })
	if err != nil {
		e.log.WarnContext(ctx, "cannot requeue jobs, their leases will expire", "error", err)
	}
}

func (e *Engine) runningCount() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.running)
}

func (e *Engine) snapshot() []*Job {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Collect(maps.Values(e.running))
}

func (e *Engine) leaseEnd() int64 { return e.clock.Now().Add(e.options.Lease).UnixMilli() }

// noteOutage records an outage of the database. Other nodes could not renew
// their leases meanwhile, so none is reclaimed until one lease after the outage.
func (e *Engine) noteOutage(err error) {
	if sqldb.IsUnavailable(err) {
		e.outages.Add(1)
		e.diskFull.Store(sqldb.IsDiskFull(err))
		e.graceEnd.Store(e.leaseEnd())
	}
}

// outageReason returns the reason for Wait while the cycles or heartbeats of
// this process fail, "" otherwise.
func (e *Engine) outageReason() string {
	switch {
	case !e.cycleFailed.Load() && e.graceEnd.Load() < e.clock.MS():
		return ""
	case e.diskFull.Load():
		return WaitDisk
	default:
		return WaitDatabase
	}
}

func (e *Engine) reportError(err error, failures int) {
	e.noteOutage(err)
	switch {
	case e.workCtx.Err() != nil:
	case sqldb.IsUnavailable(err):
		e.options.Database.Failed(e.workCtx, err, "task", "job cycle")
	case failures == 1 || failures%30 == 0:
		e.log.ErrorContext(e.workCtx, "job cycle failed", "error", err.Error(), "failures", failures)
	}
}
