package realtime_test

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/gorilla/websocket"

	"github.com/regulars/regulars/internal/app/apptest"
)

// library is a connection of a client of another library.
type library struct {
	ping func(payload string) error
	send func(text string) error
	// read returns the next text. pong is called with the payload of a pong before.
	read     func(pong func(payload string)) ([]byte, error)
	isClosed func(err error, code int) bool // by the server with a code
}

// libraries connect with a token.
var libraries = map[string]func(t *testing.T, url, token string) library{"gorilla": gorilla, "gobwas": gobwas}

func gorilla(t *testing.T, url, token string) library {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"regulars.v1"}, EnableCompression: true} // which the server declines
	conn, response, err := dialer.DialContext(t.Context(), url, http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = conn.Close(), response.Body.Close() }) // closed by the server
	if conn.Subprotocol() != "regulars.v1" || response.Header.Get("Sec-WebSocket-Extensions") != "" {
		t.Errorf("%q, %v", conn.Subprotocol(), response.Header)
	}
	if err := conn.SetReadDeadline(time.Now().Add(waitAtMost)); err != nil {
		t.Fatal(err)
	}
	return library{
		ping: func(payload string) error { return conn.WriteMessage(websocket.PingMessage, []byte(payload)) },
		send: func(text string) error { return conn.WriteMessage(websocket.TextMessage, []byte(text)) },
		read: func(pong func(string)) ([]byte, error) {
			conn.SetPongHandler(func(payload string) error { pong(payload); return nil })
			_, text, err := conn.ReadMessage()
			return text, err
		},
		isClosed: func(err error, code int) bool { return websocket.IsCloseError(err, code) },
	}
}

func gobwas(t *testing.T, url, token string) library {
	t.Helper()
	dialer := ws.Dialer{Protocols: []string{"regulars.v1"}, Header: ws.HandshakeHeaderHTTP{"Authorization": {"Bearer " + token}}}
	conn, early, shake, err := dialer.Dial(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // closed by the server
	if shake.Protocol != "regulars.v1" || len(shake.Extensions) != 0 {
		t.Errorf("%+v", shake)
	}
	if err := conn.SetReadDeadline(time.Now().Add(waitAtMost)); err != nil {
		t.Fatal(err)
	}
	frames := io.Reader(conn)
	if early != nil { // has frames that came with the handshake
		frames = early
	}
	return library{
		ping: func(payload string) error { return wsutil.WriteClientMessage(conn, ws.OpPing, []byte(payload)) },
		send: func(text string) error { return wsutil.WriteClientText(conn, []byte(text)) },
		read: func(pong func(string)) ([]byte, error) { return nextText(frames, conn, pong) },
		isClosed: func(err error, code int) bool {
			var closed wsutil.ClosedError
			return errors.As(err, &closed) && int(closed.Code) == code
		},
	}
}

// nextText reads messages until a text, and answers those of control.
func nextText(from io.Reader, conn net.Conn, pong func(payload string)) ([]byte, error) {
	for {
		list, err := wsutil.ReadServerMessage(struct {
			io.Reader
			io.Writer
		}{from, conn}, nil)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			switch m.OpCode {
			case ws.OpText:
				return m.Payload, nil
			case ws.OpPong:
				pong(string(m.Payload))
			default:
				if err := wsutil.HandleServerControlMessage(conn, m); err != nil {
					return nil, err
				}
			}
		}
	}
}

// Clients of other libraries have the same view of frames, pings and close codes.
func TestClientsOfOtherLibrariesAreServed(t *testing.T) {
	for name, connect := range libraries {
		apptest.Each(t, func(t *testing.T, a *apptest.App) {
			home, owner := openCommunity(t, a)
			_, ada := joined(t, a, home, "ada")
			lobby := channel(t, a, home, owner, "lobby", false)
			settle(t, a, home)
			client := connect(t, strings.Replace(a.URL(), "http", "ws", 1)+"/v1/realtime", ada)
			if err := errors.Join(client.ping("p"), client.send(`{"op":"subscribe","channels":["*"]}`)); err != nil {
				t.Fatal(name, err)
			}
			var pongs []string
			until := func(op string) (f frame) {
				t.Helper()
				for f.Op != op {
					text, err := client.read(func(payload string) { pongs = append(pongs, payload) })
					if f = (frame{}); err == nil {
						err = json.Unmarshal(text, &f)
					}
					if err != nil {
						t.Fatal(name, err)
					}
				}
				return f
			}
			hello := until("hello")
			until("subscribed")
			rename(t, a, home, owner, lobby, "1")
			if f := until("event"); f.Sequence != hello.Sequence+1 || f.ChannelID != lobby {
				t.Errorf("%s: %+v", name, f)
			}
			if len(pongs) != 1 || pongs[0] != "p" {
				t.Errorf("%s: pongs %q before the event", name, pongs)
			}
			if err := a.Accounts.Sessions.SignOut(t.Context(), ada); err != nil {
				t.Fatal(err)
			}
			var err error
			for err == nil {
				_, err = client.read(func(string) {})
			}
			if !client.isClosed(err, 4009) {
				t.Error(name, err)
			}
		})
	}
}
