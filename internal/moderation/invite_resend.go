package moderation

import (
	"context"
	"slices"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/assign"
	"github.com/regulars/regulars/internal/sqldb"
)

// inviteEvery is the least time between two mails to an unclaimed member.
const inviteEvery = 24 * time.Hour

// maxInvitedAgain is the largest number of members of one call.
const maxInvitedAgain = 200

// Invited is the result of InviteMembers.
type Invited struct {
	Mailed  int
	Refused []assign.Refusal // by the ids of the members
}

// MayInviteAgain returns nil if the actor may invite unclaimed members, which
// needs the permission to create users or to invite, else Forbidden
// "missing_permission".
func (s *Moderation) MayInviteAgain(ctx context.Context, actor actor.Actor, communityID string) error {
	power, err := access.AuthorityOf(ctx, s.db, member.Memberships{}, actor, communityID)
	if err != nil {
		return err
	}
	return mayInviteAgain(power, s.clock.MS())
}

func mayInviteAgain(power access.Authority, now int64) error {
	if power.Allows(permission.CreateUser, now) {
		return nil
	}
	return power.Require(permission.CreateInvites, now)
}

// InviteMembers mails unclaimed members a link to accept or decline, at most
// once a day each, including the mail of their creation. Members are refused
// for NotFound "user_not_found", Forbidden "rank_too_low", or Conflict
// "already_claimed", "invited_recently" or member.InactiveReason, and the
// others are mailed. It fails for all with Forbidden "missing_permission",
// Unavailable "mail_unavailable", or Invalid "invalid_input" for more than 200
// members.
func (s *Moderation) InviteMembers(ctx context.Context, caller actor.Actor, communityID string, userIDs []string) (Invited, error) {
	if err := s.MayInviteAgain(ctx, caller, communityID); err != nil {
		return Invited{}, err
	}
	if s.mail == nil {
		return Invited{}, errs.New(errs.Unavailable, "mail_unavailable", "This server sends no mail, so members cannot be invited by mail.")
	}
	userIDs = slices.Compact(slices.Sorted(slices.Values(userIDs)))
	if len(userIDs) > maxInvitedAgain {
		return Invited{}, errs.InvalidFields([]errs.Field{errs.Wrong("users", "length", "Invite at most %d members at once.", maxInvitedAgain)})
	}
	var all Invited
	for ids := range slices.Chunk(userIDs, assign.BatchSize) {
		var done Invited
		err := s.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
			done, err = s.inviteAgain(ctx, tx, caller, communityID, ids)
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
func (s *Moderation) inviteAgain(ctx context.Context, tx *sqldb.Tx, actor actor.Actor, communityID string, ids []string) (done Invited, err error) {
	home, err := community.Load(ctx, tx, communityID)
	if err != nil {
		return done, err
	}
	people, err := member.Lookup(ctx, tx, communityID, member.KeySet{IDs: ids}, true)
	if err != nil {
		return done, err
	}
	reach, err := member.AuthorityOf(ctx, tx, actor, communityID)
	if err != nil {
		return done, err
	}
	now := s.clock.MS()
	if err := mayInviteAgain(reach.Access, now); err != nil {
		return done, err
	}
	last, err := member.LastInvited(ctx, tx, communityID, ids)
	if err != nil {
		return done, err
	}
	byID := map[string]*member.Record{}
	for _, who := range people {
		byID[who.ID] = who
	}
	for _, userID := range ids {
		who := byID[userID]
		if why := refuseInvite(reach, who, last[userID], now); why != nil {
			refused := assign.Refusal{UserID: userID, Why: why}
			if who != nil {
				refused.Name = who.Username
			}
			done.Refused = append(done.Refused, refused)
			continue
		}
		if err := s.mailAgain(ctx, tx, actor, home, who, now); err != nil {
			return done, err
		}
		done.Mailed++
	}
	return done, nil
}

// refuseInvite returns why a member is not invited, or nil. last is the time of
// the last mail, 0: never.
func refuseInvite(r member.Authority, who *member.Record, last, now int64) *errs.Error {
	if who == nil || !who.IsMember() {
		return errs.From(member.ErrUserNotFound())
	}
	if err := r.MayChange(who); err != nil {
		return errs.From(err)
	}
	switch code, message := member.InactiveReason(who.State); {
	case code != "":
		return errs.Constant(message).Error(errs.Conflict, code)
	case who.Claimed():
		return errs.New(errs.Conflict, "already_claimed", "This member has already accepted.")
	case last > now-inviteEvery.Milliseconds():
		return errs.New(errs.Conflict, "invited_recently", "This member was invited in the last 24 hours. Invite them again tomorrow.")
	}
	return nil
}

func (s *Moderation) mailAgain(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, home community.Community, who *member.Record, now int64) error {
	link, err := member.CreateMailLink(ctx, tx, home.ID, who.ID, who.Email, "", now)
	if err != nil {
		return err
	}
	if err := s.sendInvitation(ctx, tx, caller, home, who.Email, who.Language, link, 0); err != nil {
		return err
	}
	return audit.Record(ctx, tx, caller, now, home.ID, "user.invite", audit.Target{Type: "user", ID: who.ID, Name: who.Username})
}

// LastInvited returns the time of the last mail to an unclaimed member, in Unix
// milliseconds; 0: never.
func (s *Moderation) LastInvited(ctx context.Context, caller actor.Actor, communityID, memberID string) (int64, error) {
	if err := s.access.Can(ctx, caller, communityID, permission.GetUserData); err != nil {
		return 0, err
	}
	last, err := member.LastInvited(ctx, s.db, communityID, []string{memberID})
	return last[memberID], err
}

// InvitableFrom returns the earliest time of the next mail after one at last;
// both in Unix milliseconds.
func InvitableFrom(last int64) int64 {
	if last == 0 {
		return 0
	}
	return last + inviteEvery.Milliseconds()
}
