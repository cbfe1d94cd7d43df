package ownership

import (
	"context"
	"io"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/sqldb"
)

// SetLogo replaces the logo of a community with an uploaded picture, which it
// returns; nil removes it. It fails as media.Library.Create does. The caller
// checks that the actor may change the community.
func (s *Ownership) SetLogo(ctx context.Context, caller actor.Actor, communities *community.Communities, communityID string, file io.Reader) (media.Picture, error) {
	var picture media.Picture
	if file != nil {
		var err error
		if picture, err = s.pictures.Create(ctx, media.Input{CommunityID: communityID, Kind: media.Logo, File: file}); err != nil {
			return picture, err
		}
	}
	return picture, s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if picture.ID != "" {
			if err := media.Insert(ctx, tx, picture); err != nil {
				return err
			}
		}
		_, err := communities.UpdateIn(ctx, tx, caller, communityID, community.Change{Logo: &picture.ID})
		return err
	})
}

// CheckLogo rejects a logo that is not a picture of the community, with Invalid
// "invalid_input", and deletes the previous one. It is a community.ChangeHook.
func CheckLogo(ctx context.Context, tx *sqldb.Tx, _ actor.Actor, old, changed community.Community) error {
	before, after := old.Settings.Logo, changed.Settings.Logo
	if before == after {
		return nil
	}
	if after != "" {
		picture, err := media.Load(ctx, tx, changed.ID, after)
		if errs.KindOf(err) == errs.NotFound || err == nil && picture.Kind != media.Logo {
			return errs.InvalidFields([]errs.Field{{Field: "logo", Code: "unknown_picture", Message: "The community has no such picture for its logo."}})
		}
		if err != nil {
			return err
		}
	}
	return media.Delete(ctx, tx, changed.ID, []string{before})
}
