package realtime_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/regulars/regulars/internal/app/apptest"
)

// nextOf returns the data of the next event of a type in a stream.
func nextOf(t *testing.T, lines *bufio.Scanner, kind string) map[string]any {
	t.Helper()
	for found := false; lines.Scan(); {
		switch line := lines.Text(); {
		case line == "event: "+kind:
			found = true
		case found && strings.HasPrefix(line, "data: "):
			var data map[string]any
			if err := json.Unmarshal([]byte(line[len("data: "):]), &data); err != nil {
				t.Fatal(err)
			}
			return data
		}
	}
	t.Fatalf("the stream ended: %v", lines.Err())
	return nil
}

// stream opens a stream of server-sent events.
func stream(t *testing.T, a *apptest.App, token string) *bufio.Scanner {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", a.URL()+"/v1/realtime?channels=*", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "text/event-stream")
	res, err := http.DefaultClient.Do(r)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", res, err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return bufio.NewScanner(res.Body)
}

func TestMessagesReachViewersAsRESTShowsThem(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, owner := openCommunity(t, a)
		_, ada := joined(t, a, home, "ada")
		_, ben := joined(t, a, home, "ben")
		lobby := channel(t, a, home, owner, "lobby", false)
		_, cleo := joined(t, a, home, "cleo")
		call(t, a, "PUT", "/v1/blocks/ada?communityId="+home, cleo, "")
		people := map[string]string{"olga": owner, "ada": ada, "ben": ben, "cleo": cleo}
		viewers := map[string]*connection{}
		for name, token := range people {
			viewers[name], _ = connect(t, a, "", token)
			viewers[name].subscribe("*")
		}
		events := stream(t, a, ben)
		sent := call(t, a, "POST", "/v1/messages/send", ada, fmt.Sprintf(`{"channelId":%q,"message":"Hello","nonce":"n1"}`, lobby))
		for name, token := range people {
			f := viewers[name].event("message.posted")
			got, _ := f.Data["message"].(map[string]any)
			if f.ChannelID != lobby || got["id"] != sent["messageId"] {
				t.Fatalf("%s: %+v", name, f)
			}
			if name == "ada" && got["nonce"] != "n1" || name != "ada" && got["nonce"] != nil {
				t.Errorf("%s: nonce %v", name, got["nonce"])
			}
			if (got["hidden"] == "blocked") != (name == "cleo") {
				t.Errorf("%s: %v", name, got)
			}
			got["nonce"] = nil
			same(t, name, got, newest(t, a, lobby, token))
		}
		streamed, _ := nextOf(t, events, "message.posted")["message"].(map[string]any)
		same(t, "stream", streamed, newest(t, a, lobby, ben))
		if by, _ := streamed["user"].(map[string]any); by["email"] != nil {
			t.Error("a member sees the email of another one")
		}
	})
}

// newest returns the newest message of a channel as REST shows it.
func newest(t *testing.T, a *apptest.App, channelID, token string) map[string]any {
	t.Helper()
	list, _ := call(t, a, "GET", "/v1/messages?count=1&channel_id="+channelID, token, "")["messages"].([]any)
	if len(list) != 1 {
		t.Fatalf("%v", list)
	}
	return list[0].(map[string]any)
}

// same compares the message of an event with that of REST.
func same(t *testing.T, name string, got, want map[string]any) {
	t.Helper()
	live, _ := json.Marshal(got) // decoded values
	rest, _ := json.Marshal(want)
	if string(live) != string(rest) {
		t.Errorf("%s: %s, REST shows %s", name, live, rest)
	}
}

// In a whisper channel, members who may post only as @all see the messages of
// whisperers and their own.
func TestHushedMessagesReachWhisperersAndTheAuthor(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, owner := openCommunity(t, a)
		_, ada := joined(t, a, home, "ada")
		_, ben := joined(t, a, home, "ben")
		created := call(t, a, "POST", "/v1/channels", owner, fmt.Sprintf(`{"communityId":%q,"topic":"whispers","channelType":"whisper"}`, home))
		whispers := created["_id"].(string)
		post := func(token, text string) string {
			return call(t, a, "POST", "/v1/messages/send", token, fmt.Sprintf(`{"channelId":%q,"message":%q}`, whispers, text))["messageId"].(string)
		}
		first := map[string]string{}
		conns := map[string]*connection{}
		for name, token := range map[string]string{"olga": owner, "ada": ada, "ben": ben} {
			conns[name], _ = connect(t, a, "", token)
			conns[name].subscribe(whispers)
		}
		hushed := post(ada, "for whisperers")
		open := post(owner, "for all")
		for name, c := range conns {
			got, _ := c.event("message.posted").Data["message"].(map[string]any)
			first[name], _ = got["id"].(string)
		}
		if first["olga"] != hushed || first["ada"] != hushed || first["ben"] != open {
			t.Errorf("%v, hushed %s, open %s", first, hushed, open)
		}
	})
}

// A client that does not read is closed, and other clients are not delayed by it.
func TestClientThatIsTooFarBehindIsClosed(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, owner := openCommunity(t, a)
		lobby := channel(t, a, home, owner, "lobby", false)
		idle, _ := connect(t, a, "", owner)
		idle.subscribe(lobby)
		reader, _ := connect(t, a, "", owner)
		reader.subscribe(lobby)
		body := fmt.Sprintf(`{"channelId":%q,"message":%q}`, lobby, strings.Repeat("x ", 4_900))
		for range 600 { // 12 MB: more than the buffers of the network
			sent := call(t, a, "POST", "/v1/messages/send", owner, body)
			got, _ := reader.event("message.posted").Data["message"].(map[string]any)
			if got["id"] != sent["messageId"] {
				t.Fatalf("%v, want %v", got["id"], sent["messageId"])
			}
		}
		for received := 0; ; received++ {
			_, err := idle.read()
			if err == nil && received < 600 {
				continue
			}
			// A client that reads again within 5 seconds receives the code.
			if code := websocket.CloseStatus(err); err == nil || code != 4008 && code != -1 {
				t.Errorf("%d frames, then %v", received, err)
			}
			return
		}
	})
}

func TestTypingAndReadMarkersOfConnectionsAndRESTAreTheSame(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, owner := openCommunity(t, a)
		_, ada := joined(t, a, home, "ada")
		lobby := channel(t, a, home, owner, "lobby", false)
		viewer, _ := connect(t, a, "", owner)
		viewer.subscribe("*")
		member, _ := connect(t, a, "", ada)
		member.subscribe("*")
		call(t, a, "POST", "/v1/channels/"+lobby+"/typing", ada, "")
		if f := viewer.until("now"); f.Type != "typing" && f.Type != "presence" {
			t.Errorf("%+v", f)
		} else if f.Type == "presence" {
			if f = viewer.until("now"); f.Type != "typing" || f.Data["channelId"] != lobby {
				t.Errorf("%+v", f)
			}
		}
		member.send(`{"op":"typing","channelId":%q,"ref":"soon"}`, lobby)
		if f := member.until("error"); f.Code != "rate_limited" {
			t.Errorf("typing twice within three seconds: %+v", f)
		}
		sent := call(t, a, "POST", "/v1/messages/send", owner, fmt.Sprintf(`{"channelId":%q,"message":"Hello"}`, lobby))
		unread := func() any {
			_, got := a.Do(t, "GET", "/v1/channels", ada, nil)
			return got["data"].([]any)[0].(map[string]any)["unread"]
		}
		if got := unread(); got != 1.0 {
			t.Errorf("%v messages are unread", got)
		}
		member.send(`{"op":"read","channelId":%q,"messageId":%q}`, lobby, sent["messageId"])
		member.send(`{"op":"unknown"}`) // its answer follows the frame before
		member.until("error")
		if got := unread(); got != 0.0 {
			t.Errorf("%v messages are unread after the frame", got)
		}
	})
}

func TestReactionsAndTopicsReachViewersWithoutTheEmailOfOthers(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, owner := openCommunity(t, a)
		_, ada := joined(t, a, home, "ada")
		_, ben := joined(t, a, home, "ben")
		lobby := channel(t, a, home, owner, "lobby", false)
		forum, _ := call(t, a, "POST", "/v1/channels", owner, fmt.Sprintf(`{"communityId":%q,"topic":"forum","channelType":"forum"}`, home))["_id"].(string)
		viewers := map[string]*connection{}
		for name, token := range map[string]string{"olga": owner, "ben": ben} {
			viewers[name], _ = connect(t, a, "", token)
			viewers[name].subscribe("*")
		}
		sent := call(t, a, "POST", "/v1/messages/send", owner, fmt.Sprintf(`{"channelId":%q,"message":"Hello"}`, lobby))
		call(t, a, "POST", "/v1/messages/react", ada, fmt.Sprintf(`{"messageId":%q,"emoji":":heart:"}`, sent["messageId"]))
		call(t, a, "DELETE", "/v1/messages/"+sent["messageId"].(string)+"?communityId="+home, owner, "")
		call(t, a, "POST", "/v1/channels/"+forum+"/topics", ada, `{"title":"Rules","message":"Be kind"}`)
		for name, c := range viewers {
			reaction := c.event("reaction.added")
			by, _ := reaction.Data["user"].(map[string]any)
			if reaction.ChannelID != lobby || reaction.Data["messageId"] != sent["messageId"] || by["username"] != "ada" || name == "ben" && by["email"] != nil {
				t.Errorf("%s: %+v", name, reaction)
			}
			if f := c.event("message.deleted"); f.Data["messageId"] != sent["messageId"] {
				t.Errorf("%s: %+v", name, f)
			}
			f := c.event("topic.created")
			topic, _ := f.Data["topic"].(map[string]any)
			by, _ = topic["user"].(map[string]any)
			if f.ChannelID != forum || topic["title"] != "Rules" || by["username"] != "ada" || (by["email"] != nil) != (name == "olga") {
				t.Errorf("%s: %+v", name, f)
			}
		}
	})
}
