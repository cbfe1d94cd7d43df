package moderation

import (
	"context"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Invite is a code for joining a community.
type Invite struct {
	CommunityID   string
	ID            string // orders invites by creation
	Code          string // of the link
	RoleID        string // assigned on joining, if it still exists; "": none
	Email         string // receiver; "": not mailed, revoked or declined
	MaxUses       int64  // 0: any number
	Uses          int64  //
	ExpiresAt     int64  // Unix milliseconds, 0: never
	RevokedAt     int64  // Unix milliseconds, 0: not revoked
	CreatedBy     string // actor.Actor.Ref
	CreatedByName string // as it was then
	CreatedAt     int64  // Unix milliseconds
}

// InviteInput describes a new invite.
type InviteInput struct {
	MaxUses   int64  // 0: any number
	ExpiresAt int64  // Unix milliseconds, 0: never
	RoleID    string // assigned on joining; "" and @all: none
}

// InviteUse is a member that joined by an invite.
type InviteUse struct {
	Code string
	directory.Person
	UsedAt int64 // Unix milliseconds
}

// Invitation is an invite with its community, as shown to its receiver.
type Invitation struct {
	Invite
	Home directory.CommunitySummary
	Asks []field.Field // required on joining, in the order of the settings
}

const (
	codeBytes     = 6 // 12 hex digits cannot be guessed while an invite is open
	maxInviteUses = 1_000_000
	maxInviteLife = 10 * 366 * 24 * time.Hour
	// maxOpenInvites bounds the open invites of a community, so that they can be
	// reviewed.
	maxOpenInvites = 500
)

// problem returns why an invite cannot be used at now, or nil.
func (i Invite) problem(now int64) error {
	switch {
	case i.RevokedAt != 0:
		return errs.New(errs.Gone, "invite_revoked", "This invite has been revoked. Ask for another one.")
	case i.ExpiresAt != 0 && i.ExpiresAt <= now:
		return errs.New(errs.Gone, "invite_expired", "This invite has expired. Ask for another one.")
	case i.MaxUses != 0 && i.Uses >= i.MaxUses:
		return errs.New(errs.Gone, "invite_used_up", "This invite has reached its number of uses. Ask for another one.")
	}
	return nil
}

// IsOpen reports whether an invite can be used now.
func (s *Moderation) IsOpen(i Invite) bool { return i.problem(s.clock.MS()) == nil }

// InviteURL returns the address of the page to join by an invite.
func (s *Moderation) InviteURL(code string) string { return s.baseURL() + "/join/" + code }

// inviteCode normalises a code; "" if it is invalid.
func inviteCode(given string) string {
	code := strings.ToLower(strings.TrimSpace(given))
	if !text.Readable(code, 64) {
		return ""
	}
	return code
}

// Invites returns a page of the invites of a community, newest first, with the
// last members that joined by each, and the cursor of the next page, "" at the
// end.
func (s *Moderation) Invites(ctx context.Context, caller actor.Actor, communityID, cursor string, limit int) (invites []Invite, uses []InviteUse, next string, err error) {
	if err := s.access.Can(ctx, caller, communityID, permission.CreateInvites); err != nil {
		return nil, nil, "", err
	}
	invites, next, err = selectInvites(ctx, s.db, communityID, cursor, limit)
	if err != nil {
		return nil, nil, "", err
	}
	uses, err = selectUses(ctx, s.db, communityID, invites)
	return invites, uses, next, err
}

// RevokeInvite revokes an invite: of the actor, or of another creator with the
// permission to manage the community. It fails with NotFound "invite_not_found"
// or Forbidden "not_your_invite". A revoked invite is unchanged.
func (s *Moderation) RevokeInvite(ctx context.Context, caller actor.Actor, communityID, code string) error {
	manages := s.access.Can(ctx, caller, communityID, permission.ManageCommunity)
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
			return errs.New(errs.Forbidden, "not_your_invite", "Another person created this invite. You need the permission to manage the community to revoke it.")
		}
		if invite.RevokedAt != 0 {
			return nil
		}
		if err := revoke(ctx, tx, invite, now); err != nil {
			return err
		}
		return audit.Record(ctx, tx, caller, now, communityID, "invite.revoke", audit.Target{Type: "invite", ID: invite.Code, Name: invite.Code})
	})
}

// Invitation returns an invite of any community. It fails with NotFound
// "invite_not_found", or, with the invitation, with Gone "invite_revoked",
// "invite_expired" or "invite_used_up".
func (s *Moderation) Invitation(ctx context.Context, code string) (Invitation, error) {
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
	homes, err := s.members.Summaries(ctx, where)
	if err != nil {
		return Invitation{}, err
	}
	asked, err := requiredFields(ctx, s.db, where)
	if err != nil {
		return Invitation{}, err
	}
	return Invitation{found, homes[0], asked}, found.problem(s.clock.MS())
}

func errInviteNotFound() error {
	return errs.Missing("invite")
}

// useInvite counts a use of an invite by a member and returns the invite.
// Concurrent calls never exceed its number of uses.
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
