// Package tier moves members between the tiers and levels of their community, as their XP
// change, and grants the roles of tiers.
package tier

import (
	"context"
	"fmt"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/assign"
	"github.com/regulars/regulars/internal/progress/level"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Tiers are the tiers of all communities. It is safe for concurrent use.
type Tiers struct{ d Deps }

// Deps are the dependencies of Tiers.
type Deps struct {
	DB     *sqldb.DB
	Clock  clock.Clock
	Access *access.Access
}

// New returns the Tiers of a database.
func New(d Deps) *Tiers { return &Tiers{d} }

// Limits of tiers.
const (
	MaxTiers = 50
	MaxName  = 100 // characters
	MaxIcon  = 500 // characters
)

// Input are new tiers.
type Input struct {
	Enabled, ShowLevels, ShowTiers, Demote bool
	Tiers                                  []OneInput
	Version                                int64 // that the caller has read; 0: any
}

// OneInput is a new tier, or an existing one if the id is known.
type OneInput struct {
	ID, Name, Icon, RoleID string
	Levels                 map[int64]int64 // thresholds by level
}

// Get returns the tiers. Members and keys with gamification may read them.
func (t *Tiers) Get(ctx context.Context, caller actor.Actor, communityID string) (level.Settings, error) {
	if err := t.d.Access.Can(ctx, caller, communityID, permission.ViewGamification); err != nil {
		return level.Settings{}, err
	}
	return level.Load(ctx, t.d.DB, communityID)
}

// Replace replaces all tiers. Other thresholds, roles or tiers start a job that moves
// members. It fails as access.Can does for gamification, with Invalid "invalid_input",
// "levels_not_rising", "three_levels_required" or "role_not_allowed", with NotFound
// "role_not_found" or Conflict "stale_version", and for a new or changed role with
// Forbidden "missing_permission" or "rank_too_low".
func (t *Tiers) Replace(ctx context.Context, caller actor.Actor, communityID string, in Input) (level.Settings, error) {
	if err := t.d.Access.Can(ctx, caller, communityID, permission.Gamification); err != nil {
		return level.Settings{}, err
	}
	tiers, err := in.normalise()
	if err != nil {
		return level.Settings{}, err
	}
	var changed level.Settings
	err = t.d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := tx.LockExclusive(ctx, guard(communityID)); err != nil {
			return err
		}
		if err := tx.LockShared(ctx, assign.RolesGuard(communityID)); err != nil {
			return err
		}
		old, err := level.Lock(ctx, tx, communityID)
		if err != nil {
			return err
		}
		if in.Version != 0 && in.Version != old.Version {
			return errs.New(errs.Conflict, "stale_version", "The tiers were changed meanwhile. Read them again.").WithDetails(map[string]any{"version": old.Version})
		}
		changed = old
		changed.Enabled, changed.ShowLevels, changed.ShowTiers, changed.Demote = in.Enabled, in.ShowLevels, in.ShowTiers, in.Demote
		changed.Tiers = t.identify(old, tiers)
		changes := differences(old, changed)
		if len(changes) == 0 {
			return nil
		}
		if err := t.checkRoles(ctx, tx, caller, communityID, old, changed); err != nil {
			return err
		}
		changed.Version++
		if moves(old, changed) {
			changed.Recomputing, changed.After, changed.Base = true, "", old.Place(old.Step(0))
			if !old.Active() {
				changed.Base = level.Place{}
			}
			if _, err := jobs.Insert(ctx, tx, recomputeArgs{communityID}, jobs.Options{Unique: communityID, CommunityID: communityID, Lane: jobs.Large}); err != nil {
				return err
			}
		}
		if err := level.Save(ctx, tx, communityID, changed); err != nil {
			return err
		}
		return audit.Record(ctx, tx, caller, t.d.Clock.MS(), communityID, "tiers.update", audit.Target{Type: "tiers", ID: communityID}, changes...)
	})
	return changed, err
}

// guard serialises changes of the tiers of a community, also of its first ones.
func guard(communityID string) string { return "tiers " + communityID }

// normalise checks the tiers and returns them without identity.
func (in *Input) normalise() ([]level.Tier, error) {
	var wrong []errs.Field
	if len(in.Tiers) > MaxTiers {
		wrong = append(wrong, errs.Wrong("tiers", "too_many", "A community has at most %d tiers.", MaxTiers))
	}
	tiers := make([]level.Tier, len(in.Tiers))
	for i, one := range in.Tiers {
		name, ok := text.Line(text.Name(one.Name), MaxName)
		if !ok || name == "" {
			wrong = append(wrong, errs.Wrong(FieldOf(i, "name"), "invalid", "A tier has a name of 1 to %d characters.", MaxName))
		}
		if !text.Readable(one.Icon, MaxIcon) {
			wrong = append(wrong, errs.Wrong(FieldOf(i, "icon"), "too_long", "The icon has at most %d characters.", MaxIcon))
		}
		tiers[i] = level.Tier{ID: one.ID, Name: name, Icon: one.Icon, RoleID: one.RoleID}
		for n := range int64(level.PerTier) {
			xp, has := one.Levels[n+1]
			if !has || len(one.Levels) != level.PerTier {
				return nil, errs.New(errs.Invalid, "three_levels_required", "Each tier has the levels 1, 2 and 3.")
			}
			if xp < 0 || xp > ledger.MaxBalance {
				wrong = append(wrong, errs.Wrong(ThresholdOf(i, int(n)), "invalid", "A threshold is 0 or more, and at most the largest balance."))
			}
			tiers[i].Thresholds[n] = xp
		}
	}
	if err := errs.InvalidFields(wrong); err != nil {
		return nil, err
	}
	last := int64(-1)
	for i, one := range tiers {
		for n, xp := range one.Thresholds {
			if xp <= last {
				return nil, errs.New(errs.Invalid, "levels_not_rising", "The thresholds rise from level to level, over all tiers. Check %s.", one.Name).
					WithDetails(map[string]any{"field": ThresholdOf(i, n)})
			}
			last = xp
		}
	}
	return tiers, nil
}

// FieldOf returns the name of a value of a tier in errors.
func FieldOf(i int, value string) string { return fmt.Sprintf("tiers[%d].%s", i, value) }

// ThresholdOf returns the name of a threshold in errors; levels count from 0.
func ThresholdOf(i, n int) string { return FieldOf(i, fmt.Sprintf("levels[%d].xp", n)) }

// identify returns tiers with the ids that exist, and new ones for the others.
func (t *Tiers) identify(old level.Settings, tiers []level.Tier) []level.Tier {
	list := slices.Clone(tiers)
	seen := map[string]bool{}
	for i := range list {
		if old.Tier(list[i].ID) == nil || seen[list[i].ID] {
			list[i].ID = id.New(t.d.Clock.Now())
		}
		seen[list[i].ID] = true
	}
	return list
}

// errRoleNotAllowed is the error of a role with permissions in the whole community.
func errRoleNotAllowed(role access.Role) error {
	return errs.New(errs.Invalid, "role_not_allowed", "The role %q has server permissions, which a tier does not grant. Choose another role.", role.Title)
}

// checkRoles checks that the actor may assign the roles that are new or changed.
func (t *Tiers) checkRoles(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string, old, changed level.Settings) error {
	var power *access.Authority
	for _, one := range changed.Tiers {
		if before := old.Tier(one.ID); one.RoleID == "" || before != nil && before.RoleID == one.RoleID {
			continue
		}
		role, err := access.RoleByID(ctx, tx, communityID, one.RoleID)
		if err != nil {
			return err
		}
		if role.Everyone || role.GrantsServerPermission() {
			return errRoleNotAllowed(role)
		}
		if power == nil {
			found, err := access.AuthorityOf(ctx, tx, member.Memberships{}, caller, communityID)
			if err != nil {
				return err
			}
			power = &found
			if err := power.Require(permission.ManageRoles, t.d.Clock.MS()); err != nil {
				return err
			}
		}
		if err := power.MayChangeRole(access.Role{}, role); err != nil {
			return err
		}
	}
	return nil
}

// moves reports whether a change may move members or their roles.
func moves(old, changed level.Settings) bool {
	if !changed.Active() {
		return false
	}
	return !old.Active() || old.Demote != changed.Demote || !slices.EqualFunc(old.Tiers, changed.Tiers, func(a, b level.Tier) bool {
		return a.ID == b.ID && a.RoleID == b.RoleID && a.Thresholds == b.Thresholds
	})
}

// differences returns the changed values for the audit log.
func differences(old, changed level.Settings) []audit.Change {
	changes := []audit.Change{
		{Field: "enabled", Old: old.Enabled, New: changed.Enabled},
		{Field: "display.levels", Old: old.ShowLevels, New: changed.ShowLevels},
		{Field: "display.tiers", Old: old.ShowTiers, New: changed.ShowTiers},
		{Field: "demote", Old: old.Demote, New: changed.Demote},
	}
	ids := []string{}
	for _, one := range slices.Concat(old.Tiers, changed.Tiers) {
		if slices.Contains(ids, one.ID) {
			continue
		}
		ids = append(ids, one.ID)
		before, after := values(old.Tier(one.ID)), values(changed.Tier(one.ID))
		for i, name := range []string{"name", "icon", "roleId", "thresholds"} {
			changes = append(changes, audit.Change{Field: one.Name + "." + name, Old: before[i], New: after[i]})
		}
	}
	order := func(s level.Settings) (list []string) {
		for _, one := range s.Tiers {
			list = append(list, one.ID)
		}
		return list
	}
	return audit.Diff(append(changes, audit.Change{Field: "order", Old: order(old), New: order(changed)})...)
}

func values(one *level.Tier) [4]any {
	if one == nil {
		return [4]any{}
	}
	return [4]any{one.Name, one.Icon, one.RoleID, one.Thresholds}
}
