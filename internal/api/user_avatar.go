package api

import (
	"bytes"
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/member"
)

type avatar struct {
	ID     string `json:"_id" doc:"Of the user." example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Avatar string `json:"avatar" doc:"Address of the picture, which never changes under it."`
	Type   string `json:"type" example:"image/png"`
	Width  int    `json:"width" example:"512" doc:"Pixels."`
	Height int    `json:"height" example:"512" doc:"Pixels."`
	Size   int64  `json:"size" doc:"Bytes."`
}

func (a *API) setAvatar(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	form, err := a.takePicture(w, r, "avatar", "user")
	if err == nil {
		ctx, err = a.intoBody(ctx, beMember, form.communities...)
	}
	var who member.Member
	if err == nil {
		who, err = a.pictured(ctx, form)
	}
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	sent := append([]byte(who.ID+"\n"), form.picture...)
	a.onceOnly(&route{}, w, r.WithContext(ctx), sent, func(w http.ResponseWriter, r *http.Request) {
		made, err := a.Members.SetAvatar(r.Context(), actor.FromContext(ctx), here(ctx), who.ID, bytes.NewReader(form.picture))
		if err != nil {
			httpx.WriteError(w, r, err)
			return
		}
		httpx.WriteJSON(w, http.StatusCreated, success[avatar]{"success", "Avatar changed", avatar{
			ID: who.ID, Avatar: a.Members.AvatarURL(here(ctx), made.ID), Type: made.Type, Width: made.Width, Height: made.Height, Size: made.SizeBytes,
		}})
	})
}

// pictured is whose picture it is to be. Everybody changes their own, others
// only who may manage users; a person's key needs that permission for both.
func (a *API) pictured(ctx context.Context, form *pictureForm) (member.Member, error) {
	caller := actor.FromContext(ctx)
	if form.user == "" && caller.Kind != actor.Session && caller.Kind != actor.UserKey {
		return member.Member{}, errs.InvalidFields([]errs.Field{{Field: "user", Code: "required", Message: "An API key names the user."}})
	}
	if caller.Kind == actor.UserKey {
		if refused := a.Access.CanAsPerson(caller, manageUsers); refused != nil {
			return member.Member{}, refused
		}
	}
	if form.user == "" {
		return a.Members.Self(ctx, caller, here(ctx))
	}
	who, err := a.Members.Find(ctx, here(ctx), form.user)
	if err == nil && who.Is(caller) {
		return who, nil
	}
	if refused := a.may(ctx, caller, manageUsers); refused != nil {
		return member.Member{}, refused
	}
	return who, err
}

func describeAvatar(op *huma.Operation, schemas huma.Registry) {
	text := func(description string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeString, Description: description}
	}
	form := &huma.Schema{Type: huma.TypeObject, Required: []string{"avatar"}, Properties: map[string]*huma.Schema{
		"avatar":      pictureSchema(),
		"user":        text("_id, number, email or username; without it the person who asks. An API key needs it."),
		"communityId": text("Needed with a session of several memberships."),
	}}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: form}}}
	op.Responses["201"].Content = map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(reflect.TypeFor[success[avatar]](), true, "")}}
}
