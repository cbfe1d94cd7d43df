package member

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// handPiece is how many members get a role, or lose it, in one transaction.
const handPiece = 50

// Handed is what became of handing a role to many members.
type Handed struct {
	Changed int       // without those who were so already
	Refused []Refusal // by the ids of the members
}

// Refusal is a member who stays as they are.
type Refusal struct {
	UserID string
	Name   string // the username; "" of who is no member
	Why    *errs.Error
}

// HandRole gives a role to members, or takes it off them, by the ids of their
// accounts and in pieces: others get their turn, and each piece stays when a
// later one fails. Whom the actor may not give it is refused, and the others
// get it: for user_not_found and as AddRole fails for one. It fails for all
// with Forbidden "missing_permission" when the actor may not hand out roles at
// all, NotFound "role_not_found" or Conflict "role_of_everyone".
func (s *Members) HandRole(ctx context.Context, actor actor.Actor, communityID, roleID string, userIDs []string, giving bool, source Source) (Handed, error) {
	var all Handed
	userIDs = slices.Compact(slices.Sorted(slices.Values(userIDs))) // two that lock many never wait for each other
	for ids := range slices.Chunk(userIDs, handPiece) {
		var piece Handed
		err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
			h, err := s.beginHanding(ctx, tx, actor, communityID, source)
			if err == nil {
				piece, err = h.handAll(ctx, tx, roleID, ids, giving)
			}
			return err
		})
		if err != nil {
			return all, err
		}
		all.Changed += piece.Changed
		all.Refused = append(all.Refused, piece.Refused...)
	}
	return all, nil
}

// handing is roles changing hands in one transaction, which keeps the roles as
// they are until it ends.
type handing struct {
	communityID string
	actor       actor.Actor
	power       access.Authority
	roles       []access.Role
	clock       clock.Clock
	trace
}

func (s *Members) beginHanding(ctx context.Context, tx *sqldb.Tx, actor actor.Actor, communityID string, source Source) (*handing, error) {
	if err := tx.LockShared(ctx, rolesGuard(communityID)); err != nil {
		return nil, err
	}
	h := &handing{communityID: communityID, actor: actor, clock: s.clock, trace: trace{source: source, by: actor.Ref(), now: s.clock.MS()}}
	var err error
	if h.power, err = access.AuthorityOf(ctx, tx, Memberships{}, actor, communityID); err != nil {
		return nil, err
	}
	h.roles, err = access.Roles(ctx, tx, communityID)
	return h, err
}

// handAll hands the role to those of the users who may get it from the actor.
func (h *handing) handAll(ctx context.Context, tx *sqldb.Tx, roleID string, ids []string, giving bool) (piece Handed, err error) {
	if err := h.power.Require(access.PermManageRoles, h.now); err != nil {
		return piece, err
	}
	role, err := h.role(ctx, tx, roleID)
	if err != nil {
		return piece, err
	}
	found, err := lockMembers(ctx, tx, h.communityID, ids)
	if err != nil {
		return piece, err
	}
	h.now = h.clock.MS()
	byID := map[string]*Record{}
	for _, who := range found {
		byID[who.ID] = who
	}
	var people []*Record
	for _, userID := range ids {
		who := byID[userID]
		if who == nil {
			piece.Refused = append(piece.Refused, Refusal{UserID: userID, Why: errs.From(errUserNotFound())})
		} else if err := h.allowed(role, giving, who); err != nil {
			piece.Refused = append(piece.Refused, Refusal{UserID: userID, Name: who.Username, Why: errs.From(err)})
		} else if slices.Contains(who.RoleIDs, role.ID) != giving {
			people = append(people, who)
		}
	}
	piece.Changed = len(people)
	return piece, h.hand(ctx, tx, role, giving, people...)
}

// lock returns a member who is here or is to come, and reads the clock after
// the lock.
func (h *handing) lock(ctx context.Context, tx *sqldb.Tx, userID string) (*Record, error) {
	who, err := lockMember(ctx, tx, h.communityID, userID)
	h.now = h.clock.MS()
	return who, err
}

// role is one that can change hands.
func (h *handing) role(ctx context.Context, tx *sqldb.Tx, roleID string) (access.Role, error) {
	role, err := access.RoleByID(ctx, tx, h.communityID, roleID)
	if err == nil && role.Everyone {
		err = access.EveryoneRoleFixed()
	}
	return role, err
}

// allowed is the rule of ranks.
func (h *handing) allowed(role access.Role, giving bool, who *Record) error {
	return h.power.MayAssign(role, giving, who.ID, who.Owner, roleSet(h.roles, who.RoleIDs))
}

// roleSet returns those of the roles that are named, and @all.
func roleSet(roles []access.Role, ids []string) []access.Role {
	return slices.DeleteFunc(slices.Clone(roles), func(r access.Role) bool { return !r.Everyone && !slices.Contains(ids, r.ID) })
}

// hand gives the role to people, or takes it off them, where they are not so
// already; whether the actor may is not looked at.
func (h *handing) hand(ctx context.Context, tx *sqldb.Tx, role access.Role, giving bool, people ...*Record) error {
	people = slices.DeleteFunc(slices.Clone(people), func(who *Record) bool { return slices.Contains(who.RoleIDs, role.ID) == giving })
	next := withoutRoles(role.ID)
	if giving {
		next = withRoles(role.ID)
	}
	if _, err := putRoles(ctx, tx, h.communityID, people, next, h.trace); err != nil {
		return err
	}
	for _, who := range people {
		if err := h.tell(ctx, tx, role, giving, who); err != nil {
			return err
		}
	}
	return nil
}

// exchange takes roles off a member and gives them others, in one change.
func (h *handing) exchange(ctx context.Context, tx *sqldb.Tx, who *Record, take, give []access.Role) ([]Change, error) {
	taken, given := idsOfRoles(take), idsOfRoles(give)
	next := func(ids []string) []string { return withRoles(given...)(withoutRoles(taken...)(ids)) }
	changes, err := putRoles(ctx, tx, h.communityID, []*Record{who}, next, h.trace)
	if err != nil {
		return nil, err
	}
	for _, role := range take {
		if err := h.tell(ctx, tx, role, false, who); err != nil {
			return nil, err
		}
	}
	for _, role := range give {
		if err := h.tell(ctx, tx, role, true, who); err != nil {
			return nil, err
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

// tell says in the events and in the audit log that a role changed hands.
func (h *handing) tell(ctx context.Context, tx *sqldb.Tx, role access.Role, giving bool, who *Record) error {
	happened, verb := event.UserRoleRemoved, "user.remove_role"
	change := audit.Change{Field: field.RoleName, Old: role.Title}
	if giving {
		happened, verb = event.UserRoleAdded, "user.add_role"
		change = audit.Change{Field: field.RoleName, New: role.Title}
	}
	data := event.UserRole{UserID: who.ID, RoleID: role.ID, Title: role.Title}
	if err := event.Append(ctx, tx, h.now, event.Event{CommunityID: h.communityID, Type: happened, Data: data}); err != nil {
		return err
	}
	target := audit.Target{Type: "user", ID: who.ID, Name: who.Username}
	return audit.Record(actor.NewContext(ctx, h.actor), tx, h.now, h.communityID, verb, target, change)
}

// trace is what the history says about where a change came from.
type trace struct {
	source Source
	by     string // an Actor's Ref
	now    int64
	since  int64 // ValidFrom of the changes; 0: when they are recorded
}

// putRoles gives people the roles that next makes of those they have, with a
// row of the history for each, and returns these changes.
func putRoles(ctx context.Context, tx *sqldb.Tx, communityID string, people []*Record, next func(roleIDs []string) []string, from trace) ([]Change, error) {
	if len(people) == 0 {
		return nil, nil
	}
	changes := make([]Change, len(people))
	for i, who := range people {
		before := who.RoleIDs
		who.RoleIDs = next(slices.Clone(before))
		at := who.Stamp(from.now)
		changes[i] = Change{UserID: who.ID, Field: field.DefaultField(field.RoleName), Old: idList(before), New: idList(who.RoleIDs), ValidFrom: at, RecordedAt: at}
		if from.since != 0 {
			changes[i].ValidFrom = min(from.since, at)
		}
		changes[i].ID = changes[i].newID()
	}
	if err := Update(ctx, tx, communityID, people); err != nil {
		return nil, err
	}
	return changes, RecordChanges(ctx, tx, communityID, changes, from.source, from.by)
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
