package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/text"
)

const maxFormField = 64 << 10

// Upload is a form that streams in: its file is written to disk and scanned while
// it arrives, its other fields are few and small.
type Upload struct {
	Fields     []string                                   // the names of fields besides communities
	Limit      int64                                      // bytes of the file
	Counted    *httpx.Upload                              // nil: not counted
	Community  func(id string) error                      // checks the community that the form names, before anything after it is read
	BeforeFile func() error                               // is called before the first byte of the file is stored
	Create     func(context.Context) (blob.Writer, error) // opens the stored file

	Values   map[string]string // of Fields that were sent
	Unknown  []string          // names of other fields
	FileName string
	File     blob.Writer // nil until the file arrives
	Scan     sheet.ScanResult

	form *httpx.Form
}

// Abort deletes the file. After its Commit it does nothing.
func (u *Upload) Abort() {
	if u.File != nil {
		u.File.Abort()
	}
}

// Read reads the form. Its errors are those of the operation.
func (u *Upload) Read(r *http.Request) error {
	u.Values = map[string]string{}
	if err := u.open(r); err != nil {
		return err
	}
	for {
		part, err := u.form.Next()
		if err == io.EOF { //nolint:errorlint // returned as it is
			break
		}
		if err == nil {
			err = u.part(r.Context(), part)
		}
		if err != nil {
			return err
		}
	}
	if u.File == nil {
		return errNoFile()
	}
	return u.form.Drain()
}

func errNoFile() error {
	return errs.New(errs.Invalid, "missing_file", "The form has no file: send it as the part named data.").
		WithFields(errs.Field{Field: "data", Code: "required", Message: "The file is missing."})
}

func (u *Upload) open(r *http.Request) (err error) {
	if r.Header.Get("Content-Type") == "" || r.ContentLength == 0 {
		return errNoFile()
	}
	u.form, err = httpx.OpenForm(r, u.Limit, u.tooLarge())
	return err
}

// CheckSize returns an error if the declared size of a request exceeds the limit.
func (u *Upload) CheckSize(r *http.Request) error {
	if r.ContentLength > u.Limit+httpx.FormOverhead {
		return u.tooLarge()
	}
	return nil
}

func (u *Upload) tooLarge() error {
	return errs.New(errs.TooLarge, "file_too_large", "The file is larger than the %s that are allowed here.", text.Size(u.Limit))
}

func (u *Upload) part(ctx context.Context, part *multipart.Part) error {
	name := part.FormName()
	switch {
	case !readable(name):
		return errs.New(errs.Invalid, "bad_multipart", "The name of a part is not UTF-8.")
	case name == "data":
		return u.readFile(ctx, part)
	case part.FileName() != "": // an unexpected file
		u.Unknown = append(u.Unknown, name)
		if _, err := io.Copy(io.Discard, part); err != nil {
			return httpx.FormError(err)
		}
		return nil
	}
	return u.field(name, part)
}

func (u *Upload) field(name string, part io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(part, maxFormField+1))
	switch {
	case err != nil:
		return httpx.FormError(err)
	case len(text) > maxFormField || !readable(string(text)):
		return errs.InvalidFields([]errs.Field{{Field: name, Code: "bad_text", Message: "A form field is at most 64 KiB of UTF-8 without NUL characters."}})
	case name == "communityId" || name == "serverId":
		// curl on Windows includes the quotes of a value.
		return u.Community(strings.Trim(strings.TrimSpace(string(text)), `"`))
	case !slices.Contains(u.Fields, name):
		u.Unknown = append(u.Unknown, name)
		return nil
	}
	if _, twice := u.Values[name]; twice {
		return errs.InvalidFields([]errs.Field{{Field: name, Code: "duplicate", Message: "The form has this field twice."}})
	}
	u.Values[name] = string(text)
	return nil
}

func (u *Upload) readFile(ctx context.Context, part *multipart.Part) (err error) {
	if u.File != nil {
		return errs.New(errs.Invalid, "several_files", "The form has several files; send one as the part named data.")
	}
	if err := u.BeforeFile(); err != nil {
		return err
	}
	u.FileName = text.FileName(part.FileName(), "upload.csv")
	if u.File, err = u.Create(ctx); err != nil {
		return err
	}
	u.Scan, err = u.form.Save(part, u.File, u.Counted)
	return err
}

// FileBytes estimates the size of the file of a request; it is negative if
// unknown.
func FileBytes(r *http.Request) int64 { return r.ContentLength - httpx.FormOverhead }

// Fingerprint is the same for forms with the same file and fields, in any order.
func (u *Upload) Fingerprint() string {
	h := sha256.New()
	sum, _ := hex.DecodeString(u.Scan.SHA256) // it is hex
	_, _ = h.Write(sum)
	names := make([]string, 0, len(u.Values))
	for name := range u.Values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(h, "%d:%s%d:%s", len(name), name, len(u.Values[name]), u.Values[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}
