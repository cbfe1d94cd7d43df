package httpx

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/regulars/regulars/internal/errs"
)

const (
	heartbeat   = 15 * time.Second // below the idle timeout of common proxies
	streamStall = 30 * time.Second
)

// Stream is a response of server-sent events. It is safe for concurrent use.
type Stream struct {
	mu         sync.Mutex
	out        io.Writer
	controller *http.ResponseController
	stop       chan struct{}
	heartbeats sync.WaitGroup
}

// NewStream starts the response and sends heartbeats until Close, which the caller
// must call.
func NewStream(w http.ResponseWriter, _ *http.Request) (*Stream, error) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // disables buffering in nginx
	s := &Stream{out: NewStallWriter(w, streamStall), controller: http.NewResponseController(w), stop: make(chan struct{})}
	if err := s.write([]byte(": open\n\n")); err != nil {
		return nil, fmt.Errorf("start stream: %w", err)
	}
	s.heartbeats.Go(s.sendHeartbeats)
	return s, nil
}

// Send sends an event with v as JSON data. An error means that the client has
// disconnected.
func (s *Stream) Send(event string, v any) error {
	data, err := json.Marshal(v) // without line breaks
	if err != nil {
		return fmt.Errorf("encode event %s: %w", event, err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "event: %s\ndata: %s\n\n", event, data)
	return s.write(b.Bytes())
}

// Dropped is the data of the event "dropped", which ends a stream after a loss of
// access.
type Dropped struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Drop sends the event "dropped".
func (s *Stream) Drop(reason error) {
	d := Dropped{Code: "internal_error"}
	if e := errs.From(reason); e != nil {
		d = Dropped{Code: e.Code, Message: e.Message}
	}
	_ = s.Send("dropped", d) // the client may have disconnected
}

// Close stops the heartbeats. The response ends with its handler.
func (s *Stream) Close() {
	close(s.stop)
	s.heartbeats.Wait()
}

func (s *Stream) sendHeartbeats() {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			if s.write([]byte(": still here\n\n")) != nil {
				return // the next Send fails too
			}
		}
	}
}

func (s *Stream) write(p []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.out.Write(p); err != nil {
		return err
	}
	if err := s.controller.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}
