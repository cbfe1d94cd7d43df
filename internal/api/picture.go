package api

import (
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/media"
)

// Picture is a form with one image, in memory.
type Picture struct {
	Content []byte // of the image
	User    string // as the form names it; "": the caller

	part        string   // the name of the image
	fields      []string // the fields that it may have besides communities
	communities []string // ids in the form
}

// ReadPicture reads a form with an image in a part and with other fields: the
// community, or user if fields has it. The context of the result has the
// community that the form names. The form is not read if the caller is over the
// limit of pictures.
func (c *Call) ReadPicture(part string, fields ...string) (context.Context, *Picture, error) {
	ctx := c.R.Context()
	if err := c.api.Pictures.Allow(c.W, c.R, actor.FromContext(ctx).Uploader()); err != nil {
		return ctx, nil, err
	}
	form, err := readPicture(c.R, part, fields...)
	if err != nil {
		return ctx, nil, err
	}
	ctx, err = c.InCommunity(ctx, form.communities...)
	return ctx, form, err
}

func readPicture(r *http.Request, part string, fields ...string) (*Picture, error) {
	parts, err := httpx.OpenForm(r, media.MaxBytes, errs.New(errs.TooLarge, "image_too_large", "An image has at most %d MiB.", media.MaxBytes>>20))
	if err != nil {
		return nil, err
	}
	form := &Picture{part: part, fields: fields}
	for {
		next, err := parts.Next()
		if err == io.EOF { //nolint:errorlint // returned as it is
			break
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(next)
		if err != nil {
			return nil, httpx.FormError(err)
		}
		if err := form.add(next, content); err != nil {
			return nil, err
		}
	}
	if form.Content == nil {
		return nil, errs.New(errs.Invalid, "missing_file", "The form has no file: send it as the part named %s.", part).
			WithFields(errs.Field{Field: part, Code: "required", Message: "The file is missing."})
	}
	return form, nil
}

func (form *Picture) add(next *multipart.Part, content []byte) error {
	name := next.FormName()
	switch {
	case name == form.part || next.FileName() != "":
		if form.Content != nil {
			return errs.New(errs.Invalid, "several_files", "The form has several files; send one as the part named %s.", form.part)
		}
		form.Content = content
	case len(content) > maxFormField || !readable(string(content)) || !readable(name):
		return errs.New(errs.Invalid, "bad_multipart", "A form field is at most 64 KiB of UTF-8 without NUL characters.")
	case name == "communityId" || name == "serverId":
		form.communities = append(form.communities, string(content))
	case (name == "user" || name == "userId") && slices.Contains(form.fields, "user"):
		form.User = string(content)
	default:
		return errs.InvalidFields([]errs.Field{{Field: name, Code: "unknown_field", Message: "The operation has no field of this name."}})
	}
	return nil
}

// PictureSchema describes the part with the image.
func PictureSchema() *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "binary", Description: "PNG, JPEG, GIF or WebP, at most 10 MiB and 25 million pixels."}
}
