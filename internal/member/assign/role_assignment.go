package assign

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// BatchSize is the number of members that one transaction changes.
const BatchSize = 50

// RoleResult is the result of SetRole.
type RoleResult struct {
	Changed int       // without members that were so before
	Refused []Refusal // by the ids of the members
}

// Refusal is a member that was not changed, with the reason.
type Refusal struct {
	UserID string
	Name   string // the username; "" for a non-member
	Why    *errs.Error
}

// SetRole adds a role to members, or removes it, in batches; a batch stays
// committed if a later one fails. Members that the actor may not change are
// refused for "user_not_found" or as AddRole does, and the others are changed.
// It fails for all with Forbidden "missing_permission", NotFound
// "role_not_found" or Conflict "role_of_everyone".
func (s *Assignments) SetRole(ctx context.Context, actor actor.Actor, communityID, roleID string, userIDs []string, add bool, source member.Source) (RoleResult, error) {
	var all RoleResult
	if err := member.Require(ctx, s.db, actor, communityID, permission.ManageRoles, s.clock.MS()); err != nil {
		return all, err
	}
	userIDs = slices.Compact(slices.Sorted(slices.Values(userIDs))) // sorted, so that transactions do not deadlock
	for ids := range slices.Chunk(userIDs, BatchSize) {
		var batch RoleResult
		err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
			a, err := s.newRoleAssignment(ctx, tx, actor, communityID, source)
			if err == nil {
				batch, err = a.assignAll(ctx, tx, roleID, ids, add)
			}
			return err
		})
		if err != nil {
			return all, err
		}
		all.Changed += batch.Changed
		all.Refused = append(all.Refused, batch.Refused...)
	}
	return all, nil
}

// roleAssignment changes roles of members in one transaction. No role is
// deleted before the transaction ends.
type roleAssignment struct {
	communityID string
	actor       actor.Actor
	power       access.Authority
	roles       []access.Role
	clock       clock.Clock
	trace
}

func (s *Assignments) newRoleAssignment(ctx context.Context, tx *sqldb.Tx, actor actor.Actor, communityID string, source member.Source) (*roleAssignment, error) {
	if err := tx.LockShared(ctx, RolesGuard(communityID)); err != nil {
		return nil, err
	}
	a := &roleAssignment{communityID: communityID, actor: actor, clock: s.clock, trace: trace{source: source, by: actor.Ref(), now: s.clock.MS()}}
	var err error
	if a.power, err = access.AuthorityOf(ctx, tx, member.Memberships{}, actor, communityID); err != nil {
		return nil, err
	}
	a.roles, err = access.Roles(ctx, tx, communityID)
	return a, err
}

// assignAll changes the members that the actor may change.
func (a *roleAssignment) assignAll(ctx context.Context, tx *sqldb.Tx, roleID string, ids []string, add bool) (batch RoleResult, err error) {
	if err := a.power.Require(permission.ManageRoles, a.now); err != nil {
		return batch, err
	}
	role, err := a.role(ctx, tx, roleID)
	if err != nil {
		return batch, err
	}
	found, err := member.LockMembers(ctx, tx, a.communityID, ids)
	if err != nil {
		return batch, err
	}
	a.now = a.clock.MS()
	byID := map[string]*member.Record{}
	for _, who := range found {
		byID[who.ID] = who
	}
	var people []*member.Record
	for _, userID := range ids {
		who := byID[userID]
		if who == nil {
			batch.Refused = append(batch.Refused, Refusal{UserID: userID, Why: errs.From(member.ErrUserNotFound())})
		} else if err := a.allowed(role, add, who); err != nil {
			batch.Refused = append(batch.Refused, Refusal{UserID: userID, Name: who.Username, Why: errs.From(err)})
		} else if slices.Contains(who.RoleIDs, role.ID) != add {
			people = append(people, who)
		}
	}
	batch.Changed = len(people)
	return batch, a.assign(ctx, tx, role, add, people...)
}

// lock locks an active or pending member, and reads the clock afterwards.
func (a *roleAssignment) lock(ctx context.Context, tx *sqldb.Tx, userID string) (*member.Record, error) {
	who, err := member.LockMember(ctx, tx, a.communityID, userID)
	a.now = a.clock.MS()
	return who, err
}

// role returns a role that can be assigned.
func (a *roleAssignment) role(ctx context.Context, tx *sqldb.Tx, roleID string) (access.Role, error) {
	role, err := access.RoleByID(ctx, tx, a.communityID, roleID)
	if err == nil && role.Everyone {
		err = access.EveryoneRoleFixed()
	}
	return role, err
}

// allowed checks the ranks.
func (a *roleAssignment) allowed(role access.Role, add bool, who *member.Record) error {
	return a.power.MayAssign(role, add, who.ID, who.Owner, member.RoleSet(a.roles, who.RoleIDs))
}

// assign adds the role to members, or removes it, unless they are so already.
// The caller checks the permission.
func (a *roleAssignment) assign(ctx context.Context, tx *sqldb.Tx, role access.Role, add bool, people ...*member.Record) error {
	people = slices.DeleteFunc(slices.Clone(people), func(who *member.Record) bool { return slices.Contains(who.RoleIDs, role.ID) == add })
	next := withoutRoles(role.ID)
	if add {
		next = withRoles(role.ID)
	}
	if _, err := writeRoles(ctx, tx, a.communityID, people, next, a.trace); err != nil {
		return err
	}
	for _, who := range people {
		if err := a.announce(ctx, tx, role, add, who); err != nil {
			return err
		}
	}
	return nil
}

// Role assigns a role to a member with a locked row, in the caller's
// transaction. The caller checks the permission.
func Role(ctx context.Context, tx *sqldb.Tx, by actor.Actor, communityID string, role access.Role, who *member.Record, source member.Source, now int64) error {
	a := &roleAssignment{communityID: communityID, actor: by, trace: trace{source: source, by: by.Ref(), now: now}}
	return a.assign(ctx, tx, role, true, who)
}

// Exchange removes a role from members with locked rows and adds another one, in one change,
// in the caller's transaction; the zero Role is none. The caller checks the permission.
func Exchange(ctx context.Context, tx *sqldb.Tx, by actor.Actor, communityID string, remove, add access.Role, people []*member.Record, source member.Source, now int64) error {
	a := &roleAssignment{communityID: communityID, actor: by, trace: trace{source: source, by: by.Ref(), now: now}}
	some := func(role access.Role) []access.Role {
		if role.ID == "" {
			return nil
		}
		return []access.Role{role}
	}
	_, err := a.replace(ctx, tx, people, some(remove), some(add))
	return err
}

// replace removes roles from members and adds others, in one change of each.
func (a *roleAssignment) replace(ctx context.Context, tx *sqldb.Tx, people []*member.Record, remove, add []access.Role) ([]member.Change, error) {
	removed, added := idsOfRoles(remove), idsOfRoles(add)
	next := func(ids []string) []string { return withRoles(added...)(withoutRoles(removed...)(ids)) }
	changes, err := writeRoles(ctx, tx, a.communityID, people, next, a.trace)
	if err != nil {
		return nil, err
	}
	for _, who := range people {
		for _, role := range remove {
			if err := a.announce(ctx, tx, role, false, who); err != nil {
				return nil, err
			}
		}
		for _, role := range add {
			if err := a.announce(ctx, tx, role, true, who); err != nil {
				return nil, err
			}
		}
	}
	return changes, nil
}

func idsOfRoles(roles []access.Role) []string {
	ids := make([]string, len(roles))
	for i, r := range roles {
		ids[i] = r.ID
	}
	return ids
}

// announce appends the event and the audit entry of a change.
func (a *roleAssignment) announce(ctx context.Context, tx *sqldb.Tx, role access.Role, add bool, who *member.Record) error {
	happened, verb := member.EventRoleRemoved, audit.Verb("user.remove_role")
	change := audit.Change{Field: field.RoleName, Old: role.Title}
	if add {
		happened, verb = member.EventRoleAdded, "user.add_role"
		change = audit.Change{Field: field.RoleName, New: role.Title}
	}
	data := member.UserRole{User: who.EventUser(), RoleID: role.ID, Title: role.Title}
	if err := member.AppendEvent(ctx, tx, a.actor, a.now, a.communityID, happened, who, data); err != nil {
		return err
	}
	target := audit.Target{Type: "user", ID: who.ID, Name: who.Username}
	return audit.Record(ctx, tx, a.actor, a.now, a.communityID, verb, target, change)
}

// trace is the provenance of changes in the history.
type trace struct {
	source member.Source
	by     string // actor.Actor.Ref
	now    int64
	since  int64 // ValidFrom of the changes; 0: when they are recorded
}

// writeRoles sets the roles of members to the result of next, writes a row of
// the history for each, and returns these changes.
func writeRoles(ctx context.Context, tx *sqldb.Tx, communityID string, people []*member.Record, next func(roleIDs []string) []string, from trace) ([]member.Change, error) {
	if len(people) == 0 {
		return nil, nil
	}
	changes := make([]member.Change, len(people))
	for i, who := range people {
		before := who.RoleIDs
		who.RoleIDs = next(slices.Clone(before))
		at := who.Stamp(from.now)
		changes[i] = member.Change{UserID: who.ID, Field: field.DefaultField(field.RoleName), Old: member.IDList(before), New: member.IDList(who.RoleIDs), ValidFrom: at, RecordedAt: at}
		if from.since != 0 {
			changes[i].ValidFrom = min(from.since, at)
		}
		changes[i].ID = changes[i].NewID()
	}
	if err := member.Update(ctx, tx, communityID, people); err != nil {
		return nil, err
	}
	return changes, member.RecordChanges(ctx, tx, communityID, changes, from.source, from.by)
}

func withRoles(added ...string) func([]string) []string {
	return func(ids []string) []string {
		return slices.Compact(slices.Sorted(slices.Values(append(ids, added...))))
	}
}

func withoutRoles(taken ...string) func([]string) []string {
	return func(ids []string) []string {
		return slices.DeleteFunc(ids, func(one string) bool { return slices.Contains(taken, one) })
	}
}

// revertible returns the roles that a revert adds or removes. Deleted roles are
// left out.
func (a *roleAssignment) revertible(ids []string, add bool, who *member.Record) (roles []access.Role, err error) {
	for _, roleID := range ids {
		at := slices.IndexFunc(a.roles, func(r access.Role) bool { return r.ID == roleID })
		switch {
		case at < 0 && add:
			return nil, errs.New(errs.Conflict, "value_does_not_fit", "A role that this change removed has since been deleted.")
		case at < 0 || slices.Contains(who.RoleIDs, roleID) == add:
			continue
		}
		if err := a.allowed(a.roles[at], add, who); err != nil {
			return nil, err
		}
		roles = append(roles, a.roles[at])
	}
	return roles, nil
}
