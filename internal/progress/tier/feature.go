package tier

import (
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/feature"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/progress/level"
)

// Types of events.
const (
	EventReached = "tier.reached" // Reached
	EventLost    = "tier.lost"    // Lost

	eventImported = "members.imported" // of a higher layer
)

// EventTier is the tier of an event.
type EventTier struct {
	ID   string `json:"_id"`
	Name string `json:"name" doc:"The name at that time."`
}

// Reached is the data of EventReached.
type Reached struct {
	User  member.EventUser `json:"user"`
	Tier  EventTier        `json:"tier"`
	Level int64            `json:"level" doc:"1 to 3."`
	XP    int64            `json:"xp"`
	First bool             `json:"first" doc:"The member reached this level for the first time."`
}

// Lost is the data of EventLost.
type Lost struct {
	User  member.EventUser `json:"user"`
	Tier  *EventTier       `json:"tier" doc:"The new tier; null below the first one."`
	Level int64            `json:"level" doc:"The new level; 0 below the first tier."`
	XP    int64            `json:"xp"`
}

// Feature describes the package to the application.
func (t *Tiers) Feature() feature.Feature {
	return feature.Feature{
		Name: "tier", AuditVerbs: []audit.Verb{"tiers.update"}, EraseMembers: level.EraseMembers,
		Jobs: func(engine *jobs.Engine) { jobs.Register(engine, t.recompute) },
		Events: []event.Type{
			{Name: EventReached, Member: "the member", Data: Reached{}, Description: "A member reached a higher level or tier."},
			{Name: EventLost, Member: "the member", Data: Lost{}, Description: "A member fell to a lower level or tier, because XP were reversed or the tiers were changed."},
		},
		Consumers: []event.Consumer{{Name: "tier", Types: []string{member.EventJoined, member.EventRoleRemoved, eventImported}, Handle: t.follow}},
	}
}
