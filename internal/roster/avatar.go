package roster

import (
	"context"
	"io"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/sqldb"
)

// AvatarName is the field of a changed picture in member.EventUpdated.
const AvatarName = "avatar"

// FindForAvatar returns the active member that ref names, as Find does, if the
// actor may change their avatar: their own, or with PermManageUser any.
func (s *Roster) FindForAvatar(ctx context.Context, caller actor.Actor, communityID, ref string) (member.Member, error) {
	if err := s.access.Can(ctx, caller, communityID, permission.AnyMember); err != nil {
		return member.Member{}, err
	}
	owner, err := directory.Load(ctx, s.db, communityID, ref, member.Active)
	if err == nil && owner.Is(caller) {
		return owner, nil
	}
	if err := s.access.Can(ctx, caller, communityID, permission.ManageUser); err != nil {
		return member.Member{}, err
	}
	return owner, err
}

// SetAvatar replaces the picture of an active member. It fails with NotFound
// user_not_found, with Forbidden rank_too_low for a member that is neither the
// actor nor ranked below, and as media.Library.Create does.
func (s *Roster) SetAvatar(ctx context.Context, actor actor.Actor, communityID, userID string, file io.Reader) (media.Picture, error) {
	if err := s.mayChangeAvatar(ctx, s.db, actor, communityID, userID); err != nil {
		return media.Picture{}, err
	}
	picture, err := s.pictures.Create(ctx, media.Input{CommunityID: communityID, OwnerID: userID, Kind: media.Avatar, File: file})
	if err != nil {
		return picture, err
	}
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := media.Insert(ctx, tx, picture); err != nil {
			return err
		}
		return s.setAvatar(ctx, tx, actor, communityID, userID, picture.ID)
	})
	return picture, err
}

// RemoveAvatar deletes the picture of a member, if any. It fails as SetAvatar
// does.
func (s *Roster) RemoveAvatar(ctx context.Context, actor actor.Actor, communityID, userID string) error {
	if err := s.mayChangeAvatar(ctx, s.db, actor, communityID, userID); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error { return s.setAvatar(ctx, tx, actor, communityID, userID, "") })
}

func (s *Roster) setAvatar(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID, userID, pictureID string) error {
	who, err := member.LockMember(ctx, tx, communityID, userID)
	if err != nil {
		return err
	}
	if err := s.mayChangeAvatar(ctx, tx, caller, communityID, userID); err != nil {
		return err
	}
	old, err := member.SetAvatar(ctx, tx, communityID, userID, pictureID, s.clock.MS())
	if err != nil || old == pictureID {
		return err
	}
	if err := media.Delete(ctx, tx, communityID, []string{old}); err != nil {
		return err
	}
	source := member.Source{Type: "api", ID: caller.KeyID}
	if caller.Kind == actor.Session {
		source = member.Source{Type: "console"}
	}
	fields := []member.UpdatedField{{Field: AvatarName, Old: orNull(s.AvatarURL(communityID, old)), New: orNull(s.AvatarURL(communityID, pictureID))}}
	if err := member.AppendEvent(ctx, tx, caller, s.clock.MS(), communityID, member.EventUpdated, who, member.UserUpdated{User: who.EventUser(), Fields: fields, Source: source}); err != nil {
		return err
	}
	target := audit.Target{Type: "user", ID: userID, Name: who.Username}
	return audit.Record(ctx, tx, caller, s.clock.MS(), communityID, "user.change_avatar", target)
}

// AvatarURL returns the address of a picture; "" for no picture.
func (s *Roster) AvatarURL(communityID, pictureID string) string {
	if pictureID == "" {
		return ""
	}
	return s.baseURL() + media.Path(communityID, pictureID)
}

// mayChangeAvatar returns nil if the actor may change the picture of a member.
func (s *Roster) mayChangeAvatar(ctx context.Context, q sqldb.Querier, actor actor.Actor, communityID, userID string) error {
	r, err := member.AuthorityOf(ctx, q, actor, communityID)
	if err != nil {
		return err
	}
	found, err := member.Lookup(ctx, q, communityID, member.KeySet{IDs: []string{userID}}, false)
	if err != nil {
		return err
	}
	exists := len(found) == 1 && found[0].IsMember()
	if exists && found[0].Is(actor) {
		return nil
	}
	if err := r.Access.Require(permission.ManageUser, s.clock.MS()); err != nil {
		return err
	}
	if !exists {
		return member.ErrUserNotFound()
	}
	return r.MayChange(found[0])
}

// orNull returns nil for "".
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
