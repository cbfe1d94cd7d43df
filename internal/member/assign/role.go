package assign

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/sqldb"
)

// AddRole assigns a role to a member; it changes nothing if the member has the
// role. user is a reference as in Find. Actors assign roles below their own
// highest role, with no permission that they lack, to members ranked below
// them; owners also to themselves. It fails with NotFound "user_not_found" or
// "role_not_found", Conflict "role_of_everyone", or Forbidden "rank_too_low" or
// "missing_permission". The caller checks that the actor may manage roles.
func (s *Assignments) AddRole(ctx context.Context, actor actor.Actor, communityID, user, roleID string, source member.Source) (member.Member, error) {
	return s.setRole(ctx, actor, communityID, user, roleID, true, source)
}

// RemoveRole removes a role from a member; it changes nothing if the member
// lacks the role. It fails as AddRole does.
func (s *Assignments) RemoveRole(ctx context.Context, actor actor.Actor, communityID, user, roleID string, source member.Source) (member.Member, error) {
	return s.setRole(ctx, actor, communityID, user, roleID, false, source)
}

func (s *Assignments) setRole(ctx context.Context, actor actor.Actor, communityID, user, roleID string, add bool, source member.Source) (member.Member, error) {
	if err := s.access.Can(ctx, actor, communityID, permission.ManageRoles); err != nil {
		return member.Member{}, err
	}
	target, err := directory.Load(ctx, s.db, communityID, user, member.Active)
	if err != nil {
		return target, err
	}
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		h, err := s.newRoleAssignment(ctx, tx, actor, communityID, source)
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
		if err := h.allowed(role, add, who); err != nil {
			return err
		}
		err = h.assign(ctx, tx, role, add, who)
		target.RoleIDs = who.RoleIDs
		return err
	})
	return target, err
}

// RoleDeleted removes a deleted role from the data of a feature, in the caller's
// transaction.
type RoleDeleted func(ctx context.Context, tx *sqldb.Tx, communityID, roleID string) error

// DeleteRole deletes a role. Its permissions end at once; a background job
// removes it from the members in batches and writes their histories. It fails
// with NotFound "role_not_found", Conflict "role_of_everyone" or Forbidden
// "rank_too_low". The caller checks that the actor may manage roles.
func (s *Assignments) DeleteRole(ctx context.Context, actor actor.Actor, communityID, roleID string) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := tx.LockExclusive(ctx, RolesGuard(communityID)); err != nil {
			return err
		}
		power, err := access.AuthorityOf(ctx, tx, member.Memberships{}, actor, communityID)
		if err != nil {
			return err
		}
		now := s.clock.MS()
		if _, err := access.DeleteRole(ctx, tx, power, communityID, roleID, now); err != nil {
			return err
		}
		for _, f := range s.roleDeleted {
			if err := f(ctx, tx, communityID, roleID); err != nil {
				return err
			}
		}
		_, err = jobs.Insert(ctx, tx, removeRole{communityID, roleID, actor.Ref(), now}, jobs.Options{CommunityID: communityID, Owner: actor.Uploader(), Lane: jobs.Large})
		return err
	})
}

// RolesGuard names what keeps a role from being given while it is deleted.
func RolesGuard(communityID string) string { return "roles " + communityID }

// removeRole is the job that removes a deleted role from its members.
type removeRole struct {
	CommunityID string `json:"communityId"`
	RoleID      string `json:"roleId"`
	Actor       string `json:"actor"`
	At          int64  `json:"at"` // Unix milliseconds
}

// Kind is the kind of the job.
func (removeRole) Kind() string { return "member.take_role" }

func (s *Assignments) removeRole(ctx context.Context, j *jobs.Job, a removeRole) error {
	after, left := "", member.Skipped{}
	for {
		// Read outside the transaction: few of very many may have the role.
		ids, err := withRole(ctx, s.db, a.CommunityID, a.RoleID, after, s.batch)
		if err == nil && len(ids) == 0 {
			s.ReportSkipped(ctx, "remove role", a.CommunityID, a.RoleID, left)
		}
		if err != nil || len(ids) == 0 {
			return err
		}
		var refused []string
		err = j.Tx(ctx, func(tx *sqldb.Tx) error {
			// A row that the database rejects keeps the id of the deleted role, which
			// grants nothing.
			var err error
			refused, err = member.Bisect(ctx, tx, ids, func(ids []string) error { return a.removeFrom(ctx, tx, ids, s.clock.MS()) })
			if err != nil || len(refused) == len(ids) {
				return err
			}
			return j.Step(ctx, tx)
		}, sqldb.WithoutGroupCommit)
		if err != nil {
			return err
		}
		left.Add(refused)
		after = ids[len(ids)-1]
		if j.ShouldYield() {
			return jobs.ErrYielded
		}
	}
}

// removeFrom removes the role from members in the caller's transaction.
func (a removeRole) removeFrom(ctx context.Context, tx *sqldb.Tx, ids []string, now int64) error {
	people, err := member.Lookup(ctx, tx, a.CommunityID, member.KeySet{IDs: ids}, true)
	if err != nil {
		return err
	}
	people = slices.DeleteFunc(people, func(who *member.Record) bool { return !slices.Contains(who.RoleIDs, a.RoleID) })
	_, err = writeRoles(ctx, tx, a.CommunityID, people, withoutRoles(a.RoleID), trace{member.Source{Type: "role", ID: a.RoleID}, a.Actor, now, a.At})
	return err
}
