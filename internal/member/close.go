package member

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// CloseCommunity deletes a community: from then on it is not found, and its
// keys are not valid, until an owner restores it; after the retention time it
// is erased. confirm is its name. Only an owner may, and who runs the
// installation. It fails with NotFound "community_not_found", Forbidden
// "owner_required" or Invalid "confirm_required".
func (s *Members) CloseCommunity(ctx context.Context, caller actor.Actor, communityID, confirm string) (community.Community, error) {
	now := s.clock.MS()
	var closed community.Community
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := tx.LockExclusive(ctx, transferGuard(communityID)); err != nil { // before the owner is read
			return err
		}
		if err := s.mayClose(ctx, tx, caller, communityID); err != nil {
			return err
		}
		var err error
		if closed, err = community.Delete(ctx, tx, communityID, confirm, now); err != nil {
			return err
		}
		if err := cancelTransfer(actor.NewContext(ctx, caller), tx, communityID, now); err != nil {
			return err
		}
		return noteCommunity(ctx, tx, caller, "community.delete", closed, now)
	})
	return closed, err
}

func (s *Members) mayClose(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string) error {
	if caller.Kind == actor.Command || caller.InstallationOwner {
		return nil
	}
	known, err := standing(ctx, tx, communityID, byAccount, caller.AccountID)
	if err != nil || known.Member && known.Owner && caller.OnlyCommunity == "" {
		return err
	}
	return errs.New(errs.Forbidden, "owner_required", "Only an owner deletes a community, signed in or with a key of their own.")
}

// RestoreCommunity brings back a community that an owner, or who runs the
// installation, deleted, exactly as it was. oldest is community.Oldest. It
// fails with NotFound "community_not_found" for everybody else, Conflict
// "not_deleted" or Gone "community_erased", and with Forbidden
// "limited_session".
func (s *Members) RestoreCommunity(ctx context.Context, actor actor.Actor, communityID string, oldest int64) (community.Community, error) {
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
	return errs.New(errs.NotFound, "community_not_found", "There is no such community.")
}

func noteCommunity(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, action string, c community.Community, now int64) error {
	return audit.Record(actor.NewContext(ctx, caller), tx, now, c.ID, action, audit.Target{Type: "community", ID: c.ID, Name: c.Name})
}

// AuditLog returns what people and keys did in a community, see audit.List.
func (s *Members) AuditLog(ctx context.Context, communityID string, f audit.Filter) ([]audit.Entry, string, error) {
	return audit.List(ctx, s.db, communityID, f)
}

// AuditActors returns who did anything in a community, see audit.Actors.
func (s *Members) AuditActors(ctx context.Context, communityID string) ([]audit.Actor, error) {
	return audit.Actors(ctx, s.db, communityID)
}

// erasePiece is how many memberships one transaction of an erasure ends.
const erasePiece = 1000

// EraseMemberships ends memberships of a community that is erased. It is for
// community.OnErase; the other rows about the members go with the community's.
func EraseMemberships(ctx context.Context, tx *sqldb.Tx, communityID string) (done bool, err error) {
	deleted, err := deleteSomeMembers(ctx, tx, communityID, erasePiece)
	return err == nil && deleted == 0, err
}
