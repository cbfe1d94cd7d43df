package realtime

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/live"
)

// stream serves server-sent events.
func (h *handlers) stream(c *api.Call) {
	ctx, err := c.Admit(token(c.R))
	if err != nil {
		httpx.WriteError(c.W, c.R, err)
		return
	}
	after, resumes, err := position(c.R)
	if err != nil {
		httpx.WriteError(c.W, c.R, err)
		return
	}
	s := newStream(c.W, resumes)
	caller := actor.FromContext(ctx)
	client, err := h.hub.Connect(ctx, caller, caller.CommunityID, s)
	if err != nil {
		httpx.WriteError(c.W, c.R, err)
		return
	}
	defer s.end()
	defer client.Leave()
	if err := client.Subscribe(ctx, channels(c.R)); err != nil {
		httpx.WriteError(c.W, c.R, err)
		return
	}
	s.start()
	if resumes {
		client.Resume(ctx, after)
	} else {
		client.Begin(ctx)
	}
	select {
	case <-ctx.Done():
	case <-s.closed:
	}
}

// channels returns the channels that a stream subscribes to.
func channels(r *http.Request) []string {
	var list []string
	for _, name := range strings.Split(r.URL.Query().Get("channels"), ",") {
		if name = strings.TrimSpace(name); name != "" {
			list = append(list, name)
		}
	}
	if len(list) == 0 {
		return []string{"*"}
	}
	return list
}

// position returns the sequence after which a stream resumes.
func position(r *http.Request) (after int64, resumes bool, err error) {
	given := r.Header.Get("Last-Event-ID")
	if given == "" {
		given = r.URL.Query().Get("after")
	}
	if given == "" {
		return 0, false, nil
	}
	after, err = strconv.ParseInt(given, 10, 64)
	if err != nil || after < 0 {
		return 0, false, errs.InvalidFields([]errs.Field{errs.Wrong("after", "invalid", "after is a sequence: an integer from 0.")})
	}
	return after, true, nil
}

// eventStream is a response of server-sent events. It is a live.Transport.
type eventStream struct {
	out        io.Writer
	controller *http.ResponseController
	resumes    bool          // the position of hello is not that of the client
	started    chan struct{} // closed once the response has begun, or was ended
	closed     chan struct{} // closed by Close and Abort
	once       sync.Once     // of closed

	mu    sync.Mutex
	ended bool
	w     http.ResponseWriter
}

func newStream(w http.ResponseWriter, resumes bool) *eventStream {
	return &eventStream{out: httpx.NewStallWriter(w, sendTimeout), controller: http.NewResponseController(w), resumes: resumes, started: make(chan struct{}), closed: make(chan struct{}), w: w}
}

// start begins the response.
func (s *eventStream) start() {
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // disables buffering in nginx
	close(s.started)
}

// end forbids writes, before the handler returns.
func (s *eventStream) end() {
	s.Abort()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
}

// Send implements live.Transport.
func (s *eventStream) Send(f *live.Frame) error {
	select {
	case <-s.started:
		return s.write(s.encode(f))
	case <-s.closed:
		return io.ErrClosedPipe
	}
}

func (s *eventStream) write(text []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return io.ErrClosedPipe
	}
	if _, err := s.out.Write(text); err != nil {
		return err
	}
	return s.controller.Flush()
}

// encode returns a frame as server-sent events write it.
func (s *eventStream) encode(f *live.Frame) []byte {
	var b bytes.Buffer
	switch f.Op {
	case live.OpHello:
		b.WriteString(": hello\n")
		if !s.resumes {
			fmt.Fprintf(&b, "id: %d\n", f.Sequence)
		}
	case live.OpMark:
		fmt.Fprintf(&b, ": mark\nid: %d\n", f.Sequence)
	case live.OpEvent:
		fmt.Fprintf(&b, "id: %d\nevent: %s\ndata: %s\n", f.Sequence, f.Type, f.Data)
	case live.OpNow:
		fmt.Fprintf(&b, "event: %s\ndata: %s\n", f.Type, f.Data)
	case live.OpSubscribed:
		b.WriteString(": subscribed\n")
	case live.OpResumed:
		fmt.Fprintf(&b, ": resumed\nid: %d\n", f.Sequence)
	default:
		fmt.Fprintf(&b, "event: %s\ndata: %s\n", f.Op, f.JSON)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// Close implements live.Transport.
func (s *eventStream) Close(code live.Code, reason string) {
	_ = s.write(fmt.Appendf(nil, "event: close\ndata: {\"code\":%d,\"reason\":%q}\n\n", code, reason)) // the client may have disconnected
	s.once.Do(func() { close(s.closed) })
}

// Abort implements live.Transport.
func (s *eventStream) Abort() {
	s.once.Do(func() { close(s.closed) })
	_ = s.controller.SetWriteDeadline(clock.Clock{}.Now().Add(-time.Second)) // ends a write
}
