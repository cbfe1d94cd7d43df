package message

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
func (m *Messages) StoreImage(ctx context.Context, caller actor.Actor, communityID, name string, file io.Reader) (image.Image, error) {
	if err := m.Access.Can(ctx, caller, communityID, permission.SendMessage); err != nil {
		return image.Image{}, err
	}
	return m.Images.Store(ctx, name, file)
}

// DiscardImages deletes the files of images that AddImages does not add.
func (m *Messages) DiscardImages(ctx context.Context, caller actor.Actor, communityID string, list []image.Image) error {
	if err := m.Access.Can(ctx, caller, communityID, permission.SendMessage); err != nil {
		return err
	}
	return m.Images.Discard(ctx, list)
}

// AddImages adds stored images, all or none, and returns them with addresses. They
// are deleted after 24 hours without a message. channelID is where they will be sent,
// "" if unknown. It fails with NotFound "channel_not_found" or Forbidden
// "missing_permission".
func (m *Messages) AddImages(ctx context.Context, caller actor.Actor, communityID, channelID string, list []image.Image) ([]image.Attachment, error) {
	if err := m.Access.Can(ctx, caller, communityID, permission.SendMessage); err != nil {
		return nil, err
	}
	added := make([]image.Attachment, len(list))
	return added, m.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		ownerID, err := m.uploader(ctx, tx, caller, communityID, channelID)
		if err != nil {
			return err
		}
		for i, one := range list {
			one.OwnerID, one.Uploader = ownerID, caller.Ref()
			if err := image.Insert(ctx, tx, communityID, one); err != nil {
				return err
			}
			one.URL = m.Images.URL(communityID, one.ID)
			added[i] = one.Attachment
		}
		return nil
	})
}

// uploader returns the member that owns uploads of the actor; "" for a key.
func (m *Messages) uploader(ctx context.Context, tx *sqldb.Tx, caller actor.Actor, communityID, channelID string) (string, error) {
	if channelID != "" {
		p, err := place.Of(ctx, tx, m.Access, caller, communityID, channelID)
		if err != nil {
			return "", err
		}
		if err := p.Require(permission.AttachFiles); err != nil {
			return "", err
		}
	}
	if place.IsKey(caller) {
		return "", nil
	}
	self, err := directory.Self(ctx, tx, caller, communityID)
	return self.ID, err
}

// replaceImages shows the images of the input in the message instead of those
// before.
func (d *draft) replaceImages(ctx context.Context, before []string) error {
	kept := map[string]bool{}
	for _, one := range before {
		kept[one] = true
	}
	if len(d.in.Attachments) > 0 {
		if err := d.checkImages(ctx, kept); err != nil {
			return err
		}
	}
	if len(before) > 0 {
		if err := image.Detach(ctx, d.tx, d.communityID, d.message.ID); err != nil {
			return err
		}
	}
	return image.Attach(ctx, d.tx, d.communityID, d.message.ID, d.author.ID, d.in.Attachments)
}

// checkImages checks that the author may send the images besides those kept: their
// own, or with share_attachments one of a message that the actor sees. It fails with
// NotFound "image_not_found".
func (d *draft) checkImages(ctx context.Context, kept map[string]bool) error {
	found, err := image.Lock(ctx, d.tx, d.communityID, d.in.Attachments)
	if err != nil {
		return err
	}
	for _, imageID := range d.in.Attachments {
		if kept[imageID] {
			continue
		}
		one, ok := found[imageID]
		switch {
		case !ok:
			return errs.Missing("image")
		case one.Fresh(d.Clock.Now()) && (one.OwnerID == d.author.ID || one.OwnerID == "" && d.place.ByKey):
			continue
		case one.Uses == 0:
			return errs.Missing("image")
		}
		seen, err := d.shows(ctx, d.tx, d.caller, d.communityID, imageID)
		if err != nil {
			return err
		}
		if !seen && one.OwnerID != d.author.ID {
			return errs.Missing("image")
		}
		if !d.place.Allows(permission.ShareAttachments) {
			return permission.LackInChannel(permission.ShareAttachments)
		}
	}
	return nil
}

// shows reports whether the actor sees a message with the image.
func (m *Messages) shows(ctx context.Context, q sqldb.Querier, caller actor.Actor, communityID, imageID string) (bool, error) {
	ids, err := image.Uses(ctx, q, communityID, imageID)
	if err != nil {
		return false, err
	}
	for _, messageID := range ids {
		_, _, err := m.Find(ctx, q, caller, communityID, messageID)
		if errs.KindOf(err) != errs.NotFound {
			return err == nil, err
		}
	}
	return false, nil
}

// ServeImage answers a signed address. Any holder of an address may use it, but a
// session or a key that does not see the image gets 404. credential returns that of
// a request, "" for none.
func (m *Messages) ServeImage(credential func(*http.Request) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		communityID, one, err := m.Images.Open(r.Context(), r)
		if err == nil {
			err = m.checkReader(r.Context(), credential(r), communityID, one)
		}
		if err != nil {
			httpx.WriteError(w, r, err)
			return
		}
		m.Images.Serve(w, r, one)
	}
}

func (m *Messages) checkReader(ctx context.Context, credential, communityID string, one image.Image) error {
	caller, err := m.Access.Authenticate(ctx, credential)
	if errs.KindOf(err) == errs.Unauthenticated || err == nil && caller.Kind == actor.Anonymous {
		return nil // as without a credential
	}
	if err != nil {
		return err
	}
	subject, err := m.Access.ChannelActorOf(ctx, m.DB, caller, communityID)
	if err != nil || one.OwnerID != "" && one.OwnerID == subject.MemberID {
		return err
	}
	seen, err := m.shows(ctx, m.DB, caller, communityID, one.ID)
	if err == nil && !seen && !(one.Uses == 0 && one.OwnerID == "" && one.Uploader == caller.Ref()) {
		err = errs.Missing("picture")
	}
	return err
}

func (m *Messages) sweepImages(ctx context.Context) error { return m.Images.Sweep(ctx) }
