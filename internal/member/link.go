package member

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/sqldb"
)

// AddedPage is where links in mails of a community lead, with ?token=.
const AddedPage = "/added"

// mailLink is what a link in a mail of a community is about: an unclaimed
// member, or an invite to an address that no member has.
type mailLink struct {
	communityID string
	memberID    string // "": an invite
	email       string
	emailHash   string // of declineHash
	inviteCode  string // "": a member
	createdAt   int64  // Unix milliseconds
}

// linkTo makes a link for a mail to an address, in the caller's transaction,
// and returns its address. It works as long as what it is about is open: to
// accept, and to decline without an account.
func (s *Members) linkTo(ctx context.Context, tx *sqldb.Tx, communityID, memberID, email, inviteCode string) (string, error) {
	token := id.Secret(32)
	l := mailLink{
		communityID: communityID, memberID: memberID, email: email, emailHash: AddressHash(communityID, account.EmailKey(email)),
		inviteCode: inviteCode, createdAt: s.clock.MS(),
	}
	return s.connected.url(AddedPage + "?token=" + token), insertMailLink(ctx, tx, tokenHash(token), l)
}

func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Offer is what the link in a mail of a community offers.
type Offer struct {
	Home       Home
	Email      string // to which the mail went
	Username   string // that the community gave; "" for an invite
	InviteCode string // "": an unclaimed membership
}

// OfferOf returns what a link offers. It fails with Gone "link_expired" once
// the membership was accepted, declined or removed, or the invite is closed.
func (s *Members) OfferOf(ctx context.Context, token string) (Offer, error) {
	l, err := loadMailLink(ctx, s.db, tokenHash(token))
	if err != nil {
		return Offer{}, err
	}
	home, err := community.Load(ctx, s.db, l.communityID)
	if errs.KindOf(err) == errs.NotFound {
		return Offer{}, errLinkExpired()
	}
	if err != nil {
		return Offer{}, err
	}
	homes, err := s.Homes(ctx, home)
	if err != nil {
		return Offer{}, err
	}
	offer := Offer{Home: homes[0], Email: l.email, InviteCode: l.inviteCode}
	if l.inviteCode != "" {
		invite, err := inviteByCode(ctx, s.db, l.inviteCode)
		if err == nil {
			err = invite.problem(s.clock.MS())
		}
		if kind := errs.KindOf(err); kind == errs.NotFound || kind == errs.Gone {
			err = errLinkExpired()
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
func unclaimedMember(ctx context.Context, q sqldb.Querier, l mailLink, forUpdate bool) (*Record, error) {
	found, err := Lookup(ctx, q, l.communityID, KeySet{IDs: []string{l.memberID}}, forUpdate)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || found[0].Claimed() || found[0].State != Active && found[0].State != Pending {
		return nil, errLinkExpired()
	}
	return found[0], nil
}

// DeclineOffer declines what a link offers, without an account: it removes the
// unclaimed membership, or closes the invite, and keeps a hash of the address.
// It fails as OfferOf does; to decline again is fine.
func (s *Members) DeclineOffer(ctx context.Context, token string) error {
	l, err := loadMailLink(ctx, s.db, tokenHash(token))
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := guardFields(ctx, tx, l.communityID); err != nil {
			return err
		}
		if l.inviteCode != "" {
			return s.declineInvite(ctx, tx, l)
		}
		who, err := unclaimedMember(ctx, tx, l, true)
		if err != nil {
			return err
		}
		return s.decline(ctx, tx, l.communityID, who)
	})
}

func (s *Members) declineInvite(ctx context.Context, tx *sqldb.Tx, l mailLink) error {
	invite, err := lockInvite(ctx, tx, l.communityID, l.inviteCode)
	if err != nil {
		return err
	}
	now := s.clock.MS()
	if l.email != "" { // else revoked or declined already
		if err := closeMailed(ctx, tx, l.communityID, account.EmailKey(l.email), now); err != nil {
			return err
		}
	}
	if invite.RevokedAt == 0 {
		if err := setRevoked(ctx, tx, invite, now); err != nil {
			return err
		}
	}
	return insertDecline(ctx, tx, l.communityID, l.emailHash, now)
}

// closeMailed revokes the open invites that a community mailed to an address,
// erases its mails there, sent or waiting, and forgets the address.
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
	return forgetMailed(ctx, tx, communityID, []string{emailKey})
}

// StartFirst returns the token of a page where the person with the address of a
// link chooses the password of a new account; "" where the
// address has an account already. It fails as OfferOf does.
func (s *Members) StartFirst(ctx context.Context, token string) (resetToken string, err error) {
	offer, err := s.OfferOf(ctx, token)
	if err != nil {
		return "", err
	}
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		known, err := account.HasAccount(ctx, tx, offer.Email)
		if err != nil || known {
			return err
		}
		resetToken, _, err = s.connected.Accounts.CreateFirstPasswordLink(ctx, tx, offer.Email)
		return err
	})
	return resetToken, err
}

func errLinkExpired() error {
	return errs.New(errs.Gone, "link_expired", "This link no longer works: the membership was accepted, declined or removed.")
}
