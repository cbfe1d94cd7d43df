package member

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// problem returns Gone "transfer_ended" unless the transfer is open.
func (t Transfer) problem(now int64) error {
	const code = "transfer_ended"
	switch {
	case t.State == TransferAccepted:
		return errs.New(errs.Gone, code, "This transfer was accepted already.")
	case t.State == TransferDeclined:
		return errs.New(errs.Gone, code, "This transfer was declined already. The owner can offer the community again.")
	case t.State == TransferWithdrawn:
		return errs.New(errs.Gone, code, "The owner has withdrawn this transfer.")
	case t.State == TransferExpired, t.State == TransferOpen && t.ExpiresAt <= now:
		return errs.New(errs.Gone, code, "This transfer has expired after seven days. The owner can offer the community again.")
	case t.State != TransferOpen:
		return errs.New(errs.Gone, code, "This transfer has ended because its owner, its member or its community has changed. An owner can offer the community again.")
	}
	return nil
}

// OpenTransfer returns the open transfer of a community, or NotFound
// "transfer_not_found".
func (s *Members) OpenTransfer(ctx context.Context, communityID string) (Transfer, error) {
	t, err := openTransfer(ctx, s.db, communityID, "")
	if err == nil && t.ExpiresAt <= s.clock.MS() {
		err = errTransferNotFound()
	}
	return t, err
}

// TransfersTo returns the open transfers to the actor, a person, oldest first;
// none for a session that works in one community only, which cannot answer.
func (s *Members) TransfersTo(ctx context.Context, actor actor.Actor) ([]Transfer, error) {
	if account.RequireSession(actor) != nil {
		return nil, nil
	}
	return transfersTo(ctx, s.db, actor.AccountID, s.clock.MS())
}

// TransferByToken returns the transfer of a link in a mail, and changes
// nothing. It fails as account.RequireSession does, with Gone "link_expired" for a
// token that does not exist, Forbidden "not_your_transfer" for any account but
// the member's, or, with the transfer, Gone "transfer_ended".
func (s *Members) TransferByToken(ctx context.Context, actor actor.Actor, token string) (Transfer, error) {
	if err := account.RequireSession(actor); err != nil {
		return Transfer{}, err
	}
	t, err := transferByToken(ctx, s.db, transferHash(token))
	if errs.KindOf(err) == errs.NotFound {
		return Transfer{}, errs.New(errs.Gone, "link_expired", "This link has expired or was used already. Ask for a new one.")
	}
	if err != nil {
		return Transfer{}, err
	}
	to, err := standing(ctx, s.db, t.CommunityID, byMember, t.UserID)
	if err != nil {
		return Transfer{}, err
	}
	if to.AccountID != actor.AccountID {
		return Transfer{}, errs.New(errs.Forbidden, "not_your_transfer", "This link was sent to another account. Sign in with that account and open the link again.")
	}
	return t, t.problem(s.clock.MS())
}

func errTransferNotFound() error {
	return errs.New(errs.NotFound, "transfer_not_found", "There is no such transfer.")
}

// AcceptTransfer makes the actor, the member of the transfer, the owner of the
// community. The former owner becomes an ordinary member with the highest role
// that has server_administrator, if the community has one. It fails as
// account.RequireSession and access.Can do, with NotFound "transfer_not_found", Gone
// "transfer_ended", Forbidden "email_not_verified" or Conflict
// "too_many_communities"; after the last two the transfer is still open.
func (s *Members) AcceptTransfer(ctx context.Context, caller actor.Actor, communityID, transferID string) error {
	return s.answerTransfer(ctx, caller, communityID, transferID, func(tx *sqldb.Tx, t Transfer, from, to *Record) error {
		ready, err := account.InUse(ctx, tx, caller.AccountID)
		if err != nil {
			return err
		}
		if !ready {
			return errs.New(errs.Forbidden, "email_not_verified", "The email address of your account is not confirmed. Choose a new password by \"Forgot password\", which confirms the address, and accept again.")
		}
		if !to.Owner {
			if err := mayOwnMore(ctx, tx, caller); err != nil {
				return err
			}
		}
		return s.handOver(actor.NewContext(ctx, caller), tx, t, from, to)
	})
}

// DeclineTransfer ends the transfer to the actor. It fails as AcceptTransfer
// does for a transfer that is not theirs or not open.
func (s *Members) DeclineTransfer(ctx context.Context, caller actor.Actor, communityID, transferID string) error {
	return s.answerTransfer(ctx, caller, communityID, transferID, func(tx *sqldb.Tx, t Transfer, _, _ *Record) error {
		return endTransfer(actor.NewContext(ctx, caller), tx, t, TransferDeclined, s.clock.MS())
	})
}

// answerTransfer runs answer on the open transfer to the actor, with both
// members locked. An expired transfer ends, and so does one that its parties
// can no longer take part in.
func (s *Members) answerTransfer(ctx context.Context, actor actor.Actor, communityID, transferID string, answer func(tx *sqldb.Tx, t Transfer, from, to *Record) error) error {
	if err := account.RequireSession(actor); err != nil {
		return err
	}
	if err := s.connected.Access.Can(ctx, actor, communityID, access.PermAnyMember); err != nil {
		return err
	}
	var refusal error
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		refusal = nil
		t, from, to, err := lockTransfer(ctx, tx, communityID, transferID)
		if err != nil {
			return err
		}
		if to.AccountID != actor.AccountID {
			return errTransferNotFound()
		}
		now := s.clock.MS()
		if refusal = t.problem(now); refusal != nil {
			if t.State != TransferOpen {
				return nil
			}
			return endTransfer(ctx, tx, t, TransferExpired, now)
		}
		able, err := t.able(ctx, tx, now)
		if err != nil {
			return err
		}
		if !able {
			refusal = Transfer{State: TransferCancelled}.problem(now)
			return endTransfer(ctx, tx, t, TransferCancelled, now)
		}
		return answer(tx, t, from, to)
	})
	if err != nil {
		return err
	}
	return refusal
}

// lockTransfer locks a transfer of a community that is not deleted, with its
// parties. The order is the same in every transaction: the guard, the members,
// the transfer.
func lockTransfer(ctx context.Context, tx *sqldb.Tx, communityID, transferID string) (t Transfer, from, to *Record, err error) {
	if err := tx.LockExclusive(ctx, transferGuard(communityID)); err != nil {
		return t, nil, nil, err
	}
	if _, err := community.Load(ctx, tx, communityID); err != nil {
		return t, nil, nil, err
	}
	if t, err = loadTransfer(ctx, tx, communityID, transferID, ""); err != nil {
		return t, nil, nil, err
	}
	if from, to, err = lockParties(ctx, tx, communityID, t.FromID, t.UserID); err != nil {
		return t, nil, nil, err
	}
	t, err = loadTransfer(ctx, tx, communityID, transferID, tx.Dialect().Lock())
	return t, from, to, err
}

// handOver exchanges the owner; ctx carries the actor, the new owner.
func (s *Members) handOver(ctx context.Context, tx *sqldb.Tx, t Transfer, from, to *Record) error {
	h, err := s.beginHanding(ctx, tx, actor.FromContext(ctx), t.CommunityID, Source{Type: "console"})
	if err != nil {
		return err
	}
	if role, ok := AdministratorRole(h.roles); ok {
		if err := h.hand(ctx, tx, role, true, from); err != nil {
			return err
		}
	}
	if !to.Owner {
		if err := setOwner(ctx, tx, t.CommunityID, to.ID, true, h.now); err != nil {
			return err
		}
		if err := noteOwner(ctx, tx, t.CommunityID, to, true, h.now); err != nil {
			return err
		}
	}
	if err := setOwner(ctx, tx, t.CommunityID, from.ID, false, h.now); err != nil {
		return err
	}
	if err := noteOwner(ctx, tx, t.CommunityID, from, false, h.now); err != nil {
		return err
	}
	return endTransfer(ctx, tx, t, TransferAccepted, h.now)
}

// AdministratorRole returns the role that an owner has after a transfer: the
// highest with server_administrator. roles are those of a community, the highest
// first; ok is false if none has it.
func AdministratorRole(roles []access.Role) (role access.Role, ok bool) {
	i := slices.IndexFunc(roles, func(r access.Role) bool { return !r.Everyone && r.ServerPermissions[access.ServerAdministrator] })
	if i < 0 {
		return access.Role{}, false
	}
	return roles[i], true
}

func noteOwner(ctx context.Context, tx *sqldb.Tx, communityID string, who *Record, owner bool, now int64) error {
	action := "user.remove_owner"
	if owner {
		action = "user.add_owner"
	}
	target := audit.Target{Type: "user", ID: who.ID, Name: who.Username}
	return audit.Record(ctx, tx, now, communityID, action, target, audit.Change{Field: "owner", Old: !owner, New: owner})
}

// WithdrawTransfer ends an open transfer for an owner of the community or the
// owner of the installation. It fails as account.RequireSession does, with
// Forbidden "owner_required", NotFound "transfer_not_found" or Gone
// "transfer_ended".
func (s *Members) WithdrawTransfer(ctx context.Context, caller actor.Actor, communityID, transferID string) error {
	if err := account.RequireSession(caller); err != nil {
		return err
	}
	ctx = actor.NewContext(ctx, caller)
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		t, _, _, err := lockTransfer(ctx, tx, communityID, transferID)
		if err != nil {
			return err
		}
		known, err := standing(ctx, tx, communityID, byAccount, caller.AccountID)
		if err != nil {
			return err
		}
		if !caller.InstallationOwner && !(known.Member && known.Owner) {
			return errTransferOwner()
		}
		now := s.clock.MS()
		if err := t.problem(now); err != nil {
			return err
		}
		return endTransfer(ctx, tx, t, TransferWithdrawn, now)
	})
}

// sweepTransfers ends expired transfers and deletes those that ended longer ago
// than the retention time.
func (s *Members) sweepTransfers(ctx context.Context) error {
	for {
		now := s.clock.MS()
		due, err := expiredTransfers(ctx, s.db, now)
		if err != nil {
			return err
		}
		if len(due) == 0 {
			return deleteEndedTransfers(ctx, s.db, s.oldest())
		}
		for _, t := range due {
			if err := s.db.Tx(ctx, func(tx *sqldb.Tx) error { return endTransfer(ctx, tx, t, TransferExpired, now) }); err != nil {
				return err
			}
		}
	}
}
