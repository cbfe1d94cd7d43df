package ownership

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/ownership/transfer"
	"github.com/regulars/regulars/internal/sqldb"
)

const transferLifetime = 7 * 24 * time.Hour

// TransferPage is the page that links in mails open, with ?token=.
const TransferPage = "/transfer"

// TransferInput describes a new transfer.
type TransferInput struct {
	User    string        // a reference as in Directory.Find
	Confirm string        // the exact name of the community
	Proof   account.Proof // may be zero within ten minutes after the sign-in
}

// RequestTransfer offers the community to a member and mails them a link. The
// actor is an owner, signed in. A community has one open transfer. It fails as
// account.RequireSession and account.Prove do, with Forbidden "owner_required",
// Invalid "confirm_required" or "invalid_input", NotFound "community_not_found"
// or "user_not_found", or Conflict "transfer_pending", "member_suspended", or
// "member_pending" for a member without a sign-in and a confirmed address.
func (s *Ownership) RequestTransfer(ctx context.Context, caller actor.Actor, communityID string, in TransferInput) (transfer.Transfer, error) {
	if err := s.mayRequestTransfer(ctx, caller, communityID, in); err != nil {
		return transfer.Transfer{}, err
	}
	target, err := directory.Load(ctx, s.db, communityID, in.User, member.Active)
	if err != nil {
		return transfer.Transfer{}, err
	}
	if target.Is(caller) {
		return transfer.Transfer{}, errs.InvalidFields([]errs.Field{{Field: "userId", Code: "not_allowed", Message: "You already own the community. Choose another member."}})
	}
	token, made := id.Secret(transferTokenBytes), transfer.Transfer{}
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := tx.LockExclusive(ctx, transfer.Guard(communityID)); err != nil {
			return err
		}
		home, err := community.Load(ctx, tx, communityID)
		if err != nil {
			return err
		}
		ownerID, err := member.IDByAccount(ctx, tx, communityID, caller.AccountID)
		if err != nil {
			return err
		}
		from, to, err := lockParties(ctx, tx, communityID, ownerID, target.ID)
		if err != nil {
			return err
		}
		now := s.clock.Now()
		if err := s.mayTransfer(ctx, tx, caller, communityID, from, to, now.UnixMilli()); err != nil {
			return err
		}
		made = transfer.Transfer{
			CommunityID: communityID, ID: id.New(now), FromUserID: from.ID, FromName: from.Username, UserID: to.ID, UserName: to.Username,
			State: transfer.Open, CreatedAt: now.UnixMilli(), ExpiresAt: now.Add(transferLifetime).UnixMilli(),
		}
		if err := transfer.Insert(ctx, tx, made, transferHash(token)); err != nil {
			return err
		}
		if err := made.RecordState(ctx, tx, caller, made.CreatedAt); err != nil {
			return err
		}
		if err := made.ScheduleExpiry(ctx, tx); err != nil {
			return err
		}
		return s.mailTransfer(ctx, tx, caller, home, made, token)
	})
	return made, err
}

const transferTokenBytes = 32

func transferHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// mayRequestTransfer checks everything that does not depend on the member.
func (s *Ownership) mayRequestTransfer(ctx context.Context, actor actor.Actor, communityID string, in TransferInput) error {
	if err := account.RequireSession(actor); err != nil {
		return err
	}
	known, err := member.Memberships{}.ByAccount(ctx, s.db, communityID, actor.AccountID)
	if err != nil {
		return err
	}
	if !known.Member || !known.Owner {
		return errTransferOwner()
	}
	if err := s.accounts.Proofs.Reauthenticate(ctx, actor, in.Proof); err != nil {
		return err
	}
	home, err := community.Load(ctx, s.db, communityID)
	if err == nil && in.Confirm != home.Name {
		err = errs.New(errs.Invalid, "confirm_required", "To transfer the community, send its exact name in confirm.").
			WithFields(errs.Field{Field: "confirm", Code: "required", Message: "This is not the name of the community."})
	}
	return err
}

func errTransferOwner() error {
	return errs.New(errs.Forbidden, "owner_required", "Only an owner of the community can transfer it. Ask an owner to do this.")
}

// lockParties locks two members. A record without State is not a member.
func lockParties(ctx context.Context, tx *sqldb.Tx, communityID, fromID, toID string) (from, to *member.Record, err error) {
	found, err := member.Lookup(ctx, tx, communityID, member.KeySet{IDs: []string{fromID, toID}}, true)
	from, to = &member.Record{}, &member.Record{}
	for _, who := range found {
		switch who.ID {
		case fromID:
			from = who
		case toID:
			to = who
		}
	}
	return from, to, err
}

// mayTransfer checks the locked parties, and that no other transfer of the
// community is open. It ends an open one that has expired, or that its parties
// can no longer complete.
func (s *Ownership) mayTransfer(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID string, from, to *member.Record, now int64) error {
	if !isOwner(from) {
		return errTransferOwner()
	}
	if err := mayReceive(ctx, tx, communityID, to, now); err != nil {
		return err
	}
	open, err := transfer.LoadOpen(ctx, tx, communityID, tx.Dialect().Lock())
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if open.ExpiresAt <= now {
		return transfer.End(ctx, tx, caller, open, transfer.Expired, now)
	}
	able, err := partiesAble(ctx, tx, open, now)
	if err != nil {
		return err
	}
	if !able {
		return transfer.End(ctx, tx, caller, open, transfer.Cancelled, now)
	}
	return errs.New(errs.Conflict, "transfer_pending", "The community is already offered to %s. Wait for the answer, or withdraw that offer first.", open.UserName)
}

// isOwner reports whether a member is an active owner.
func isOwner(r *member.Record) bool { return r.State == member.Active && r.Owner }

// mayReceive returns nil if a member can receive a community: active, not
// suspended, with a confirmed account that has signed in.
func mayReceive(ctx context.Context, q sqldb.Querier, communityID string, who *member.Record, now int64) error {
	if who.State != member.Active {
		return member.ErrUserNotFound()
	}
	known, err := member.Memberships{}.ByMember(ctx, q, communityID, who.ID)
	if err != nil {
		return err
	}
	if known.SuspendedUntil > now {
		return errs.New(errs.Conflict, "member_suspended", "This member is suspended. Lift the suspension first, or choose another member.")
	}
	ready, err := account.InUse(ctx, q, who.AccountID)
	if err == nil && !ready {
		err = errs.New(errs.Conflict, "member_pending", "This member has not signed in with a confirmed account yet. Ask them to sign in first, or choose another member.")
	}
	return err
}

// partiesAble reports whether the owner still owns the community and the member
// can receive it.
func partiesAble(ctx context.Context, q sqldb.Querier, t transfer.Transfer, now int64) (bool, error) {
	from, err := member.Memberships{}.ByMember(ctx, q, t.CommunityID, t.FromUserID)
	if err != nil || !from.Member || !from.Owner {
		return false, err
	}
	to, err := member.Memberships{}.ByMember(ctx, q, t.CommunityID, t.UserID)
	return to.Member && to.SuspendedUntil <= now, err
}
