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
	parts, err := httpx.OpenForm(r, media.MaxBytes, errTooLargePicture())
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
		return nil, errNoPicture(part)
	}
	return form, nil
}

func errNoPicture(part string) error {
	return errs.New(errs.Invalid, "missing_file", "The form has no file: send it as the part named %s.", part).
		WithFields(errs.Field{Field: part, Code: "required", Message: "The file is missing."})
}

func errTooLargePicture() error {
	return errs.New(errs.TooLarge, "image_too_large", "An image has at most %d MiB.", media.MaxBytes>>20)
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
		return errBadField()
	case name == "communityId" || name == "serverId":
		form.communities = append(form.communities, string(content))
	case (name == "user" || name == "userId") && slices.Contains(form.fields, "user"):
		form.User = string(content)
	default:
		return errs.InvalidFields([]errs.Field{{Field: name, Code: "unknown_field", Message: "The operation has no field of this name."}})
	}
	return nil
}

func errBadField() error {
	return errs.New(errs.Invalid, "bad_multipart", "A form field is at most 64 KiB of UTF-8 without NUL characters.")
}

// Pictures is a form with several images, which are handed on as they arrive.
type Pictures struct {
	Part   string                                                            // the name of the images
	Most   int                                                               // images
	Fields []string                                                          // the names of fields besides communities
	Store  func(ctx context.Context, fileName string, image io.Reader) error // ctx has the community

	Values  map[string]string // of Fields that were sent
	Unknown []string          // names of other fields

	images      int
	communities []string // ids in the form
}

// ReadPictures reads the form. The community is named before the images; the context
// of the result has it. Each image counts against the limit of pictures.
func (c *Call) ReadPictures(form *Pictures) (context.Context, error) {
	ctx := c.R.Context()
	parts, err := httpx.OpenForm(c.R, int64(form.Most)*media.MaxBytes, errTooLargePicture())
	if err != nil {
		return ctx, err
	}
	form.Values = map[string]string{}
	for {
		next, err := parts.Next()
		if err == io.EOF { //nolint:errorlint // returned as it is
			break
		}
		if err == nil {
			ctx, err = c.readPart(ctx, form, next)
		}
		if err != nil {
			return ctx, err
		}
	}
	if form.images == 0 {
		return ctx, errNoPicture(form.Part)
	}
	return ctx, nil
}

func (c *Call) readPart(ctx context.Context, form *Pictures, next *multipart.Part) (context.Context, error) {
	name := next.FormName()
	if name != form.Part {
		return ctx, form.add(next)
	}
	if form.images++; form.images > form.Most {
		return ctx, errs.InvalidFields([]errs.Field{errs.Wrong(form.Part, "too_many", "Send at most %d images at once.", form.Most)})
	}
	if form.images == 1 {
		var err error
		if ctx, err = c.InCommunity(ctx, form.communities...); err != nil {
			return ctx, err
		}
		form.communities = []string{CommunityID(ctx)}
	}
	if err := c.api.Pictures.Allow(c.W, c.R, actor.FromContext(ctx).Uploader()); err != nil {
		return ctx, err
	}
	return ctx, form.Store(ctx, next.FileName(), formReader{next})
}

// add adds a part that is no image.
func (form *Pictures) add(next *multipart.Part) error {
	name := next.FormName()
	content, err := io.ReadAll(io.LimitReader(next, maxFormField+1))
	switch {
	case err != nil:
		return httpx.FormError(err)
	case !readable(name) || next.FileName() == "" && (len(content) > maxFormField || !readable(string(content))):
		return errBadField()
	case name == "communityId" || name == "serverId":
		if id := string(content); form.images == 0 {
			form.communities = append(form.communities, id)
		} else if id != form.communities[0] {
			return errs.New(errs.Invalid, "community_ambiguous", "Send %s before the images.", name)
		}
	case next.FileName() == "" && slices.Contains(form.Fields, name):
		form.Values[name] = string(content)
	default:
		form.Unknown = append(form.Unknown, name)
		_, err = io.Copy(io.Discard, formReader{next})
	}
	return err
}

// formReader reads a part with the errors of FormError.
type formReader struct{ part io.Reader }

func (r formReader) Read(p []byte) (int, error) {
	n, err := r.part.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // the bare one is the end of the part
		err = httpx.FormError(err)
	}
	return n, err
}

// PictureSchema describes the part with the image.
func PictureSchema() *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "binary", Description: "PNG, JPEG, GIF or WebP, at most 10 MiB and 25 million pixels."}
}
