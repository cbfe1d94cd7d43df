package member

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

// The states of a transfer.
const (
	TransferOpen      = "open"
	TransferAccepted  = "accepted"
	TransferDeclined  = "declined"
	TransferWithdrawn = "withdrawn"
	TransferExpired   = "expired"
	TransferCancelled = "cancelled" // the owner, the member or the community can no longer take part
)

// transferVerbs are the verbs of the audit log, by the state of the transfer.
var transferVerbs = map[string]string{
	TransferOpen: "create", TransferAccepted: "accept", TransferDeclined: "decline", TransferWithdrawn: "withdraw",
	TransferExpired: "expire", TransferCancelled: "cancel",
}

const transferLifetime = 7 * 24 * time.Hour

// TransferPage is the page that the link in a mail opens, with ?token=.
const TransferPage = "/transfer"

// Transfer is the offer of an owner to hand a community over to a member.
type Transfer struct {
	CommunityID, ID  string
	FromID, FromName string // the owner, with the username at the time
	UserID, UserName string // the member, with the username at the time
	State            string
	CreatedAt        int64 // Unix milliseconds
	ExpiresAt        int64 // Unix milliseconds
	EndedAt          int64 // Unix milliseconds; 0: it is open
}

// TransferInput describes a new transfer.
type TransferInput struct {
	User    string        // a reference as Find takes it
	Confirm string        // the exact name of the community
	Proof   account.Proof // the zero Proof is enough within ten minutes after the sign-in
}

// RequestTransfer offers the community to a member and mails them a link. The
// actor is an owner, signed in. A community has one open transfer. It fails as
// account.RequireSession and account.Prove do, with Forbidden "owner_required",
// Invalid "confirm_required" or "invalid_input", NotFound "community_not_found"
// or "user_not_found", or Conflict "transfer_pending", "member_suspended", or
// "member_pending" for a member without a sign-in and a confirmed address.
func (s *Members) RequestTransfer(ctx context.Context, caller actor.Actor, communityID string, in TransferInput) (Transfer, error) {
	if err := s.mayRequestTransfer(ctx, caller, communityID, in); err != nil {
		return Transfer{}, err
	}
	target, err := s.Find(ctx, communityID, in.User)
	if err != nil {
		return Transfer{}, err
	}
	if target.Is(caller) {
		return Transfer{}, errs.InvalidFields([]errs.Field{{Field: "userId", Code: "not_allowed", Message: "You own the community already. Choose another member."}})
	}
	ctx = actor.NewContext(ctx, caller)
	token, made := id.Secret(transferTokenBytes), Transfer{}
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := tx.LockExclusive(ctx, transferGuard(communityID)); err != nil {
			return err
		}
		home, err := community.Load(ctx, tx, communityID)
		if err != nil {
			return err
		}
		ownerID, err := memberIDOf(ctx, tx, communityID, caller.AccountID)
		if err != nil {
			return err
		}
		from, to, err := lockParties(ctx, tx, communityID, ownerID, target.ID)
		if err != nil {
			return err
		}
		now := s.clock.Now()
		if err := s.mayTransfer(ctx, tx, communityID, from, to, now.UnixMilli()); err != nil {
			return err
		}
		made = Transfer{
			CommunityID: communityID, ID: id.New(now), FromID: from.ID, FromName: from.Username, UserID: to.ID, UserName: to.Username,
			State: TransferOpen, CreatedAt: now.UnixMilli(), ExpiresAt: now.Add(transferLifetime).UnixMilli(),
		}
		if err := insertTransfer(ctx, tx, made, transferHash(token)); err != nil {
			return err
		}
		if err := made.note(ctx, tx, made.CreatedAt); err != nil {
			return err
		}
		if err := made.scheduleExpiry(ctx, tx); err != nil {
			return err
		}
		return s.mailTransfer(ctx, tx, home, made, token)
	})
	return made, err
}

const transferTokenBytes = 32

func transferHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// transferGuard names the lock that all changes of a community's transfers
// take, before they lock members.
func transferGuard(communityID string) string { return "transfer " + communityID }

// mayRequestTransfer checks everything that does not depend on the member.
func (s *Members) mayRequestTransfer(ctx context.Context, actor actor.Actor, communityID string, in TransferInput) error {
	if err := account.RequireSession(actor); err != nil {
		return err
	}
	known, err := standing(ctx, s.db, communityID, byAccount, actor.AccountID)
	if err != nil {
		return err
	}
	if !known.Member || !known.Owner {
		return errTransferOwner()
	}
	if err := s.connected.Accounts.Reauthenticate(ctx, actor, in.Proof); err != nil {
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

// lockParties locks the memberships of two accounts. A record of an account
// without a membership has no State.
func lockParties(ctx context.Context, tx *sqldb.Tx, communityID, fromID, toID string) (from, to *Record, err error) {
	found, err := Lookup(ctx, tx, communityID, KeySet{IDs: []string{fromID, toID}}, true)
	from, to = &Record{}, &Record{}
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

// mayTransfer checks the parties, which are locked, and that no other transfer
// of the community is open. It ends an expired one, and one that its parties can
// no longer take part in.
func (s *Members) mayTransfer(ctx context.Context, tx *sqldb.Tx, communityID string, from, to *Record, now int64) error {
	if !from.owns() {
		return errTransferOwner()
	}
	if err := mayReceive(ctx, tx, communityID, to, now); err != nil {
		return err
	}
	open, err := openTransfer(ctx, tx, communityID, tx.Dialect().Lock())
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if open.ExpiresAt <= now {
		return endTransfer(ctx, tx, open, TransferExpired, now)
	}
	able, err := open.able(ctx, tx, now)
	if err != nil {
		return err
	}
	if !able {
		return endTransfer(ctx, tx, open, TransferCancelled, now)
	}
	return errs.New(errs.Conflict, "transfer_pending", "The community is offered to %s already. Wait for the answer, or withdraw that offer first.", open.UserName)
}

// owns reports whether the record is of an active owner.
func (r *Record) owns() bool { return r.State == Active && r.Owner }

// mayReceive returns nil if a community can be transferred to a member: active,
// not suspended, with a confirmed account that has signed in.
func mayReceive(ctx context.Context, q sqldb.Querier, communityID string, who *Record, now int64) error {
	if who.State != Active {
		return errUserNotFound()
	}
	known, err := standing(ctx, q, communityID, byMember, who.ID)
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

// able reports whether the owner still owns the community and the member can
// receive it.
func (t Transfer) able(ctx context.Context, q sqldb.Querier, now int64) (bool, error) {
	from, err := standing(ctx, q, t.CommunityID, byMember, t.FromID)
	if err != nil || !from.Member || !from.Owner {
		return false, err
	}
	to, err := standing(ctx, q, t.CommunityID, byMember, t.UserID)
	return to.Member && to.SuspendedUntil <= now, err
}

// note writes the state of the transfer into the audit log. An expiry has no
// actor.
func (t Transfer) note(ctx context.Context, tx *sqldb.Tx, now int64) error {
	if t.State == TransferExpired {
		ctx = actor.NewContext(ctx, actor.Actor{})
	}
	// The id of the member: the entry loses the name when the member is erased.
	target := audit.Target{Type: "transfer", ID: t.UserID, Name: t.UserName}
	return audit.Record(ctx, tx, now, t.CommunityID, "transfer."+transferVerbs[t.State], target)
}

// endTransfer ends an open transfer, writes the audit log and queues the mail
// to the owner. A transfer that has ended stays as it is.
func endTransfer(ctx context.Context, tx *sqldb.Tx, t Transfer, state string, now int64) error {
	t.State, t.EndedAt = state, now
	ended, err := setTransferEnded(ctx, tx, t)
	if err != nil || !ended {
		return err
	}
	if err := t.note(ctx, tx, now); err != nil || state == TransferWithdrawn {
		return err
	}
	_, err = jobs.Insert(ctx, tx, transferOutcome{t.CommunityID, t.ID}, jobs.Options{CommunityID: t.CommunityID, Lane: jobs.Short})
	return err
}

// cancelTransfers ends the open transfer of a community if one of the members
// takes part in it. The rows of the members are locked.
func cancelTransfers(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string, now int64) error {
	t, err := openTransfer(ctx, tx, communityID, tx.Dialect().Lock())
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if !slices.Contains(userIDs, t.UserID) && !slices.Contains(userIDs, t.FromID) {
		return nil
	}
	return endTransfer(ctx, tx, t, TransferCancelled, now)
}

// cancelTransfer ends the open transfer of a community that is deleted.
func cancelTransfer(ctx context.Context, tx *sqldb.Tx, communityID string, now int64) error {
	t, err := openTransfer(ctx, tx, communityID, tx.Dialect().Lock())
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return endTransfer(ctx, tx, t, TransferCancelled, now)
}
