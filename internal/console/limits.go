package console

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/media"
)

const formBytes = 1 << 20 // of a form without a file

// bounded takes the body of a form whole, within its limit, before a page
// looks at it: a page asks for single fields and would take a form that was
// cut off for one that was left empty. Forms with files are only for the pages
// that take one, since the others would put the files on the disk.
func (c *console) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch takes := fileOf(r); {
		case takes == anyFile || r.Body == nil || r.Body == http.NoBody:
		case takes == onePicture:
			r.Body = http.MaxBytesReader(w, r.Body, media.MaxBytes+formOverhead)
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
		return errs.New(errs.Unsupported, "unsupported_media_type", "This page takes no files. Send the form as application/x-www-form-urlencoded.")
	}
	body, err := httpx.ReadBody(r, formBytes)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return err
}

// taken is the file that comes with a form.
type taken int

const (
	noFile taken = iota
	onePicture
	anyFile // the page bounds it itself, as it comes in
)

// fileOf tells it from the address, read as the router reads it.
func fileOf(r *http.Request) taken {
	path := r.URL.RawPath
	if path == "" {
		path = r.URL.Path
	}
	at := strings.Split(path, "/") // "", "c", the community, ...
	if r.Method != http.MethodPost || len(at) < 5 || at[1] != "c" {
		return noFile
	}
	switch {
	case len(at) == 5 && at[3] == "import" && at[4] == "files":
		return anyFile
	case len(at) == 5 && at[3] == "settings" && at[4] == "logo", len(at) == 6 && at[3] == "members" && at[5] == "avatar":
		return onePicture
	default:
		return noFile
	}
}

// picture is the image in a form, or errs.Limited for who has sent too many of
// them lately, of which nothing is read. Call done when it is read, also after an
// error: it removes what was put on the disk.
func (c *console) picture(v *visit, field string) (file multipart.File, done func(), err error) {
	if err := c.Pictures.Allow(v.w, v.Request, v.actor.Uploader()); err != nil {
		return nil, func() {}, err
	}
	file, _, err = v.FormFile(field)
	done = func() {
		if file != nil {
			_ = file.Close() // it was only read
		}
		if v.MultipartForm != nil {
			_ = v.MultipartForm.RemoveAll() // what is left, the system's own sweep of its temporary files takes
		}
	}
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return file, done, errs.New(errs.TooLarge, "image_too_large", "An image has at most %d MiB.", media.MaxBytes>>20)
	}
	if err != nil {
		err = errs.New(errs.Invalid, "missing_file", "Choose a picture of at most 10 MiB.").Because(err)
	}
	return file, done, err
}
