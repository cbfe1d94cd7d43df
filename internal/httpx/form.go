package httpx

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet"
)

const (
	// FormOverhead is the size of a form besides its file, in bytes.
	FormOverhead = 1 << 20

	maxFormParts = 100
	uploadChunk  = 256 << 10
)

// Form is a multipart form with a file, read part by part while it arrives.
type Form struct {
	parts *multipart.Reader
	body  *boundedReader
	n     int // parts so far
	limit int64
	over  error
}

// OpenForm opens the form of a request with a file of at most limit bytes;
// tooLarge is the error beyond. It fails with Unsupported not_multipart, Invalid
// bad_multipart or tooLarge.
func OpenForm(r *http.Request, limit int64, tooLarge error) (*Form, error) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err != nil || media != "multipart/form-data":
		return nil, errs.New(errs.Unsupported, "not_multipart", "Send a form: Content-Type: multipart/form-data.")
	case params["boundary"] == "":
		return nil, errs.New(errs.Invalid, "bad_multipart", "The Content-Type names no boundary.")
	case r.ContentLength > limit+FormOverhead:
		return nil, tooLarge
	}
	body := &boundedReader{next: r.Body.Read, left: limit + FormOverhead, over: tooLarge}
	return &Form{parts: multipart.NewReader(body, params["boundary"]), body: body, limit: limit, over: tooLarge}, nil
}

// Next returns the next part, io.EOF after the last one. It fails with Invalid
// too_many_parts, or like FormError.
func (f *Form) Next() (*multipart.Part, error) {
	part, err := f.parts.NextPart()
	switch {
	case err == io.EOF:
		return nil, err
	case err != nil && f.body.err != nil && f.body.err != io.EOF: //nolint:errorlint // the bare one is the end of the body
		return nil, FormError(f.body.err) // err has lost it if it is of a header that was cut
	case err != nil:
		return nil, FormError(err)
	case f.n == maxFormParts:
		return nil, errs.New(errs.Invalid, "too_many_parts", "A form has at most %d parts.", maxFormParts)
	}
	f.n++
	return part, nil
}

// Drain reads the rest of the body: at its end, net/http detects a disconnect of
// the client.
func (f *Form) Drain() error {
	if _, err := io.Copy(io.Discard, f.body); err != nil {
		return FormError(err)
	}
	return nil
}

// Save writes a part to a file and scans it meanwhile. Unlike io.Copy it
// distinguishes errors of the client from errors of the disk.
func (f *Form) Save(part io.Reader, file blob.Writer, counted *Upload) (sheet.ScanResult, error) {
	var scan sheet.Scanner
	chunk := make([]byte, uploadChunk)
	for {
		n, readErr := 0, error(nil)
		for n < len(chunk) && readErr == nil {
			var m int
			m, readErr = part.Read(chunk[n:])
			n += m
		}
		if file.Size()+int64(n) > f.limit {
			return sheet.ScanResult{}, f.over
		}
		if err := counted.Received(file.Size() + int64(n)); err != nil {
			return sheet.ScanResult{}, err
		}
		_, _ = scan.Write(chunk[:n]) // never fails
		if _, err := file.Write(chunk[:n]); err != nil {
			return sheet.ScanResult{}, err
		}
		if readErr == io.EOF { //nolint:errorlint // the bare one is the end of the part
			return scan.Result(), nil
		}
		if readErr != nil {
			return sheet.ScanResult{}, FormError(readErr)
		}
	}
}

// boundedReader fails with the error over after left bytes.
type boundedReader struct {
	next func([]byte) (int, error)
	left int64
	over error
	err  error // the last error of Read
}

func (b *boundedReader) Read(p []byte) (n int, err error) {
	defer func() { b.err = err }()
	if b.left <= 0 {
		return 0, b.over
	}
	n, err = b.next(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// FormError converts an error of reading a form to Invalid upload_truncated or
// bad_multipart.
func FormError(err error) error {
	switch {
	case errs.From(err) != nil:
		return err
	case IsStalled(err):
		return errs.New(errs.Invalid, "upload_truncated", "The upload timed out. Send it again.").Because(err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), isConnection(err):
		return errs.New(errs.Invalid, "upload_truncated", "The upload ended before the form was complete; send it again.").Because(err)
	default:
		return errs.New(errs.Invalid, "bad_multipart", "The form is not well-formed multipart/form-data.").Because(err)
	}
}

func isConnection(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, http.ErrBodyReadAfterClose) || strings.Contains(err.Error(), "connection reset")
}
