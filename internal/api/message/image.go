package message

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/image"
)

func (h *handlers) imageRoutes(g *api.Group) {
	api.AddRaw(g, api.Route{
		Method: "POST", Path: "/v1/messages/upload-image", ID: "uploadImages", Summary: "Upload images for messages",
		Permissions: sendMessages, Traits: api.Compat | api.CommunityInBody,
		Description: "1 to 10 files as the parts `images`; all are stored or none. They are re-encoded without metadata, at most 2560 pixels wide and high. Send their ids as `attachments` within 24 hours; an image of a person is for their messages. " +
			"The addresses are signed and valid for 24 hours. The response is the list itself. 400 `image_damaged`, 403 `missing_permission`, 404 `channel_not_found`, 413 `image_too_large`, 415 `image_type`.",
	}, describeUpload, h.upload)
}

// upload stores each file as it arrives, and adds the images at the end.
func (h *handlers) upload(c *api.Call) {
	var stored []image.Image
	sum := sha256.New()
	form := &api.Pictures{Part: "images", Most: message.MaxImages, Fields: []string{"channelId"}, Store: func(ctx context.Context, name string, file io.Reader) error {
		fmt.Fprintf(sum, "%q\n", name)
		one, err := h.Posts.StoreImage(ctx, actor.FromContext(ctx), api.CommunityID(ctx), name, io.TeeReader(file, sum))
		if err == nil {
			stored = append(stored, one)
		}
		return err
	}}
	ctx, err := c.ReadPictures(form)
	discard := func() {
		_ = h.Posts.DiscardImages(ctx, actor.FromContext(ctx), api.CommunityID(ctx), stored) // a sweep deletes them otherwise
	}
	if err != nil {
		discard()
		httpx.WriteError(c.W, c.R, err)
		return
	}
	api.SetUnknownFields(c.W, form.Unknown)
	added := false
	c.Once(ctx, sum.Sum([]byte(form.Values["channelId"]+"\n")), func(w http.ResponseWriter, r *http.Request) {
		list, err := h.Posts.AddImages(r.Context(), actor.FromContext(ctx), api.CommunityID(ctx), form.Values["channelId"], stored)
		if err != nil {
			httpx.WriteError(w, r, err)
			return
		}
		added = true
		httpx.WriteJSON(w, http.StatusOK, list)
	})
	if !added {
		discard()
	}
}

func describeUpload(op *huma.Operation, schemas huma.Registry) {
	images := &huma.Schema{Type: huma.TypeArray, Items: api.PictureSchema(), Description: "1 to 10 images."}
	form := &huma.Schema{Type: huma.TypeObject, Required: []string{"images"}, Properties: map[string]*huma.Schema{
		"images": images, "channelId": {Type: huma.TypeString, Description: "Where they will be sent, to check the permission before."},
	}}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: form}}}
	op.Responses["200"].Content = map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(reflect.TypeFor[[]image.Attachment](), true, "")}}
}
