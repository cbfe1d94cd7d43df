package member

import (
	"context"
	"io"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/sqldb"
)

// SetAvatar gives an active member a picture in place of the one they had. It
// fails with NotFound user_not_found, with Forbidden rank_too_low for a member
// who is neither the actor nor stands below them, and as media.Library.Make
// does.
func (s *Members) SetAvatar(ctx context.Context, actor actor.Actor, communityID, userID string, file io.Reader) (media.Picture, error) {
	if err := s.mayPicture(ctx, s.db, actor, communityID, userID); err != nil {
		return media.Picture{}, err
	}
	picture, err := s.connected.Pictures.Create(ctx, media.Input{CommunityID: communityID, OwnerID: userID, Kind: media.Avatar, File: file})
	if err != nil {
		return picture, err
	}
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := media.Insert(ctx, tx, picture); err != nil {
			return err
		}
		return s.putAvatar(ctx, tx, actor, communityID, userID, picture.ID)
	})
	return picture, err
}

// RemoveAvatar takes a member's picture away. It fails as SetAvatar does, and
// not when there is none.
func (s *Members) RemoveAvatar(ctx context.Context, actor actor.Actor, communityID, userID string) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error { return s.putAvatar(ctx, tx, actor, communityID, userID, "") })
}

func (s *Members) putAvatar(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID, userID, pictureID string) error {
	who, err := lockMember(ctx, tx, communityID, userID)
	if err != nil {
		return err
	}
	if err := s.mayPicture(ctx, tx, caller, communityID, userID); err != nil {
		return err
	}
	old, err := swapAvatar(ctx, tx, communityID, userID, pictureID, s.clock.MS())
	if err != nil || old == pictureID {
		return err
	}
	if err := media.Delete(ctx, tx, communityID, []string{old}); err != nil {
		return err
	}
	target := audit.Target{Type: "user", ID: userID, Name: who.Username}
	return audit.Record(actor.NewContext(ctx, caller), tx, s.clock.MS(), communityID, "user.change_avatar", target)
}
