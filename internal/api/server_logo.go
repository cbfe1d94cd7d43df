package api

import (
	"bytes"
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/media"
)

type logo struct {
	ID      string `json:"_id" doc:"Of the community." example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Logo    string `json:"logo" doc:"The _id of the picture." example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Address string `json:"address" doc:"Where the picture is served, which never changes under it." example:"/media/6a21d1c09f3b0c4d5e6f7a8b/6a21d1c09f3b0c4d5e6f7a8c"`
	Type    string `json:"type" example:"image/png"`
	Width   int    `json:"width" example:"512" doc:"Pixels."`
	Height  int    `json:"height" example:"512" doc:"Pixels."`
	Size    int64  `json:"size" doc:"Bytes."`
}

func (a *API) setLogo(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	form, err := a.takePicture(w, r, "logo")
	if err == nil {
		ctx, err = a.intoBody(ctx, manageCommunity, form.communities...)
	}
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	a.onceOnly(&route{}, w, r.WithContext(ctx), form.picture, func(w http.ResponseWriter, r *http.Request) {
		made, err := a.Members.SetLogo(r.Context(), actor.FromContext(ctx), a.Communities, here(ctx), bytes.NewReader(form.picture))
		if err != nil {
			httpx.WriteError(w, r, err)
			return
		}
		httpx.WriteJSON(w, http.StatusCreated, success[logo]{"success", "Logo changed", logo{
			ID: here(ctx), Logo: made.ID, Address: media.Path(here(ctx), made.ID), Type: made.Type, Width: made.Width, Height: made.Height, Size: made.SizeBytes,
		}})
	})
}

func (a *API) removeLogo(ctx context.Context, _ *ServerPath) (*answer[server], error) {
	if _, err := a.Members.SetLogo(ctx, actor.FromContext(ctx), a.Communities, here(ctx), nil); err != nil {
		return nil, err
	}
	changed, err := a.Communities.Get(ctx, here(ctx))
	if err != nil {
		return nil, err
	}
	return a.respondServer(ctx, "Logo removed", changed)
}

func describeLogo(op *huma.Operation, schemas huma.Registry) {
	op.Parameters = append(op.Parameters, &huma.Param{
		Name: "serverId", In: "path", Required: true, Description: "The _id of the community.", Schema: &huma.Schema{Type: huma.TypeString}, Example: "6a21d1c09f3b0c4d5e6f7a8b",
	})
	form := &huma.Schema{Type: huma.TypeObject, Required: []string{"logo"}, Properties: map[string]*huma.Schema{"logo": pictureSchema()}}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: form}}}
	op.Responses["201"].Content = map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(reflect.TypeFor[success[logo]](), true, "")}}
}
