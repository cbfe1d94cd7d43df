package ownership

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/ownership/transfer"
	"github.com/regulars/regulars/internal/sqldb"
)

// DeleteCommunity deletes a community, for an owner or the owner of the
// installation: it is not found and its keys are invalid, until an owner
// restores it or it is erased after the retention time. confirm is its name. It
// fails with NotFound "community_not_found", Forbidden "owner_required" or
// Invalid "confirm_required".
func (s *Ownership) DeleteCommunity(ctx context.Context, caller actor.Actor, communityID, confirm string) (community.Community, error) {
	now := s.clock.MS()
	var closed community.Community
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := tx.LockExclusive(ctx, transfer.Guard(communityID)); err != nil { // before the owner is read
			return err
		}
		if err := s.mayClose(ctx, tx, caller, communityID); err != nil {
			return err
		}
		var err error
		if closed, err = community.Delete(ctx, tx, communityID, confirm, now); err != nil {
			return err
		}
		if err := transfer.CancelOpen(ctx, tx, caller, communityID, now); err != nil {
			return err
		}
		return noteCommunity(ctx, tx, caller, "community.delete", closed, now)
	})
	return closed, err
}

func (s *Ownership) mayClose(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string) error {
	if caller.Kind == actor.Command || caller.InstallationOwner {
		return nil
	}
	known, err := member.Memberships{}.ByAccount(ctx, tx, communityID, caller.AccountID)
	if err != nil || known.Member && known.Owner && caller.OnlyCommunity == "" {
		return err
	}
	return errs.New(errs.Forbidden, "owner_required", "Only an owner deletes a community, signed in or with a key of their own.")
}

// RestoreCommunity restores a deleted community unchanged, for an owner or the
// owner of the installation. oldest is community.Oldest. It fails with NotFound
// "community_not_found" for other actors, Conflict "not_deleted", Gone
// "community_erased", or Forbidden "limited_session".
func (s *Ownership) RestoreCommunity(ctx context.Context, actor actor.Actor, communityID string, oldest int64) (community.Community, error) {
	if err := actor.RequireUnlimited(); err != nil {
		return community.Community{}, err
	}
	now := s.clock.MS()
	var restored community.Community
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := mayRestore(ctx, tx, actor, communityID); err != nil {
			return err
		}
		var err error
		if restored, err = community.Restore(ctx, tx, communityID, oldest); err != nil {
			return err
		}
		return noteCommunity(ctx, tx, actor, "community.restore", restored, now)
	})
	return restored, err
}

func mayRestore(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string) error {
	if caller.Kind == actor.Command || caller.InstallationOwner {
		return nil
	}
	owns, err := ownsDeletedToo(ctx, tx, communityID, caller.AccountID)
	if err != nil || owns {
		return err
	}
	return errs.Missing("community")
}

func noteCommunity(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, action audit.Verb, c community.Community, now int64) error {
	return audit.Record(ctx, tx, caller, now, c.ID, action, audit.Target{Type: "community", ID: c.ID, Name: c.Name})
}
