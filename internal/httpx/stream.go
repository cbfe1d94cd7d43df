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
)

const (
	heartbeat   = 15 * time.Second // shorter than the patience of usual proxies
	streamStall = 30 * time.Second
)

// Stream is an answer of server-sent events. Send may be called by many at
// once.
type Stream struct {
	mu      sync.Mutex
	out     io.Writer
	control *http.ResponseController
	stop    chan struct{}
	beats   sync.WaitGroup
}

// NewStream starts the answer and keeps it alive with comments until Close,
// which the caller owes.
func NewStream(w http.ResponseWriter, _ *http.Request) (*Stream, error) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	s := &Stream{out: Patient(w, streamStall), control: http.NewResponseController(w), stop: make(chan struct{})}
	if err := s.write([]byte(": open\n\n")); err != nil {
		return nil, fmt.Errorf("start stream: %w", err)
	}
	s.beats.Go(s.beat)
	return s, nil
}

// Send sends one event with v as its data in JSON. An error means that the
// client is gone.
func (s *Stream) Send(event string, v any) error {
	data, err := json.Marshal(v) // never holds a line break
	if err != nil {
		return fmt.Errorf("encode event %s: %w", event, err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "event: %s\ndata: %s\n\n", event, data)
	return s.write(b.Bytes())
}

// Close ends the heartbeats. The answer itself ends with its handler.
func (s *Stream) Close() {
	close(s.stop)
	s.beats.Wait()
}

func (s *Stream) beat() {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			if s.write([]byte(": still here\n\n")) != nil {
				return // the next Send sees it too
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
	if err := s.control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}
