package member

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
)

// Leave ends the membership of the actor, a person: their roles and ownership
// end with it, what is known of them stays until they join again or are
// erased. It fails with NotFound "community_not_found" for who is no member,
// or Conflict "last_owner".
func (s *Members) Leave(ctx context.Context, caller actor.Actor, communityID string) error {
	now := s.clock.MS()
	ctx = actor.NewContext(ctx, caller)
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := community.Load(ctx, tx, communityID); err != nil {
			return err
		}
		if err := tx.LockShared(ctx, transferGuard(communityID)); err != nil { // the owners stay the same
			return err
		}
		memberID, err := memberIDOf(ctx, tx, communityID, caller.AccountID)
		if err != nil {
			return err
		}
		if err := keepOwner(ctx, tx, communityID, memberID); err != nil {
			return err
		}
		who, err := lockMember(ctx, tx, communityID, memberID)
		if errs.KindOf(err) == errs.NotFound {
			return errs.New(errs.NotFound, "community_not_found", "There is no such community.")
		}
		if err != nil {
			return err
		}
		if err := depart(ctx, tx, communityID, who, departure{to: Left, cause: "leave", now: now}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, communityID, "user.leave", audit.Target{Type: "user", ID: who.ID, Name: who.Username})
	})
}

// keepOwner refuses what would take the last owner of a community away, with
// Conflict "last_owner". Of two owners who go at the same time one stays.
func keepOwner(ctx context.Context, tx *sqldb.Tx, communityID, memberID string) error {
	owners, err := lockOwners(ctx, tx, communityID)
	if err != nil {
		return err
	}
	if len(owners) == 1 && owners[0] == memberID {
		return errs.New(errs.Conflict, "last_owner", "A community needs an owner. Transfer it to another member first, or delete it.")
	}
	return nil
}

// departure is how a member goes.
type departure struct {
	to     string // Left or Banned
	cause  string // leave, kick or ban
	source Source
	now    int64
}

// depart takes a member out of the community, with roles, ownership and the
// sessions that are good for nothing else. The row is locked already; ctx
// carries the actor.
func depart(ctx context.Context, tx *sqldb.Tx, communityID string, who *Record, d departure) error {
	wasHere := who.State == Active
	if len(who.RoleIDs) > 0 {
		change := Change{UserID: who.ID, Field: field.Find(field.DefaultFields(), field.RoleName), Old: idList(who.RoleIDs)}
		who.RoleIDs = nil
		change.RecordedAt = who.Stamp(d.now)
		if err := Update(ctx, tx, communityID, []*Record{who}); err != nil {
			return err
		}
		if d.source.Type == "" {
			d.source.Type = d.cause
		}
		if err := RecordChanges(ctx, tx, communityID, []Change{change}, d.source, actor.FromContext(ctx).Ref()); err != nil {
			return err
		}
	}
	if _, err := SetState(ctx, tx, communityID, []string{who.ID}, d.to, d.now); err != nil {
		return err
	}
	if err := disown(ctx, tx, communityID, who.ID); err != nil {
		return err
	}
	if err := access.EndSessionsIn(ctx, tx, communityID, []string{who.ID}, accountsAmong([]*Record{who})); err != nil || !wasHere {
		return err
	}
	left := event.UserLeft{UserID: who.ID, Cause: d.cause}
	return event.Append(ctx, tx, d.now, event.Event{CommunityID: communityID, Type: event.UserLeftServer, Data: left})
}
