package ui

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/media"
)

const formBytes = 1 << 20 // of a form without a file

// limited reads the whole body of a form, within its limit, before the handler,
// which could not tell a truncated form from one with empty fields. Only routes of
// forms with a file accept one, and read it part by part.
func (c *Console) limited(body bodyKind, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case body == formWithFile || r.Body == nil || r.Body == http.NoBody:
		default:
			if err := readForm(r); err != nil {
				c.fail(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func readForm(r *http.Request) error {
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Type"))), "multipart/") {
		return errs.New(errs.Unsupported, "unsupported_media_type", "This page accepts no files. Send the form as application/x-www-form-urlencoded.")
	}
	body, err := httpx.ReadBody(r, formBytes)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return err
}

// bodyKind is the kind of body that a route accepts.
type bodyKind int

const (
	formOnly     bodyKind = iota
	formWithFile          // the handler limits it
)

// FilePart returns the form of a request and its part with a file of at most limit
// bytes. It fails with missing if there is none, or as httpx.OpenForm and Next do.
func FilePart(r *http.Request, name string, limit int64, tooLarge, missing *errs.Error) (*httpx.Form, *multipart.Part, error) {
	form, err := httpx.OpenForm(r, limit, tooLarge)
	if errs.Is(err, "not_multipart") || errs.Is(err, "bad_multipart") {
		return nil, nil, missing.Because(err)
	}
	if err != nil {
		return nil, nil, err
	}
	for {
		part, err := form.Next()
		switch {
		case err == io.EOF: //nolint:errorlint // returned as it is
			return nil, nil, missing
		case err != nil:
			return nil, nil, err
		case part.FormName() == name && part.FileName() != "":
			return form, part, nil
		}
	}
}

// LimitPictures counts an upload of a picture. It fails with errs.Limited.
func (c *Console) LimitPictures(v *Request) error {
	return c.pictures.Allow(v.W, v.Request, v.Actor.Uploader())
}

// Picture returns the image in a form. Over the limit of uploads it returns
// errs.Limited and reads nothing.
func (c *Console) Picture(v *Request, field string) (io.Reader, error) {
	if err := c.LimitPictures(v); err != nil {
		return nil, err
	}
	_, part, err := FilePart(v.Request, field, media.MaxBytes,
		errs.New(errs.TooLarge, "image_too_large", "An image has at most %d MiB.", media.MaxBytes>>20),
		errs.New(errs.Invalid, "missing_file", "Choose a picture of at most 10 MiB."))
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(part) // the form is bounded
	if err != nil {
		return nil, httpx.FormError(err)
	}
	return bytes.NewReader(content), nil
}
