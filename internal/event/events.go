package event

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/outage"
	"github.com/regulars/regulars/internal/sqldb"
)

// Type describes the events of a name.
type Type struct {
	Name        string // noun.verb, such as user.joined_server
	Description string // a sentence
	Member      string // the member that the event concerns, such as "the new member"; "": none
	Data        any    // a zero value of the struct of the data
}

// Deps are the parts that Events uses.
type Deps struct {
	DB        *sqldb.DB
	Jobs      *jobs.Engine // not started
	Clock     clock.Clock
	Log       *slog.Logger // nil: nothing is logged
	Database  *outage.Log
	Types     []Type // of all packages
	Consumers []Consumer
	Retention time.Duration    // how long events are kept at least
	Access    actor.Authorizer // for List
}

// Events numbers the events of a database and delivers them to consumers and
// readers.
//
// The numbers of a community are gap-free. If the transaction of an event had
// committed before that of another one began, it has the lower number; and no
// number appears below one that was visible before. On SQLite a transaction
// numbers its own events, because no other runs meanwhile; RelaxedSync leaves
// them to the next ordinary transaction. On PostgreSQL any node numbers
// committed events, one at a time.
type Events struct {
	db        *sqldb.DB
	jobs      *jobs.Engine
	clock     clock.Clock
	log       *slog.Logger
	database  *outage.Log
	types     []Type
	retention time.Duration
	access    actor.Authorizer
	poll      time.Duration // polling interval, in case notifications are missed
	consumers map[string]Consumer
	queue     dispatchQueue

	appended chan struct{} // wakes sequence
	numbered chan struct{} // wakes dispatch

	mu       sync.Mutex
	watchers map[string]map[chan struct{}]struct{} // by community
	watched  map[string]int64                      // last sequence seen by pollWatched

	stop  context.CancelFunc // nil until Start
	loops sync.WaitGroup
}

// New returns Events that have not been started. It registers the worker of
// consumers.
func New(d Deps) *Events {
	s := &Events{
		db: d.DB, jobs: d.Jobs, clock: d.Clock, log: cmp.Or(d.Log, slog.New(slog.DiscardHandler)), database: d.Database, types: d.Types, retention: d.Retention, access: d.Access, poll: time.Second, consumers: map[string]Consumer{},
		queue:    dispatchQueue{known: map[string]int64{}},
		appended: make(chan struct{}, 1), numbered: make(chan struct{}, 1),
		watchers: map[string]map[chan struct{}]struct{}{}, watched: map[string]int64{},
	}
	for _, c := range d.Consumers {
		if _, exists := s.consumers[c.Name]; exists {
			panic("event: duplicate consumer " + c.Name) //nolint:forbidigo // a programming error, found at the first start
		}
		s.consumers[c.Name] = c
	}
	jobs.Register(d.Jobs, s.consume)
	jobs.RestAfterCrashes[consumeArgs](d.Jobs, restAfterCrashes)
	return s
}

// Types returns all event types.
func (s *Events) Types() []Type { return s.types }

// Start starts numbering and the delivery to consumers. ctx provides values only;
// Stop ends them.
func (s *Events) Start(ctx context.Context) {
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	unsubscribe := []func(){
		s.db.Subscribe(appendedTopic, func(string) { wake(s.appended) }),
		s.db.Subscribe(topic, func(communityID string) {
			s.wakeWatchers(communityID)
			s.queue.add(communityID)
			wake(s.numbered)
		}),
	}
	s.loops.Go(func() { s.sequence(ctx) })
	s.loops.Go(func() { s.dispatch(ctx) })
	s.loops.Go(func() {
		<-ctx.Done()
		for _, f := range unsubscribe {
			f()
		}
	})
}

// Stop ends numbering and delivery. Events that are appended later are numbered
// and delivered by another node or after the next start.
func (s *Events) Stop() {
	if s.stop == nil {
		return
	}
	s.stop()
	s.loops.Wait()
}

// every calls f at once, after each wake-up and at each poll, until ctx ends.
func (s *Events) every(ctx context.Context, woken <-chan struct{}, f func(polled bool)) {
	tick := time.NewTicker(s.poll)
	defer tick.Stop()
	for polled := true; ctx.Err() == nil; {
		f(polled)
		select {
		case <-ctx.Done():
		case <-woken:
			polled = false
		case <-tick.C:
			polled = true
		}
	}
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// report records the result of a task; the next poll retries.
func (s *Events) report(ctx context.Context, task string, err error) {
	switch {
	case ctx.Err() != nil:
	case sqldb.IsUnavailable(err):
		s.database.Failed(ctx, err, "task", "events: "+task)
	case err != nil:
		s.log.WarnContext(ctx, "events are not processed", "task", task, "error", err.Error())
	default:
		s.database.Succeeded()
	}
}
