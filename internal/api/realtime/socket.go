package realtime

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/live"
	"github.com/regulars/regulars/internal/sqldb"
)

// Limits of a WebSocket.
const (
	authTimeout     = 10 * time.Second
	maxFrame        = 64 << 10 // bytes of a frame from a client
	framesPerSecond = 20
	sendTimeout     = time.Minute
	codeNotText     = live.Code(websocket.StatusUnsupportedData)
	codeBadText     = live.Code(websocket.StatusInvalidFramePayloadData)

	// The buffers of net/http have 4 KiB each. The one for writing fits the head and the
	// content of a control frame.
	readBuffer, writeBuffer = 256, 2 + 125
)

// upgrade serves a WebSocket. A credential in the headers is checked before the
// connection is upgraded, so that a rejection is an ordinary response.
func (h *handlers) upgrade(c *api.Call) {
	if !offers(c.R, protocol) {
		httpx.WriteError(c.W, c.R, errs.New(errs.Invalid, "subprotocol_required", "Offer the WebSocket sub-protocol %s.", protocol))
		return
	}
	given := token(c.R)
	var ctx context.Context
	if given != "" {
		var err error
		if ctx, err = c.Admit(given); err == nil {
			err = h.hub.CheckRoom(actor.FromContext(ctx))
		}
		if err != nil {
			httpx.WriteError(c.W, c.R, err)
			return
		}
	}
	s, err := accept(c.W, c.R)
	if err != nil {
		return // accept has responded
	}
	if ctx == nil {
		if ctx, err = s.authenticate(c); err != nil {
			s.reject(err)
			return
		}
	}
	caller := actor.FromContext(ctx)
	client, err := h.hub.Connect(ctx, caller, caller.CommunityID, s)
	if err != nil {
		s.reject(err)
		return
	}
	s.client.Store(client)
	// The goroutine of the request has a larger stack and the buffers of its headers.
	h.hub.Go(func() { s.serve(client) })
}

func offers(r *http.Request, protocol string) bool {
	return slices.ContainsFunc(strings.Split(strings.Join(r.Header.Values("Sec-WebSocket-Protocol"), ","), ","),
		func(one string) bool { return strings.TrimSpace(one) == protocol })
}

// socket is a WebSocket. It is a live.Transport.
type socket struct {
	conn   *websocket.Conn
	client atomic.Pointer[live.Client] // nil until it has connected
	net    *wire
	rest   io.Reader // of the frame that is not allowed
	recent frameCounter
}

// wire is the connection below a WebSocket. The library reads, and writes control frames;
// messages are written past it, as bytes that all clients share, without a buffer for each.
type wire struct {
	net.Conn
	mu      sync.Mutex // of writes: a frame is one write
	closing bool       // a close frame was written, which is the last one
}

// Write writes a control frame of the library.
func (w *wire) Write(frame []byte) (int, error) {
	const finalClose = 0x88
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closing = w.closing || len(frame) > 0 && frame[0] == finalClose
	return w.Conn.Write(frame)
}

// send writes a message. It fails with net.ErrClosed after a close frame.
func (w *wire) send(message []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closing {
		return net.ErrClosed
	}
	if err := w.SetWriteDeadline(clock.Clock{}.Now().Add(sendTimeout)); err != nil {
		return err
	}
	_, err := w.Conn.Write(message)
	return err
}

// smallWriter hijacks connections with small buffers.
type smallWriter struct {
	http.ResponseWriter
	conn *wire
}

// Hijack implements http.Hijacker.
func (w *smallWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.conn = &wire{Conn: conn}
	begun, _ := buffers.Reader.Peek(buffers.Reader.Buffered()) // buffered: the client did not wait
	reader := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(begun), conn), max(readBuffer, len(begun)))
	_, _ = reader.Peek(len(begun)) // Accept finds buffered bytes only
	return w.conn, bufio.NewReadWriter(reader, bufio.NewWriterSize(w.conn, writeBuffer)), nil
}

// Unwrap supports http.ResponseController.
func (w *smallWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func accept(w http.ResponseWriter, r *http.Request) (*socket, error) {
	s, small := &socket{}, &smallWriter{ResponseWriter: w}
	conn, err := websocket.Accept(small, r, &websocket.AcceptOptions{
		Subprotocols: []string{protocol}, CompressionMode: websocket.CompressionDisabled,
		InsecureSkipVerify: true, // a cookie counts only with the origin of this server, see token
		OnPingReceived:     func(context.Context, []byte) bool { return s.count() || s.flooded() },
	})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(-1) // see read
	s.conn, s.net = conn, small.conn
	return s, nil
}

// Send implements live.Transport.
func (s *socket) Send(f *live.Frame) error { return s.net.send(f.WebSocket()) }

// Close implements live.Transport.
func (s *socket) Close(code live.Code, reason string) {
	_ = s.conn.Close(websocket.StatusCode(code), reason) // the client may have disconnected
}

// Abort implements live.Transport.
func (s *socket) Abort() { _ = s.net.Close() }

// reject ends a connection whose token was rejected.
func (s *socket) reject(err error) {
	code, message := "unavailable", "The server is temporarily unavailable. Try again in a moment."
	if e := errs.From(err); e != nil {
		code, message = e.Code, e.Message
	}
	_ = s.Send(live.NewError(code, message, "")) // the client may have disconnected
	s.Close(codeOf(err), code)
}

// authenticate reads the first frame, which has the token.
func (s *socket) authenticate(c *api.Call) (context.Context, error) {
	late := time.AfterFunc(authTimeout, func() { s.Close(live.CodeUnauthenticated, "no token") })
	frame, code, err := s.read()
	if !late.Stop() || err != nil {
		if code != 0 {
			s.Close(code, "bad frame")
		}
		return nil, actor.AuthenticationRequired()
	}
	var in struct {
		Op    string `json:"op"`
		Token string `json:"token"`
	}
	if json.Unmarshal(frame, &in) != nil || in.Op != "auth" || in.Token == "" {
		return nil, actor.AuthenticationRequired()
	}
	return c.Admit(in.Token)
}

// serve handles the frames of a client until the connection ends.
func (s *socket) serve(client *live.Client) {
	defer client.Leave()
	ctx := sqldb.Interactive(context.Background())
	for {
		frame, code, err := s.read()
		if code != 0 {
			client.Close(code, err.Error())
			s.drain()
			return
		}
		if err != nil {
			s.Abort()
			return
		}
		// A goroutine of its own for each frame: the stack of this one stays small.
		handled := make(chan struct{})
		go func() {
			defer close(handled)
			client.Handle(ctx, frame)
		}()
		<-handled
	}
}

// drain reads until the connection has ended, so that the client receives the close
// frame.
func (s *socket) drain() {
	for r, err := s.rest, error(nil); err == nil; _, r, err = s.conn.Reader(context.Background()) {
		_, _ = io.Copy(io.Discard, r) // the next Reader fails too
	}
}

var (
	errTooMany  = errors.New("too many frames")
	errTooLarge = errors.New("frame too large")
	errNotText  = errors.New("frames are text")
	errBadText  = errors.New("invalid UTF-8")
)

// read reads a frame. code closes the connection if the frame is not allowed.
func (s *socket) read() (frame []byte, code live.Code, err error) {
	kind, r, err := s.conn.Reader(context.Background())
	if err != nil {
		return nil, 0, err
	}
	s.rest = r
	if !s.count() {
		return nil, live.CodeTooSlow, errTooMany
	}
	if frame, err = io.ReadAll(io.LimitReader(r, maxFrame+1)); err != nil {
		return nil, 0, err
	}
	switch {
	case len(frame) > maxFrame:
		return nil, live.CodeTooSlow, errTooLarge
	case kind != websocket.MessageText:
		return nil, codeNotText, errNotText
	case !utf8.Valid(frame):
		return nil, codeBadText, errBadText
	}
	return frame, 0, nil
}

// count counts a frame or a ping of the client. It returns false over the limit.
func (s *socket) count() bool {
	return s.recent.allow(clock.Monotonic())
}

// flooded closes the connection after too many pings. It returns false: a ping that is
// not answered.
func (s *socket) flooded() (answer bool) {
	if client := s.client.Load(); client != nil {
		client.Close(live.CodeTooSlow, errTooMany.Error())
	} else {
		s.Abort()
	}
	return false
}

// frameCounter counts the frames of about the last second: those of the current one, and
// of the one before the part that the last second reaches into.
type frameCounter struct {
	mu              sync.Mutex
	second          time.Duration // the current one
	frames, earlier int
}

// allow counts a frame. It returns false over the limit.
func (f *frameCounter) allow(now time.Duration) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch second := now.Truncate(time.Second); second {
	case f.second:
	case f.second + time.Second:
		f.second, f.frames, f.earlier = second, 0, f.frames
	default:
		f.second, f.frames, f.earlier = second, 0, 0
	}
	f.frames++
	rest := time.Second - (now - f.second)
	return f.frames+int(time.Duration(f.earlier)*rest/time.Second) <= framesPerSecond
}
