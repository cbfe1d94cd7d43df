package event

import (
	"context"
	"maps"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
)

// Query selects events of a community.
type Query struct {
	After int64    // sequence
	Types []string // empty: all
	Limit int
}

// Page is a part of the events of a community.
type Page struct {
	Events []Event
	Next   int64 // sequence of the last examined event, the next After
	Latest int64 // 0 without events
	Oldest int64 // of the kept events
	More   bool  // Next is lower than Latest
}

const (
	pageBytes = 4 << 20 // of data in a page
	pageRange = 20_000  // sequences that a page examines
)

// PermRead is the permission to read the events of a community, which show data of
// all members.
const PermRead actor.Permission = "webhooks"

// List returns the next events of a community in order to an actor with PermRead,
// without those of conversations.
// It fails as access.Can does, with Gone "expired" if events after q.After have
// been deleted, or with Invalid "invalid_input" for an unknown type.
func (s *Events) List(ctx context.Context, caller actor.Actor, communityID string, q Query) (Page, error) {
	if err := s.access.Can(ctx, caller, communityID, PermRead); err != nil {
		return Page{}, err
	}
	return s.read(ctx, communityID, q, false)
}

// Read is List for readers that act for no person, with the events of conversations.
func (s *Events) Read(ctx context.Context, communityID string, q Query) (Page, error) {
	return s.read(ctx, communityID, q, true)
}

func (s *Events) read(ctx context.Context, communityID string, q Query, conversations bool) (Page, error) {
	if err := s.checkTypes(q.Types); err != nil {
		return Page{}, err
	}
	latest, err := lastSequence(ctx, s.db, communityID)
	if err != nil {
		return Page{}, err
	}
	p := Page{Events: []Event{}, Next: max(q.After, min(latest, q.After+pageRange)), Latest: latest}
	if q.After < latest {
		list, full, err := selectEvents(ctx, s.db, communityID, q.After, p.Next, kinds{q.Types, conversations}, q.Limit, pageBytes)
		if err != nil {
			return Page{}, err
		}
		if p.Events = append(p.Events, list...); full {
			p.Next = list[len(list)-1].Sequence
		}
	}
	p.More = p.Next < latest
	// Read last: every event from here on was there when the events were read.
	if p.Oldest, err = oldestSequence(ctx, s.db, communityID); err != nil {
		return Page{}, err
	}
	if p.Oldest == 0 {
		p.Oldest = latest + 1
	}
	if q.After+1 < p.Oldest {
		return Page{}, errs.New(errs.Gone, "expired", "Events after sequence %d are no longer kept. Continue after %d.", q.After, p.Oldest-1).WithDetails(map[string]any{"oldest": p.Oldest})
	}
	return p, nil
}

// Latest returns the newest sequence of a community, 0 without events.
func (s *Events) Latest(ctx context.Context, communityID string) (int64, error) {
	return lastSequence(ctx, s.db, communityID)
}

func (s *Events) checkTypes(names []string) error {
	wrong := []errs.Field{}
	for _, name := range names {
		if !slices.ContainsFunc(s.types, func(t Type) bool { return t.Name == name }) {
			wrong = append(wrong, errs.Wrong("types", "not_allowed", "There is no event type %q.", name))
		}
	}
	if len(wrong) > 0 {
		return errs.InvalidFields(wrong)
	}
	return nil
}

// Watch returns a channel that receives after new events of a community, until
// stop is called. It may receive without a new event.
func (s *Events) Watch(communityID string) (changed <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watchers[communityID] == nil {
		s.watchers[communityID] = map[chan struct{}]struct{}{}
	}
	s.watchers[communityID][c] = struct{}{}
	return c, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if delete(s.watchers[communityID], c); len(s.watchers[communityID]) == 0 {
			delete(s.watchers, communityID)
			delete(s.watched, communityID)
		}
	}
}

// wakeWatchers wakes the watchers of a community, of all if communityID is "".
func (s *Events) wakeWatchers(communityID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, channels := range s.watchers {
		if communityID != "" && id != communityID {
			continue
		}
		for c := range channels {
			wake(c)
		}
	}
}

// pollWatched wakes the watchers of communities whose events were numbered by
// another process without a notification.
func (s *Events) pollWatched(ctx context.Context) error {
	s.mu.Lock()
	communities := slices.Collect(maps.Keys(s.watchers))
	s.mu.Unlock()
	if len(communities) == 0 {
		return nil
	}
	last, err := lastSequences(ctx, s.db, communities...)
	if err != nil {
		return err
	}
	for communityID, sequence := range last {
		s.mu.Lock()
		moved := s.watched[communityID] != sequence
		s.watched[communityID] = sequence
		s.mu.Unlock()
		if moved {
			s.wakeWatchers(communityID)
		}
	}
	return nil
}

// wake sends to c, which has a buffer of one, unless it has been woken.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
