// Package transfer stores the transfers of communities and ends them. It is below
// package member, which cancels the transfers of members that leave.
package transfer

import (
	"context"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

// The states of a transfer.
const (
	Open      = "open"
	Accepted  = "accepted"
	Declined  = "declined"
	Withdrawn = "withdrawn"
	Expired   = "expired"
	Cancelled = "cancelled" // the owner, the member or the community can no longer take part
)

// verbs are the actions in the audit log, by the new state.
var verbs = map[string]audit.Verb{
	Open: "transfer.create", Accepted: "transfer.accept", Declined: "transfer.decline", Withdrawn: "transfer.withdraw",
	Expired: "transfer.expire", Cancelled: "transfer.cancel",
}

// Transfer is the offer of an owner to hand a community over to a member.
type Transfer struct {
	CommunityID, ID      string
	FromUserID, FromName string // the owner, with the username at the time
	UserID, UserName     string // the member, with the username at the time
	State                string
	CreatedAt            int64 // Unix milliseconds
	ExpiresAt            int64 // Unix milliseconds
	EndedAt              int64 // Unix milliseconds; 0: it is open
}

// Guard is the name of the lock that all changes of transfers of a community
// acquire before they lock members.
func Guard(communityID string) string { return "transfer " + communityID }

// RecordState writes the state of the transfer into the audit log; an expiry
// has no actor.
func (t Transfer) RecordState(ctx context.Context, tx *sqldb.Tx, by actor.Actor, now int64) error {
	if t.State == Expired {
		by = actor.Actor{}
	}
	// With the id of the member: erasure then removes the name from the entry.
	target := audit.Target{Type: "transfer", ID: t.UserID, Name: t.UserName}
	return audit.Record(ctx, tx, by, now, t.CommunityID, verbs[t.State], target)
}

// RequireOpen returns Gone "transfer_ended" unless the transfer is open.
func (t Transfer) RequireOpen(now int64) error {
	const code = "transfer_ended"
	switch {
	case t.State == Accepted:
		return errs.New(errs.Gone, code, "This transfer has already been accepted.")
	case t.State == Declined:
		return errs.New(errs.Gone, code, "This transfer has already been declined. The owner can offer the community again.")
	case t.State == Withdrawn:
		return errs.New(errs.Gone, code, "The owner has withdrawn this transfer.")
	case t.State == Expired, t.State == Open && t.ExpiresAt <= now:
		return errs.New(errs.Gone, code, "This transfer has expired after seven days. The owner can offer the community again.")
	case t.State != Open:
		return errs.New(errs.Gone, code, "This transfer has ended because its owner, its member or its community has changed. An owner can offer the community again.")
	}
	return nil
}

// End ends an open transfer, writes the audit log and queues the mail to the
// owner. An ended transfer is unchanged.
func End(ctx context.Context, tx *sqldb.Tx, by actor.Actor, t Transfer, state string, now int64) error {
	t.State, t.EndedAt = state, now
	ended, err := setEnded(ctx, tx, t)
	if err != nil || !ended {
		return err
	}
	if err := t.RecordState(ctx, tx, by, now); err != nil || state == Withdrawn {
		return err
	}
	_, err = jobs.Insert(ctx, tx, Outcome{t.CommunityID, t.ID}, jobs.Options{CommunityID: t.CommunityID, Lane: jobs.Short})
	return err
}

// CancelOf cancels the open transfer of a community from or to one of the
// members. Their rows are locked.
func CancelOf(ctx context.Context, tx *sqldb.Tx, by actor.Actor, communityID string, userIDs []string, now int64) error {
	t, err := LoadOpen(ctx, tx, communityID, tx.Dialect().Lock())
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if !slices.Contains(userIDs, t.UserID) && !slices.Contains(userIDs, t.FromUserID) {
		return nil
	}
	return End(ctx, tx, by, t, Cancelled, now)
}

// CancelOpen cancels the open transfer of a deleted community.
func CancelOpen(ctx context.Context, tx *sqldb.Tx, by actor.Actor, communityID string, now int64) error {
	t, err := LoadOpen(ctx, tx, communityID, tx.Dialect().Lock())
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return End(ctx, tx, by, t, Cancelled, now)
}

// Outcome is the job that mails the outcome of a transfer to the owner
// that made the offer.
type Outcome struct {
	CommunityID string `json:"communityId"`
	TransferID  string `json:"transferId"`
}

// Expiry is the job that ends a transfer when it expires.
type Expiry struct {
	CommunityID string `json:"communityId"`
	TransferID  string `json:"transferId"`
}

// ScheduleExpiry queues the job that ends the transfer when it expires.
func (t Transfer) ScheduleExpiry(ctx context.Context, tx *sqldb.Tx) error {
	_, err := jobs.Insert(ctx, tx, Expiry{t.CommunityID, t.ID}, jobs.Options{CommunityID: t.CommunityID, RunAt: time.UnixMilli(t.ExpiresAt)})
	return err
}

// Kind is the kind of the job.
func (Outcome) Kind() string { return "member.transfer_outcome" }

// Kind is the kind of the job.
func (Expiry) Kind() string { return "member.transfer_expiry" }
