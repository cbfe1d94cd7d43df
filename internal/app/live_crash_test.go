package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/regulars/regulars/internal/app"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// posted is a message that a follower has received.
type posted struct {
	sequence  int64
	messageID string
}

// follower is a client of /v1/realtime that connects again and resumes after each end
// of its connection.
type follower struct {
	name, url, token string
	connect          func(ctx context.Context, f *follower) error

	connections atomic.Int64
	position    atomic.Int64 // highest sequence of events and marks; -1: none yet
	mu          sync.Mutex
	got         []posted
	problems    []string
}

// follow starts a follower that runs until the end of the test.
func follow(t *testing.T, name, url, token string, connect func(ctx context.Context, f *follower) error) *follower {
	t.Helper()
	f := &follower{name: name, url: url, token: token, connect: connect}
	f.position.Store(-1)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		pause := time.NewTicker(10 * time.Millisecond)
		defer pause.Stop()
		for ctx.Err() == nil {
			_ = f.connect(ctx, f) // faults are the purpose of the test
			select {
			case <-pause.C:
			case <-ctx.Done():
			}
		}
	}()
	t.Cleanup(func() { stop(); <-ended })
	poll(t, "the first frame of "+name, func() bool { return f.position.Load() >= 0 })
	return f
}

func (f *follower) problem(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.problems = append(f.problems, fmt.Sprintf(format, args...))
}

// receive records an event.
func (f *follower) receive(kind string, sequence int64, data json.RawMessage) {
	if sequence <= f.position.Load() {
		f.problem("%s with sequence %d at position %d", kind, sequence, f.position.Load())
	}
	f.position.Store(max(f.position.Load(), sequence))
	if kind != "message.posted" {
		return
	}
	var in struct{ Message struct{ ID string } }
	if err := json.Unmarshal(data, &in); err != nil {
		f.problem("%v: %s", err, data)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got = append(f.got, posted{sequence, in.Message.ID})
}

// byWebSocket follows a WebSocket until it ends.
func byWebSocket(ctx context.Context, f *follower) error {
	conn, response, err := websocket.Dial(ctx, f.url+"/v1/realtime", &websocket.DialOptions{Subprotocols: []string{"regulars.v1"}, HTTPHeader: http.Header{"Authorization": {"Bearer " + f.token}}})
	if response != nil && response.Body != nil {
		_ = response.Body.Close() // read by Dial
	}
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }() // it has ended
	conn.SetReadLimit(-1)
	f.connections.Add(1)
	for {
		_, text, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		var in struct {
			Op, Type string
			Sequence int64
			Data     json.RawMessage
		}
		if err := json.Unmarshal(text, &in); err != nil {
			f.problem("%v: %s", err, text)
		}
		switch in.Op {
		case "hello":
			frames := []string{`{"op":"subscribe","channels":["*"]}`}
			if after := f.position.Load(); after >= 0 {
				frames = append(frames, fmt.Sprintf(`{"op":"resume","after":%d}`, after))
			}
			for _, frame := range frames {
				if err := conn.Write(ctx, websocket.MessageText, []byte(frame)); err != nil {
					return err
				}
			}
			f.position.CompareAndSwap(-1, in.Sequence)
		case "event":
			f.receive(in.Type, in.Sequence, in.Data)
		case "mark":
			f.position.Store(max(f.position.Load(), in.Sequence))
		case "gap", "error":
			f.problem("%s", text)
		}
	}
}

// byStream follows server-sent events until they end.
func byStream(ctx context.Context, f *follower) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url+"/v1/realtime", http.NoBody)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+f.token)
	r.Header.Set("Accept", "text/event-stream")
	if after := f.position.Load(); after >= 0 {
		r.Header.Set("Last-Event-ID", strconv.FormatInt(after, 10))
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // it has ended
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	f.connections.Add(1)
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	id, kind, data := int64(-1), "", ""
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			if id, err = strconv.ParseInt(value, 10, 64); err != nil {
				return err
			}
		case "event":
			kind = value
		case "data":
			data = value
		case "": // the end of an event
			switch {
			case kind == "gap" || kind == "error":
				f.problem("%s %s", kind, data)
			case kind != "" && id >= 0:
				f.receive(kind, id, json.RawMessage(data))
			case id >= 0:
				f.position.Store(max(f.position.Load(), id))
			}
			id, kind, data = -1, "", ""
		}
	}
	return lines.Err()
}

// compare waits until the follower has reached the end of the events, and compares
// what it has received with the table.
func (f *follower) compare(t *testing.T, db *sqldb.DB, community string) {
	t.Helper()
	want, err := sqldb.All(t.Context(), db, func(s sqldb.Scanner) (p posted, err error) {
		var text string
		if err := s.Scan(&p.sequence, &text); err != nil {
			return p, err
		}
		var data struct{ Message struct{ ID string } }
		err = json.Unmarshal([]byte(text), &data)
		p.messageID = data.Message.ID
		return p, err
	}, "SELECT sequence, data FROM events WHERE community_id = $1 AND type = 'message.posted' ORDER BY sequence", community)
	if err != nil {
		t.Fatal(err)
	}
	last := want[len(want)-1].sequence
	poll(t, "the last event of "+f.name, func() bool { return f.position.Load() >= last })
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.problems {
		t.Errorf("%s: %s", f.name, p)
	}
	if !slices.Equal(f.got, want) {
		t.Errorf("%s received %d messages, the table has %d; the first received: %v, of the table: %v", f.name, len(f.got), len(want), head(f.got), head(want))
	}
	t.Logf("%s: %d messages over %d connections", f.name, len(f.got), f.connections.Load())
}

func head(list []posted) []posted { return list[:min(len(list), 3)] }

// crowd are writers that send messages with nonces and repeat each until the server
// has answered it.
type crowd struct {
	t        *testing.T
	urls     []string
	key      string
	channel  string
	answered atomic.Int64
	mu       sync.Mutex
	ids      map[string]string // messages by their nonces
}

// The messages of a crowd.
const (
	crowdWriters  = 64
	crowdMessages = 8 // of each writer
)

// write sends all messages.
func (c *crowd) write() {
	var writers sync.WaitGroup
	for w := range crowdWriters {
		writers.Go(func() {
			for i := range crowdMessages {
				c.send(c.urls[(w+i)%len(c.urls)], fmt.Sprintf("writer %d, message %d", w, i))
			}
		})
	}
	writers.Wait()
}

// send sends a message until it is answered.
func (c *crowd) send(url, nonce string) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
	body := fmt.Sprintf(`{"channelId":%q,"sender":"ada","message":%q,"nonce":%q}`, c.channel, nonce, nonce)
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for c.t.Context().Err() == nil {
		messageID, err := trySend(c.t.Context(), client, url, c.key, body)
		if err == nil {
			c.answered.Add(1)
			c.mu.Lock()
			c.ids[nonce] = messageID
			c.mu.Unlock()
			return
		}
		if errors.Is(err, errRejected) {
			c.t.Error(err)
			return
		}
		<-pause.C
	}
}

var errRejected = errors.New("rejected")

// trySend sends a message once. It fails with errRejected if a repetition is useless.
func trySend(ctx context.Context, client *http.Client, url, key, body string) (messageID string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/messages/send", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	response, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }() // read
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode >= 400 && response.StatusCode < 500 && response.StatusCode != http.StatusTooManyRequests {
		return "", fmt.Errorf("%w: %s: %s", errRejected, response.Status, text)
	}
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusCreated {
		return "", errors.New(response.Status)
	}
	var answer struct{ Data struct{ MessageID string } }
	if err := json.Unmarshal(text, &answer); err != nil || answer.Data.MessageID == "" {
		return "", fmt.Errorf("%w: %w: %s", errRejected, err, text)
	}
	return answer.Data.MessageID, nil
}

// await waits until a number of messages was answered.
func (c *crowd) await(messages int64) {
	c.t.Helper()
	poll(c.t, "the answer to more messages", func() bool { return c.answered.Load() >= messages || c.t.Failed() })
}

// compare compares the answers with the table: each message was stored once.
func (c *crowd) compare(db *sqldb.DB) {
	c.t.Helper()
	stored := map[string][]string{} // ids by texts, which are the nonces
	_, err := sqldb.All(c.t.Context(), db, func(s sqldb.Scanner) (none struct{}, err error) {
		var messageID, text string
		err = s.Scan(&messageID, &text)
		stored[text] = append(stored[text], messageID)
		return none, err
	}, "SELECT id, text FROM messages WHERE channel_id = $1", c.channel)
	if err != nil {
		c.t.Fatal(err)
	}
	if len(stored) != crowdWriters*crowdMessages || len(c.ids) != len(stored) {
		c.t.Errorf("%d messages are stored, %d were answered, want %d", len(stored), len(c.ids), crowdWriters*crowdMessages)
	}
	for nonce, messageID := range c.ids {
		if !slices.Equal(stored[nonce], []string{messageID}) {
			c.t.Errorf("%s: the table has %v, the answer %s", nonce, stored[nonce], messageID)
		}
	}
}

// newCrowd creates a channel and the sender of the messages.
func newCrowd(t *testing.T, n *node, urls ...string) *crowd {
	t.Helper()
	c := &crowd{t: t, urls: urls, key: n.key, ids: map[string]string{}}
	for path, body := range map[string]string{
		"/v1/users":    `{"email":"ada@example.com","username":"ada","firstname":"Ada","lastname":"Lovelace"}`,
		"/v1/channels": `{"topic":"lobby"}`,
	} {
		status, _, content := n.request(http.MethodPost, n.URL+path, strings.NewReader(body), "Authorization", "Bearer "+n.key, "Content-Type", "application/json")
		if status >= http.StatusMultipleChoices {
			t.Fatalf("%s: %d %s", path, status, content)
		}
		var created struct {
			Data struct {
				ID string `json:"_id"`
			}
		}
		if err := json.Unmarshal(content, &created); err != nil {
			t.Fatal(err)
		}
		if path == "/v1/channels" {
			c.channel = created.Data.ID
		}
	}
	return c
}

// owner restarts the node with an owner of its community, and returns a session.
func (n *node) owner(username string) (session string) {
	n.t.Helper()
	n.Stop()
	a, err := app.New(n.t.Context(), n.config, clock.Clock{}, slog.New(slog.DiscardHandler))
	if err != nil {
		n.t.Fatal(err)
	}
	_, session = (&apptest.App{App: a}).Owner(n.t, n.community, username)
	if err := a.Close(); err != nil {
		n.t.Fatal(err)
	}
	n.Restart()
	return session
}

// TestFollowersOfThreeNodesMissNothingWhenNodesAreKilled has 64 writers and followers at
// three nodes, which are killed one after the other.
func TestFollowersOfThreeNodesMissNothingWhenNodesAreKilled(t *testing.T) {
	t.Parallel()
	f := startFleet(t)
	if f == nil {
		return
	}
	session := f.owner("olga")
	urls := []string{f.nodes[0].URL, f.nodes[1].URL, f.nodes[2].URL}
	c := newCrowd(t, f.nodes[0], urls...)
	var followers []*follower
	for i, url := range urls {
		followers = append(followers,
			follow(t, fmt.Sprintf("WebSocket at node %d", i), url, session, byWebSocket),
			follow(t, fmt.Sprintf("stream at node %d", i), url, session, byStream))
	}
	written := make(chan struct{})
	go func() { defer close(written); c.write() }()
	for i, n := range f.nodes {
		c.await(int64((i + 1) * crowdWriters * crowdMessages / 5))
		f.restart(n)
	}
	<-written
	c.compare(f.db)
	f.awaitNumbers()
	for _, one := range followers {
		one.compare(t, f.db, f.nodes[0].community)
	}
	f.stop()
}

// awaitNumbers waits until all events have a number.
func (f *fleet) awaitNumbers() {
	f.t.Helper()
	awaitNumbers(f.t, f.db)
}

func awaitNumbers(t *testing.T, db *sqldb.DB) {
	t.Helper()
	poll(t, "numbering", func() bool {
		pending, err := sqldb.One(t.Context(), db, "events", sqldb.Value[int], "SELECT count(*) FROM events WHERE sequence IS NULL")
		if err != nil {
			t.Fatal(err)
		}
		return pending == 0
	})
}

// TestFollowersMissNothingWhenTheOnlyNodeIsKilled is the same with one process.
func TestFollowersMissNothingWhenTheOnlyNodeIsKilled(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			n := newNode(t, engine)
			session := n.owner("olga")
			c := newCrowd(t, n, n.URL)
			followers := []*follower{follow(t, "WebSocket", n.URL, session, byWebSocket), follow(t, "stream", n.URL, session, byStream)}
			written := make(chan struct{})
			go func() { defer close(written); c.write() }()
			for kill := range 3 {
				c.await(int64((kill + 1) * crowdWriters * crowdMessages / 5))
				n.Kill()
				n.Restart()
			}
			<-written
			n.withDatabase(func(db *sqldb.DB) error {
				c.compare(db)
				awaitNumbers(t, db)
				for _, one := range followers {
					one.compare(t, db, n.community)
				}
				return nil
			})
			n.Stop()
		})
	}
}

// TestFollowersMissNothingBehindABadNetwork has writers and followers behind a network
// that delays, slices and cuts.
func TestFollowersMissNothingBehindABadNetwork(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			n := newNode(t, engine)
			session := n.owner("olga")
			network := apptest.StartProxy(t, n.URL)
			c := newCrowd(t, n, network.URL)
			followers := []*follower{follow(t, "WebSocket", network.URL, session, byWebSocket), follow(t, "stream", network.URL, session, byStream)}
			written := make(chan struct{})
			go func() { defer close(written); c.write() }()
			const share = crowdWriters * crowdMessages / 6
			for i, fault := range []func(){
				func() { network.Delay(30*time.Millisecond, 20*time.Millisecond) },
				network.Slice,
				func() { network.CutAfter(apptest.Responses, 5_000) },
				network.Disconnect,
			} {
				c.await(int64((i + 1) * share))
				network.Restore()
				fault()
				if i == 3 {
					network.Restore()
				}
			}
			c.await(5 * share)
			network.Restore()
			<-written
			n.withDatabase(func(db *sqldb.DB) error {
				c.compare(db)
				awaitNumbers(t, db)
				for _, one := range followers {
					one.compare(t, db, n.community)
				}
				return nil
			})
			n.Stop()
		})
	}
}
