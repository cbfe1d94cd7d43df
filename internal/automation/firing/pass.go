package firing

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/automation"
	"github.com/regulars/regulars/internal/automation/expression"
	"github.com/regulars/regulars/internal/bulk/apply"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/assign"
	"github.com/regulars/regulars/internal/sqldb"
)

// MaxDepth is the number of automations in a chain of causes: an event of this depth
// triggers none.
const MaxDepth = 5

// prepared is an automation with its expressions.
type prepared struct {
	automation.Automation
	condition expression.Condition
	texts     map[int]expression.Template // of messages, by the position of the action
	invalid   *expression.Problem         // nil: the expressions are valid

	changesMember bool // an action needs a member
}

// prepare compiles the expressions of an automation. Fields that were deleted have no
// value.
func (f *Firings) prepare(a automation.Automation) prepared {
	scope := expression.Scope{Event: f.d.Automations.EventType(a.Event), Loose: true}
	p := prepared{Automation: a, texts: map[int]expression.Template{}}
	p.condition, p.invalid = expression.Compile(a.Condition, scope)
	for i, one := range a.Actions {
		if one.Type != automation.Message {
			p.changesMember = true
		}
		if one.Type != automation.Message || p.invalid != nil {
			continue
		}
		p.texts[i], p.invalid = expression.CompileText(one.Message, scope)
	}
	return p
}

// pass is the work on events of a community in one transaction.
type pass struct {
	f           *Firings
	tx          *sqldb.Tx
	communityID string
	automations []prepared
	days        *community.Days
	people      *people
}

func (f *Firings) newPass(tx *sqldb.Tx, communityID string, list []automation.Automation) *pass {
	p := &pass{f: f, tx: tx, communityID: communityID, automations: make([]prepared, len(list))}
	for i, a := range list {
		p.automations[i] = f.prepare(a)
	}
	return p
}

// fireAll fires for occurrences, in their order.
func (p *pass) fireAll(ctx context.Context, list []occurrence) error {
	if len(list) == 0 {
		return nil
	}
	home, err := community.Load(ctx, p.tx, p.communityID)
	if err != nil {
		return err
	}
	p.days = community.NewDays(home)
	p.people = &people{f: p.f, q: p.tx, home: home}
	if err := p.people.load(ctx, userIDs(list)...); err != nil {
		return err
	}
	if list = slices.DeleteFunc(list, func(o occurrence) bool { return !p.mayFire(&o) }); len(list) == 0 {
		return nil
	}
	if err := p.lock(ctx, list); err != nil {
		return err
	}
	for i := range list {
		for n := range p.automations {
			if a := &p.automations[n]; a.triggeredBy(list[i].kind, list[i].Event, list[i].imported()) {
				if err := p.fire(ctx, a, &list[i]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func userIDs(list []occurrence) []string {
	var ids []string
	for _, o := range list {
		if o.userID != "" {
			ids = append(ids, o.userID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (o *occurrence) imported() bool { return o.Type == apply.EventMembersImported }

// mayFire reports whether the condition of an automation is met, or fails.
func (p *pass) mayFire(o *occurrence) bool {
	return slices.ContainsFunc(p.automations, func(a prepared) bool {
		if !a.triggeredBy(o.kind, o.Event, o.imported()) {
			return false
		}
		met, err := a.met(p.values(o))
		return met || err != nil
	})
}

// met evaluates the condition.
func (a *prepared) met(values map[string]any, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	if a.invalid != nil {
		return false, errs.New(errs.Invalid, "invalid_condition", "The condition is no longer valid.")
	}
	return a.condition.Met(values)
}

// lock locks what the actions may change in the order in which others lock it, and reads
// the members again.
func (p *pass) lock(ctx context.Context, list []occurrence) error {
	isRole := func(a automation.Action) bool { return a.Type == automation.Role }
	if slices.ContainsFunc(p.automations, func(a prepared) bool { return slices.ContainsFunc(a.Actions, isRole) }) {
		if err := p.tx.LockShared(ctx, assign.RolesGuard(p.communityID)); err != nil {
			return err
		}
	}
	ids := userIDs(list)
	if _, err := member.LockMembers(ctx, p.tx, p.communityID, ids); err != nil {
		return err
	}
	return p.people.load(ctx, ids...)
}

// values returns the values of expressions.
func (p *pass) values(o *occurrence) (map[string]any, error) {
	return valuesOf(o.kind, o.Event, o.data, p.people.user(o.userID))
}

func valuesOf(kind string, e *event.Event, raw json.RawMessage, user map[string]any) (map[string]any, error) {
	var data map[string]any
	if err := json.Unmarshal(raw, &data); err != nil {
		return nil, err
	}
	return map[string]any{"event": map[string]any{"type": kind, "occurredAt": clock.Format(e.OccurredAt), "data": data}, "user": user}, nil
}

// Reasons of outcomes, besides the codes of errors.
const (
	reasonDepth     = "depth"
	reasonPerMember = "per_member"
	reasonPerDay    = "per_day"
	reasonCondition = "condition_failed"
)

// maxReason is the length of a reason in characters.
const maxReason = 300

// fire runs an automation for an occurrence and logs the outcome.
func (p *pass) fire(ctx context.Context, a *prepared, o *occurrence) error {
	values, err := p.values(o)
	if err != nil {
		return err
	}
	met, err := a.met(values, nil)
	entry := Entry{ID: id.New(p.f.d.Clock.Now()), AutomationID: a.ID, EventID: o.ID, UserID: o.userID, At: p.f.d.Clock.MS(), Actions: []Result{}}
	switch {
	case err != nil:
		entry.Outcome, entry.Reason = Failed, shorten(reasonCondition+": "+err.Error())
		return insertEntry(ctx, p.tx, p.communityID, entry)
	case !met:
		return nil
	case o.Depth >= MaxDepth:
		entry.Outcome, entry.Reason = Skipped, reasonDepth
		return insertEntry(ctx, p.tx, p.communityID, entry)
	}
	limit, err := p.limited(ctx, a, o)
	if err != nil || limit == known {
		return err
	}
	if limit != "" {
		entry.Outcome, entry.Reason = Skipped, limit
		return insertEntry(ctx, p.tx, p.communityID, entry)
	}
	if err := p.perform(ctx, a, o, values, &entry); err != nil {
		return err
	}
	if entry.Outcome == Done && o.userID != "" {
		if err := p.count(ctx, a, o); err != nil {
			return err
		}
		if err := p.people.load(ctx, o.userID); err != nil {
			return err
		}
	}
	return insertEntry(ctx, p.tx, p.communityID, entry)
}

func shorten(text string) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	return string(runes[:min(len(runes), maxReason)])
}

// perform performs the actions, all or none.
func (p *pass) perform(ctx context.Context, a *prepared, o *occurrence, values map[string]any, entry *Entry) error {
	run := &run{pass: p, automation: a, occurrence: o, values: values, by: a.Actor()}
	ctx = event.WithDepth(ctx, o.Depth+1)
	err := p.tx.Savepoint(ctx, func() error {
		for i := range a.Actions {
			ref, err := run.act(ctx, i)
			entry.Actions = append(entry.Actions, Result{Type: a.Actions[i].Type, OK: err == nil, Ref: ref})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		entry.Outcome = Done
		return nil
	}
	refused := errs.From(err)
	if ctx.Err() != nil || sqldb.IsRetryable(err) || refused.Kind == errs.Internal {
		return err
	}
	for i := range entry.Actions {
		entry.Actions[i].OK, entry.Actions[i].Ref = false, ""
	}
	entry.Outcome, entry.Reason = Failed, refused.Code
	return nil
}

// run is one firing.
type run struct {
	*pass
	automation *prepared
	occurrence *occurrence
	values     map[string]any
	by         actor.Actor
}
