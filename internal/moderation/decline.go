package moderation

import (
	"context"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// Additions returns the unclaimed memberships with the confirmed address of the
// actor. It is empty for an unconfirmed address and for a limited session.
func (s *Moderation) Additions(ctx context.Context, caller actor.Actor) ([]member.Addition, error) {
	if caller.Kind != actor.Session || caller.RequireUnlimited() != nil {
		return nil, nil
	}
	acct, err := account.LoadAccount(ctx, s.db, caller.AccountID)
	if err != nil {
		return nil, err
	}
	confirmed, err := account.Confirmed(ctx, s.db, acct.ID)
	if err != nil || !confirmed {
		return nil, err
	}
	return member.UnclaimedOf(ctx, s.db, account.EmailKey(acct.Email))
}

// Decline removes an unclaimed membership of the actor's confirmed address, with
// its data. It fails with NotFound "user_not_found" if there is none, or
// Forbidden "session_required" or "limited_session".
func (s *Moderation) Decline(ctx context.Context, actor actor.Actor, communityID string) error {
	if err := account.RequireSession(actor); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := member.GuardFields(ctx, tx, communityID); err != nil {
			return err
		}
		account, err := account.LoadAccount(ctx, tx, actor.AccountID)
		if err != nil {
			return err
		}
		who, err := member.UnclaimedFor(ctx, tx, communityID, account)
		if err != nil {
			return err
		}
		if who == nil || who.State != member.Active && who.State != member.Pending {
			return member.ErrUserNotFound()
		}
		return s.decline(ctx, tx, actor, communityID, who)
	})
}

// decline erases an unclaimed member with a locked row, and stores a hash of
// the address. The caller holds GuardFields, so that no import adds the member
// again.
func (s *Moderation) decline(ctx context.Context, tx *sqldb.Tx, by actor.Actor, communityID string, who *member.Record) error {
	now := s.clock.MS()
	if err := member.InsertDecline(ctx, tx, communityID, member.AddressHash(communityID, who.EmailKey), now); err != nil {
		return err
	}
	if err := closeMailed(ctx, tx, communityID, who.EmailKey, now); err != nil {
		return err
	}
	if _, err := member.SetState(ctx, tx, by, communityID, []string{who.ID}, member.Left, now); err != nil {
		return err
	}
	if err := access.EndSessionsIn(ctx, tx, communityID, []string{who.ID}, nil); err != nil {
		return err
	}
	if who.State == member.Active {
		if err := member.AppendLeft(ctx, tx, by, now, communityID, who, "declined"); err != nil {
			return err
		}
	}
	if err := s.members.EraseMembers(ctx, tx, communityID, []string{who.ID}); err != nil {
		return err
	}
	return audit.Record(ctx, tx, actor.Actor{}, now, communityID, "user.decline", audit.Target{Type: "user", ID: who.ID})
}
