// Package presence records when members are online: visits, time spent and login
// streaks.
package presence

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

const (
	visitPause = 30 * time.Minute // without a sign of the member, between two visits
	// recordWait bounds the time that recording adds to a request.
	recordWait = 200 * time.Millisecond
	// maxSeen bounds the members whose last sign is in memory.
	maxSeen = 100_000
	// connectedFor is the time after which a connection that is not renewed counts no
	// longer. Nodes renew it twice as often.
	connectedFor   = 2 * time.Minute
	connectedBatch = 1_000 // members in one transaction
)

// Visit is the last visit of a member in a community.
type Visit struct {
	SeenAt      int64 // last request, Unix milliseconds to about a minute; 0: never
	SignedInAt  int64 // start of the newest session used here, Unix milliseconds; 0: never
	OnlineUntil int64 // Unix milliseconds; 0: never online
}

// OnlineFor is the time after a request in which a member counts as online. A live
// connection prolongs it.
const OnlineFor = 5 * time.Minute

// Presence records signs of members. It is safe for concurrent use.
type Presence struct {
	db    *sqldb.DB
	clock clock.Clock

	busy sync.Mutex // one sign at a time is recorded

	mu   sync.Mutex
	seen map[string]int64 // last sign by community and member, Unix milliseconds
}

// New returns a Presence.
func New(db *sqldb.DB, c clock.Clock) *Presence {
	return &Presence{db: db, clock: c, seen: map[string]int64{}}
}

// Record records a sign of a person in a community: a request, or an action at a live
// connection. Keys of communities and non-members are ignored. Signs within a minute
// of the clock write once. A sign that cannot be recorded at once is left to the next
// one, so that no request fails or waits for it.
func (p *Presence) Record(ctx context.Context, caller actor.Actor, communityID string) {
	if caller.Kind != actor.Session && caller.Kind != actor.UserKey || !p.busy.TryLock() {
		return
	}
	defer p.busy.Unlock()
	now := p.clock.Now()
	ref := caller.MemberID
	if ref == "" {
		ref = caller.AccountID
	}
	last, due := p.due(communityID+" "+ref, now)
	if !due {
		return
	}
	short, cancel := context.WithTimeout(sqldb.Background(context.WithoutCancel(ctx)), recordWait)
	defer cancel()
	if p.record(short, caller, communityID, last, now) != nil {
		p.forget(communityID+" "+ref, last)
	}
}

// RecordConnected records that members of a community have an open connection. It is
// called once a minute; the members count as online for two.
func (p *Presence) RecordConnected(ctx context.Context, communityID string, memberIDs []string) error {
	until := p.clock.Now().Add(connectedFor).UnixMilli()
	for batch := range slices.Chunk(memberIDs, connectedBatch) {
		err := p.db.Tx(sqldb.Background(ctx), func(tx *sqldb.Tx) error { return upsertConnected(ctx, tx, communityID, batch, until) }, sqldb.RelaxedSync)
		if err != nil {
			return err
		}
	}
	return nil
}

// due reports whether a sign is to be written, and returns the time of the last one.
func (p *Presence) due(key string, now time.Time) (last int64, due bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	last = p.seen[key]
	if len(p.seen) >= maxSeen {
		clear(p.seen)
	}
	p.seen[key] = now.UnixMilli()
	return last, last/time.Minute.Milliseconds() != now.Unix()/60
}

// forget restores the time of the last sign, so that the next one is written.
func (p *Presence) forget(key string, last int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen[key] = last
}

func (p *Presence) record(ctx context.Context, caller actor.Actor, communityID string, last int64, now time.Time) error {
	memberID := caller.MemberID
	if memberID == "" {
		var err error
		if memberID, err = member.IDByAccount(ctx, p.db, communityID, caller.AccountID); err != nil || memberID == "" {
			return err
		}
	}
	return p.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := tx.LockExclusive(ctx, "presence "+communityID+" "+memberID); err != nil {
			return err
		}
		found, err := recordsOf(ctx, tx, communityID, []string{memberID})
		if err != nil {
			return err
		}
		r := found[memberID]
		home, err := community.Load(ctx, tx, communityID)
		if err != nil {
			return err
		}
		before, day := r, home.Day(now)
		visits, firstToday := r.sign(max(last, r.seenAt), now, day)
		if err := addDay(ctx, tx, communityID, memberID, day, r.visits-before.visits, r.minutes-before.minutes); err != nil {
			return err
		}
		if err := upsertVisit(ctx, tx, communityID, memberID, Visit{SeenAt: r.seenAt, SignedInAt: caller.SignedInAt}); err != nil {
			return err
		}
		if err := upsertRecord(ctx, tx, communityID, memberID, r); err != nil || !visits {
			return err
		}
		return p.appendVisit(ctx, tx, caller, communityID, memberID, r.visits, firstToday)
	}, sqldb.RelaxedSync)
}

// record is a row of member_presence with the last visit of its member.
type record struct {
	seenAt, visits, minutes, lastMinute, streak, streakDay int64
}

// sign adds a sign of the member at a time and a day. It reports whether a visit
// began, and whether it is the first one of the day.
func (r *record) sign(last int64, now time.Time, day int64) (visit, firstToday bool) {
	if minute := now.Unix() / 60; minute > r.lastMinute {
		r.lastMinute = minute
		r.minutes++
	}
	r.seenAt = max(r.seenAt, now.UnixMilli())
	if r.visits > 0 && now.UnixMilli()-last < visitPause.Milliseconds() {
		return false, false
	}
	r.visits++
	switch {
	case r.visits > 1 && day <= r.streakDay:
		return true, false
	case r.visits > 1 && day == r.streakDay+1:
		r.streak++
	default:
		r.streak = 1
	}
	r.streakDay = day
	return true, true
}

// EventVisited is the type of the event of a visit.
const EventVisited = "user.visited_server" // Visited

// Visited is the data of EventVisited.
type Visited struct {
	User       member.EventUser `json:"user"`
	VisitCount int64            `json:"visitCount"`
	FirstToday bool             `json:"firstToday" doc:"The first visit of the day in the time zone of the community."`
}

// EventTypes describes the events of the package.
var EventTypes = []event.Type{{Name: EventVisited, Member: "the visitor", Data: Visited{}, Description: "A member visited the community: the first request or action after 30 minutes without any."}}

func (p *Presence) appendVisit(ctx context.Context, tx *sqldb.Tx, by actor.Actor, communityID, memberID string, count int64, firstToday bool) error {
	who, err := member.LockMember(ctx, tx, communityID, memberID)
	if err != nil {
		return err
	}
	return member.AppendEvent(ctx, tx, by, p.clock.MS(), communityID, EventVisited, who, Visited{who.EventUser(), count, firstToday})
}

// Feature describes the package to the application.
func (p *Presence) Feature() feature.Feature {
	return feature.Feature{Name: "presence", Events: EventTypes, EraseMembers: EraseMembers}
}
