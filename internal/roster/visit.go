package roster

import (
	"context"
	"sync"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

const (
	// onlineFor is the time after a request in which a member counts as online.
	onlineFor = 5 * time.Minute
	// visitEvery is the resolution of SeenAt.
	visitEvery = time.Minute
	// visitWait bounds the time that recording adds to a request.
	visitWait = 200 * time.Millisecond
	// maxVisitors bounds the number of visits in memory.
	maxVisitors = 100_000
)

// visits remembers the visits of the last minute.
type visits struct {
	mu   sync.Mutex
	seen map[string]int64
	busy sync.Mutex // one request at a time is recorded
}

// due reports whether a request at now is recorded.
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

// RecordVisit records that a person made a request in a community. It never
// fails the request, and ignores keys and non-members.
func (s *Roster) RecordVisit(ctx context.Context, caller actor.Actor, communityID string) {
	if caller.Kind != actor.Session {
		return
	}
	now := s.clock.MS()
	if !s.visits.busy.TryLock() { // the next request is recorded
		return
	}
	defer s.visits.busy.Unlock()
	if !s.visits.due(communityID+" "+caller.SessionID, now) {
		return
	}
	short, cancel := context.WithTimeout(sqldb.Background(context.WithoutCancel(ctx)), visitWait)
	defer cancel()
	memberID := caller.MemberID
	if memberID == "" {
		var err error
		if memberID, err = member.IDByAccount(short, s.db, communityID, caller.AccountID); err != nil || memberID == "" {
			return
		}
	}
	_ = member.UpsertVisit(short, s.db, communityID, memberID, member.Visit{SeenAt: now, SignedInAt: caller.SignedInAt}) // the next request is recorded
}

// LastVisit returns the last visit of a member.
func (s *Roster) LastVisit(ctx context.Context, caller actor.Actor, communityID, memberID string) (member.Visit, error) {
	if err := s.access.Can(ctx, caller, communityID, permission.GetUserData); err != nil {
		return member.Visit{}, err
	}
	return member.LoadVisit(ctx, s.db, communityID, memberID)
}

// Online reports whether a member with this last visit counts as online.
func (s *Roster) Online(v member.Visit) bool {
	now := s.clock.MS()
	return v.SeenAt > now-onlineFor.Milliseconds()
}
