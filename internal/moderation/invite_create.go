package moderation

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/mail"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/assign"
	"github.com/regulars/regulars/internal/sqldb"
)

// maxMailed is the largest number of addresses of one call.
const maxMailed = 100

// receiver is an email address and its key.
type receiver struct{ email, key string }

// CreateInvite creates an invite. It fails as access.Can does for PermCreateInvites,
// with Invalid "invalid_input", with Forbidden "rank_too_low" or
// "missing_permission" for the role, or with Conflict "too_many_invites".
func (s *Moderation) CreateInvite(ctx context.Context, actor actor.Actor, communityID string, in InviteInput) (Invite, error) {
	if err := s.access.Can(ctx, actor, communityID, permission.CreateInvites); err != nil {
		return Invite{}, err
	}
	made, err := s.createInvites(ctx, actor, communityID, in, []receiver{{}}, nil)
	if err != nil {
		return Invite{}, err
	}
	return made[0], nil
}

// MailInvites creates a single-use invite for each of 1 to 100 addresses and
// mails it; repeated addresses count once. It never reads whether an address
// belongs to an account or a member, so neither result nor time depends on
// that. It fails as CreateInvite does, also with Unavailable
// "mail_unavailable"; then it creates no invite and sends no mail.
func (s *Moderation) MailInvites(ctx context.Context, actor actor.Actor, communityID string, in InviteInput, emails []string) ([]Invite, error) {
	if err := s.access.Can(ctx, actor, communityID, permission.CreateInvites); err != nil {
		return nil, err
	}
	if s.mail == nil {
		return nil, errs.New(errs.Unavailable, "mail_unavailable", "This server sends no mail. Create the invite without emails and send its address yourself.")
	}
	addresses, wrong := addressesOf(emails)
	if in.MaxUses > 1 {
		wrong = append(wrong, errs.Field{Field: "maxUses", Code: "invalid", Message: "A mailed invite can be used once. Omit maxUses, or omit emails."})
	}
	in.MaxUses = 1
	return s.createInvites(ctx, actor, communityID, in, addresses, wrong)
}

// addressesOf checks addresses and removes repetitions.
func addressesOf(emails []string) (addresses []receiver, wrong []errs.Field) {
	if len(emails) == 0 || len(emails) > maxMailed {
		return nil, []errs.Field{errs.Wrong("emails", "length", "Send 1 to %d addresses at once.", maxMailed)}
	}
	known := map[string]bool{}
	for i, given := range emails {
		display, key, problem := account.CheckEmail(given)
		if problem != "" {
			wrong = append(wrong, errs.Field{Field: fmt.Sprintf("emails[%d]", i), Code: "invalid_email", Message: problem})
			continue
		}
		if !known[key] {
			addresses = append(addresses, receiver{display, key})
		}
		known[key] = true
	}
	return addresses, wrong
}

func (in InviteInput) wrong(now int64) (wrong []errs.Field) {
	if in.MaxUses < 0 || in.MaxUses > maxInviteUses {
		wrong = append(wrong, errs.Wrong("maxUses", "invalid", "maxUses is 1 to %d, or 0 for no limit.", maxInviteUses))
	}
	if in.ExpiresAt != 0 && (in.ExpiresAt <= now || in.ExpiresAt > now+maxInviteLife.Milliseconds()) {
		wrong = append(wrong, errs.Field{Field: "expiresAt", Code: "invalid", Message: "An invite expires within the next ten years, or never."})
	}
	return wrong
}

// createInvites creates one invite for each address; for an empty address one
// that is not mailed.
func (s *Moderation) createInvites(ctx context.Context, caller actor.Actor, communityID string, in InviteInput, addresses []receiver, wrong []errs.Field) ([]Invite, error) {
	now := s.clock.MS()
	if err := errs.InvalidFields(append(wrong, in.wrong(now)...)); err != nil {
		return nil, err
	}
	made := make([]Invite, len(addresses))
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		home, err := community.Load(ctx, tx, communityID)
		if err != nil {
			return err
		}
		role, err := s.invitedRole(ctx, tx, caller, communityID, in.RoleID, now)
		if err != nil {
			return err
		}
		if err := inviteRoom(ctx, tx, communityID, now, len(addresses)); err != nil {
			return err
		}
		for i, to := range addresses {
			made[i] = Invite{
				CommunityID: communityID, ID: id.New(s.clock.Now()), Code: id.Secret(codeBytes), RoleID: role.ID, Email: to.email, MaxUses: in.MaxUses, ExpiresAt: in.ExpiresAt,
				CreatedBy: caller.Ref(), CreatedByName: caller.Name, CreatedAt: now,
			}
			if err := s.writeInvite(ctx, tx, caller, home, made[i], to.key, role.Title); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// writeInvite writes an invite with its audit entry, without the address, and its mail.
func (s *Moderation) writeInvite(ctx context.Context, tx *sqldb.Tx, by actor.Actor, home community.Community, i Invite, emailKey, roleTitle string) error {
	if err := insertInvite(ctx, tx, i, emailKey); err != nil {
		return err
	}
	var changes []audit.Change
	if roleTitle != "" {
		changes = append(changes, audit.Change{Field: field.RoleName, New: roleTitle})
	}
	if err := audit.Record(ctx, tx, by, i.CreatedAt, i.CommunityID, "invite.create", audit.Target{Type: "invite", ID: i.Code, Name: i.Code}, changes...); err != nil {
		return err
	}
	if i.Email == "" {
		return nil
	}
	link, err := member.CreateMailLink(ctx, tx, i.CommunityID, "", i.Email, i.Code, s.clock.MS())
	if err != nil {
		return err
	}
	return s.sendInvitation(ctx, tx, by, home, i.Email, "", link, i.ExpiresAt)
}

// sendInvitation mails a link to accept or decline. It counts against the quota
// of the actor. language is that of the receiver, "" if unknown;
// expiresAt 0: never.
func (s *Moderation) sendInvitation(ctx context.Context, tx *sqldb.Tx, by actor.Actor, home community.Community, to, language, link string, expiresAt int64) error {
	return s.mail.Send(ctx, tx, mail.Message{
		To: to, Language: cmp.Or(language, home.Settings.Language), Sender: by.Principal(),
		Template: mail.Invited, CommunityID: home.ID, ExpiresAt: expiresAt,
		Values: map[string]string{"community": home.Name, "link": s.baseURL() + link},
	})
}

// invitedRole returns a role that an invite of the actor may assign: one that
// the actor could assign to a member ranked below. "" and @all are no role. The
// role is not deleted before the transaction ends.
func (s *Moderation) invitedRole(ctx context.Context, tx *sqldb.Tx, actor actor.Actor, communityID, roleID string, now int64) (access.Role, error) {
	if roleID == "" {
		return access.Role{}, nil
	}
	if err := tx.LockShared(ctx, assign.RolesGuard(communityID)); err != nil {
		return access.Role{}, err
	}
	power, err := access.AuthorityOf(ctx, tx, member.Memberships{}, actor, communityID)
	if err != nil {
		return access.Role{}, err
	}
	if err := power.Require(permission.ManageRoles, now); err != nil {
		return access.Role{}, err
	}
	roles, err := access.Roles(ctx, tx, communityID)
	if err != nil {
		return access.Role{}, err
	}
	at := slices.IndexFunc(roles, func(r access.Role) bool { return r.ID == roleID })
	switch {
	case at < 0:
		return access.Role{}, errs.InvalidFields([]errs.Field{{Field: "roleId", Code: "unknown_role", Message: "There is no role with this _id."}})
	case roles[at].Everyone:
		return access.Role{}, nil
	}
	return roles[at], power.MayChangeRole(access.Role{}, roles[at])
}

// InvitableRoles returns the roles that an invite of the actor may assign, the
// highest first. CreateInvite checks again.
func (s *Moderation) InvitableRoles(ctx context.Context, actor actor.Actor, communityID string) ([]access.Role, error) {
	power, err := access.AuthorityOf(ctx, s.db, member.Memberships{}, actor, communityID)
	if err != nil || !power.Allows(permission.ManageRoles, s.clock.MS()) {
		return nil, err
	}
	roles, err := access.Roles(ctx, s.db, communityID)
	return slices.DeleteFunc(roles, func(r access.Role) bool { return r.Everyone || power.MayChangeRole(access.Role{}, r) != nil }), err
}

// inviteRoom returns Conflict "too_many_invites" if n more open invites exceed
// the limit. It blocks other creations until the transaction ends.
func inviteRoom(ctx context.Context, tx *sqldb.Tx, communityID string, now int64, n int) error {
	if err := tx.LockExclusive(ctx, "invites "+communityID); err != nil {
		return err
	}
	open, err := countOpenInvites(ctx, tx, communityID, now)
	if err == nil && open+n > maxOpenInvites {
		err = errs.New(errs.Conflict, "too_many_invites", "A community has at most %d open invites, and has %d. Revoke some that are not needed.", maxOpenInvites, open)
	}
	return err
}

// revoke revokes an invite and erases its address.
func revoke(ctx context.Context, tx *sqldb.Tx, i Invite, now int64) error {
	if err := setRevoked(ctx, tx, i, now); err != nil {
		return err
	}
	if i.Email == "" {
		return nil
	}
	return member.ForgetInviteLinks(ctx, tx, i.CommunityID, i.Email, i.Code)
}

// assignInvitedRole assigns the role of an invite to a member that joined by
// it, if the role still exists, without a check of the creator's present
// permissions. RolesGuard of the community is shared.
func assignInvitedRole(ctx context.Context, tx *sqldb.Tx, by actor.Actor, i Invite, memberID string, now int64) error {
	if i.RoleID == "" {
		return nil
	}
	role, err := access.RoleByID(ctx, tx, i.CommunityID, i.RoleID)
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	who, err := member.LockMember(ctx, tx, i.CommunityID, memberID)
	if err != nil {
		return err
	}
	return assign.Role(ctx, tx, by, i.CommunityID, role, who, member.Source{Type: "join"}, now)
}
