package member

import (
	"context"
	"sync"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/sqldb"
)

const (
	// onlineFor is how long after a request a member counts as online.
	onlineFor = 5 * time.Minute
	// visitEvery is how exactly the last request of a member is known.
	visitEvery = time.Minute
	// visitWait is what a request waits at most to note itself.
	visitWait = 200 * time.Millisecond
	// maxVisitors bounds how many last requests are remembered.
	maxVisitors = 100_000
)

// Visit is when a member was in a community, of this community only.
type Visit struct {
	SeenAt     int64 // last request, Unix milliseconds to about a minute; 0: never
	SignedInAt int64 // start of the newest session used here, Unix milliseconds; 0: never
}

// visits remembers what was noted in the last minute.
type visits struct {
	mu   sync.Mutex
	seen map[string]int64
	busy sync.Mutex // one request at a time notes itself
}

// due reports whether a request at now is to be noted.
func (v *visits) due(key string, now int64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if last, known := v.seen[key]; known && now-last < visitEvery.Milliseconds() && now >= last {
		return false
	}
	if v.seen == nil || len(v.seen) >= maxVisitors {
		v.seen = map[string]int64{}
	}
	v.seen[key] = now
	return true
}

// NoteVisit notes that a person made a request in a community. It never fails
// the request, and does nothing for programs and for persons who are no members
// there.
func (s *Members) NoteVisit(ctx context.Context, caller actor.Actor, communityID string) {
	if caller.Kind != actor.Session {
		return
	}
	now := s.clock.MS()
	if !s.visits.busy.TryLock() { // the next request notes itself
		return
	}
	defer s.visits.busy.Unlock()
	if !s.visits.due(communityID+" "+caller.SessionID, now) {
		return
	}
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), visitWait)
	defer cancel()
	memberID := caller.MemberID
	if memberID == "" {
		var err error
		if memberID, err = memberIDOf(short, s.db, communityID, caller.AccountID); err != nil || memberID == "" {
			return
		}
	}
	_ = upsertVisit(short, s.db, communityID, memberID, Visit{now, caller.SignedInAt}) // the next request notes itself
}

// LastVisit returns when a member was in the community.
func (s *Members) LastVisit(ctx context.Context, communityID, memberID string) (Visit, error) {
	return selectVisit(ctx, s.db, communityID, memberID)
}

// Online reports whether a visit is so recent that the member counts as online.
func (s *Members) Online(v Visit) bool {
	now := s.clock.MS()
	return v.SeenAt > now-onlineFor.Milliseconds()
}

func selectVisit(ctx context.Context, q sqldb.Querier, communityID, memberID string) (Visit, error) {
	found, err := visitRows(ctx, q, communityID, memberID)
	if err != nil || len(found) == 0 {
		return Visit{}, err
	}
	return found[0], nil
}
