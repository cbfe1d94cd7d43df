package member

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// AnyState are all states of a membership, for FindIn.
var AnyState = []string{Active, Pending, Left, Banned, Deleted}

// MayManage returns nil when the actor may delete and restore members at all,
// else it fails as Delete does. It is for what is shown; Delete and Restore
// ask again.
func (s *Members) MayManage(ctx context.Context, actor actor.Actor, communityID string) error {
	_, err := s.managing(ctx, s.db, actor, communityID)
	return err
}

// managing is how far an actor reaches who may delete and restore members.
func (s *Members) managing(ctx context.Context, q sqldb.Querier, actor actor.Actor, communityID string) (reach, error) {
	may, err := s.reachOf(ctx, q, actor, communityID)
	if err == nil {
		err = may.power.Require(access.PermManageUser, s.clock.MS())
	}
	return may, err
}

// Delete hides members, all of them or none, and ends their sessions that work
// in this community only. Nothing of them is lost before the retention time is
// over: Restore brings them back exactly. It fails with Forbidden
// missing_permission for who may not manage members, NotFound user_not_found,
// Forbidden rank_too_low for a member who does not stand below the actor, and
// Conflict already_deleted or last_owner.
func (s *Members) Delete(ctx context.Context, caller actor.Actor, communityID string, userIDs []string) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		people, err := s.manageable(ctx, tx, caller, communityID, userIDs)
		if err != nil {
			return err
		}
		for _, who := range people {
			if who.State == Deleted {
				return errs.New(errs.Conflict, "already_deleted", "The member %s is deleted already.", who.Username)
			}
		}
		if err := ownersStay(ctx, tx, communityID, people); err != nil {
			return err
		}
		now, ctx := s.clock.MS(), actor.NewContext(ctx, caller)
		if _, err := SetState(ctx, tx, communityID, userIDs, Deleted, now); err != nil {
			return err
		}
		if err := access.EndSessionsIn(ctx, tx, communityID, userIDs, accountsAmong(people)); err != nil {
			return err
		}
		return noteAll(ctx, tx, now, communityID, "user.delete", people)
	})
}

// Restore gives deleted members back the state they had, all of them or none.
// It fails as Delete does for who may not or is not found, with Conflict
// not_deleted, or with Gone retention_over when their time is over.
func (s *Members) Restore(ctx context.Context, caller actor.Actor, communityID string, userIDs []string) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		people, err := s.manageable(ctx, tx, caller, communityID, userIDs)
		if err != nil {
			return err
		}
		before, err := lockStates(ctx, tx, communityID, userIDs)
		if err != nil {
			return err
		}
		for _, m := range before {
			if m.state != Deleted {
				return errs.New(errs.Conflict, "not_deleted", "This member is not deleted.")
			}
			if m.since <= s.oldest() {
				return errs.New(errs.Gone, "retention_over", "The time in which this member could be restored is over.")
			}
		}
		if err := mayReturn(ctx, tx, communityID, people); err != nil {
			return err
		}
		now := s.clock.MS()
		if _, err := bringBack(ctx, tx, communityID, userIDs, now); err != nil {
			return err
		}
		return noteAll(actor.NewContext(ctx, caller), tx, now, communityID, "user.restore", people)
	})
}

// mayReturn fails with Conflict "member_declined" if a person declined an
// invite while their unclaimed membership was deleted.
func mayReturn(ctx context.Context, tx *sqldb.Tx, communityID string, people []*Record) error {
	var keys []string
	for _, who := range people {
		if !who.Claimed() {
			keys = append(keys, who.EmailKey)
		}
	}
	declined, err := Declined(ctx, tx, communityID, keys)
	if err == nil && len(declined) > 0 {
		err = errDeclined()
	}
	return err
}

// manageable locks members in whatever state whom the actor may delete and
// restore, sorted by id.
func (s *Members) manageable(ctx context.Context, tx *sqldb.Tx, actor actor.Actor, communityID string, userIDs []string) ([]*Record, error) {
	people, err := Lookup(ctx, tx, communityID, KeySet{IDs: userIDs}, true)
	if err != nil {
		return nil, err
	}
	may, err := s.managing(ctx, tx, actor, communityID) // behind the lock: nobody is given a role that it does not know
	if err != nil {
		return nil, err
	}
	people = slices.DeleteFunc(people, func(r *Record) bool { return !r.IsMember() })
	if len(people) == 0 || len(people) < distinct(userIDs) {
		return nil, errUserNotFound()
	}
	slices.SortFunc(people, func(a, b *Record) int { return strings.Compare(a.ID, b.ID) })
	for _, who := range people {
		if !may.manage(who) {
			return nil, errs.New(errs.Forbidden, "rank_too_low", "The member %s does not stand below you. Ask somebody whose highest role is above theirs.", who.Username)
		}
	}
	return people, nil
}

// accountsAmong returns the accounts of the claimed ones.
func accountsAmong(people []*Record) []string {
	accounts := []string{}
	for _, who := range people {
		if who.Claimed() {
			accounts = append(accounts, who.AccountID)
		}
	}
	return accounts
}

func distinct(ids []string) int {
	unique := map[string]bool{}
	for _, one := range ids {
		unique[one] = true
	}
	return len(unique)
}

// ownersStay refuses what would take every owner of a community away.
func ownersStay(ctx context.Context, tx *sqldb.Tx, communityID string, gone []*Record) error {
	if !slices.ContainsFunc(gone, func(r *Record) bool { return r.Owner }) {
		return nil
	}
	owners, err := lockOwners(ctx, tx, communityID)
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

func noteAll(ctx context.Context, tx *sqldb.Tx, now int64, communityID, action string, people []*Record) error {
	for _, who := range people {
		if err := audit.Record(ctx, tx, now, communityID, action, audit.Target{Type: "user", ID: who.ID, Name: who.Username}); err != nil {
			return err
		}
	}
	return nil
}

// oldest is the moment, in Unix milliseconds, before which a member must have
// been deleted to be erased now.
func (s *Members) oldest() int64 { return s.clock.Now().Add(-s.connected.retention()).UnixMilli() }

// ErasedAt is when a deleted member is erased, in Unix milliseconds.
func (s *Members) ErasedAt(m Member) int64 {
	return time.UnixMilli(m.StateAt).Add(s.connected.retention()).UnixMilli()
}
