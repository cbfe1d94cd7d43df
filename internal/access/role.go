package access

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/patch"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Role is a role of a community. The maps have every known name.
type Role struct {
	ID                 string
	Title              string // unique in the community, case-sensitive
	Class              string // colour, #rrggbb
	Order              int    // higher orders rank higher
	Everyone           bool   // @all
	Billable           bool
	ServerPermissions  map[string]bool
	ChannelPermissions map[string]bool
	CreatedAt          int64 // Unix milliseconds
	UpdatedAt          int64 // Unix milliseconds
}

// EveryoneTitle is the title of the role that every member has.
const EveryoneTitle = "@all"

// GrantsServerPermission reports whether the role has any permission in the
// whole community.
func (r Role) GrantsServerPermission() bool { return anyTrue(r.ServerPermissions) }

// GrantsPermission reports whether the role has any permission.
func (r Role) GrantsPermission() bool {
	return anyTrue(r.ServerPermissions) || anyTrue(r.ChannelPermissions)
}

func anyTrue(granted map[string]bool) bool {
	for _, yes := range granted {
		if yes {
			return true
		}
	}
	return false
}

// RoleInput describes a new role.
type RoleInput struct {
	Title              string // 1 to 50 characters
	Class              string // #rrggbb, "" for grey
	Order              int    // 0 to 10000
	Billable           bool
	ServerPermissions  map[string]bool // missing names are false
	ChannelPermissions map[string]bool
}

const (
	maxTitle     = 50
	maxOrder     = 10000
	defaultClass = "#808080"
)

var colour = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// roleReaders are the permissions that show roles; one of them suffices.
var roleReaders = []actor.Permission{permission.ManageRoles, permission.BulkUpdateUser, permission.GetUserData, permission.ManageChannels, permission.ManageCommunity}

// Roles is the function Roles for an actor with a permission that shows roles.
func (a *Access) Roles(ctx context.Context, caller actor.Actor, communityID string) ([]Role, error) {
	if err := a.CanAny(ctx, caller, communityID, roleReaders...); err != nil {
		return nil, err
	}
	return listRoles(ctx, a.db, communityID)
}

// Role is RoleByID for an actor with a permission that shows roles.
func (a *Access) Role(ctx context.Context, caller actor.Actor, communityID, roleID string) (Role, error) {
	if err := a.CanAny(ctx, caller, communityID, roleReaders...); err != nil {
		return Role{}, err
	}
	return RoleByID(ctx, a.db, communityID, roleID)
}

// Roles returns the roles of a community, the highest first, @all last.
func Roles(ctx context.Context, q sqldb.Querier, communityID string) ([]Role, error) {
	return listRoles(ctx, q, communityID)
}

// EnsureEveryoneRole creates the role @all of a community if it is missing.
func EnsureEveryoneRole(ctx context.Context, q sqldb.Querier, communityID string) error {
	return insertEveryone(ctx, q, communityID)
}

func (in RoleInput) role() (Role, error) {
	title, ok := text.Line(text.Name(in.Title), maxTitle)
	r := Role{
		Title: title,
		Class: strings.ToLower(in.Class), Order: in.Order, Billable: in.Billable,
	}
	if r.Class == "" {
		r.Class = defaultClass
	}
	var wrong, more []errs.Field
	check := func(ok bool, field, message string) {
		if !ok {
			wrong = append(wrong, errs.Field{Field: field, Code: "invalid", Message: message})
		}
	}
	// A comma separates the roles in a cell of an import.
	check(ok && title != "" && !strings.Contains(title, ","), "title", "A title has 1 to 50 characters, none of them a comma or a control character.")
	check(colour.MatchString(r.Class), "class", "A colour is written #rrggbb.")
	check(r.Order >= 0 && r.Order <= maxOrder, "order", "The order of a role is 0 to 10000.")
	r.ServerPermissions, more = permission.Complete("server_permissions", permission.ServerPermissions, in.ServerPermissions)
	wrong = append(wrong, more...)
	r.ChannelPermissions, more = permission.Complete("channel_permissions", permission.ChannelPermissions, in.ChannelPermissions)
	return r, errs.InvalidFields(append(wrong, more...))
}

// maxRoles is the limit of roles in a community, @all included: each request of
// a person reads them.
const maxRoles = 250

// RoleChange is a partial update of a role; nil leaves a field unchanged, and
// the maps change the permissions they name.
type RoleChange struct {
	Title              *string
	Class              *string
	Order              *int
	Billable           *bool
	ServerPermissions  map[string]bool
	ChannelPermissions map[string]bool
}

func (c RoleChange) apply(old Role) RoleInput {
	in := RoleInput{
		Title: old.Title, Class: old.Class, Order: old.Order, Billable: old.Billable,
		ServerPermissions: maps.Clone(old.ServerPermissions), ChannelPermissions: maps.Clone(old.ChannelPermissions),
	}
	patch.Set(&in.Title, c.Title)
	patch.Set(&in.Class, c.Class)
	patch.Set(&in.Order, c.Order)
	patch.Set(&in.Billable, c.Billable)
	maps.Copy(in.ServerPermissions, c.ServerPermissions)
	maps.Copy(in.ChannelPermissions, c.ChannelPermissions)
	return in
}

// CreateRole creates a role. The actor needs PermManageRoles; the role must rank
// below a person who is not an owner, and grant only permissions of the actor.
// It fails as Can does, with Forbidden "rank_too_low" or "missing_permission",
// Conflict "title_taken" or "too_many_roles", or Invalid "invalid_input".
func (a *Access) CreateRole(ctx context.Context, caller actor.Actor, communityID string, in RoleInput) (Role, error) {
	if err := a.Can(ctx, caller, communityID, permission.ManageRoles); err != nil {
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
			return err // serializes the limit check
		}
		known, err := listRoles(ctx, tx, communityID)
		if err != nil {
			return err
		}
		if len(known) >= maxRoles {
			return errs.New(errs.Conflict, "too_many_roles", "A community has at most %d roles. Delete an unused role first.", maxRoles)
		}
		if err := a.requireRoleChange(ctx, tx, caller, communityID, Role{}, role); err != nil {
			return err
		}
		if err := insertRole(ctx, tx, communityID, role); err != nil {
			return err
		}
		return a.auditRole(ctx, tx, caller, communityID, "role.create", Role{}, role)
	})
	return role, titleTaken(err, role.Title)
}

// UpdateRole changes a role. The actor needs PermManageRoles; the role must rank
// below a non-owner, before and after, and added permissions
// must be permissions of the actor. Title and order of @all are fixed. It
// fails as CreateRole does, with NotFound "role_not_found", or with Conflict
// "role_of_everyone".
func (a *Access) UpdateRole(ctx context.Context, caller actor.Actor, communityID, roleID string, change RoleChange) (Role, error) {
	if err := a.Can(ctx, caller, communityID, permission.ManageRoles); err != nil {
		return Role{}, err
	}
	var changed Role
	err := a.db.Tx(ctx, func(tx *sqldb.Tx) error {
		old, err := lockRole(ctx, tx, communityID, roleID)
		if err != nil {
			return err
		}
		if changed, err = change.apply(old).role(); err != nil {
			return err
		}
		if old.Everyone && (changed.Title != old.Title || changed.Order != old.Order) {
			return errs.New(errs.Conflict, "role_of_everyone", "The title and order of the role %s cannot be changed: every member has it.", EveryoneTitle)
		}
		changed.ID, changed.Everyone, changed.CreatedAt, changed.UpdatedAt = old.ID, old.Everyone, old.CreatedAt, a.clock.MS()
		if err := a.requireRoleChange(ctx, tx, caller, communityID, old, changed); err != nil {
			return err
		}
		if len(roleChanges(old, changed)) == 0 {
			changed = old
			return nil
		}
		if err := updateRole(ctx, tx, communityID, changed); err != nil {
			return err
		}
		return a.auditRole(ctx, tx, caller, communityID, "role.update", old, changed)
	})
	return changed, titleTaken(err, changed.Title)
}

// DeleteRole deletes a role in the caller's transaction; the caller removes it
// from members. It fails as UpdateRole does.
func DeleteRole(ctx context.Context, tx *sqldb.Tx, authority Authority, communityID, roleID string, now int64) (Role, error) {
	old, err := lockRole(ctx, tx, communityID, roleID)
	if err != nil {
		return Role{}, err
	}
	if old.Everyone {
		return Role{}, EveryoneRoleFixed()
	}
	if err := authority.MayChangeRole(old, Role{}); err != nil {
		return Role{}, err
	}
	if err := deleteRole(ctx, tx, communityID, roleID); err != nil {
		return Role{}, err
	}
	return old, audit.Record(ctx, tx, authority.actor, now, communityID, "role.delete", roleTarget(old), roleChanges(old, Role{})...)
}

// RoleByID returns a role, or NotFound "role_not_found".
func RoleByID(ctx context.Context, q sqldb.Querier, communityID, roleID string) (Role, error) {
	return roleByID(ctx, q, communityID, roleID, "")
}

// EveryoneRoleFixed is the error of deleting, adding or removing @all.
func EveryoneRoleFixed() error {
	return errs.New(errs.Conflict, "role_of_everyone", "The role %s cannot be deleted, assigned or removed: every member has it.", EveryoneTitle)
}

func (a *Access) requireRoleChange(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID string, before, after Role) error {
	authority, err := AuthorityOf(ctx, q, a.memberships, caller, communityID)
	if err != nil {
		return err
	}
	return authority.MayChangeRole(before, after)
}

func (a *Access) auditRole(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string, action audit.Verb, before, after Role) error {
	return audit.Record(ctx, tx, caller, after.UpdatedAt, communityID, action, roleTarget(after), roleChanges(before, after)...)
}

func roleTarget(r Role) audit.Target { return audit.Target{Type: "role", ID: r.ID, Name: r.Title} }

// roleChanges returns the fields that differ, permissions by name.
func roleChanges(before, after Role) []audit.Change {
	changes := audit.DiffTarget(before.ID != "", after.ID != "",
		audit.Change{Field: "title", Old: before.Title, New: after.Title},
		audit.Change{Field: "class", Old: before.Class, New: after.Class},
		audit.Change{Field: "order", Old: before.Order, New: after.Order},
		audit.Change{Field: "billable", Old: before.Billable, New: after.Billable},
	)
	allows := func(r Role, name string) bool { return r.ServerPermissions[name] || r.ChannelPermissions[name] }
	for _, name := range slices.Concat(permission.ServerPermissions, permission.ChannelPermissions) {
		changes = append(changes, audit.Diff(audit.Change{Field: name, Old: allows(before, name), New: allows(after, name)})...)
	}
	return changes
}

func titleTaken(err error, title string) error {
	if !sqldb.IsDuplicate(err) {
		return err
	}
	return errs.New(errs.Conflict, "title_taken", "The title %q is taken by another role. Choose another one.", title).
		WithFields(errs.Field{Field: "title", Code: "title_taken", Message: "Another role has this title."}).Because(err)
}

// everyoneRank is the rank of @all and of members without another role, below
// every other rank.
const everyoneRank = -1

// rank is the position of the role in the order of its community's roles.
func (r Role) rank() int {
	if r.Everyone {
		return everyoneRank
	}
	return r.Order
}
