package post

import (
	"context"
	"io"
	"net/http"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/message/image"
	"github.com/regulars/regulars/internal/message/place"
	"github.com/regulars/regulars/internal/sqldb"
)

// StoreImage stores the file of an upload. The image can be sent after AddImages. It
// fails as access.Can does for sendMessage and as media.Library.Create does.
func (p *Posts) StoreImage(ctx context.Context, caller actor.Actor, communityID, name string, file io.Reader) (image.Image, error) {
	if err := p.d.Messages.Access.Can(ctx, caller, communityID, permission.SendMessage); err != nil {
		return image.Image{}, err
	}
	return p.d.Messages.Images.Store(ctx, name, file)
}

// DiscardImages deletes the files of images that AddImages does not add.
func (p *Posts) DiscardImages(ctx context.Context, caller actor.Actor, communityID string, list []image.Image) error {
	if err := p.d.Messages.Access.Can(ctx, caller, communityID, permission.SendMessage); err != nil {
		return err
	}
	return p.d.Messages.Images.Discard(ctx, list)
}

// AddImages adds stored images, all or none, and returns them with addresses. They
// are deleted after 24 hours without a message. channelID is where they will be sent,
// "" if unknown. It fails with NotFound "channel_not_found" or Forbidden
// "missing_permission".
func (p *Posts) AddImages(ctx context.Context, caller actor.Actor, communityID, channelID string, list []image.Image) ([]image.Attachment, error) {
	if err := p.d.Messages.Access.Can(ctx, caller, communityID, permission.SendMessage); err != nil {
		return nil, err
	}
	added := make([]image.Attachment, len(list))
	return added, p.d.Messages.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		ownerID, err := p.uploader(ctx, tx, caller, communityID, channelID)
		if err != nil {
			return err
		}
		for i, one := range list {
			one.OwnerID, one.Uploader = ownerID, caller.Ref()
			if err := image.Insert(ctx, tx, communityID, one); err != nil {
				return err
			}
			one.URL = p.d.Messages.Images.URL(communityID, one.ID)
			added[i] = one.Attachment
		}
		return nil
	})
}

// uploader returns the member that owns uploads of the actor; "" for a key.
func (p *Posts) uploader(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID, channelID string) (string, error) {
	if channelID != "" {
		in, err := place.Of(ctx, tx, p.d.Messages.Access, caller, communityID, channelID, "")
		if err != nil {
			return "", err
		}
		if err := in.Require(permission.AttachFiles); err != nil {
			return "", err
		}
	}
	if place.IsKey(caller) {
		return "", nil
	}
	self, err := directory.Self(ctx, tx, caller, communityID)
	return self.ID, err
}

// ServeImage answers a signed address. Any holder of an address may use it, but a
// session or a key that does not see the image gets 404. credential returns that of
// a request, "" for none.
func (p *Posts) ServeImage(credential func(*http.Request) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		communityID, one, err := p.d.Messages.Images.Open(r.Context(), r)
		if err == nil {
			err = p.checkReader(r.Context(), credential(r), communityID, one)
		}
		if err != nil {
			httpx.WriteError(w, r, err)
			return
		}
		p.d.Messages.Images.Serve(w, r, one)
	}
}

func (p *Posts) checkReader(ctx context.Context, credential, communityID string, one image.Image) error {
	caller, err := p.d.Messages.Access.Authenticate(ctx, credential)
	if errs.KindOf(err) == errs.Unauthenticated || err == nil && caller.Kind == actor.Anonymous {
		return nil // as without a credential
	}
	if err != nil {
		return err
	}
	subject, err := p.d.Messages.Access.ChannelActorOf(ctx, p.d.Messages.DB, caller, communityID)
	if err != nil || one.OwnerID != "" && one.OwnerID == subject.MemberID {
		return err
	}
	seen, err := p.d.Messages.ShowsImage(ctx, p.d.Messages.DB, caller, communityID, one.ID)
	if err == nil && !seen && !(one.Uses == 0 && one.OwnerID == "" && one.Uploader == caller.Ref()) {
		err = errs.Missing("picture")
	}
	return err
}

func (p *Posts) sweepImages(ctx context.Context) error { return p.d.Messages.Images.Sweep(ctx) }
