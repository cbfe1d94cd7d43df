package event

import (
	"context"
	"sync"
	"time"

	"github.com/regulars/regulars/internal/sqldb"
)

// dispatchQueue is the communities whose consumers may have new events.
type dispatchQueue struct {
	mu    sync.Mutex
	names map[string]bool
	all   bool
	known map[string]int64 // last sequence of communities that every consumer has passed; of one goroutine
}

// add adds a community, all if communityID is "".
func (q *dispatchQueue) add(communityID string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.names == nil {
		q.names = map[string]bool{}
	}
	q.names[communityID] = true
	q.all = q.all || communityID == ""
}

// drain empties the queue and returns the added communities, nil for all, and whether there are any.
func (q *dispatchQueue) drain() (communities []string, any bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	any = len(q.names) > 0
	if !q.all {
		for communityID := range q.names {
			communities = append(communities, communityID)
		}
	}
	q.names, q.all = nil, false
	return communities, any
}

// pollsPerScan is how many polls pass between two scans of all communities.
const pollsPerScan = 15

// dispatchInterval is the minimum time between two searches for new events.
const dispatchInterval = 100 * time.Millisecond

// dispatch queues the jobs of consumers with new events until ctx ends. Every
// node does so; the unique keys of the jobs make that harmless. After a start,
// and then regularly, it examines all communities, for notifications that were
// lost.
func (s *Events) dispatch(ctx context.Context) {
	polls := 0
	s.every(ctx, s.numbered, func(polled bool) {
		defer pause(ctx, dispatchInterval)
		if polled {
			if polls%pollsPerScan == 0 {
				s.queue.add("")
			}
			polls++
		}
		communities, any := s.queue.drain()
		if !any {
			return
		}
		if err := s.dispatchAll(ctx, communities); err != nil {
			for _, communityID := range communities {
				s.queue.add(communityID)
			}
			if communities == nil {
				polls = 0 // with the next poll
			}
			s.report(ctx, "queue consumers", err)
		}
	})
}

// dispatchAll queues the jobs of the consumers with new events in communities,
// in all with consumers behind the last sequence if communities is nil.
func (s *Events) dispatchAll(ctx context.Context, communities []string) error {
	last, err := lastSequences(ctx, s.db, communities...)
	if err != nil {
		return err
	}
	for communityID, sequence := range last {
		if s.queue.known[communityID] == sequence {
			continue
		}
		passed, err := s.dispatchOne(ctx, communityID, sequence)
		if err != nil {
			return err
		}
		if passed {
			s.queue.known[communityID] = sequence
		}
	}
	for communityID := range s.queue.known {
		if _, exists := last[communityID]; communities == nil && !exists {
			delete(s.queue.known, communityID) // erased
		}
	}
	return nil
}

// dispatchOne queues the jobs of the consumers with new events in one community.
// A consumer with a dead job waits until that is queued again or dismissed.
// passed reports that no consumer has new events.
func (s *Events) dispatchOne(ctx context.Context, communityID string, last int64) (passed bool, err error) {
	positions, err := selectPositions(ctx, s.db, communityID)
	if err != nil {
		return false, err
	}
	passed = true
	var idle []Consumer
	for _, c := range s.sortedConsumers() {
		has, err := s.passOthers(ctx, c, communityID, positions[c.Name], last)
		if err != nil {
			return false, err
		}
		if !has {
			continue
		}
		passed = false
		state, err := consumerJob(ctx, s.db, consumeArgs{c.Name, communityID})
		if err != nil {
			return false, err
		}
		if state == jobNone || state == jobRunning {
			idle = append(idle, c)
		}
	}
	if len(idle) == 0 {
		return passed, nil
	}
	return false, s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		for _, c := range idle {
			if err := s.queueConsumer(ctx, tx, consumeArgs{c.Name, communityID}, c.Delay); err != nil {
				return err
			}
		}
		return nil
	})
}

// maxPassed is how many events of other types may be between the position of a
// consumer and the last event, because every search for its own types reads them.
const maxPassed = 1_000

// passOthers reports whether a consumer has events with position < sequence <=
// last. If it has none and there are many others, it moves the position.
func (s *Events) passOthers(ctx context.Context, c Consumer, communityID string, position, last int64) (has bool, err error) {
	has, err = hasEvents(ctx, s.db, communityID, position, last, c.kinds())
	if err != nil || has || last-position < maxPassed {
		return has, err
	}
	return false, movePosition(ctx, s.db, communityID, c.Name, position, last)
}
