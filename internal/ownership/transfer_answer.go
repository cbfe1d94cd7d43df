package ownership

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/assign"
	"github.com/regulars/regulars/internal/ownership/transfer"
	"github.com/regulars/regulars/internal/sqldb"
)

// OpenTransfer returns the open transfer of a community, or NotFound
// "transfer_not_found".
func (s *Ownership) OpenTransfer(ctx context.Context, caller actor.Actor, communityID string) (transfer.Transfer, error) {
	if err := s.access.Can(ctx, caller, communityID, permission.ManageCommunity); err != nil {
		return transfer.Transfer{}, err
	}
	t, err := transfer.LoadOpen(ctx, s.db, communityID, "")
	if err == nil && t.ExpiresAt <= s.clock.MS() {
		err = errTransferNotFound()
	}
	return t, err
}

// TransfersTo returns the open transfers to the actor, oldest first; none for a
// session of one community, which cannot answer.
func (s *Ownership) TransfersTo(ctx context.Context, actor actor.Actor) ([]transfer.Transfer, error) {
	if account.RequireSession(actor) != nil {
		return nil, nil
	}
	return transfersTo(ctx, s.db, actor.AccountID, s.clock.MS())
}

// TransferByToken returns the transfer of a link in a mail. It fails as
// account.RequireSession does, with Gone "link_expired" for an unknown token,
// Forbidden "not_your_transfer" for other accounts, or, with the transfer, Gone
// "transfer_ended".
func (s *Ownership) TransferByToken(ctx context.Context, actor actor.Actor, token string) (transfer.Transfer, error) {
	if err := account.RequireSession(actor); err != nil {
		return transfer.Transfer{}, err
	}
	t, err := transfer.LoadByToken(ctx, s.db, transferHash(token))
	if errs.KindOf(err) == errs.NotFound {
		return transfer.Transfer{}, errs.New(errs.Gone, "link_expired", "This link has expired or was used already. Ask for a new one.")
	}
	if err != nil {
		return transfer.Transfer{}, err
	}
	to, err := member.Memberships{}.ByMember(ctx, s.db, t.CommunityID, t.UserID)
	if err != nil {
		return transfer.Transfer{}, err
	}
	if to.AccountID != actor.AccountID {
		return transfer.Transfer{}, errs.New(errs.Forbidden, "not_your_transfer", "This link was sent to another account. Sign in with that account and open the link again.")
	}
	return t, t.RequireOpen(s.clock.MS())
}

func errTransferNotFound() error {
	return errs.Missing("transfer")
}

// AcceptTransfer makes the actor, the member of the transfer, the owner of the
// community. The former owner becomes a member with the highest role that has
// server_administrator, if there is one. It fails as account.RequireSession and
// access.Can do, with NotFound "transfer_not_found", Gone "transfer_ended",
// Forbidden "email_not_verified" or Conflict "too_many_communities"; after the
// last two the transfer stays open.
func (s *Ownership) AcceptTransfer(ctx context.Context, caller actor.Actor, communityID, transferID string) error {
	return s.answerTransfer(ctx, caller, communityID, transferID, func(tx *sqldb.Tx, t transfer.Transfer, from, to *member.Record) error {
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
		return s.handOver(ctx, tx, caller, t, from, to)
	})
}

// DeclineTransfer declines the transfer to the actor. It fails as
// AcceptTransfer does for a transfer to another member or that is not open.
func (s *Ownership) DeclineTransfer(ctx context.Context, caller actor.Actor, communityID, transferID string) error {
	return s.answerTransfer(ctx, caller, communityID, transferID, func(tx *sqldb.Tx, t transfer.Transfer, _, _ *member.Record) error {
		return transfer.End(ctx, tx, caller, t, transfer.Declined, s.clock.MS())
	})
}

// answerTransfer calls answer with the open transfer to the actor and both
// members locked. It ends a transfer that has expired, or that its parties can
// no longer complete.
func (s *Ownership) answerTransfer(ctx context.Context, caller actor.Actor, communityID, transferID string, answer func(tx *sqldb.Tx, t transfer.Transfer, from, to *member.Record) error) error {
	if err := account.RequireSession(caller); err != nil {
		return err
	}
	if err := s.access.Can(ctx, caller, communityID, permission.AnyMember); err != nil {
		return err
	}
	var refusal error
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		refusal = nil
		t, from, to, err := lockTransfer(ctx, tx, communityID, transferID)
		if err != nil {
			return err
		}
		if to.AccountID != caller.AccountID {
			return errTransferNotFound()
		}
		now := s.clock.MS()
		if refusal = t.RequireOpen(now); refusal != nil {
			if t.State != transfer.Open {
				return nil
			}
			return transfer.End(ctx, tx, caller, t, transfer.Expired, now)
		}
		able, err := partiesAble(ctx, tx, t, now)
		if err != nil {
			return err
		}
		if !able {
			refusal = transfer.Transfer{State: transfer.Cancelled}.RequireOpen(now)
			return transfer.End(ctx, tx, caller, t, transfer.Cancelled, now)
		}
		return answer(tx, t, from, to)
	})
	if err != nil {
		return err
	}
	return refusal
}

// lockTransfer locks a transfer with its parties. Every transaction locks in
// the same order: the guard, the members, the transfer.
func lockTransfer(ctx context.Context, tx *sqldb.Tx, communityID, transferID string) (t transfer.Transfer, from, to *member.Record, err error) {
	if err := tx.LockExclusive(ctx, transfer.Guard(communityID)); err != nil {
		return t, nil, nil, err
	}
	if _, err := community.Load(ctx, tx, communityID); err != nil {
		return t, nil, nil, err
	}
	if t, err = transfer.Load(ctx, tx, communityID, transferID, ""); err != nil {
		return t, nil, nil, err
	}
	if from, to, err = lockParties(ctx, tx, communityID, t.FromUserID, t.UserID); err != nil {
		return t, nil, nil, err
	}
	t, err = transfer.Load(ctx, tx, communityID, transferID, tx.Dialect().Lock())
	return t, from, to, err
}

// handOver replaces the owner with the actor.
func (s *Ownership) handOver(ctx context.Context, tx *sqldb.Tx, by actor.Actor, t transfer.Transfer, from, to *member.Record) error {
	if err := tx.LockShared(ctx, assign.RolesGuard(t.CommunityID)); err != nil {
		return err
	}
	now := s.clock.MS()
	roles, err := access.Roles(ctx, tx, t.CommunityID)
	if err != nil {
		return err
	}
	if role, ok := AdministratorRole(roles); ok {
		if err := assign.Role(ctx, tx, by, t.CommunityID, role, from, member.Source{Type: "console"}, now); err != nil {
			return err
		}
	}
	if !to.Owner {
		if err := member.SetOwner(ctx, tx, t.CommunityID, to.ID, true, now); err != nil {
			return err
		}
		if err := noteOwner(ctx, tx, by, t.CommunityID, to, true, now); err != nil {
			return err
		}
	}
	if err := member.SetOwner(ctx, tx, t.CommunityID, from.ID, false, now); err != nil {
		return err
	}
	if err := noteOwner(ctx, tx, by, t.CommunityID, from, false, now); err != nil {
		return err
	}
	return transfer.End(ctx, tx, by, t, transfer.Accepted, now)
}

// AdministratorRole returns the role of the former owner after a transfer: the
// highest with server_administrator. roles are ordered, the highest first; ok
// is false if there is none.
func AdministratorRole(roles []access.Role) (role access.Role, ok bool) {
	i := slices.IndexFunc(roles, func(r access.Role) bool { return !r.Everyone && r.ServerPermissions[permission.ServerAdministrator] })
	if i < 0 {
		return access.Role{}, false
	}
	return roles[i], true
}

func noteOwner(ctx context.Context, tx *sqldb.Tx, by actor.Actor, communityID string, who *member.Record, owner bool, now int64) error {
	action := audit.Verb("user.remove_owner")
	if owner {
		action = "user.add_owner"
	}
	target := audit.Target{Type: "user", ID: who.ID, Name: who.Username}
	return audit.Record(ctx, tx, by, now, communityID, action, target, audit.Change{Field: "owner", Old: !owner, New: owner})
}

// WithdrawTransfer ends an open transfer for an owner of the community or the
// owner of the installation. It fails as account.RequireSession does, with
// Forbidden "owner_required", NotFound "transfer_not_found" or Gone
// "transfer_ended".
func (s *Ownership) WithdrawTransfer(ctx context.Context, caller actor.Actor, communityID, transferID string) error {
	if err := account.RequireSession(caller); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		known, err := member.Memberships{}.ByAccount(ctx, tx, communityID, caller.AccountID)
		if err != nil {
			return err
		}
		if !caller.InstallationOwner && !(known.Member && known.Owner) {
			return errTransferOwner()
		}
		t, _, _, err := lockTransfer(ctx, tx, communityID, transferID)
		if err != nil {
			return err
		}
		now := s.clock.MS()
		if err := t.RequireOpen(now); err != nil {
			return err
		}
		return transfer.End(ctx, tx, caller, t, transfer.Withdrawn, now)
	})
}

// Sweep ends expired transfers and deletes those that ended longer ago than the
// retention time. Any number of nodes may call it at any time.
func (s *Ownership) Sweep(ctx context.Context) error {
	for {
		now := s.clock.MS()
		due, err := transfer.ListExpired(ctx, s.db, now)
		if err != nil {
			return err
		}
		if len(due) == 0 {
			return transfer.DeleteEnded(ctx, s.db, s.clock.Now().Add(-s.retention).UnixMilli())
		}
		for _, t := range due {
			if err := s.db.Tx(ctx, func(tx *sqldb.Tx) error { return transfer.End(ctx, tx, actor.Actor{}, t, transfer.Expired, now) }); err != nil {
				return err
			}
		}
	}
}
