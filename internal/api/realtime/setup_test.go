package realtime_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/regulars/regulars/internal/app/apptest"
)

const waitAtMost = 40 * time.Second

// frame is a frame from the server.
type frame struct {
	Op           string         `json:"op"`
	Type         string         `json:"type"`
	Sequence     int64          `json:"sequence"`
	From         int64          `json:"from"`
	To           int64          `json:"to"`
	Oldest       int64          `json:"oldest"`
	ConnectionID string         `json:"connectionId"`
	CommunityID  string         `json:"communityId"`
	ChannelID    string         `json:"channelId"`
	Channels     []string       `json:"channels"`
	Reason       string         `json:"reason"`
	Code         string         `json:"code"`
	Ref          string         `json:"ref"`
	Heartbeat    int            `json:"heartbeat"`
	Data         map[string]any `json:"data"`
}

// connection is a WebSocket of a test.
type connection struct {
	*websocket.Conn
	t *testing.T
}

func dial(t *testing.T, a *apptest.App, query, token string, header ...string) (c *connection, status int, err error) {
	t.Helper()
	h := http.Header{}
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	conn, res, err := websocket.Dial(t.Context(), a.URL()+"/v1/realtime"+query, &websocket.DialOptions{Subprotocols: []string{"regulars.v1"}, HTTPHeader: h})
	if res != nil {
		status = res.StatusCode
		if res.Body != nil {
			_ = res.Body.Close() // read by Dial
		}
	}
	if err != nil {
		return nil, status, err
	}
	conn.SetReadLimit(-1)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &connection{conn, t}, status, nil
}

// connect opens a connection and returns it with the frame hello.
func connect(t *testing.T, a *apptest.App, query, token string) (*connection, frame) {
	t.Helper()
	c, _, err := dial(t, a, query, token)
	if err != nil {
		t.Fatal(err)
	}
	hello := c.next()
	if hello.Op != "hello" {
		t.Fatalf("%+v", hello)
	}
	return c, hello
}

// send sends a frame.
func (c *connection) send(format string, args ...any) {
	c.t.Helper()
	if err := c.Write(c.t.Context(), websocket.MessageText, fmt.Appendf(nil, format, args...)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *connection) read() (frame, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), waitAtMost)
	defer cancel()
	var f frame
	_, text, err := c.Read(ctx)
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	return f, err
}

// next returns the next frame other than counts and presence.
func (c *connection) next() frame {
	c.t.Helper()
	for {
		f, err := c.read()
		if err != nil {
			c.t.Fatal(err)
		}
		if f.Op != "now" || f.Type == "typing" {
			return f
		}
	}
}

// until returns the next frame of an op, and skips marks and other frames.
func (c *connection) until(op string) frame {
	c.t.Helper()
	for late := time.Now().Add(waitAtMost); ; {
		f := c.next()
		if f.Op == op {
			return f
		}
		if time.Now().After(late) { // marks keep coming
			c.t.Fatalf("no frame %s", op)
		}
		if f.Op == "error" {
			c.t.Fatalf("an error instead of %s: %+v", op, f)
		}
	}
}

// event returns the next event of a type.
func (c *connection) event(kind string) frame {
	c.t.Helper()
	for {
		if f := c.until("event"); f.Type == kind {
			return f
		}
	}
}

// closed returns the code with which the server closes the connection.
func (c *connection) closed() int {
	c.t.Helper()
	for {
		if _, err := c.read(); err != nil {
			if code := websocket.CloseStatus(err); code != -1 {
				return int(code)
			}
			c.t.Fatal(err)
		}
	}
}

// subscribe subscribes to channels and returns the answer.
func (c *connection) subscribe(channels ...string) frame {
	c.t.Helper()
	list, _ := json.Marshal(channels) // strings
	c.send(`{"op":"subscribe","channels":%s,"ref":"1"}`, list)
	return c.until("subscribed")
}

// call sends a request and returns the data of the response.
func call(t *testing.T, a *apptest.App, method, path, token, body string) map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, a.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := a.Client(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %s, %v", method, path, res.StatusCode, text, err)
	}
	var out struct{ Data map[string]any }
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out.Data
}

// channel creates a channel and returns its id.
func channel(t *testing.T, a *apptest.App, communityID, token, topic string, private bool) string {
	t.Helper()
	data := call(t, a, "POST", "/v1/channels", token, fmt.Sprintf(`{"communityId":%q,"topic":%q,"private":%v}`, communityID, topic, private))
	return data["_id"].(string)
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
