package member

import (
	"context"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Invite is a code that lets people join a community.
type Invite struct {
	CommunityID   string
	Code          string
	RoleID        string // given on joining, if the role exists then; "": none
	Email         string // to which it was mailed; "": not mailed, revoked or declined
	MaxUses       int64  // 0: any number
	Uses          int64  //
	ExpiresAt     int64  // Unix milliseconds, 0: never
	RevokedAt     int64  // Unix milliseconds, 0: not revoked
	CreatedBy     string // actor.Actor.Ref
	CreatedByName string // as it was then
	CreatedAt     int64  // Unix milliseconds
}

// InviteInput is what a new invite is made from.
type InviteInput struct {
	MaxUses   int64  // 0: any number
	ExpiresAt int64  // Unix milliseconds, 0: never
	RoleID    string // of the role given on joining; "" and @all: none
}

// InviteUse is one who joined by an invite.
type InviteUse struct {
	Code string
	Person
	UsedAt int64 // Unix milliseconds
}

// Invitation is what an invite tells whoever holds its code.
type Invitation struct {
	Invite
	Home Home
}

const (
	codeBytes     = 6 // 12 hex digits: too many to be guessed in the life of an invite
	maxInviteUses = 1_000_000
	maxInviteLife = 10 * 366 * 24 * time.Hour
	// maxOpenInvites bounds what a community has to look after: each open one
	// lets people in.
	maxOpenInvites = 500
)

// problem says why an invite lets nobody in at a moment, or nil.
func (i Invite) problem(now int64) error {
	switch {
	case i.RevokedAt != 0:
		return errs.New(errs.Gone, "invite_revoked", "This invite was taken back. Ask for another one.")
	case i.ExpiresAt != 0 && i.ExpiresAt <= now:
		return errs.New(errs.Gone, "invite_expired", "This invite has expired. Ask for another one.")
	case i.MaxUses != 0 && i.Uses >= i.MaxUses:
		return errs.New(errs.Gone, "invite_used_up", "This invite was used as often as it may be. Ask for another one.")
	}
	return nil
}

// IsOpen reports whether an invite lets people in now.
func (s *Members) IsOpen(i Invite) bool { return i.problem(s.clock.MS()) == nil }

// InviteURL is the address of the page where people join by an invite.
func (s *Members) InviteURL(code string) string { return s.connected.url("/join/" + code) }

// inviteCode is how codes compare: as they are made.
func inviteCode(given string) string {
	code := strings.ToLower(strings.TrimSpace(given))
	if !text.Readable(code, 64) {
		return ""
	}
	return code
}

// Invites returns a page of a community's invites, the newest first, with the
// last people who joined by each of them, and the cursor of the next page ("":
// none).
func (s *Members) Invites(ctx context.Context, communityID, cursor string, limit int) (invites []Invite, uses []InviteUse, next string, err error) {
	invites, next, err = selectInvites(ctx, s.db, communityID, cursor, limit)
	if err != nil {
		return nil, nil, "", err
	}
	uses, err = selectUses(ctx, s.db, communityID, invites)
	return invites, uses, next, err
}

// RevokeInvite takes an invite back: it lets nobody in any more. One's own
// anybody may take back, those of others who manages the community. It fails
// with NotFound "invite_not_found" or Forbidden "not_your_invite"; an invite
// that was taken back before stays as it is.
func (s *Members) RevokeInvite(ctx context.Context, caller actor.Actor, communityID, code string) error {
	manages := s.connected.Access.Can(ctx, caller, communityID, access.PermManageCommunity)
	if manages != nil && errs.KindOf(manages) != errs.Forbidden {
		return manages
	}
	now := s.clock.MS()
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		invite, err := lockInvite(ctx, tx, communityID, inviteCode(code))
		if err != nil {
			return err
		}
		if manages != nil && invite.CreatedBy != caller.Ref() {
			return errs.New(errs.Forbidden, "not_your_invite", "Somebody else made this invite: who manages the community can take it back.")
		}
		if invite.RevokedAt != 0 {
			return nil
		}
		if err := revoke(ctx, tx, invite, now); err != nil {
			return err
		}
		return audit.Record(actor.NewContext(ctx, caller), tx, now, communityID, "invite.revoke", audit.Target{Type: "invite", ID: invite.Code, Name: invite.Code})
	})
}

// Invitation returns what an invite of whatever community leads to. It fails
// with NotFound "invite_not_found", or, with the invitation all the same, with
// Gone "invite_revoked", "invite_expired" or "invite_used_up".
func (s *Members) Invitation(ctx context.Context, code string) (Invitation, error) {
	found, err := inviteByCode(ctx, s.db, inviteCode(code))
	if err != nil {
		return Invitation{}, err
	}
	where, err := community.Load(ctx, s.db, found.CommunityID)
	if errs.KindOf(err) == errs.NotFound {
		return Invitation{}, errInviteNotFound()
	}
	if err != nil {
		return Invitation{}, err
	}
	homes, err := s.Homes(ctx, where)
	if err != nil {
		return Invitation{}, err
	}
	return Invitation{found, homes[0]}, found.problem(s.clock.MS())
}

func errInviteNotFound() error {
	return errs.New(errs.NotFound, "invite_not_found", "There is no such invite.")
}

// useInvite counts one use of an invite by a member and returns the invite. Of
// requests at the same time no more succeed than it has uses.
func useInvite(ctx context.Context, tx *sqldb.Tx, communityID, code, memberID string, now int64) (Invite, error) {
	counted, err := countUse(ctx, tx, communityID, code, now)
	if err != nil {
		return Invite{}, err
	}
	invite, err := lockInvite(ctx, tx, communityID, code)
	if err != nil {
		return Invite{}, err
	}
	if !counted {
		return invite, invite.problem(now)
	}
	return invite, insertUse(ctx, tx, communityID, code, memberID, now)
}
