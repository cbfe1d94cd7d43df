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

// Moving replaces r.Body by one that may take as long as it likes as a whole,
// but not longer than stall for the next byte. Call the returned function when
// the body is read: a deadline that stays behind would end the request.
func Moving(w http.ResponseWriter, r *http.Request, stall time.Duration) (done func()) {
	control := http.NewResponseController(w)
	r.Body = &movingBody{r.Body, control, stall}
	return func() { _ = control.SetReadDeadline(time.Time{}) } // only fails where no deadline could be set either
}

type movingBody struct {
	io.ReadCloser
	control *http.ResponseController
	stall   time.Duration
}

func (b *movingBody) Read(p []byte) (int, error) {
	var system clock.Clock // deadlines are of the machine, not of a test
	if err := b.control.SetReadDeadline(system.Now().Add(b.stall)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return b.ReadCloser.Read(p)
}

// ReadBody reads the whole body, at most limit bytes of it: errs.TooLarge
// "body_too_large" beyond, errs.Invalid "body_incomplete" when it ends early
// or stands still.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	tooLarge := errs.New(errs.TooLarge, "body_too_large", "The body is larger than %d bytes.", limit)
	if r.ContentLength > limit {
		return nil, tooLarge
	}
	defer Moving(w, r, 30*time.Second)()
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	switch {
	case int64(len(body)) > limit:
		return nil, tooLarge
	case err != nil:
		return nil, errs.New(errs.Invalid, "body_incomplete", "The body ended before it was whole; send it again.").Because(err)
	}
	return body, nil
}

// Drain takes what a client is still sending of a body that is refused, within
// bounds: many clients look for the answer only when they have sent all, and
// would see a broken connection instead. Call it before the answer is written.
func Drain(w http.ResponseWriter, r *http.Request, body io.Reader) {
	if r.Header.Get("Expect") != "" {
		return // such a client waits for the answer; reading would ask it to send
	}
	var system clock.Clock
	control := http.NewResponseController(w)
	if control.SetReadDeadline(system.Now().Add(drainFor)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, body, drainMost) // as far as it goes
	_ = control.SetReadDeadline(time.Time{})     // worked a moment ago
}

const (
	drainFor  = 5 * time.Second
	drainMost = 64 << 20
)

// IsStalled reports whether reading a Moving body failed because no byte came.
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
	var system clock.Clock
	if err := p.control.SetWriteDeadline(system.Now().Add(p.stall)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return p.Writer.Write(b)
}
