package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/text"
)

const (
	formOverhead = 1 << 20 // what a form may have besides its file
	maxFormField = 64 << 10
	maxFormParts = 100
	uploadChunk  = 256 << 10
)

// upload is a form that streams in: its file goes to the disk as it comes and
// is judged on the way, its other fields are few and small.
type upload struct {
	form     map[string]string
	unknown  []string
	fileName string
	file     *blob.Writer // nil until the file came
	verdict  sheet.ScanResult

	body      io.Reader                    // of the request, bounded
	limit     int64                        // bytes of the file
	counted   *httpx.Upload                // nil: not counted
	community func(name string) error      // judges the community the form names, before anything after it is read
	beforeAll func() error                 // asked before the first byte of the file is kept
	create    func() (*blob.Writer, error) //
}

// abort forgets the file. After its Commit it does nothing.
func (u *upload) abort() {
	if u.file != nil {
		u.file.Abort()
	}
}

// read takes the whole form. Its errors are the refusals of the contract.
func (u *upload) read(r *http.Request) error {
	parts, err := u.open(r)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		part, err := parts()
		if err == io.EOF { //nolint:errorlint // only the bare one is the end of the form
			break
		}
		if err != nil {
			return formError(err)
		}
		if n == maxFormParts {
			return errs.New(errs.Invalid, "too_many_parts", "A form has at most %d parts.", maxFormParts)
		}
		if err := u.part(part); err != nil {
			return err
		}
	}
	if u.file == nil {
		return errNoFile()
	}
	// With the body at its end, net/http notices when the client leaves.
	if _, err := io.Copy(io.Discard, u.body); err != nil {
		return formError(err)
	}
	return nil
}

func errNoFile() error {
	return errs.New(errs.Invalid, "missing_file", "The form has no file: send it as the part named data.").
		WithFields(errs.Field{Field: "data", Code: "required", Message: "The file is missing."})
}

// open checks what the headers already tell and returns what gives the parts
// one by one.
func (u *upload) open(r *http.Request) (func() (*multipart.Part, error), error) {
	kind := r.Header.Get("Content-Type")
	if kind == "" || r.ContentLength == 0 {
		return nil, errNoFile()
	}
	media, params, err := mime.ParseMediaType(kind)
	if err != nil || media != "multipart/form-data" {
		return nil, errs.New(errs.Unsupported, "not_multipart", "Send a form: Content-Type: multipart/form-data.")
	}
	if params["boundary"] == "" {
		return nil, errs.New(errs.Invalid, "bad_multipart", "The Content-Type names no boundary.")
	}
	if r.ContentLength > u.limit+formOverhead {
		return nil, u.tooLarge()
	}
	u.body = &boundedReader{next: r.Body.Read, left: u.limit + formOverhead, over: u.tooLarge()}
	return multipart.NewReader(u.body, params["boundary"]).NextPart, nil
}

func (u *upload) tooLarge() error {
	return errs.New(errs.TooLarge, "file_too_large", "The file is larger than the %s that are allowed here.", text.Size(u.limit))
}

func (u *upload) part(part *multipart.Part) error {
	name := part.FormName()
	switch {
	case !readable(name):
		return errs.New(errs.Invalid, "bad_multipart", "The name of a part is not UTF-8.")
	case name == "data":
		return u.takeFile(part)
	case part.FileName() != "": // a file nobody asked for
		u.unknown = append(u.unknown, name)
		if _, err := io.Copy(io.Discard, part); err != nil {
			return formError(err)
		}
		return nil
	}
	return u.field(name, part)
}

func (u *upload) field(name string, part io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(part, maxFormField+1))
	switch {
	case err != nil:
		return formError(err)
	case len(text) > maxFormField || !readable(string(text)):
		return errs.InvalidFields([]errs.Field{{Field: name, Code: "bad_text", Message: "A form field is at most 64 KiB of UTF-8 without the character NUL."}})
	case name == "communityId" || name == "serverId":
		// A form made from a curl command may keep the quotes of its values.
		return u.community(strings.Trim(strings.TrimSpace(string(text)), `"`))
	case !slices.Contains(bulk.OptionNames, name):
		u.unknown = append(u.unknown, name)
		return nil
	}
	if _, twice := u.form[name]; twice {
		return errs.InvalidFields([]errs.Field{{Field: name, Code: "duplicate", Message: "The form has this field twice."}})
	}
	u.form[name] = string(text)
	return nil
}

func (u *upload) takeFile(part *multipart.Part) (err error) {
	if u.file != nil {
		return errs.New(errs.Invalid, "several_files", "The form has several files; send one as the part named data.")
	}
	if err := u.beforeAll(); err != nil {
		return err
	}
	u.fileName = text.FileName(part.FileName(), "upload.csv")
	if u.file, err = u.create(); err != nil {
		return err
	}
	var scan sheet.Scanner
	if err := u.copy(part, &scan); err != nil {
		return err
	}
	u.verdict = scan.Result()
	return nil
}

// copy tells an error of the client from one of the disk, which io.Copy does
// not.
func (u *upload) copy(part io.Reader, scan *sheet.Scanner) error {
	chunk := make([]byte, uploadChunk)
	for {
		n, readErr := 0, error(nil)
		for n < len(chunk) && readErr == nil {
			var m int
			m, readErr = part.Read(chunk[n:])
			n += m
		}
		if u.file.Size()+int64(n) > u.limit {
			return u.tooLarge()
		}
		if err := u.counted.Received(u.file.Size() + int64(n)); err != nil {
			return err
		}
		_, _ = scan.Write(chunk[:n]) // never fails
		if _, err := u.file.Write(chunk[:n]); err != nil {
			return err
		}
		if readErr == io.EOF { //nolint:errorlint // the bare one is the end of the part
			return nil
		}
		if readErr != nil {
			return formError(readErr)
		}
	}
}

// boundedReader ends with the error over instead of reading for ever.
type boundedReader struct {
	next func([]byte) (int, error)
	left int64
	over error
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, b.over
	}
	n, err := b.next(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// formError says what a broken form means to the one who sent it.
func formError(err error) error {
	switch {
	case errs.From(err) != nil:
		return err
	case httpx.IsStalled(err):
		return errs.New(errs.Invalid, "upload_truncated", "The upload took too long and was ended; send it again.").Because(err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), isConnection(err):
		return errs.New(errs.Invalid, "upload_truncated", "The upload ended before the form was complete; send it again.").Because(err)
	default:
		return errs.New(errs.Invalid, "bad_multipart", "The form is not well-formed multipart/form-data.").Because(err)
	}
}

func isConnection(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, http.ErrBodyReadAfterClose) || strings.Contains(err.Error(), "connection reset")
}

// fingerprint is the same for two forms with the same file and the same
// fields, in any order.
func (u *upload) fingerprint() string {
	h := sha256.New()
	sum, _ := hex.DecodeString(u.verdict.SHA256) // it is hex
	_, _ = h.Write(sum)
	names := make([]string, 0, len(u.form))
	for name := range u.form {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(h, "%d:%s%d:%s", len(name), name, len(u.form[name]), u.form[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}
