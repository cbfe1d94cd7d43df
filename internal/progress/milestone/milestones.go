package milestone

import (
	"context"
	"reflect"
	"strconv"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/cursor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/progress/badge"
	"github.com/regulars/regulars/internal/sqldb"
)

// Deps are the dependencies of Milestones.
type Deps struct {
	DB     *sqldb.DB
	Clock  clock.Clock
	Access *access.Access
}

// Milestones are the milestones of all communities. It is safe for concurrent use.
type Milestones struct{ d Deps }

// New returns the Milestones of a database.
func New(d Deps) *Milestones { return &Milestones{d} }

// List returns a page of the milestones by group and order, and the cursor of the next page,
// "" at the end. Disabled ones are for those who may change them. It fails as access.Can
// does for ViewGamification, or with Invalid "invalid_cursor".
func (s *Milestones) List(ctx context.Context, caller actor.Actor, communityID, after string, limit int) ([]Milestone, string, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.ViewGamification); err != nil {
		return nil, "", err
	}
	cursors := cursor.Of("milestones")
	last, err := cursors.Parse(after, 3)
	if err != nil {
		return nil, "", err
	}
	from := position{order: -1}
	if last != nil {
		order, err := strconv.ParseInt(last[1], 10, 64)
		if err != nil {
			return nil, "", cursor.ErrForeign()
		}
		from = position{last[0], order, last[2]}
	}
	hidden := s.d.Access.Can(ctx, caller, communityID, permission.Gamification) == nil
	list, err := selectPage(ctx, s.d.DB, communityID, hidden, from, limit+1)
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	list = list[:limit]
	end := &list[limit-1]
	return list, cursors.After(end.Group, strconv.FormatInt(end.Order, 10), end.ID), nil
}

// Get returns a milestone. It fails as access.Can does for Gamification, or with NotFound
// "milestone_not_found".
func (s *Milestones) Get(ctx context.Context, caller actor.Actor, communityID, milestoneID string) (Milestone, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return Milestone{}, err
	}
	return load(ctx, s.d.DB, communityID, milestoneID)
}

// Fields returns the fields that conditions may compare. It fails as List does.
func (s *Milestones) Fields(ctx context.Context, caller actor.Actor, communityID string) ([]field.Field, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.ViewGamification); err != nil {
		return nil, err
	}
	return field.List(ctx, s.d.DB, communityID)
}

// Evaluation returns the last check of all members. It fails as Get does.
func (s *Milestones) Evaluation(ctx context.Context, caller actor.Actor, communityID string) (Evaluation, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return Evaluation{}, err
	}
	return LastEvaluation(ctx, s.d.DB, communityID)
}

// Create creates a milestone, and queues a check of all members if it is enabled. It fails
// as Get does, with Invalid "invalid_input" or "invalid_condition", NotFound
// "badge_not_found" or Conflict "too_many_milestones".
func (s *Milestones) Create(ctx context.Context, caller actor.Actor, communityID string, in Input) (Milestone, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return Milestone{}, err
	}
	now := s.d.Clock.Now()
	var made Milestone
	return made, s.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		made = Milestone{ID: id.New(now), Enabled: true, Version: 1, CreatedAt: now.UnixMilli(), ChangedAt: now.UnixMilli()}
		if err := tx.LockExclusive(ctx, "milestones "+communityID); err != nil {
			return err
		}
		if err := lockEvaluation(ctx, tx, communityID); err != nil {
			return err
		}
		n, err := count(ctx, tx, communityID)
		if err != nil {
			return err
		}
		if n >= MaxMilestones {
			return errs.New(errs.Conflict, "too_many_milestones", "A community has at most %d milestones. Delete one first.", MaxMilestones)
		}
		if err := s.apply(ctx, tx, communityID, in, &made); err != nil {
			return err
		}
		if err := insert(ctx, tx, communityID, made); err != nil {
			return err
		}
		if err := s.record(ctx, tx, caller, communityID, "milestone.create", made); err != nil {
			return err
		}
		return request(ctx, tx, communityID, made, now.UnixMilli())
	})
}

// Update changes a milestone, and queues a check of all members if it is enabled. version is
// the one that the caller has read, 0 for any. It fails as Create does, with NotFound
// "milestone_not_found" or Conflict "stale_version".
func (s *Milestones) Update(ctx context.Context, caller actor.Actor, communityID, milestoneID string, in Input, version int64) (Milestone, error) {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return Milestone{}, err
	}
	var changed Milestone
	return changed, s.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := lockEvaluation(ctx, tx, communityID); err != nil {
			return err
		}
		old, err := lock(ctx, tx, communityID, milestoneID)
		if err != nil {
			return err
		}
		if version != 0 && version != old.Version {
			return errs.New(errs.Conflict, "stale_version", "The milestone was changed meanwhile. Read it again.").WithDetails(map[string]any{"version": old.Version})
		}
		changed = old
		if err := s.apply(ctx, tx, communityID, in, &changed); err != nil || reflect.DeepEqual(changed, old) {
			return err
		}
		changed.Version, changed.ChangedAt = old.Version+1, s.d.Clock.MS()
		if err := update(ctx, tx, communityID, changed); err != nil {
			return err
		}
		if err := s.record(ctx, tx, caller, communityID, "milestone.update", changed, changes(old, changed)...); err != nil {
			return err
		}
		return request(ctx, tx, communityID, changed, s.d.Clock.MS())
	})
}

// apply applies an input.
func (s *Milestones) apply(ctx context.Context, tx *sqldb.Tx, communityID string, in Input, m *Milestone) error {
	fields, err := field.List(ctx, tx, communityID)
	if err != nil {
		return err
	}
	before := m.Reward.BadgeID
	if err := in.apply(m, fields); err != nil || m.Reward.BadgeID == "" || m.Reward.BadgeID == before {
		return err
	}
	_, err = badge.Load(ctx, tx, communityID, m.Reward.BadgeID)
	return err
}

// Delete deletes a milestone; its completions stay, with their rewards. It fails as Update
// does.
func (s *Milestones) Delete(ctx context.Context, caller actor.Actor, communityID, milestoneID string) error {
	if err := s.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return err
	}
	return s.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		deleted, err := lock(ctx, tx, communityID, milestoneID)
		if err != nil {
			return err
		}
		if err := setDeleted(ctx, tx, communityID, milestoneID, s.d.Clock.MS()); err != nil {
			return err
		}
		return s.record(ctx, tx, caller, communityID, "milestone.delete", deleted)
	})
}

func (s *Milestones) record(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string, verb audit.Verb, m Milestone, list ...audit.Change) error {
	return audit.Record(ctx, tx, caller, s.d.Clock.MS(), communityID, verb, audit.Target{Type: "milestone", ID: m.ID, Name: m.Name}, list...)
}

// changes returns what differs between two versions of a milestone.
func changes(a, b Milestone) (list []audit.Change) {
	for _, one := range []struct {
		field    string
		old, new any
	}{
		{"name", a.Name, b.Name},
		{"group", a.Group, b.Group},
		{"order", a.Order, b.Order},
		{"description", a.Description, b.Description},
		{"xp", a.Reward.XP, b.Reward.XP},
		{"coins", a.Reward.Coins, b.Reward.Coins},
		{"badgeId", a.Reward.BadgeID, b.Reward.BadgeID},
		{"factor", float64(a.Boost.Tenths) / 10, float64(b.Boost.Tenths) / 10},
		{"withinHours", a.Boost.Hours, b.Boost.Hours},
		{"startsAt", clock.Format(a.StartsAt), clock.Format(b.StartsAt)},
		{"endsAt", clock.Format(a.EndsAt), clock.Format(b.EndsAt)},
		{"isEnabled", a.Enabled, b.Enabled},
	} {
		if one.old != one.new {
			list = append(list, audit.Change{Field: one.field, Old: one.old, New: one.new})
		}
	}
	if !reflect.DeepEqual(a.Conditions, b.Conditions) {
		list = append(list, audit.Change{Field: "conditions", Old: &a.Conditions, New: &b.Conditions})
	}
	return list
}
