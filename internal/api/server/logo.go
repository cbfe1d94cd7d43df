package server

import (
	"bytes"
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/media"
)

func (h *handlers) logoRoutes(g *api.Group) {
	api.AddRaw(g, api.Route{
		Method: "POST", Path: "/v1/servers/{serverId}/logo", ID: "setServerLogo", Summary: "Set the logo of a community",
		Permissions: manageCommunity, Traits: api.Created,
		Description: "The picture is re-encoded without metadata, at most 1024 pixels wide and high, and replaces the previous `logo`.",
	}, describeLogo, h.setLogo)
	api.Add(g, api.Route{
		Method: "DELETE", Path: "/v1/servers/{serverId}/logo", ID: "removeServerLogo", Summary: "Remove the logo of a community",
		Permissions: manageCommunity,
		Description: "Without a logo, the initials of the community are shown.",
	}, h.removeLogo)
}

type logo struct {
	ID      string `json:"_id" doc:"The _id of the community." example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Logo    string `json:"logo" doc:"The _id of the picture." example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Address string `json:"address" doc:"The address of the picture, which is immutable." example:"/media/6a21d1c09f3b0c4d5e6f7a8b/6a21d1c09f3b0c4d5e6f7a8c"`
	Type    string `json:"type" example:"image/png"`
	Width   int    `json:"width" example:"512" doc:"Pixels."`
	Height  int    `json:"height" example:"512" doc:"Pixels."`
	Size    int64  `json:"size" doc:"Bytes."`
}

func (h *handlers) setLogo(c *api.Call) {
	ctx, form, err := c.ReadPicture("logo")
	if err != nil {
		httpx.WriteError(c.W, c.R, err)
		return
	}
	c.Once(ctx, form.Content, func(w http.ResponseWriter, r *http.Request) {
		picture, err := h.ownership.SetLogo(r.Context(), actor.FromContext(ctx), h.communities, api.CommunityID(ctx), bytes.NewReader(form.Content))
		if err != nil {
			httpx.WriteError(w, r, err)
			return
		}
		httpx.WriteJSON(w, http.StatusCreated, api.Respond("Logo changed", logo{
			ID: api.CommunityID(ctx), Logo: picture.ID, Address: media.Path(api.CommunityID(ctx), picture.ID), Type: picture.Type, Width: picture.Width, Height: picture.Height, Size: picture.SizeBytes,
		}).Body)
	})
}

func (h *handlers) removeLogo(ctx context.Context, _ *wire.ServerPath) (*api.Answer[server], error) {
	if _, err := h.ownership.SetLogo(ctx, actor.FromContext(ctx), h.communities, api.CommunityID(ctx), nil); err != nil {
		return nil, err
	}
	changed, err := h.communities.Get(ctx, api.CommunityID(ctx))
	if err != nil {
		return nil, err
	}
	return h.respondServer(ctx, "Logo removed", changed)
}

func describeLogo(op *huma.Operation, schemas huma.Registry) {
	op.Parameters = append(op.Parameters, &huma.Param{
		Name: "serverId", In: "path", Required: true, Description: "The _id of the community.", Schema: &huma.Schema{Type: huma.TypeString}, Example: "6a21d1c09f3b0c4d5e6f7a8b",
	})
	form := &huma.Schema{Type: huma.TypeObject, Required: []string{"logo"}, Properties: map[string]*huma.Schema{"logo": api.PictureSchema()}}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: form}}}
	op.Responses["201"].Content = map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(reflect.TypeFor[api.Success[logo]](), true, "")}}
}
