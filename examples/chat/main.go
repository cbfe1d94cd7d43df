// Command chat posts a message in a channel and prints those of the community as they
// arrive, each once, also after a lost connection.
//
//	URL=http://localhost:3333 TOKEN=... CHANNEL=... go run ./examples/chat "Hello"
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

var base, token, channel = os.Getenv("URL"), os.Getenv("TOKEN"), os.Getenv("CHANNEL")

// frame is a frame of the server.
type frame struct {
	Op       string
	Sequence int64
	Type     string
	Data     json.RawMessage
}

func main() {
	position, text := int64(-1), strings.Join(os.Args[1:], " ")
	for {
		err := follow(context.Background(), &position, text)
		switch websocket.CloseStatus(err) {
		case 4001, 4003, 4009:
			log.Fatal(err)
		}
		time.Sleep(rand.N(5 * time.Second))
	}
}

// follow shows events until the connection ends. position is the highest sequence that
// was processed, -1 at first.
func follow(ctx context.Context, position *int64, text string) error {
	//nolint:bodyclose // websocket.Dial says that it need not be closed
	conn, _, err := websocket.Dial(ctx, base+"/v1/realtime", &websocket.DialOptions{
		Subprotocols: []string{"regulars.v1"}, HTTPHeader: http.Header{"Authorization": {"Bearer " + token}},
	})
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	var newest int64 // sequence of the community when the connection began
	for {
		var f frame
		if err := wsjson.Read(ctx, conn, &f); err != nil {
			return err
		}
		switch {
		case f.Op == "hello":
			newest = f.Sequence
			err = start(ctx, conn, position, f.Sequence, text)
		case f.Op == "event" && f.Sequence > *position:
			show(f)
			*position = f.Sequence
		case f.Op == "mark":
			*position = max(*position, f.Sequence)
		case f.Op == "gap":
			*position = newest // too old to resume: read the list of messages
		}
		if err != nil {
			return err
		}
	}
}

// start subscribes to all channels, and continues after the position.
func start(ctx context.Context, conn *websocket.Conn, position *int64, newest int64, text string) error {
	if err := wsjson.Write(ctx, conn, map[string]any{"op": "subscribe", "channels": []string{"*"}}); err != nil {
		return err
	}
	if *position >= 0 {
		return wsjson.Write(ctx, conn, map[string]any{"op": "resume", "after": *position})
	}
	*position = newest
	return post(ctx, text)
}

func show(f frame) {
	var data struct {
		Message struct {
			Message string
			User    struct{ Username string }
		}
	}
	if f.Type == "message.posted" && json.Unmarshal(f.Data, &data) == nil {
		fmt.Fprintf(os.Stdout, "%s: %s\n", data.Message.User.Username, data.Message.Message)
	}
}

// post sends a message. A repetition of the request posts nothing twice.
func post(ctx context.Context, text string) error {
	body, err := json.Marshal(map[string]string{"channelId": channel, "message": text, "nonce": fmt.Sprint(rand.Int64())})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v1/messages/send", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("post: %s", answer.Status)
	}
	return nil
}
