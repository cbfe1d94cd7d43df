package automation

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/cursor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/sqldb"
)

// Deps are the dependencies of Automations.
type Deps struct {
	DB     *sqldb.DB
	Clock  clock.Clock
	Access *access.Access
	Types  []event.Type // of all packages
}

// Automations are the automations of all communities. It is safe for concurrent use.
type Automations struct{ d Deps }

// New returns the Automations of a database.
func New(d Deps) *Automations {
	d.Types = slices.Clone(d.Types)
	return &Automations{d}
}

// EventTypes returns the types of events that trigger automations. It fails as access.Can
// does for Gamification.
func (s *Automations) EventTypes(ctx context.Context, caller actor.Actor, communityID string) ([]event.Type, error) {
	return s.d.Types, s.d.Access.Can(ctx, caller, communityID, permission.Gamification)
}

// Targets are what actions of automations may name.
type Targets struct {
	Roles    []access.Role // that automations may assign
	Tags     []member.Tag
	Fields   []field.Field // that automations may set
	Badges   []badge.Badge
	Channels []chat.Channel // that have no topics
}

// Targets returns what actions may name, and all fields. It fails as access.Can does for
// Gamification.
func (s *Automations) Targets(ctx context.Context, caller actor.Actor, communityID string) (t Targets, fields []field.Field, err error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return t, nil, err
	}
	if t.Roles, err = access.Roles(ctx, s.d.DB, communityID); err != nil {
		return t, nil, err
	}
	t.Roles = slices.DeleteFunc(t.Roles, func(r access.Role) bool { return CheckRole(r) != nil })
	if t.Tags, err = member.Tags(ctx, s.d.DB, communityID); err != nil {
		return t, nil, err
	}
	if fields, err = field.List(ctx, s.d.DB, communityID); err != nil {
		return t, nil, err
	}
	t.Fields = slices.DeleteFunc(slices.Clone(fields), func(f field.Field) bool { return f.Default || f.Identifier })
	if t.Badges, err = badge.All(ctx, s.d.DB, communityID); err != nil {
		return t, nil, err
	}
	t.Channels, err = chat.All(ctx, s.d.DB, communityID)
	t.Channels = slices.DeleteFunc(t.Channels, func(c chat.Channel) bool { return c.Type == chat.Forum })
	return t, fields, err
}

// EventType returns the type of events with a name; the zero Type is unknown.
func (s *Automations) EventType(name string) event.Type {
	for _, t := range s.d.Types {
		if t.Name == name {
			return t
		}
	}
	return event.Type{}
}

// List returns a page of the automations, the oldest one first, and the cursor of the next
// page, "" at the end. It fails as access.Can does for Gamification, or with Invalid
// "invalid_cursor".
func (s *Automations) List(ctx context.Context, caller actor.Actor, communityID, after string, limit int) ([]Automation, string, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return nil, "", err
	}
	cursors := cursor.Of("automations")
	from, err := cursors.ParseID(after, "")
	if err != nil {
		return nil, "", err
	}
	list, err := selectPage(ctx, s.d.DB, communityID, from, limit+1)
	list, next := cursor.Page(cursors, list, limit, func(a *Automation) string { return a.ID })
	return list, next, err
}

// Get returns an automation. It fails as access.Can does for Gamification, or with NotFound
// "automation_not_found".
func (s *Automations) Get(ctx context.Context, caller actor.Actor, communityID, automationID string) (Automation, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return Automation{}, err
	}
	return Load(ctx, s.d.DB, communityID, automationID)
}

// Create creates an automation for events that are written from now on. It fails as
// access.Can does for Gamification; with Invalid "invalid_input", "invalid_condition" or
// "role_not_allowed"; with Forbidden "missing_permission" or "rank_too_low" for a role that
// the caller may not assign; with NotFound for what an action names; or with Conflict
// "too_many_automations".
func (s *Automations) Create(ctx context.Context, caller actor.Actor, communityID string, in Input) (Automation, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return Automation{}, err
	}
	var made Automation
	return made, s.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.d.Clock.Now()
		made = Automation{ID: id.New(now), Enabled: true, Version: 1, CreatedAt: now.UnixMilli()}
		c := check{s: s, tx: tx, caller: caller, communityID: communityID, after: &made}
		if err := c.lock(ctx); err != nil {
			return err
		}
		n, err := count(ctx, tx, communityID)
		if err != nil {
			return err
		}
		if n >= MaxAutomations {
			return errs.New(errs.Conflict, "too_many_automations", "A community has at most %d automations. Delete one first.", MaxAutomations)
		}
		in.apply(&made)
		if err := c.run(ctx); err != nil {
			return err
		}
		if made.After, err = event.LastCommitted(ctx, tx, communityID); err != nil {
			return err
		}
		if err := insert(ctx, tx, communityID, made); err != nil {
			return err
		}
		return s.record(ctx, tx, caller, communityID, "automation.create", made)
	})
}

// Update changes an automation. One that becomes enabled fires for events that are written
// from now on. version is the one that the caller has read, 0 for any. It fails as Create
// does, with NotFound "automation_not_found" or Conflict "stale_version".
func (s *Automations) Update(ctx context.Context, caller actor.Actor, communityID, automationID string, in Input, version int64) (Automation, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return Automation{}, err
	}
	var changed Automation
	return changed, s.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		c := check{s: s, tx: tx, caller: caller, communityID: communityID, after: &changed}
		if err := c.lock(ctx); err != nil {
			return err
		}
		old, err := Load(ctx, tx, communityID, automationID)
		if err != nil {
			return err
		}
		if version != 0 && version != old.Version {
			return errs.New(errs.Conflict, "stale_version", "The automation was changed meanwhile. Read it again.").WithDetails(map[string]any{"version": old.Version})
		}
		c.before, changed = old, old
		changed.Actions = slices.Clone(old.Actions)
		in.apply(&changed)
		if err := c.run(ctx); err != nil || equal(old, changed) {
			return err
		}
		if changed.Enabled && !old.Enabled {
			if changed.After, err = event.LastCommitted(ctx, tx, communityID); err != nil {
				return err
			}
		}
		changed.Version++
		if err := update(ctx, tx, communityID, changed); err != nil {
			return err
		}
		return s.record(ctx, tx, caller, communityID, "automation.update", changed, changes(old, changed)...)
	})
}

// Delete deletes an automation; its log stays, and so does everything that it did. It
// fails as Get does.
func (s *Automations) Delete(ctx context.Context, caller actor.Actor, communityID, automationID string) error {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return err
	}
	return s.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		deleted, err := lock(ctx, tx, communityID, automationID)
		if err != nil {
			return err
		}
		if err := setDeleted(ctx, tx, communityID, automationID, s.d.Clock.MS()); err != nil {
			return err
		}
		return s.record(ctx, tx, caller, communityID, "automation.delete", deleted)
	})
}

func (s *Automations) record(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string, verb audit.Verb, a Automation, list ...audit.Change) error {
	return audit.Record(ctx, tx, caller, s.d.Clock.MS(), communityID, verb, audit.Target{Type: "automation", ID: a.ID, Name: a.Name}, list...)
}

// changes returns what differs between two versions of an automation. Texts of messages are
// not in the log.
func changes(a, b Automation) (list []audit.Change) {
	for _, one := range []struct {
		field    string
		old, new any
	}{
		{"name", a.Name, b.Name},
		{"enabled", a.Enabled, b.Enabled},
		{"event", a.Event, b.Event},
		{"includeImports", a.IncludeImports, b.IncludeImports},
		{"condition", a.Condition, b.Condition},
		{"perMember", a.PerMember, b.PerMember},
		{"perDay", a.PerDay, b.PerDay},
	} {
		if one.old != one.new {
			list = append(list, audit.Change{Field: one.field, Old: one.old, New: one.new})
		}
	}
	a.Name, a.Enabled, a.Event, a.IncludeImports, a.Condition, a.PerMember, a.PerDay, a.After, a.Version = b.Name, b.Enabled, b.Event, b.IncludeImports, b.Condition, b.PerMember, b.PerDay, b.After, b.Version
	if !equal(a, b) {
		list = append(list, audit.Change{Field: "actions"})
	}
	return list
}
