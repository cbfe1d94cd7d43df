package moderation

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/ownership/transfer"
	"github.com/regulars/regulars/internal/sqldb"
)

// Leave ends the membership of the actor, with roles and ownership; other data
// stays until they join again or are erased. It fails with NotFound
// "community_not_found" for a non-member, or Conflict "last_owner".
func (s *Moderation) Leave(ctx context.Context, caller actor.Actor, communityID string) error {
	now := s.clock.MS()
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := community.Load(ctx, tx, communityID); err != nil {
			return err
		}
		if err := tx.LockShared(ctx, transfer.Guard(communityID)); err != nil { // owners do not change
			return err
		}
		memberID, err := member.IDByAccount(ctx, tx, communityID, caller.AccountID)
		if err != nil {
			return err
		}
		if err := requireOtherOwner(ctx, tx, communityID, memberID); err != nil {
			return err
		}
		who, err := member.LockMember(ctx, tx, communityID, memberID)
		if errs.KindOf(err) == errs.NotFound {
			return errs.Missing("community")
		}
		if err != nil {
			return err
		}
		if err := depart(ctx, tx, caller, communityID, who, departure{to: member.Left, cause: "leave", now: now}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, caller, now, communityID, "user.leave", audit.Target{Type: "user", ID: who.ID, Name: who.Username})
	})
}

// requireOtherOwner returns Conflict "last_owner" for the last owner of a community. Of
// two owners that leave at the same time, one stays.
func requireOtherOwner(ctx context.Context, tx *sqldb.Tx, communityID, memberID string) error {
	owners, err := member.LockOwners(ctx, tx, communityID)
	if err != nil {
		return err
	}
	if len(owners) == 1 && owners[0] == memberID {
		return errs.New(errs.Conflict, "last_owner", "A community needs an owner. Transfer it to another member first, or delete it.")
	}
	return nil
}

// departure is the end of a membership.
type departure struct {
	to     string // Left or Banned
	cause  string // leave, kick or ban
	source member.Source
	now    int64
}

// depart ends a membership, with roles, ownership and sessions of this
// community. The row is locked.
func depart(ctx context.Context, tx *sqldb.Tx, by actor.Actor, communityID string, who *member.Record, d departure) error {
	wasHere := who.State == member.Active
	if len(who.RoleIDs) > 0 {
		change := member.Change{UserID: who.ID, Field: field.Find(field.DefaultFields(), field.RoleName), Old: member.IDList(who.RoleIDs)}
		who.RoleIDs = nil
		change.RecordedAt = who.Stamp(d.now)
		if err := member.Update(ctx, tx, communityID, []*member.Record{who}); err != nil {
			return err
		}
		if d.source.Type == "" {
			d.source.Type = d.cause
		}
		if err := member.RecordChanges(ctx, tx, communityID, []member.Change{change}, d.source, by.Ref()); err != nil {
			return err
		}
	}
	if _, err := member.SetState(ctx, tx, by, communityID, []string{who.ID}, d.to, d.now); err != nil {
		return err
	}
	if err := member.Disown(ctx, tx, communityID, who.ID); err != nil {
		return err
	}
	if err := access.EndSessionsIn(ctx, tx, communityID, []string{who.ID}, member.AccountIDs([]*member.Record{who})); err != nil || !wasHere {
		return err
	}
	return member.AppendLeft(ctx, tx, by, d.now, communityID, who, d.cause)
}
