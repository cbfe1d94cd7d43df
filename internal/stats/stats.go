// Package stats aggregates events to figures of a community over time. The
// figures hold no person, so an erasure changes nothing.
package stats

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk/apply"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// Stats reads and maintains the figures.
type Stats struct {
	db     *sqldb.DB
	access *access.Access
}

// New returns Stats.
func New(db *sqldb.DB, a *access.Access) *Stats { return &Stats{db, a} }

// Feature describes the package to the application.
func (s *Stats) Feature() feature.Feature {
	return feature.Feature{Name: "stats", Consumers: []event.Consumer{{
		Name:   "stats.members",
		Types:  []string{member.EventJoined, member.EventLeft, member.EventRestored, apply.EventMembersImported},
		Delay:  time.Second,
		Handle: countMembers,
	}}}
}

// slotLength divides the offsets of all time zones, so that a day of any zone is
// a number of slots.
const slotLength = 15 * time.Minute

// slotOf returns the start of the slot of a time; both are in Unix milliseconds.
func slotOf(at int64) int64 { return at / slotLength.Milliseconds() * slotLength.Milliseconds() }

// change is a change of the number of members.
type change struct{ joined, left int64 }

// countMembers adds events of one community to its figures.
func countMembers(ctx context.Context, tx *sqldb.Tx, batch []event.Event) error {
	changes := map[int64]change{}
	for i := range batch {
		e := &batch[i]
		c, err := changeOf(e)
		if err != nil {
			return err
		}
		slot := slotOf(e.OccurredAt)
		sum := changes[slot]
		changes[slot] = change{sum.joined + c.joined, sum.left + c.left}
	}
	for _, slot := range slices.Sorted(maps.Keys(changes)) {
		if c := changes[slot]; c != (change{}) {
			if err := addChange(ctx, tx, batch[0].CommunityID, slot, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// changeOf returns the change of an event. Restored members have joined again,
// and members that the undo of an import removed have left.
func changeOf(e *event.Event) (change, error) {
	switch e.Type {
	case member.EventJoined, member.EventRestored:
		return change{joined: 1}, nil
	case member.EventLeft:
		return change{left: 1}, nil
	}
	created, err := event.Created(e)
	if err != nil {
		return change{}, err
	}
	removed, err := event.Removed(e)
	return change{int64(created.Len()), int64(removed.Len())}, err
}

// MemberDay is the figures of members on a day. The total of a day is that of the
// day before + Joined - Left.
type MemberDay struct {
	Day    string // YYYY-MM-DD
	Joined int64
	Left   int64
	Total  int64 // at the end of the day, today's so far
}

// maxDays is how many days MemberDays returns at most.
const maxDays = 400

// MemberDays returns the figures of each day from the day of first to that of
// last, at most 400, in the time zone of first. They are a few seconds behind.
// It fails as access.Can does for getUserData.
func (s *Stats) MemberDays(ctx context.Context, caller actor.Actor, communityID string, first, last time.Time) ([]MemberDay, error) {
	if err := s.access.Can(ctx, caller, communityID, permission.GetUserData); err != nil {
		return nil, err
	}
	days := []MemberDay{}
	ends := []int64{}
	zone := first.Location()
	year, month, day := first.Date()
	start := community.StartOfDay(year, month, day, zone)
	for at := start; !at.After(last) && len(days) < maxDays; {
		year, month, day = at.Date()
		days = append(days, MemberDay{Day: at.Format(time.DateOnly)})
		at = community.StartOfDay(year, month, day+1, zone)
		ends = append(ends, at.UnixMilli())
	}
	if len(days) == 0 {
		return days, nil
	}
	total, err := totalBefore(ctx, s.db, communityID, start.UnixMilli())
	if err != nil {
		return nil, err
	}
	slots, err := selectSlots(ctx, s.db, communityID, start.UnixMilli(), ends[len(ends)-1])
	if err != nil {
		return nil, err
	}
	for i := range days {
		for len(slots) > 0 && slots[0].start < ends[i] {
			days[i].Joined += slots[0].joined
			days[i].Left += slots[0].left
			total = slots[0].total
			slots = slots[1:]
		}
		days[i].Total = total
	}
	return days, nil
}
