package moderation

import (
	"context"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/sqldb"
)

// Offer is the subject of a link in a mail of a community.
type Offer struct {
	Home       directory.CommunitySummary
	Email      string // receiver of the mail
	Username   string // chosen by the community; "" for an invite
	InviteCode string // "": an unclaimed membership
}

// OfferOf returns the subject of a link. It fails with Gone "link_expired"
// after the membership was accepted, declined or removed, or the invite closed.
func (s *Moderation) OfferOf(ctx context.Context, token string) (Offer, error) {
	l, err := member.LoadMailLink(ctx, s.db, member.TokenHash(token))
	if err != nil {
		return Offer{}, err
	}
	home, err := community.Load(ctx, s.db, l.CommunityID)
	if errs.KindOf(err) == errs.NotFound {
		return Offer{}, member.ErrLinkExpired()
	}
	if err != nil {
		return Offer{}, err
	}
	homes, err := s.members.Summaries(ctx, home)
	if err != nil {
		return Offer{}, err
	}
	offer := Offer{Home: homes[0], Email: l.Email, InviteCode: l.InviteCode}
	if l.InviteCode != "" {
		invite, err := inviteByCode(ctx, s.db, l.InviteCode)
		if err == nil {
			err = invite.problem(s.clock.MS())
		}
		if kind := errs.KindOf(err); kind == errs.NotFound || kind == errs.Gone {
			err = member.ErrLinkExpired()
		}
		return offer, err
	}
	who, err := unclaimedMember(ctx, s.db, l, false)
	if err != nil {
		return Offer{}, err
	}
	offer.Username = who.Username
	return offer, nil
}

// unclaimedMember returns the member of a link, if still unclaimed.
func unclaimedMember(ctx context.Context, q sqldb.Querier, l member.MailLink, forUpdate bool) (*member.Record, error) {
	found, err := member.Lookup(ctx, q, l.CommunityID, member.KeySet{IDs: []string{l.MemberID}}, forUpdate)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || found[0].Claimed() || found[0].State != member.Active && found[0].State != member.Pending {
		return nil, member.ErrLinkExpired()
	}
	return found[0], nil
}

// DeclineOffer declines the subject of a link, without an account: it erases
// the unclaimed membership, or closes the invite, and stores a hash of the
// address. It fails as OfferOf does; it can be repeated.
func (s *Moderation) DeclineOffer(ctx context.Context, token string) error {
	l, err := member.LoadMailLink(ctx, s.db, member.TokenHash(token))
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := member.GuardFields(ctx, tx, l.CommunityID); err != nil {
			return err
		}
		if l.InviteCode != "" {
			return s.declineInvite(ctx, tx, l)
		}
		who, err := unclaimedMember(ctx, tx, l, true)
		if err != nil {
			return err
		}
		return s.decline(ctx, tx, actor.Actor{}, l.CommunityID, who)
	})
}

func (s *Moderation) declineInvite(ctx context.Context, tx *sqldb.Tx, l member.MailLink) error {
	invite, err := lockInvite(ctx, tx, l.CommunityID, l.InviteCode)
	if err != nil {
		return err
	}
	now := s.clock.MS()
	if l.Email != "" { // else revoked or declined already
		if err := closeMailed(ctx, tx, l.CommunityID, account.EmailKey(l.Email), now); err != nil {
			return err
		}
	}
	if invite.RevokedAt == 0 {
		if err := setRevoked(ctx, tx, invite, now); err != nil {
			return err
		}
	}
	return member.InsertDecline(ctx, tx, l.CommunityID, l.EmailHash, now)
}

// closeMailed revokes the open invites that a community mailed to an address,
// and erases these mails and the address.
func closeMailed(ctx context.Context, tx *sqldb.Tx, communityID, emailKey string, now int64) error {
	if err := revokeMailed(ctx, tx, communityID, emailKey, now); err != nil {
		return err
	}
	spellings, err := mailedTo(ctx, tx, communityID, emailKey)
	if err != nil {
		return err
	}
	if err := mail.EraseRecipients(ctx, tx, communityID, spellings); err != nil {
		return err
	}
	if err := forgetMailed(ctx, tx, communityID, []string{emailKey}); err != nil {
		return err
	}
	return member.ForgetMailedLinks(ctx, tx, communityID, []string{emailKey})
}

// StartFirst returns the token of the page where the receiver of a link chooses
// the password of a new account; "" if the address has an account. It fails as
// OfferOf does.
func (s *Moderation) StartFirst(ctx context.Context, token string) (resetToken string, err error) {
	offer, err := s.OfferOf(ctx, token)
	if err != nil {
		return "", err
	}
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		known, err := account.HasAccount(ctx, tx, offer.Email)
		if err != nil || known {
			return err
		}
		resetToken, _, err = s.accounts.CreateFirstPasswordLink(ctx, tx, offer.Email)
		return err
	})
	return resetToken, err
}
