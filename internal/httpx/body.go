package httpx

import (
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
)

// BodyLimits bound the time to receive a request body; 0 means the default.
type BodyLimits struct {
	Anonymous time.Duration // whole body, until LiftBodyTimeout; default 30 seconds
	Idle      time.Duration // between two reads; default 60 seconds
	Discard   time.Duration // rest of a rejected body; default 5 seconds
}

// discardBytes is the part of a rejected body that is read before the connection
// is closed.
const discardBytes = 16 << 20

func (l BodyLimits) withDefaults() BodyLimits {
	if l.Anonymous <= 0 {
		l.Anonymous = 30 * time.Second
	}
	if l.Idle <= 0 {
		l.Idle = time.Minute
	}
	if l.Discard <= 0 {
		l.Discard = 5 * time.Second
	}
	return l
}

// requestBody sets read deadlines on the body of a request, and drains it before
// the response is written: many clients read the response only after they have
// sent the whole body, and unread bytes would reset the connection.
type requestBody struct {
	io.ReadCloser
	controller     *http.ResponseController
	limits         BodyLimits
	expectContinue bool      // the first Read sends 100 Continue
	deadline       time.Time // of the whole body; zero: none
	readDeadline   time.Time // as set on the connection

	started, eof, failed bool
}

// newRequestBody replaces the body of r; nil if it has none.
func newRequestBody(w http.ResponseWriter, r *http.Request, limits BodyLimits) *requestBody {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	b := &requestBody{ReadCloser: r.Body, controller: http.NewResponseController(w), limits: limits, expectContinue: r.Header.Get("Expect") != ""}
	b.deadline = systemNow().Add(limits.Anonymous)
	r.Body = b
	return b
}

// systemNow is the system time: deadlines of connections ignore a test clock.
func systemNow() time.Time { return clock.Clock{}.Now() }

func (b *requestBody) Read(p []byte) (int, error) {
	if b.eof {
		return 0, io.EOF
	}
	b.started = true
	if err := b.extendReadDeadline(b.limits.Idle); err != nil {
		b.failed = true
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == io.EOF:
		b.eof = true
		b.setReadDeadline(time.Time{}) // it would cancel the request
	case err != nil:
		b.failed = true
	}
	return n, err
}

// extendReadDeadline makes reads fail after a timeout, or at the deadline of the
// whole body. Changes below an eighth of the timeout are skipped: setting a
// deadline is expensive.
func (b *requestBody) extendReadDeadline(timeout time.Duration) error {
	deadline := systemNow().Add(timeout)
	if !b.deadline.IsZero() && b.deadline.Before(deadline) {
		deadline = b.deadline
	}
	if moved := deadline.Sub(b.readDeadline); moved > 0 && moved < timeout/8 {
		return nil
	}
	b.readDeadline = deadline
	if err := b.controller.SetReadDeadline(deadline); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

func (b *requestBody) setReadDeadline(at time.Time) {
	_ = b.controller.SetReadDeadline(at) // fails only if no deadline is supported
}

// drain discards the rest of the body before the response header h is written.
// If the rest exceeds the limits, the connection is closed after the response. A
// body that the client has not sent for lack of 100 Continue is not read.
func (b *requestBody) drain(h http.Header) {
	if b.eof {
		return
	}
	if !b.failed && (b.started || !b.expectContinue) && b.extendReadDeadline(b.limits.Discard) == nil {
		_, err := io.CopyN(io.Discard, b.ReadCloser, discardBytes+1)
		b.eof = errors.Is(err, io.EOF)
	}
	if b.eof {
		b.setReadDeadline(time.Time{})
		return
	}
	b.failed = true
	h.Set("Connection", "close")
	// Prevents net/http from reading more when it closes the body.
	b.setReadDeadline(time.Unix(1, 0))
}

// LiftBodyTimeout removes the time limit of the whole body, for a request with a
// valid credential. The idle timeout still applies.
func LiftBodyTimeout(r *http.Request) {
	if q := requestOf(r.Context()); q != nil && q.body != nil {
		q.body.deadline = time.Time{}
	}
}

// ReadBody reads the whole body. It returns errs.TooLarge "body_too_large" if the
// body exceeds limit bytes, and errs.Invalid "body_incomplete" if it ends early
// or times out.
func ReadBody(r *http.Request, limit int64) ([]byte, error) {
	tooLarge := errs.New(errs.TooLarge, "body_too_large", "The body is larger than %d bytes.", limit)
	if r.ContentLength > limit {
		return nil, tooLarge
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	switch {
	case int64(len(body)) > limit:
		return nil, tooLarge
	case err != nil:
		return nil, errs.New(errs.Invalid, "body_incomplete", "The body is incomplete. Send it again.").Because(err)
	}
	return body, nil
}

// IsStalled reports whether err is a timeout of reading a body.
func IsStalled(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// NewStallWriter returns a writer for long responses: each write has the timeout
// stall, and the response as a whole has none.
func NewStallWriter(w http.ResponseWriter, stall time.Duration) io.Writer {
	return &stallWriter{w, http.NewResponseController(w), stall}
}

type stallWriter struct {
	io.Writer
	controller *http.ResponseController
	stall      time.Duration
}

func (s *stallWriter) Write(b []byte) (int, error) {
	if err := s.controller.SetWriteDeadline(systemNow().Add(s.stall)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return s.Writer.Write(b)
}

// Download is the body of a file whose headers are set by Start before the first
// byte, so that an earlier error can be a normal response.
type Download struct {
	io.Writer
	Start func()
	begun bool
}

// Begun reports whether the response has started.
func (d *Download) Begun() bool { return d.begun }

// Begin starts the response, also of an empty file.
func (d *Download) Begin() {
	if !d.begun {
		d.begun = true
		d.Start()
	}
}

func (d *Download) Write(p []byte) (int, error) {
	d.Begin()
	return d.Writer.Write(p)
}
