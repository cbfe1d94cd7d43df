package badge

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/media"
)

// kept is the id of a picture that stays.
const kept = "kept"

// URL returns the address of a picture of a badge; "" without one.
func (s *Badges) URL(communityID, pictureID string) string {
	if pictureID == "" {
		return ""
	}
	return s.d.BaseURL() + media.Path(communityID, pictureID)
}

// pictures stores those of an input, in the order of the slots: the id "" removes the
// picture, kept leaves it. It fails with NotFound "image_not_found", as safehttp.Client.Get
// does, or as media.Library.Create does.
func (s *Badges) pictures(ctx context.Context, caller actor.Actor, communityID string, in Input, before Images) ([]media.Picture, error) {
	list := make([]media.Picture, 3)
	for at, slot := range []struct {
		name   string
		given  *string
		before string
	}{{"image", in.Image, before.Image}, {"darkImage", in.Dark, before.Dark}, {"lightImage", in.Light, before.Light}} {
		if at == 0 && in.Upload != nil {
			var err error
			if list[at], err = s.d.Pictures.Create(ctx, media.Input{CommunityID: communityID, Kind: media.Badge, File: in.Upload}); err != nil {
				return nil, err
			}
			continue
		}
		if slot.given == nil || *slot.given == "" {
			continue
		}
		if *slot.given == s.URL(communityID, slot.before) || *slot.given == media.Path(communityID, slot.before) {
			list[at].ID = kept
			continue
		}
		content, err := s.open(ctx, caller, communityID, *slot.given)
		if err == nil {
			list[at], err = s.d.Pictures.Create(ctx, media.Input{CommunityID: communityID, Kind: media.Badge, File: content})
			err = errors.Join(err, content.Close())
		}
		if err != nil {
			s.discard(ctx, list)
			return nil, err
		}
	}
	return list, nil
}

// open opens the file of an upload of the actor, or of an address.
func (s *Badges) open(ctx context.Context, caller actor.Actor, communityID, given string) (io.ReadCloser, error) {
	if id.Valid(given) {
		return s.d.Uploads.OpenOwn(ctx, caller.Ref(), communityID, given)
	}
	content, err := s.d.Web.Get(ctx, given, media.MaxBytes)
	return io.NopCloser(bytes.NewReader(content)), err
}

// discard deletes the files of pictures that no badge shows.
func (s *Badges) discard(ctx context.Context, list []media.Picture) {
	for _, one := range list {
		if one.FileID != "" {
			_ = s.d.Pictures.DeleteFile(ctx, one.FileID) // a sweep deletes what is left
		}
	}
}

// replaced returns the pictures of before that after lacks.
func replaced(before, after Images) []string {
	shown := []string{after.Image, after.Dark, after.Light}
	return slices.DeleteFunc([]string{before.Image, before.Dark, before.Light}, func(one string) bool { return one == "" || slices.Contains(shown, one) })
}
