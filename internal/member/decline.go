package member

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/sqldb"
)

// Addition is an unclaimed membership as its person sees it.
type Addition struct {
	CommunityID string
	Community   string // name
	MemberID    string
	Username    string // that the community gave
	AddedAt     int64  // Unix milliseconds
}

// Additions returns the memberships that communities made for the address of
// the actor, a person, and that wait for a decision. It is empty while the
// address is not confirmed, and for a limited session.
func (s *Members) Additions(ctx context.Context, caller actor.Actor) ([]Addition, error) {
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
	return unclaimedOf(ctx, s.db, account.EmailKey(acct.Email))
}

// Declines is the state of a community's declines: it differs after each new
// one.
type Declines struct{ Count, Last int64 }

// DeclinesOf returns the state of a community's declines.
func DeclinesOf(ctx context.Context, q sqldb.Querier, communityID string) (Declines, error) {
	return lastDecline(ctx, q, communityID)
}

// Declined returns those of some email keys for which a person declined the
// membership in the community.
func Declined(ctx context.Context, q sqldb.Querier, communityID string, emailKeys []string) (map[string]bool, error) {
	hashes, keys := make([]string, len(emailKeys)), make(map[string]string, len(emailKeys))
	for i, key := range emailKeys {
		hashes[i] = AddressHash(communityID, key)
		keys[hashes[i]] = key
	}
	found, err := selectDeclines(ctx, q, communityID, hashes)
	declined := make(map[string]bool, len(found))
	for _, hash := range found {
		declined[keys[hash]] = true
	}
	return declined, err
}

// AddressHash returns the hash that a community keeps of a declined address.
func AddressHash(communityID, emailKey string) string {
	sum := sha256.Sum256([]byte("declined " + communityID + " " + emailKey))
	return hex.EncodeToString(sum[:])
}

// MessageDeclined is the reason to refuse a person after a decline.
const MessageDeclined = "This person declined to be a member of this community. Send them an invite: they can accept it."

func errDeclined() error {
	return errs.New(errs.Conflict, "member_declined", MessageDeclined).WithFields(errs.Field{Field: "email", Code: "member_declined", Message: MessageDeclined})
}

// Decline removes an unclaimed membership of the actor's confirmed address, with
// its data. It fails with NotFound "user_not_found" if there is none, or
// Forbidden "session_required" or "limited_session".
func (s *Members) Decline(ctx context.Context, actor actor.Actor, communityID string) error {
	if err := account.RequireSession(actor); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := guardFields(ctx, tx, communityID); err != nil {
			return err
		}
		account, err := account.LoadAccount(ctx, tx, actor.AccountID)
		if err != nil {
			return err
		}
		who, err := addedBefore(ctx, tx, communityID, account)
		if err != nil {
			return err
		}
		if who == nil || who.State != Active && who.State != Pending {
			return errUserNotFound()
		}
		return s.decline(ctx, tx, communityID, who)
	})
}

// decline removes an unclaimed member with a locked row, and keeps a hash of the
// address. No import adds anyone meanwhile: the fields are guarded.
func (s *Members) decline(ctx context.Context, tx *sqldb.Tx, communityID string, who *Record) error {
	now := s.clock.MS()
	if err := insertDecline(ctx, tx, communityID, AddressHash(communityID, who.EmailKey), now); err != nil {
		return err
	}
	if err := closeMailed(ctx, tx, communityID, who.EmailKey, now); err != nil {
		return err
	}
	if _, err := SetState(ctx, tx, communityID, []string{who.ID}, Left, now); err != nil {
		return err
	}
	if err := access.EndSessionsIn(ctx, tx, communityID, []string{who.ID}, nil); err != nil {
		return err
	}
	if who.State == Active {
		left := event.Event{CommunityID: communityID, Type: event.UserLeftServer, Data: event.UserLeft{UserID: who.ID, Cause: "declined"}}
		if err := event.Append(ctx, tx, now, left); err != nil {
			return err
		}
	}
	if err := s.eraseMembers(ctx, tx, communityID, []string{who.ID}); err != nil {
		return err
	}
	return audit.Record(actor.NewContext(ctx, actor.Actor{}), tx, now, communityID, "user.decline", audit.Target{Type: "user", ID: who.ID})
}
