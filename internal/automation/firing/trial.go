package firing

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/automation"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/event"
)

// Limits of a Trial.
const (
	MaxTried   = 1_000 // events
	maxResults = 50
)

// Trial is what an automation would have done.
type Trial struct {
	Examined, Matched int64
	Results           []Tried // of the newest events, at most 50
}

// Tried is an event of a Trial.
type Tried struct {
	EventID, UserID string
	At              int64 // Unix milliseconds
	Matched         bool
	Reason          string   // why the condition could not be evaluated
	Actions         []Result // that would follow
}

// Test evaluates an automation for the newest past events of its trigger, with the present
// values of their members, and changes nothing. It fails as automation.Automations.Get does.
func (f *Firings) Test(ctx context.Context, caller actor.Actor, communityID, automationID string, events int) (Trial, error) {
	if err := f.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return Trial{}, err
	}
	stored, err := automation.Load(ctx, f.d.DB, communityID, automationID)
	if err != nil {
		return Trial{}, err
	}
	home, err := community.Load(ctx, f.d.DB, communityID)
	if err != nil {
		return Trial{}, err
	}
	newest, err := event.Newest(ctx, f.d.DB, communityID, stored.Event, events)
	if err != nil {
		return Trial{}, err
	}
	newest = slices.DeleteFunc(newest, func(e event.Event) bool { return e.Erased })
	list := make([]occurrence, len(newest))
	for i := range newest {
		list[i] = occurrence{&newest[i], newest[i].Type, newest[i].UserID, newest[i].Data}
	}
	a, known := f.prepare(stored), &people{f: f, q: f.d.DB, home: home}
	if err := known.load(ctx, userIDs(list)...); err != nil {
		return Trial{}, err
	}
	t := Trial{Examined: int64(len(list)), Results: []Tried{}}
	for i := range list {
		one := a.try(&list[i], known)
		if one.Matched {
			t.Matched++
		}
		if len(t.Results) < maxResults {
			t.Results = append(t.Results, one)
		}
	}
	return t, nil
}

// try evaluates the automation for an occurrence.
func (a *prepared) try(o *occurrence, known *people) Tried {
	one := Tried{EventID: o.ID, UserID: o.userID, At: o.OccurredAt, Actions: []Result{}}
	values, err := valuesOf(o.kind, o.Event, o.data, known.user(o.userID))
	met, err := a.met(values, err)
	if one.Matched = met; err != nil {
		one.Reason = shorten(reasonCondition + ": " + err.Error())
	}
	if !met {
		return one
	}
	for i, action := range a.Actions {
		result := Result{Type: action.Type, OK: true}
		if action.Type == automation.Message {
			if result.Text, err = a.texts[i].Render(values); err != nil {
				result.OK = false
			}
		}
		one.Actions = append(one.Actions, result)
	}
	return one
}
