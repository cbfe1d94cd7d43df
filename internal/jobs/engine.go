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
	"github.com/regulars/regulars/internal/sqldb"
)

const dayMS = 24 * 60 * 60 * 1000

// keptDays is how long a job that is dead or cancelled can be looked at.
const keptDays = 30

// EngineOptions are the settings of an Engine.
type EngineOptions struct {
	Workers  int           // of the lanes Small and Large together, and of Short again as many; 0 means 4
	Lease    time.Duration // how long a job of a silent worker stays its own; 0 means 30 s
	Slice    time.Duration // how long a job may run before Job.Yield asks for its worker; 0 means 5 s
	TakeBack bool          // at Start every running job is taken back: the caller knows that no other process works
	NodeID   string        // at Start the running jobs of this node are taken back: the caller knows that no other process has its id; "": a new one
}

// Engine claims jobs and calls their workers. Make it with New, Register the
// workers, Start it, and Stop it before the database closes.
type Engine struct {
	db        *sqldb.DB
	clock     clock.Clock
	log       *slog.Logger
	options   EngineOptions
	poll      time.Duration // the safety net under missed signals
	nodeID    string
	workers   map[string]worker
	schedules []*schedule

	outages  atomic.Int64 // of the database, that this process has seen
	noSpace  atomic.Bool  // the last outage was a full disk
	stuck    atomic.Bool  // the last turn failed
	graceEnd atomic.Int64 // until then nobody else's leases have expired, see outage

	mu      sync.Mutex
	running map[string]*Job  // by id; a job leaves when its worker has returned
	crowd   map[Lane][]share // that have queued jobs
	yields  map[Lane]int     // jobs that were asked to yield to the crowd

	// These belong to the loop.
	served map[Lane]*served
	after  map[Lane]share // the last share of the last look, see sharesOf

	wake     chan struct{}
	finished chan result
	base     context.Context         // of all workers
	stop     context.CancelCauseFunc // ends base
	calm     context.Context         // of the engine's own statements, until Stop waits no longer
	hurry    context.CancelFunc      // ends calm
	loops    sync.WaitGroup
	unlisten func()
}

// New returns an engine that does nothing before Start.
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
	e := &Engine{
		db: db, clock: c, log: log, options: o, poll: 2 * time.Second, nodeID: o.NodeID,
		workers: map[string]worker{}, running: map[string]*Job{}, crowd: map[Lane][]share{}, yields: map[Lane]int{},
		served: map[Lane]*served{}, after: map[Lane]share{}, wake: make(chan struct{}, 1),
	}
	all := 0
	for _, lane := range lanes {
		e.served[lane] = newServed()
		all += o.workersOf(lane)
	}
	e.finished = make(chan result, all)
	e.calm, e.hurry = context.WithCancel(context.Background())
	e.base, e.stop = context.WithCancelCause(context.Background())
	return e
}

// Start begins to work. The end of ctx ends only the start itself; Stop ends
// the work. An engine is started once.
func (e *Engine) Start(ctx context.Context) error {
	err := e.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := e.takeBack(ctx, tx); err != nil {
			return err
		}
		if err := e.startSchedules(ctx, tx); err != nil {
			return err
		}
		return seeNode(ctx, tx, e.nodeID, e.clock.MS())
	})
	if err != nil {
		return err
	}
	e.unlisten = e.db.Listen(topic, e.hear)
	e.loops.Go(e.work)
	e.loops.Go(e.keepAlive)
	return nil
}

// takeBack queues again what processes left running of which the caller knows
// that they are gone.
func (e *Engine) takeBack(ctx context.Context, tx *sqldb.Tx) error {
	left, err := allRunning(ctx, tx)
	if err != nil {
		return err
	}
	for _, h := range left {
		if !e.options.TakeBack && h.nodeID != e.nodeID {
			continue
		}
		if err := e.abandon(ctx, tx, h, true); err != nil {
			return err
		}
	}
	if !e.options.TakeBack {
		return nil
	}
	return removeNodes(ctx, tx)
}

// hear takes a signal: a job to cancel, or "" for work to look for.
func (e *Engine) hear(jobID string) {
	if jobID != "" {
		e.end(jobID, "", ErrCancelled)
	}
	select {
	case e.wake <- struct{}{}:
	default: // awake already
	}
}

// end ends the context of a job that runs here, under any token if it is "".
func (e *Engine) end(jobID, token string, cause error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if j := e.running[jobID]; j != nil && (token == "" || j.token == token) {
		j.cancel(cause)
	}
}

// Stop ends the contexts of all workers, waits until they have returned, gives
// their jobs back without burning an attempt, and ends the engine. When ctx
// ends first, the jobs are given back all the same and Stop returns the error
// of ctx; the late workers cannot change anything any more.
func (e *Engine) Stop(ctx context.Context) error {
	if e.unlisten == nil {
		return nil // never started
	}
	e.unlisten()
	e.stop(ErrStopped)
	gone := make(chan struct{})
	go func() { e.loops.Wait(); close(gone) }()
	var late error
	select {
	case <-gone:
	case <-ctx.Done():
		late = ctx.Err()
		e.hurry()
		<-gone
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	return errors.Join(late, removeNode(last, e.db, e.nodeID))
}

// lastWords is how long an engine that stops may still take to write.
const lastWords = 5 * time.Second

// work is the one loop that claims and finishes jobs, many of them in each
// transaction.
func (e *Engine) work() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	ended, bad := []result{}, 0
	for e.base.Err() == nil {
		select {
		case <-e.base.Done():
			continue
		case r := <-e.finished:
			ended = append(ended, e.release(r))
		case <-e.wake:
		case <-timer.C:
		}
		ended = e.collect(ended)
		next, err := e.turn(e.calm, ended)
		e.stuck.Store(err != nil)
		if err == nil {
			ended, bad = nil, 0
			timer.Reset(next)
			continue
		}
		bad++
		e.report(err, bad)
		timer.Reset(min(time.Duration(bad)*100*time.Millisecond, e.poll))
	}
	e.finishAll(ended)
}

// collect takes what else has ended, so that one transaction serves all.
func (e *Engine) collect(ended []result) []result {
	for {
		select {
		case r := <-e.finished:
			ended = append(ended, e.release(r))
		default:
			return ended
		}
	}
}

func (e *Engine) release(r result) result {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.running, r.job.ID)
	return r
}

// finishAll waits for the workers and writes how their jobs ended.
func (e *Engine) finishAll(ended []result) {
	for waiting := true; waiting && e.held() > 0; {
		select {
		case r := <-e.finished:
			ended = append(ended, e.release(r))
		case <-e.calm.Done():
			waiting = false
		}
	}
	for _, j := range e.snapshot() {
		ended = append(ended, result{j, ErrStopped}) // its worker is late
	}
	if len(ended) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(e.calm), lastWords)
	defer cancel()
	err := e.db.Tx(ctx, func(tx *sqldb.Tx) error { return e.finish(ctx, tx, ended) })
	if err != nil {
		e.log.WarnContext(ctx, "jobs are not given back, their leases will end", "error", err)
	}
}

func (e *Engine) held() int {
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

// note remembers that the database was away. All nodes see that, so for one
// lease after it is back nobody takes over what others hold.
func (e *Engine) note(err error) {
	if sqldb.IsUnavailable(err) {
		e.outages.Add(1)
		e.noSpace.Store(sqldb.IsFull(err))
		e.graceEnd.Store(e.leaseEnd())
	}
}

// outage is the reason of a Wait while the database does not accept the turns or
// heartbeats of this process, "" while it does.
func (e *Engine) outage() string {
	switch {
	case !e.stuck.Load() && e.graceEnd.Load() < e.clock.MS():
		return ""
	case e.noSpace.Load():
		return WaitDisk
	default:
		return WaitDatabase
	}
}

func (e *Engine) report(err error, times int) {
	e.note(err)
	if e.base.Err() != nil || (times > 1 && times%30 != 0) {
		return // once is enough, and a sign of life now and then
	}
	e.log.Error("jobs wait for the database", "error", err, "times", times)
}
