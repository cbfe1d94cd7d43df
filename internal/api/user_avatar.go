package api

import (
	"bytes"
	"context"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/auth"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
)

// pictureForm is a form with one image; it fits in memory.
type pictureForm struct {
	communities []string // ids it names
	user        string   // "": the person who asks
	picture     []byte   // nil: there was none
}

type avatar struct {
	ID     string `json:"_id" doc:"Of the user." example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Avatar string `json:"avatar" doc:"Address of the picture, which never changes under it."`
	Type   string `json:"type" example:"image/png"`
	Width  int    `json:"width" example:"512" doc:"Pixels."`
	Height int    `json:"height" example:"512" doc:"Pixels."`
	Size   int64  `json:"size" doc:"Bytes."`
}

func (a *API) setAvatar(w http.ResponseWriter, r *http.Request) {
	body := r.Body
	form, err := readPicture(w, r)
	ctx := r.Context()
	if err == nil {
		ctx, err = a.intoBody(ctx, beMember, form.communities...)
	}
	var who member.Member
	if err == nil {
		who, err = a.pictured(ctx, form)
	}
	if err != nil {
		httpx.Drain(w, r, body)
		httpx.WriteError(w, r, err)
		return
	}
	sent := append([]byte(who.ID+"\n"), form.picture...)
	a.onceOnly(&route{}, w, r.WithContext(ctx), sent, func(w http.ResponseWriter, r *http.Request) {
		made, err := a.Members.SetAvatar(r.Context(), auth.ActorOf(ctx), here(ctx), who.ID, bytes.NewReader(form.picture))
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
	actor := auth.ActorOf(ctx)
	if form.user == "" && actor.AccountID == "" {
		return member.Member{}, errs.InvalidFields([]errs.Field{{Field: "user", Code: "required", Message: "An API key names the user."}})
	}
	if actor.Kind == auth.UserKey {
		if refused := a.Auth.MayAsPerson(actor, manageUsers); refused != nil {
			return member.Member{}, refused
		}
	}
	if form.user == "" {
		return a.Members.Find(ctx, here(ctx), actor.AccountID)
	}
	who, err := a.Members.Find(ctx, here(ctx), form.user)
	if err == nil && who.ID == actor.AccountID {
		return who, nil
	}
	if refused := a.may(ctx, actor, manageUsers); refused != nil {
		return member.Member{}, refused
	}
	return who, err
}

func readPicture(w http.ResponseWriter, r *http.Request) (*pictureForm, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err != nil || kind != "multipart/form-data":
		return nil, errs.New(errs.Unsupported, "not_multipart", "Send a form: Content-Type: multipart/form-data.")
	case params["boundary"] == "":
		return nil, errs.New(errs.Invalid, "bad_multipart", "The Content-Type names no boundary.")
	}
	tooLarge := errs.New(errs.TooLarge, "image_too_large", "An image has at most %d MiB.", media.MaxBytes>>20)
	if r.ContentLength > media.MaxBytes+formOverhead {
		return nil, tooLarge
	}
	defer httpx.Moving(w, r, uploadStall)()
	bounded := &boundedReader{next: func(p []byte) (int, error) { return r.Body.Read(p) }, left: media.MaxBytes + formOverhead, over: tooLarge}
	form, parts := &pictureForm{}, multipart.NewReader(bounded, params["boundary"])
	for range maxFormParts {
		part, err := parts.NextPart()
		if err == io.EOF { //nolint:errorlint // only the bare one is the end of the form
			break
		}
		if err != nil {
			return nil, formError(err)
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, formError(err)
		}
		if err := form.take(part, content); err != nil {
			return nil, err
		}
	}
	if form.picture == nil {
		return nil, errs.New(errs.Invalid, "missing_file", "The form has no file: send it as the part named avatar.").
			WithFields(errs.Field{Field: "avatar", Code: "required", Message: "The file is missing."})
	}
	return form, nil
}

func (form *pictureForm) take(part *multipart.Part, content []byte) error {
	name := part.FormName()
	switch {
	case name == "avatar" || part.FileName() != "":
		if form.picture != nil {
			return errs.New(errs.Invalid, "several_files", "The form has several files; send one as the part named avatar.")
		}
		form.picture = content
	case len(content) > maxFormField || !readable(string(content)) || !readable(name):
		return errs.New(errs.Invalid, "bad_multipart", "A form field is at most 64 KiB of UTF-8 without the character NUL.")
	case name == "communityId" || name == "serverId":
		form.communities = append(form.communities, string(content))
	case name == "user" || name == "userId":
		form.user = string(content)
	default:
		return errs.InvalidFields([]errs.Field{{Field: name, Code: "unknown_field", Message: "The operation has no such field."}})
	}
	return nil
}

func describeAvatar(op *huma.Operation, schemas huma.Registry) {
	text := func(description string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeString, Description: description}
	}
	form := &huma.Schema{Type: huma.TypeObject, Required: []string{"avatar"}, Properties: map[string]*huma.Schema{
		"avatar":      {Type: huma.TypeString, Format: "binary", Description: "PNG, JPEG, GIF or WebP, at most 10 MiB and 25 million pixels."},
		"user":        text("_id, number, email or username; without it the person who asks. An API key needs it."),
		"communityId": text("Needed with a session of several memberships."),
	}}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: form}}}
	op.Responses["201"].Content = map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(reflect.TypeFor[success[avatar]](), true, "")}}
}
