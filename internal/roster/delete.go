package roster

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// MayManage returns nil if the actor may delete and restore members, else it
// fails as Delete does. It is for display; Delete and Restore check again.
func (s *Roster) MayManage(ctx context.Context, actor actor.Actor, communityID string) error {
	_, err := s.managing(ctx, s.db, actor, communityID)
	return err
}

// managing returns the authority of an actor that may delete and restore
// members.
func (s *Roster) managing(ctx context.Context, q sqldb.Querier, actor actor.Actor, communityID string) (member.Authority, error) {
	may, err := member.AuthorityOf(ctx, q, actor, communityID)
	if err == nil {
		err = may.Access.Require(permission.ManageUser, s.clock.MS())
	}
	return may, err
}

// Delete hides members, all of them or none, and ends their sessions in this
// community. Restore reverses it until the retention time has passed. It fails
// with Forbidden missing_permission, NotFound user_not_found, Forbidden
// rank_too_low for a member that is not ranked below the actor, and Conflict
// already_deleted or last_owner.
func (s *Roster) Delete(ctx context.Context, caller actor.Actor, communityID string, userIDs []string) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		people, err := s.manageable(ctx, tx, caller, communityID, userIDs)
		if err != nil {
			return err
		}
		for _, who := range people {
			if who.State == member.Deleted {
				return errs.New(errs.Conflict, "already_deleted", "The member %s is already deleted.", who.Username)
			}
		}
		if err := ownersStay(ctx, tx, communityID, people); err != nil {
			return err
		}
		now := s.clock.MS()
		if _, err := member.SetState(ctx, tx, caller, communityID, userIDs, member.Deleted, now); err != nil {
			return err
		}
		if err := access.EndSessionsIn(ctx, tx, communityID, userIDs, member.AccountIDs(people)); err != nil {
			return err
		}
		for _, who := range people {
			if who.State != member.Active {
				continue
			}
			if err := member.AppendLeft(ctx, tx, caller, now, communityID, who, "deleted"); err != nil {
				return err
			}
		}
		return noteAll(ctx, tx, caller, now, communityID, "user.delete", people)
	})
}

// Restore restores deleted members with their previous state, all of them or
// none. It fails as Delete does, with Conflict not_deleted, or with Gone
// retention_over.
func (s *Roster) Restore(ctx context.Context, caller actor.Actor, communityID string, userIDs []string) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		people, err := s.manageable(ctx, tx, caller, communityID, userIDs)
		if err != nil {
			return err
		}
		before, err := member.LockStates(ctx, tx, communityID, userIDs)
		if err != nil {
			return err
		}
		for _, m := range before {
			if m.State != member.Deleted {
				return errs.New(errs.Conflict, "not_deleted", "This member is not deleted.")
			}
			if m.Since <= s.oldest() {
				return errs.New(errs.Gone, "retention_over", "The retention time has passed. The member can no longer be restored.")
			}
		}
		if err := mayReturn(ctx, tx, communityID, people); err != nil {
			return err
		}
		now := s.clock.MS()
		if _, err := member.RestoreState(ctx, tx, communityID, userIDs, now); err != nil {
			return err
		}
		if err := appendRestored(ctx, tx, caller, now, communityID, before, people); err != nil {
			return err
		}
		return noteAll(ctx, tx, caller, now, communityID, "user.restore", people)
	})
}

// appendRestored appends the events of members who are active again.
func appendRestored(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, now int64, communityID string, before []member.LockedState, people []*member.Record) error {
	for _, who := range people {
		i := slices.IndexFunc(before, func(m member.LockedState) bool { return m.UserID == who.ID })
		if before[i].Before != member.Active {
			continue
		}
		if err := member.AppendEvent(ctx, tx, caller, now, communityID, member.EventRestored, who, member.UserRestored{User: who.EventUser()}); err != nil {
			return err
		}
	}
	return nil
}

// mayReturn fails with Conflict "member_declined" if a person declined an
// invite while their unclaimed membership was deleted.
func mayReturn(ctx context.Context, tx *sqldb.Tx, communityID string, people []*member.Record) error {
	var keys []string
	for _, who := range people {
		if !who.Claimed() {
			keys = append(keys, who.EmailKey)
		}
	}
	declined, err := member.Declined(ctx, tx, communityID, keys)
	if err == nil && len(declined) > 0 {
		err = member.ErrDeclined()
	}
	return err
}

// manageable locks members in any state that the actor may delete and restore,
// in the order of their ids.
func (s *Roster) manageable(ctx context.Context, tx *sqldb.Tx, actor actor.Actor, communityID string, userIDs []string) ([]*member.Record, error) {
	people, err := member.Lookup(ctx, tx, communityID, member.KeySet{IDs: userIDs}, true)
	if err != nil {
		return nil, err
	}
	may, err := s.managing(ctx, tx, actor, communityID) // after the lock, so that no role is added afterwards
	if err != nil {
		return nil, err
	}
	people = slices.DeleteFunc(people, func(r *member.Record) bool { return !r.IsMember() })
	if len(people) == 0 || len(people) < distinct(userIDs) {
		return nil, member.ErrUserNotFound()
	}
	slices.SortFunc(people, func(a, b *member.Record) int { return strings.Compare(a.ID, b.ID) })
	for _, who := range people {
		if !may.MayDelete(who) {
			return nil, errs.New(errs.Forbidden, "rank_too_low", "The member %s is not ranked below you. Ask a person with a higher role.", who.Username)
		}
	}
	return people, nil
}

func distinct(ids []string) int {
	unique := map[string]bool{}
	for _, one := range ids {
		unique[one] = true
	}
	return len(unique)
}

// ownersStay returns Conflict "last_owner" if a community would lose its last
// owner.
func ownersStay(ctx context.Context, tx *sqldb.Tx, communityID string, gone []*member.Record) error {
	if !slices.ContainsFunc(gone, func(r *member.Record) bool { return r.Owner }) {
		return nil
	}
	owners, err := member.LockOwners(ctx, tx, communityID)
	if err != nil {
		return err
	}
	for _, who := range gone {
		owners = slices.DeleteFunc(owners, func(memberID string) bool { return memberID == who.ID })
	}
	if len(owners) == 0 {
		return errs.New(errs.Conflict, "last_owner", "A community needs an owner. Its owner can transfer it to another member first.")
	}
	return nil
}

func noteAll(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, now int64, communityID string, action audit.Verb, people []*member.Record) error {
	for _, who := range people {
		if err := audit.Record(ctx, tx, caller, now, communityID, action, audit.Target{Type: "user", ID: who.ID, Name: who.Username}); err != nil {
			return err
		}
	}
	return nil
}

// oldest is the time in Unix milliseconds: members deleted before it are
// erased.
func (s *Roster) oldest() int64 { return s.clock.Now().Add(-s.retention).UnixMilli() }

// ErasedAt returns when a deleted member is erased, in Unix milliseconds.
func (s *Roster) ErasedAt(m member.Member) int64 {
	return time.UnixMilli(m.StateChangedAt).Add(s.retention).UnixMilli()
}
