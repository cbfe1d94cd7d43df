package user

import (
	"bytes"
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/member"
)

var anyMember = []actor.Permission{permission.AnyMember}

func (h *handlers) avatarRoutes(g *api.Group) {
	api.AddRaw(g, api.Route{
		Method: "POST", Path: "/v1/users/avatar", ID: "setAvatar", Summary: "Set the avatar of a user",
		Permissions: anyMember, Traits: api.Created | api.CommunityInBody,
		Description: "The picture is re-encoded without metadata, at most 512 pixels wide and high. Uploads are limited per account or key: 429, with `RateLimit` headers in every response; 503 `pictures_busy` if too many pictures wait for decoding.",
	}, describeAvatar, h.setAvatar)
}

type avatar struct {
	ID     string `json:"_id" doc:"The _id of the user." example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Avatar string `json:"avatar" doc:"The address of the picture, which is immutable."`
	Type   string `json:"type" example:"image/png"`
	Width  int    `json:"width" example:"512" doc:"Pixels."`
	Height int    `json:"height" example:"512" doc:"Pixels."`
	Size   int64  `json:"size" doc:"Bytes."`
}

func (h *handlers) setAvatar(c *api.Call) {
	ctx, form, err := c.ReadPicture("avatar", "user")
	var owner member.Member
	if err == nil {
		owner, err = h.avatarOwner(ctx, form)
	}
	if err != nil {
		httpx.WriteError(c.W, c.R, err)
		return
	}
	c.Once(ctx, append([]byte(owner.ID+"\n"), form.Content...), func(w http.ResponseWriter, r *http.Request) {
		picture, err := h.members.SetAvatar(r.Context(), actor.FromContext(ctx), api.CommunityID(ctx), owner.ID, bytes.NewReader(form.Content))
		if err != nil {
			httpx.WriteError(w, r, err)
			return
		}
		httpx.WriteJSON(w, http.StatusCreated, api.Respond("Avatar changed", avatar{
			ID: owner.ID, Avatar: h.members.AvatarURL(api.CommunityID(ctx), picture.ID), Type: picture.Type, Width: picture.Width, Height: picture.Height, Size: picture.SizeBytes,
		}).Body)
	})
}

// avatarOwner returns the user of a form. Members may change their own avatar;
// other avatars, and all with a user API key, require manageUser.
func (h *handlers) avatarOwner(ctx context.Context, form *api.Picture) (member.Member, error) {
	caller := actor.FromContext(ctx)
	if form.User == "" && caller.Kind != actor.Session && caller.Kind != actor.UserKey {
		return member.Member{}, errs.InvalidFields([]errs.Field{{Field: "user", Code: "required", Message: "Send user with an API key."}})
	}
	if caller.Kind == actor.UserKey {
		if err := h.access.CanAsPerson(caller, manageUsers); err != nil {
			return member.Member{}, err
		}
	}
	if form.User == "" {
		return h.members.Self(ctx, caller, api.CommunityID(ctx))
	}
	return h.members.FindForAvatar(ctx, caller, api.CommunityID(ctx), form.User)
}

func describeAvatar(op *huma.Operation, schemas huma.Registry) {
	text := func(description string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeString, Description: description}
	}
	form := &huma.Schema{Type: huma.TypeObject, Required: []string{"avatar"}, Properties: map[string]*huma.Schema{
		"avatar":      api.PictureSchema(),
		"user":        text("_id, number, email or username; absent: the caller. Required with an API key."),
		"communityId": text("Required in a session of a person with several memberships."),
	}}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: form}}}
	op.Responses["201"].Content = map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(reflect.TypeFor[api.Success[avatar]](), true, "")}}
}
