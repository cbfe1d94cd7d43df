package post

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/message/image"
)

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
		case one.Fresh(d.d.Messages.Clock.Now()) && (one.OwnerID == d.author.ID || one.OwnerID == "" && d.place.ByKey):
			continue
		case one.Uses == 0:
			return errs.Missing("image")
		}
		seen, err := d.d.Messages.ShowsImage(ctx, d.tx, d.caller, d.communityID, imageID)
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
