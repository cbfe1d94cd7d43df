package member

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

// AddRole gives a member a role; who has it already keeps it. user is a
// reference as Find takes it. A person hands out only roles below their own
// highest, that allow nothing they may not do, to members below them; who owns
// the community also to themselves. It fails with NotFound "user_not_found" or
// "role_not_found", Conflict "role_of_everyone", or Forbidden "rank_too_low"
// or "missing_permission". That the actor may hand out roles at all is not
// looked at.
func (s *Members) AddRole(ctx context.Context, actor actor.Actor, communityID, user, roleID string, source Source) (Member, error) {
	return s.handRole(ctx, actor, communityID, user, roleID, true, source)
}

// RemoveRole takes a role off a member; who does not have it stays without.
// It fails as AddRole does.
func (s *Members) RemoveRole(ctx context.Context, actor actor.Actor, communityID, user, roleID string, source Source) (Member, error) {
	return s.handRole(ctx, actor, communityID, user, roleID, false, source)
}

func (s *Members) handRole(ctx context.Context, actor actor.Actor, communityID, user, roleID string, giving bool, source Source) (Member, error) {
	target, err := s.Find(ctx, communityID, user)
	if err != nil {
		return target, err
	}
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		h, err := s.beginHanding(ctx, tx, actor, communityID, source)
		if err != nil {
			return err
		}
		role, err := h.role(ctx, tx, roleID)
		if err != nil {
			return err
		}
		who, err := h.lock(ctx, tx, target.ID)
		if err != nil {
			return err
		}
		if err := h.allowed(role, giving, who); err != nil {
			return err
		}
		err = h.hand(ctx, tx, role, giving, who)
		target.RoleIDs = who.RoleIDs
		return err
	})
	return target, err
}

// DeleteRole deletes a role. It allows nothing from then on; the members who
// had it are told so in their histories by a job, in pieces; invites no longer
// give it. It fails with
// NotFound "role_not_found", Conflict "role_of_everyone" or Forbidden
// "rank_too_low". That the actor may manage roles at all is not looked at.
func (s *Members) DeleteRole(ctx context.Context, actor actor.Actor, communityID, roleID string) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := tx.LockExclusive(ctx, rolesGuard(communityID)); err != nil {
			return err
		}
		power, err := access.AuthorityOf(ctx, tx, Memberships{}, actor, communityID)
		if err != nil {
			return err
		}
		now := s.clock.MS()
		if _, err := access.DeleteRole(ctx, tx, power, communityID, roleID, now); err != nil {
			return err
		}
		if err := clearInviteRole(ctx, tx, communityID, roleID); err != nil {
			return err
		}
		_, err = jobs.Insert(ctx, tx, takeRole{communityID, roleID, actor.Ref(), now}, jobs.Options{CommunityID: communityID, Owner: actor.Uploader(), Lane: jobs.Large})
		return err
	})
}

// rolesGuard names what keeps a role from being given while it is deleted.
func rolesGuard(communityID string) string { return "roles " + communityID }

// takeRole asks for a role that was deleted to be taken off its members.
type takeRole struct {
	CommunityID string `json:"communityId"`
	RoleID      string `json:"roleId"`
	Actor       string `json:"actor"`
	At          int64  `json:"at"` // Unix milliseconds
}

// Kind names the worker.
func (takeRole) Kind() string { return "member.take_role" }

// TakeRoles lets the engine take deleted roles off the members who had them.
// Call it before the engine starts.
func (s *Members) TakeRoles(engine *jobs.Engine) { jobs.Register(engine, s.takeRole) }

func (s *Members) takeRole(ctx context.Context, j *jobs.Job, a takeRole) error {
	after, left := "", skipped{}
	for {
		// Read outside the transaction: few of very many may have the role.
		ids, err := withRole(ctx, s.db, a.CommunityID, a.RoleID, after, s.batch)
		if err == nil && len(ids) == 0 {
			s.reportSkipped(ctx, "remove role", a.CommunityID, a.RoleID, left)
		}
		if err != nil || len(ids) == 0 {
			return err
		}
		var refused []string
		err = j.Tx(ctx, func(tx *sqldb.Tx) error {
			// A member whose row the database refuses keeps the id of a role
			// that is deleted and allows nothing.
			var err error
			refused, err = divide(ctx, tx, ids, func(ids []string) error { return a.takeFrom(ctx, tx, ids, s.clock.MS()) })
			if err != nil || len(refused) == len(ids) {
				return err
			}
			return j.Step(ctx, tx)
		}, sqldb.WithoutGroupCommit)
		if err != nil {
			return err
		}
		left.add(refused)
		after = ids[len(ids)-1]
		if j.ShouldYield() {
			return jobs.ErrYielded
		}
	}
}

// takeFrom takes the role off members in the caller's transaction.
func (a takeRole) takeFrom(ctx context.Context, tx *sqldb.Tx, ids []string, now int64) error {
	people, err := Lookup(ctx, tx, a.CommunityID, KeySet{IDs: ids}, true)
	if err != nil {
		return err
	}
	people = slices.DeleteFunc(people, func(who *Record) bool { return !slices.Contains(who.RoleIDs, a.RoleID) })
	_, err = putRoles(ctx, tx, a.CommunityID, people, withoutRoles(a.RoleID), trace{Source{"role", a.RoleID}, a.Actor, now, a.At})
	return err
}

// RolesOf returns the roles of a member, the highest first and @all last. user
// is a reference as Find takes it. It fails with NotFound "user_not_found".
func (s *Members) RolesOf(ctx context.Context, communityID, user string) ([]access.Role, error) {
	found, err := s.Find(ctx, communityID, user)
	if err != nil {
		return nil, err
	}
	roles, err := access.Roles(ctx, s.db, communityID)
	return roleSet(roles, found.RoleIDs), err
}
