// Package award awards the badges of package badge to members: by persons and keys, and
// to everyone who meets the conditions of a badge. An award, its reward and its event are
// one transaction.
package award

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/progress/count"
	"github.com/regulars/regulars/internal/sqldb"
)

// Award is a badge of a member.
type Award struct {
	ID      string
	BadgeID string
	UserID  string
	Actor   string // actor.Actor.Ref; "": the conditions of the badge
	Paid    badge.Reward
	At      int64 // Unix milliseconds

	xpEntry, coinsEntry string // of the ledger; "": paid nothing
	jobID               string // the bulk job that caused it; "": none

	Badge badge.Badge // set by lists
}

// entries returns the entries in the ledger that the award paid.
func (a *Award) entries() (ids []string) {
	for _, entryID := range []string{a.xpEntry, a.coinsEntry} {
		if entryID != "" {
			ids = append(ids, entryID)
		}
	}
	return ids
}

// Grant is an award to be made.
type Grant struct {
	Badge  badge.Badge
	UserID string
	Actor  actor.Actor // the zero Actor: the conditions of the badge
	At     int64       // of what the member did, Unix milliseconds
	jobID  string      // the bulk job that caused it; "": none
}

// automatic reports whether the conditions of the badge award it.
func (g *Grant) automatic() bool { return g.Actor.Ref() == "" }

// AwardAll makes awards, in the caller's transaction, and returns the new ones. It skips
// members who have the badge or are not active, and for the conditions of a badge also
// those who are suspended or have had it before. It locks the members, so that the caller
// has no other locks. A reward is refused as ledger.Ledger.Post refuses it; one that the
// conditions of a badge award is then not paid.
func (s *Awards) AwardAll(ctx context.Context, tx *sqldb.Tx, communityID string, grants []Grant) ([]Award, error) {
	members, err := s.lockReceivers(ctx, tx, communityID, grants)
	if err != nil {
		return nil, err
	}
	grants = slices.SortedFunc(slices.Values(grants), func(a, b Grant) int {
		return cmp.Or(cmp.Compare(a.UserID, b.UserID), cmp.Compare(a.Badge.ID, b.Badge.ID))
	})
	now := s.d.Clock.Now()
	list, counts := make([]made, 0, len(grants)), map[string]int64{}
	for i := range grants {
		g := &grants[i]
		if members[g.UserID] == nil {
			continue
		}
		one := made{Award{ID: id.New(now), BadgeID: g.Badge.ID, UserID: g.UserID, Actor: g.Actor.Ref(), At: cmp.Or(g.At, now.UnixMilli()), jobID: g.jobID, Badge: g.Badge}, g}
		added, err := insert(ctx, tx, communityID, one.Award)
		if err != nil {
			return nil, err
		}
		if added {
			list = append(list, one)
			counts[g.Badge.ID]++
		}
	}
	if err := s.pay(ctx, tx, communityID, list); err != nil {
		return nil, err
	}
	awards := make([]Award, len(list))
	for i, one := range list {
		awards[i] = one.Award
		if err := appendEvent(ctx, tx, now.UnixMilli(), communityID, EventAwarded, members[one.UserID], one.grant.Actor, one.Award); err != nil {
			return nil, err
		}
	}
	return awards, addCounts(ctx, tx, communityID, counts)
}

// lockReceivers locks the members that may receive the awards, by their ids.
func (s *Awards) lockReceivers(ctx context.Context, tx *sqldb.Tx, communityID string, grants []Grant) (map[string]*member.Record, error) {
	ids, automatic := make([]string, len(grants)), map[string]bool{}
	for i := range grants {
		ids[i] = grants[i].UserID
		automatic[ids[i]] = automatic[ids[i]] || grants[i].automatic()
	}
	records, err := member.Lookup(ctx, tx, communityID, member.KeySet{IDs: ids}, true)
	if err != nil {
		return nil, err
	}
	suspended, err := count.Suspended(ctx, tx, communityID, slices.Sorted(maps.Keys(automatic)), s.d.Clock.MS())
	if err != nil {
		return nil, err
	}
	members := map[string]*member.Record{}
	for _, who := range records {
		if who.State == member.Active && !(automatic[who.ID] && slices.Contains(suspended, who.ID)) {
			members[who.ID] = who
		}
	}
	return members, nil
}

// addCounts updates the numbers of members that have badges, in the order of the badges.
func addCounts(ctx context.Context, tx *sqldb.Tx, communityID string, counts map[string]int64) error {
	for _, badgeID := range slices.Sorted(maps.Keys(counts)) {
		if err := badge.CountAwarded(ctx, tx, communityID, badgeID, counts[badgeID]); err != nil {
			return err
		}
	}
	return nil
}

// Types of events.
const (
	EventAwarded = "badge.awarded" // EventAward
	EventRemoved = "badge.removed" // EventAward
)

// EventAward is the data of events of awards.
type EventAward struct {
	User    member.EventUser `json:"user"`
	Badge   EventBadge       `json:"badge"`
	AwardID string           `json:"awardId"`
}

// EventBadge is the badge of an event.
type EventBadge struct {
	ID    string `json:"_id"`
	Title string `json:"title" doc:"The title at that time."`
}

var events = []event.Type{
	{Name: EventAwarded, Member: "the holder of the badge", Data: EventAward{}, Description: "A badge was awarded to a member."},
	{Name: EventRemoved, Member: "the holder of the badge", Data: EventAward{}, Description: "A badge was removed from a member."},
}

func appendEvent(ctx context.Context, tx *sqldb.Tx, now int64, communityID, name string, who *member.Record, by actor.Actor, one Award) error {
	return member.AppendEvent(ctx, tx, by, now, communityID, name, who, EventAward{who.EventUser(), EventBadge{one.Badge.ID, one.Badge.Title}, one.ID})
}
