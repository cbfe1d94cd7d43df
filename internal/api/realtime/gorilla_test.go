package realtime_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/regulars/regulars/internal/app/apptest"
)

// A client of another library has the same view of frames, pings and close codes.
func TestClientOfAnotherLibraryIsServed(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, owner := openCommunity(t, a)
		_, ada := joined(t, a, home, "ada")
		lobby := channel(t, a, home, owner, "lobby", false)
		settle(t, a, home)
		dialer := websocket.Dialer{Subprotocols: []string{"regulars.v1"}, EnableCompression: true} // which the server declines
		conn, response, err := dialer.DialContext(t.Context(), strings.Replace(a.URL(), "http", "ws", 1)+"/v1/realtime", http.Header{"Authorization": {"Bearer " + ada}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _, _ = conn.Close(), response.Body.Close() }() // closed by the server
		if conn.Subprotocol() != "regulars.v1" || response.Header.Get("Sec-WebSocket-Extensions") != "" {
			t.Errorf("%q, %v", conn.Subprotocol(), response.Header)
		}
		pongs := make(chan string, 1)
		conn.SetPongHandler(func(payload string) error { pongs <- payload; return nil })
		if err := errors.Join(conn.SetReadDeadline(time.Now().Add(waitAtMost)), conn.WriteMessage(websocket.PingMessage, []byte("p")),
			conn.WriteMessage(websocket.TextMessage, []byte(`{"op":"subscribe","channels":["*"]}`))); err != nil {
			t.Fatal(err)
		}
		until := func(op string) (f frame) {
			t.Helper()
			for f.Op != op {
				f = frame{}
				if err := conn.ReadJSON(&f); err != nil {
					t.Fatal(err)
				}
			}
			return f
		}
		hello := until("hello")
		until("subscribed")
		rename(t, a, home, owner, lobby, "1")
		if f := until("event"); f.Sequence != hello.Sequence+1 || f.ChannelID != lobby {
			t.Errorf("%+v", f)
		}
		select {
		case payload := <-pongs:
			if payload != "p" {
				t.Errorf("pong %q", payload)
			}
		default:
			t.Error("no pong before the event")
		}
		if err := a.Accounts.Sessions.SignOut(t.Context(), ada); err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, _, err = conn.ReadMessage()
		}
		if !websocket.IsCloseError(err, 4009) {
			t.Error(err)
		}
	})
}
