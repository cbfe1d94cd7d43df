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

// BodyLimits bound the time that the body of a request takes to arrive; 0
// takes the default.
type BodyLimits struct {
	Anonymous time.Duration // the whole body, until Trust; 30 seconds
	Idle      time.Duration // without a byte; 60 seconds
	Discard   time.Duration // the rest of a body that is refused; 5 seconds
}

// discardBytes is how much of a refused body is read before the connection is
// closed.
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

// requestBody is the body of a request under Wrap. It sets the deadlines of its
// reads, and is read to its end before an answer goes out: many clients look
// for the answer only when they have sent all, and a connection with unread
// bytes would be reset under it.
type requestBody struct {
	io.ReadCloser
	control *http.ResponseController
	limits  BodyLimits
	expects bool      // the client sends the body after 100 Continue, which the first Read causes
	until   time.Time // of the whole body; zero: no limit
	next    time.Time // the deadline that is set

	begun, ended, failed bool
}

// newRequestBody puts limits on the body of r; nil if it has none.
func newRequestBody(w http.ResponseWriter, r *http.Request, limits BodyLimits) *requestBody {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	b := &requestBody{ReadCloser: r.Body, control: http.NewResponseController(w), limits: limits, expects: r.Header.Get("Expect") != ""}
	b.until = systemNow().Add(limits.Anonymous)
	r.Body = b
	return b
}

// systemNow is the time of the machine: deadlines are not those of a test.
func systemNow() time.Time { return clock.Clock{}.Now() }

func (b *requestBody) Read(p []byte) (int, error) {
	if b.ended {
		return 0, io.EOF
	}
	b.begun = true
	if err := b.expire(b.limits.Idle); err != nil {
		b.failed = true
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == io.EOF:
		b.ended = true
		b.setDeadline(time.Time{}) // else it would end the request
	case err != nil:
		b.failed = true
	}
	return n, err
}

// expire makes reads fail after so long, or when the whole body is overdue. A
// deadline is moved by an eighth or more, because to move one costs time.
func (b *requestBody) expire(after time.Duration) error {
	deadline := systemNow().Add(after)
	if !b.until.IsZero() && b.until.Before(deadline) {
		deadline = b.until
	}
	if moved := deadline.Sub(b.next); moved > 0 && moved < after/8 {
		return nil
	}
	b.next = deadline
	if err := b.control.SetReadDeadline(deadline); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

func (b *requestBody) setDeadline(at time.Time) {
	_ = b.control.SetReadDeadline(at) // only fails where no deadline could be set before either
}

// finish reads the rest of the body, within limits, before the header h of the
// answer is written. Beyond them the connection is closed after the answer. The
// rest of a body that the client holds back until 100 Continue is not asked for.
func (b *requestBody) finish(h http.Header) {
	if b.ended {
		return
	}
	if !b.failed && (b.begun || !b.expects) && b.expire(b.limits.Discard) == nil {
		_, err := io.CopyN(io.Discard, b.ReadCloser, discardBytes+1)
		b.ended = errors.Is(err, io.EOF)
	}
	if b.ended {
		b.setDeadline(time.Time{})
		return
	}
	b.failed = true
	h.Set("Connection", "close")
	// net/http would read on for a while when it closes the body.
	b.setDeadline(time.Unix(1, 0))
}

// Trust lifts the limit on the time of the whole body: the request carries a
// valid credential. A body that stops is still ended.
func Trust(r *http.Request) {
	if q := requestOf(r.Context()); q != nil && q.body != nil {
		q.body.until = time.Time{}
	}
}

// ReadBody reads the whole body, at most limit bytes of it: errs.TooLarge
// "body_too_large" beyond, errs.Invalid "body_incomplete" when it ends early
// or stops.
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
		return nil, errs.New(errs.Invalid, "body_incomplete", "The body ended before it was whole; send it again.").Because(err)
	}
	return body, nil
}

// IsStalled reports whether reading a body failed because it took too long.
func IsStalled(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// Patient gives a long answer as much time as it needs, while the client
// takes at least something every stall.
func Patient(w http.ResponseWriter, stall time.Duration) io.Writer {
	return &patientWriter{w, http.NewResponseController(w), stall}
}

type patientWriter struct {
	io.Writer
	control *http.ResponseController
	stall   time.Duration
}

func (p *patientWriter) Write(b []byte) (int, error) {
	if err := p.control.SetWriteDeadline(systemNow().Add(p.stall)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return p.Writer.Write(b)
}
