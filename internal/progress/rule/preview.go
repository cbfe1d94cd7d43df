package rule

import (
	"context"
	"slices"
	"strconv"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/ledger"
)

// SampleTimes is how often the member of a sample day does each action that repeats.
const SampleTimes = 50

// Earned is what an action pays on a sample day.
type Earned struct {
	Action    Action
	Times     int64 // the member does it
	Paid      int64 // of Times
	XP, Coins int64
	Capped    bool // it pays at most so much on a day
}

// SampleDay returns what a member earns on a day with SampleTimes of each action that
// repeats, spread evenly, and one visit. Actions that pay nothing or once are absent.
func (s Settings) SampleDay() (list []Earned) {
	for _, action := range Actions {
		r := s.Rules[action]
		if !s.pays(action) || action.Once() {
			continue
		}
		e := Earned{Action: action, Times: 1, Capped: true}
		if action.Repeats() {
			e.Times, e.Capped = SampleTimes, r.DailyCap != nil
		}
		l := limits{paid: map[limitKey][]int64{}, days: map[dayKey]int64{}, sources: map[ledger.SourceOf]bool{}}
		for i := range e.Times {
			if l.admit(fact{action: action, source: strconv.FormatInt(i, 10), at: i * MaxCooldown * 1000 / e.Times}, r, 0) {
				e.Paid++
			}
		}
		e.XP, e.Coins = e.Paid*r.XP, e.Paid*r.Coins
		list = append(list, e)
	}
	return list
}

// PaidOnce returns the actions that pay a member once.
func (s Settings) PaidOnce() (list []Action) {
	for _, action := range Actions {
		if s.pays(action) && action.Once() {
			list = append(list, action)
		}
	}
	return list
}

// pays reports whether an action pays anything.
func (s Settings) pays(action Action) bool {
	r := s.Rules[action]
	return s.Enabled && action.Available() && r.Enabled && r.XP+r.Coins > 0
}

// Preview returns the settings that Update would store, and stores nothing. It fails as
// Update does, except for the version.
func (r *Rules) Preview(ctx context.Context, caller actor.Actor, communityID string, c Change) (changed Settings, err error) {
	if err = r.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return changed, err
	}
	old, err := newest(ctx, r.d.DB, communityID)
	if err != nil {
		return changed, err
	}
	changed = c.apply(old)
	return changed, r.check(ctx, r.d.DB, communityID, old, changed, c)
}

// TextFields returns the fields that AboutMe may name, for an actor with gamification.
func (r *Rules) TextFields(ctx context.Context, caller actor.Actor, communityID string) ([]field.Field, error) {
	if err := r.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return nil, err
	}
	all, err := field.List(ctx, r.d.DB, communityID)
	return slices.DeleteFunc(all, func(f field.Field) bool { return !isText(&f) }), err
}
