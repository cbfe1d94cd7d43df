package access

import (
	"context"
	"maps"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// maxRoles is how many roles a community has at most, @all among them: each
// request of a person reads them.
const maxRoles = 250

// RoleChange is what UpdateRole changes; nil leaves it as it is. The maps
// change the permissions they name.
type RoleChange struct {
	Title              *string
	Class              *string
	Order              *int
	Billable           *bool
	ServerPermissions  map[string]bool
	ChannelPermissions map[string]bool
}

func (c RoleChange) of(old Role) RoleInput {
	in := RoleInput{
		Title: old.Title, Class: old.Class, Order: old.Order, Billable: old.Billable,
		ServerPermissions: maps.Clone(old.ServerPermissions), ChannelPermissions: maps.Clone(old.ChannelPermissions),
	}
	set(&in.Title, c.Title)
	set(&in.Class, c.Class)
	set(&in.Order, c.Order)
	set(&in.Billable, c.Billable)
	maps.Copy(in.ServerPermissions, c.ServerPermissions)
	maps.Copy(in.ChannelPermissions, c.ChannelPermissions)
	return in
}

func set[T any](target, value *T) {
	if value != nil {
		*target = *value
	}
}

// CreateRole makes a role. The actor needs ManageRoles, and a person who does
// not own the community makes only roles below their own highest, that allow
// nothing they may not do themselves. It fails as Can does, with Forbidden
// "rank_too_low" or "missing_permission", Conflict "title_taken" or
// "too_many_roles", or Invalid "invalid_input".
func (a *Access) CreateRole(ctx context.Context, actor actor.Actor, communityID string, in RoleInput) (Role, error) {
	if err := a.Can(ctx, actor, communityID, ManageRoles); err != nil {
		return Role{}, err
	}
	role, err := in.role()
	if err != nil {
		return Role{}, err
	}
	now := a.clock.Now()
	role.ID, role.CreatedAt, role.UpdatedAt = id.New(now), now.UnixMilli(), now.UnixMilli()
	err = a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := tx.LockExclusive(ctx, "new roles "+communityID); err != nil {
			return err // or two that meet would both find the last place free
		}
		known, err := listRoles(ctx, tx, communityID)
		if err != nil {
			return err
		}
		if len(known) >= maxRoles {
			return errs.New(errs.Conflict, "too_many_roles", "A community has at most %d roles. Delete one that nobody needs.", maxRoles)
		}
		if err := a.mayMake(ctx, tx, actor, communityID, Role{}, role); err != nil {
			return err
		}
		if err := insertRole(ctx, tx, communityID, role); err != nil {
			return err
		}
		return a.noteRole(ctx, tx, actor, communityID, "role.create", Role{}, role)
	})
	return role, titleTaken(err, role.Title)
}

// UpdateRole changes a role. The actor needs ManageRoles, and a person who
// does not own the community changes only roles below their own highest,
// leaves them there, and allows nothing anew that they may not do themselves.
// Of @all neither title nor order can be changed. It fails as CreateRole does,
// with NotFound "role_not_found", or with Conflict "role_of_everyone".
func (a *Access) UpdateRole(ctx context.Context, actor actor.Actor, communityID, roleID string, change RoleChange) (Role, error) {
	if err := a.Can(ctx, actor, communityID, ManageRoles); err != nil {
		return Role{}, err
	}
	var changed Role
	err := a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		old, err := lockRole(ctx, tx, communityID, roleID)
		if err != nil {
			return err
		}
		if changed, err = change.of(old).role(); err != nil {
			return err
		}
		if old.Everyone && (changed.Title != old.Title || changed.Order != old.Order) {
			return errs.New(errs.Conflict, "role_of_everyone", "Every member has the role %s: it keeps its title and stays below all others.", EveryoneTitle)
		}
		changed.ID, changed.Everyone, changed.CreatedAt, changed.UpdatedAt = old.ID, old.Everyone, old.CreatedAt, a.clock.MS()
		if err := a.mayMake(ctx, tx, actor, communityID, old, changed); err != nil {
			return err
		}
		if len(roleChanges(old, changed)) == 0 {
			changed = old
			return nil
		}
		if err := updateRole(ctx, tx, communityID, changed); err != nil {
			return err
		}
		return a.noteRole(ctx, tx, actor, communityID, "role.update", old, changed)
	})
	return changed, titleTaken(err, changed.Title)
}

// RemoveRole takes a role out of a community, in the caller's transaction; the
// members who have it are the caller's care. It fails as UpdateRole does.
func RemoveRole(ctx context.Context, tx *sqldb.Tx, power Power, communityID, roleID string, now int64) (Role, error) {
	old, err := lockRole(ctx, tx, communityID, roleID)
	if err != nil {
		return Role{}, err
	}
	if old.Everyone {
		return Role{}, EveryoneHasIt()
	}
	if err := power.MayMake(old, Role{}); err != nil {
		return Role{}, err
	}
	if err := deleteRole(ctx, tx, communityID, roleID); err != nil {
		return Role{}, err
	}
	return old, audit.Record(actor.NewContext(ctx, power.actor), tx, now, communityID, "role.delete", roleTarget(old), roleChanges(old, Role{})...)
}

// RoleByID returns a role, or NotFound "role_not_found".
func RoleByID(ctx context.Context, q sqldb.Querier, communityID, roleID string) (Role, error) {
	return roleByID(ctx, q, communityID, roleID, "")
}

// EveryoneHasIt is what becomes of an attempt to delete, give or take away
// @all.
func EveryoneHasIt() error {
	return errs.New(errs.Conflict, "role_of_everyone", "Every member has the role %s, always.", EveryoneTitle)
}

func (a *Access) mayMake(ctx context.Context, q sqldb.Querier, actor actor.Actor, communityID string, before, after Role) error {
	power, err := PowerOf(ctx, q, a.memberships, actor, communityID)
	if err != nil {
		return err
	}
	return power.MayMake(before, after)
}

func (a *Access) noteRole(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID, action string, before, after Role) error {
	return audit.Record(actor.NewContext(ctx, caller), tx, after.UpdatedAt, communityID, action, roleTarget(after), roleChanges(before, after)...)
}

func roleTarget(r Role) audit.Target { return audit.Target{Type: "role", ID: r.ID, Name: r.Title} }

// roleChanges says what differs; permissions by their name.
func roleChanges(before, after Role) []audit.Change {
	var changes []audit.Change
	differ := func(field string, old, now any) {
		if before.ID == "" {
			old = nil
		}
		if after.ID == "" {
			now = nil
		}
		if old != now {
			changes = append(changes, audit.Change{Field: field, Old: old, New: now})
		}
	}
	differ("title", before.Title, after.Title)
	differ("class", before.Class, after.Class)
	differ("order", before.Order, after.Order)
	differ("billable", before.Billable, after.Billable)
	for _, name := range slices.Concat(serverPermissions, channelPermissions) {
		old, now := before.ServerPermissions[name] || before.ChannelPermissions[name], after.ServerPermissions[name] || after.ChannelPermissions[name]
		if old != now {
			changes = append(changes, audit.Change{Field: name, Old: old, New: now})
		}
	}
	return changes
}

func titleTaken(err error, title string) error {
	if !sqldb.IsDuplicate(err) {
		return err
	}
	return errs.New(errs.Conflict, "title_taken", "This community has a role %q already.", title).
		WithFields(errs.Field{Field: "title", Code: "title_taken", Message: "Another role has this title."}).Because(err)
}
