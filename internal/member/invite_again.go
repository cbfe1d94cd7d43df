package member

import (
	"context"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
)

// inviteEvery is the least time between two mails that ask an unclaimed member
// to accept.
const inviteEvery = 24 * time.Hour

// maxInvitedAgain is how many members one call invites.
const maxInvitedAgain = 200

// Invited is the result of inviting members again.
type Invited struct {
	Mailed  int
	Refused []Refusal // by the ids of the members
}

// MayInviteAgain returns nil if the actor may invite unclaimed members again:
// with the permission to create users or to invite. Else it fails with Forbidden
// "missing_permission".
func (s *Members) MayInviteAgain(ctx context.Context, actor actor.Actor, communityID string) error {
	power, err := access.AuthorityOf(ctx, s.db, Memberships{}, actor, communityID)
	if err != nil {
		return err
	}
	return mayInviteAgain(power, s.clock.MS())
}

func mayInviteAgain(power access.Authority, now int64) error {
	if power.Allows(access.PermCreateUser, now) {
		return nil
	}
	return power.Require(access.PermCreateInvites, now)
}

// InviteMembers mails unclaimed members a link by which they accept or decline,
// at most once a day each; the mail of their creation counts. Members that
// cannot be invited are refused and the others are mailed: for NotFound
// "user_not_found", Forbidden "rank_too_low", or Conflict "already_claimed",
// "invited_recently" or as Away. It fails for all with Forbidden
// "missing_permission", Unavailable "mail_unavailable", or Invalid
// "invalid_input" for more than 200 members.
func (s *Members) InviteMembers(ctx context.Context, caller actor.Actor, communityID string, userIDs []string) (Invited, error) {
	if s.connected.Mail == nil {
		return Invited{}, errs.New(errs.Unavailable, "mail_unavailable", "This server sends no mail, so members cannot be invited by mail.")
	}
	userIDs = slices.Compact(slices.Sorted(slices.Values(userIDs)))
	if len(userIDs) > maxInvitedAgain {
		return Invited{}, errs.InvalidFields([]errs.Field{errs.Wrong("users", "length", "Invite at most %d members at once.", maxInvitedAgain)})
	}
	var all Invited
	for ids := range slices.Chunk(userIDs, handPiece) {
		var done Invited
		err := s.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
			done, err = s.inviteAgain(actor.NewContext(ctx, caller), tx, caller, communityID, ids)
			return err
		})
		if err != nil {
			return all, err
		}
		all.Mailed += done.Mailed
		all.Refused = append(all.Refused, done.Refused...)
	}
	return all, nil
}

// inviteAgain is InviteMembers in the caller's transaction.
func (s *Members) inviteAgain(ctx context.Context, tx *sqldb.Tx, actor actor.Actor, communityID string, ids []string) (done Invited, err error) {
	home, err := community.Load(ctx, tx, communityID)
	if err != nil {
		return done, err
	}
	people, err := Lookup(ctx, tx, communityID, KeySet{IDs: ids}, true)
	if err != nil {
		return done, err
	}
	reach, err := s.reachOf(ctx, tx, actor, communityID)
	if err != nil {
		return done, err
	}
	now := s.clock.MS()
	if err := mayInviteAgain(reach.power, now); err != nil {
		return done, err
	}
	last, err := lastInvited(ctx, tx, communityID, ids)
	if err != nil {
		return done, err
	}
	byID := map[string]*Record{}
	for _, who := range people {
		byID[who.ID] = who
	}
	for _, userID := range ids {
		who := byID[userID]
		if why := reach.inviteAgain(who, last[userID], now); why != nil {
			refused := Refusal{UserID: userID, Why: why}
			if who != nil {
				refused.Name = who.Username
			}
			done.Refused = append(done.Refused, refused)
			continue
		}
		if err := s.mailAgain(ctx, tx, home, who, now); err != nil {
			return done, err
		}
		done.Mailed++
	}
	return done, nil
}

// inviteAgain returns why a member is not invited again, nil if they are. last
// is when they were last, 0: never.
func (r reach) inviteAgain(who *Record, last, now int64) *errs.Error {
	if who == nil || !who.IsMember() {
		return errs.From(errUserNotFound())
	}
	if err := r.change(who); err != nil {
		return errs.From(err)
	}
	switch code, message := Away(who.State); {
	case code != "":
		return errs.New(errs.Conflict, code, "%s", message)
	case who.Claimed():
		return errs.New(errs.Conflict, "already_claimed", "This member has accepted already.")
	case last > now-inviteEvery.Milliseconds():
		return errs.New(errs.Conflict, "invited_recently", "This member was invited in the last 24 hours. Invite them again tomorrow.")
	}
	return nil
}

func (s *Members) mailAgain(ctx context.Context, tx *sqldb.Tx, home community.Community, who *Record, now int64) error {
	link, err := s.linkTo(ctx, tx, home.ID, who.ID, who.Email, "")
	if err != nil {
		return err
	}
	if err := s.sendInvitation(ctx, tx, home, who.Email, who.Language, link, 0); err != nil {
		return err
	}
	return audit.Record(ctx, tx, now, home.ID, "user.invite", audit.Target{Type: "user", ID: who.ID, Name: who.Username})
}

// LastInvited returns when a mail last asked an unclaimed member to accept, in
// Unix milliseconds; 0: never.
func (s *Members) LastInvited(ctx context.Context, communityID, memberID string) (int64, error) {
	last, err := lastInvited(ctx, s.db, communityID, []string{memberID})
	return last[memberID], err
}

// InvitableFrom returns the earliest time of the next invitation after one at
// last; both in Unix milliseconds.
func InvitableFrom(last int64) int64 {
	if last == 0 {
		return 0
	}
	return last + inviteEvery.Milliseconds()
}
