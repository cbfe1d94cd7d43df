package firing

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/regulars/regulars/internal/automation"
	"github.com/regulars/regulars/internal/bulk/apply"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// occurrence is an event as automations see it. An imported member is one of its own.
type occurrence struct {
	*event.Event
	kind   string // the type
	userID string // "": none
	data   json.RawMessage
}

// maxOccurrences bounds the occurrences that one transaction handles.
const maxOccurrences = 50

// handle fires the automations that a batch of events triggers.
func (f *Firings) handle(ctx context.Context, tx *sqldb.Tx, batch []event.Event) error {
	communityID := batch[0].CommunityID
	automations, err := automation.Enabled(ctx, tx, communityID)
	if err != nil || len(automations) == 0 {
		return err
	}
	p := f.newPass(tx, communityID, automations)
	var list []occurrence
	for i := range batch {
		e := &batch[i]
		if e.Type == apply.EventMembersImported && p.triggers(member.EventJoined, e, true) {
			if len(list) > 0 {
				return partial(i, len(batch), p.fireAll(ctx, list))
			}
			done, err := p.fireImported(ctx, e)
			if err != nil || !done {
				return partial(i, len(batch), err)
			}
			return partial(i+1, len(batch), nil)
		}
		if !e.Erased && p.triggers(e.Type, e, false) {
			list = append(list, occurrence{e, e.Type, e.UserID, e.Data})
		}
		if len(list) == maxOccurrences {
			return partial(i+1, len(batch), p.fireAll(ctx, list))
		}
	}
	return p.fireAll(ctx, list)
}

// partial returns err, or how many events of a batch were handled if there are others.
func partial(done, all int, err error) error {
	if err != nil || done == all {
		return err
	}
	return &event.PartialError{Done: done}
}

// triggers reports whether an automation has a type of events as trigger and was enabled
// before an event.
func (p *pass) triggers(kind string, e *event.Event, imported bool) bool {
	return slices.ContainsFunc(p.automations, func(a prepared) bool { return a.triggeredBy(kind, e, imported) })
}

// triggeredBy is triggers for one automation. Messages of automations have no member, so
// only automations that do nothing to a member fire for them.
func (a *prepared) triggeredBy(kind string, e *event.Event, imported bool) bool {
	return a.Event == kind && a.After < e.Sequence && (a.IncludeImports || !imported) && (imported || e.UserID != "" || !a.changesMember)
}

// fireImported fires for the next members of an import, and reports whether they were the
// last ones.
func (p *pass) fireImported(ctx context.Context, e *event.Event) (done bool, err error) {
	created, err := event.Created(e)
	if err != nil {
		return false, err
	}
	start, err := selectImported(ctx, p.tx, p.communityID, e.ID)
	if err != nil {
		return false, err
	}
	ids := slices.Collect(created.All())
	ids = ids[min(start, len(ids)):]
	chunk := ids[:min(maxOccurrences, len(ids))]
	people, err := member.LoadMany(ctx, p.tx, p.communityID, chunk)
	if err != nil {
		return false, err
	}
	var list []occurrence
	for _, memberID := range chunk {
		who, exists := people[memberID]
		if !exists {
			continue // removed by the undo of the import
		}
		data, err := json.Marshal(member.UserJoined{User: who.EventUser()})
		if err != nil {
			return false, err
		}
		list = append(list, occurrence{e, member.EventJoined, memberID, data})
	}
	if err := p.fireAll(ctx, list); err != nil {
		return false, err
	}
	if len(chunk) == len(ids) {
		return true, deleteImported(ctx, p.tx, p.communityID)
	}
	return false, setImported(ctx, p.tx, p.communityID, e.ID, start+len(chunk))
}
