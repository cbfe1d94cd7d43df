package api

import (
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/media"
)

// pictureForm is a form with one image; it fits in memory.
type pictureForm struct {
	part        string   // the name of the image
	fields      []string // what else it may hold, besides communities
	communities []string // ids it names
	user        string   // "": the person who asks
	picture     []byte   // nil: there was none
}

// takePicture is readPicture for who has not sent too many; the rest is not
// read.
func (a *API) takePicture(w http.ResponseWriter, r *http.Request, part string, fields ...string) (*pictureForm, error) {
	if err := a.Pictures.Allow(w, r, actor.FromContext(r.Context()).Uploader()); err != nil {
		return nil, err
	}
	return readPicture(r, part, fields...)
}

// readPicture reads a form with an image in the part of that name, and with
// what else it may hold: the community, or user.
func readPicture(r *http.Request, part string, fields ...string) (*pictureForm, error) {
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
	bounded := &boundedReader{next: r.Body.Read, left: media.MaxBytes + formOverhead, over: tooLarge}
	form, parts := &pictureForm{part: part, fields: fields}, multipart.NewReader(bounded, params["boundary"])
	for range maxFormParts {
		next, err := parts.NextPart()
		if err == io.EOF { //nolint:errorlint // only the bare one is the end of the form
			break
		}
		if err != nil {
			return nil, formError(err)
		}
		content, err := io.ReadAll(next)
		if err != nil {
			return nil, formError(err)
		}
		if err := form.take(next, content); err != nil {
			return nil, err
		}
	}
	if form.picture == nil {
		return nil, errs.New(errs.Invalid, "missing_file", "The form has no file: send it as the part named %s.", part).
			WithFields(errs.Field{Field: part, Code: "required", Message: "The file is missing."})
	}
	return form, nil
}

func (form *pictureForm) take(next *multipart.Part, content []byte) error {
	name := next.FormName()
	switch {
	case name == form.part || next.FileName() != "":
		if form.picture != nil {
			return errs.New(errs.Invalid, "several_files", "The form has several files; send one as the part named %s.", form.part)
		}
		form.picture = content
	case len(content) > maxFormField || !readable(string(content)) || !readable(name):
		return errs.New(errs.Invalid, "bad_multipart", "A form field is at most 64 KiB of UTF-8 without the character NUL.")
	case name == "communityId" || name == "serverId":
		form.communities = append(form.communities, string(content))
	case (name == "user" || name == "userId") && slices.Contains(form.fields, "user"):
		form.user = string(content)
	default:
		return errs.InvalidFields([]errs.Field{{Field: name, Code: "unknown_field", Message: "The operation has no such field."}})
	}
	return nil
}

func pictureSchema() *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "binary", Description: "PNG, JPEG, GIF or WebP, at most 10 MiB and 25 million pixels."}
}
