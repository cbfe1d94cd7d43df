package realtime_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/regulars/regulars/internal/app/apptest"
)

func TestLostRightsEndDelivery(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, owner := openCommunity(t, a)
		_, max := joined(t, a, home, "max")
		lobby := channel(t, a, home, owner, "lobby", false)
		settle(t, a, home)
		one, _ := connect(t, a, "", max)
		one.subscribe(lobby)
		all, _ := connect(t, a, "", max)
		all.subscribe("*")
		call(t, a, "PUT", "/v1/channels/"+lobby, owner, `{"communityId":"`+home+`","private":true}`)
		for _, c := range []*connection{one, all} {
			if f := c.until("dropped"); f.ChannelID != lobby || f.Reason != "hidden" {
				t.Errorf("%+v", f)
			}
		}
		rename(t, a, home, owner, lobby, "secret")
		other := channel(t, a, home, owner, "other", false)
		if f := all.until("event"); f.ChannelID != other || f.Type != "channel.created" {
			t.Errorf("%+v", f)
		}
		one.send(`{"op":"subscribe","channels":[%q],"ref":"9"}`, lobby)
		if f := one.until("error"); f.Code != "channel_not_found" || f.Ref != "9" {
			t.Errorf("%+v", f)
		}
		one.subscribe(other)
		call(t, a, "DELETE", "/v1/channels/"+other+"?communityId="+home, owner, "")
		if f := one.until("event"); f.Type != "channel.deleted" || f.ChannelID != other {
			t.Errorf("%+v", f)
		}
		if f := one.until("dropped"); f.ChannelID != other || f.Reason != "deleted" {
			t.Errorf("%+v", f)
		}
	})
}

func TestEndedSessionsAndMembershipsCloseTheConnection(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, owner := openCommunity(t, a)
		_, max := joined(t, a, home, "max")
		kim, _ := joined(t, a, home, "kim")
		_, token := joined(t, a, home, "leo")
		ended, _ := connect(t, a, "", max)
		if err := a.Accounts.Sessions.SignOut(t.Context(), max); err != nil {
			t.Fatal(err)
		}
		if code := ended.closed(); code != 4009 {
			t.Errorf("closed with %d", code)
		}
		left, _ := connect(t, a, "", token)
		if status, body := a.Do(t, "DELETE", "/v1/communities/"+home+"/membership", token, nil); status != 200 {
			t.Logf("leave: %d %v", status, body)
			if _, err := a.DB.Exec(t.Context(), "UPDATE members SET state = 'left' WHERE community_id = $1 AND username = 'leo'", home); err != nil {
				t.Fatal(err)
			}
		}
		if code := left.closed(); code != 4003 {
			t.Errorf("closed with %d", code)
		}
		_, _ = kim, owner
	})
}

func TestCredentialsOfConnections(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, owner := openCommunity(t, a)
		other := a.Community(t)
		for _, c := range []struct {
			name, query, token string
			status             int
		}{
			{"key of the community", "", a.Key(t, home), http.StatusForbidden},
			{"wrong token", "", strings.Repeat("a", 64), http.StatusUnauthorized},
			{"other community", "?communityId=" + other, owner, http.StatusNotFound},
			{"own community", "?communityId=" + home, owner, http.StatusSwitchingProtocols},
		} {
			if _, status, err := dial(t, a, c.query, c.token); status != c.status {
				t.Errorf("%s: %d, %v", c.name, status, err)
			}
		}
		if _, status, _ := dial(t, a, "", "", "Cookie", "regulars="+owner, "Origin", a.URL()); status != http.StatusSwitchingProtocols {
			t.Errorf("cookie: %d", status)
		}
		for name, frame := range map[string]string{
			"another origin": `{"op":"ping"}`, "wrong token": `{"op":"auth","token":"regulars"}`, "no JSON": `x`,
		} {
			c, _, err := dial(t, a, "", "", "Cookie", "regulars="+owner, "Origin", "https://other.example")
			if err != nil {
				t.Fatal(err)
			}
			c.send("%s", frame)
			if code := c.closed(); code != 4001 {
				t.Errorf("%s: closed with %d", name, code)
			}
		}
		c, _, err := dial(t, a, "", "")
		if err != nil {
			t.Fatal(err)
		}
		c.send(`{"op":"auth","token":%q}`, owner)
		if f := c.next(); f.Op != "hello" || f.CommunityID != home {
			t.Errorf("%+v", f)
		}
	})
}

func TestConnectionsOfAnAccountAndFramesAreLimited(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, owner := openCommunity(t, a)
		var last *connection
		for range 50 {
			last, _ = connect(t, a, "", owner)
		}
		if _, status, _ := dial(t, a, "", owner); status != http.StatusTooManyRequests {
			t.Errorf("connection 51: %d", status)
		}
		for range 30 {
			last.send(`{"op":"ping"}`)
		}
		if code := last.closed(); code != 4008 {
			t.Errorf("closed with %d", code)
		}
		for name, c := range map[string]struct {
			kind  websocket.MessageType
			frame string
			code  int
		}{
			"too large":   {websocket.MessageText, strings.Repeat("x", 64<<10+1), 4008},
			"binary":      {websocket.MessageBinary, "{}", 1003},
			"not UTF-8":   {websocket.MessageText, "\xff", 1007},
			"cut in half": {websocket.MessageText, "\xe2\x82", 1007},
		} {
			conn, _ := connectAgain(t, a, owner)
			if err := conn.Write(t.Context(), c.kind, []byte(c.frame)); err != nil {
				t.Fatal(err)
			}
			if code := conn.closed(); code != c.code {
				t.Errorf("%s: closed with %d", name, code)
			}
		}
	})
}

// connectAgain connects once a connection that was closed counts no longer.
func connectAgain(t *testing.T, a *apptest.App, token string) (*connection, frame) {
	t.Helper()
	for {
		c, status, err := dial(t, a, "", token)
		if err == nil {
			return c, c.next()
		}
		if status != http.StatusTooManyRequests || t.Context().Err() != nil {
			t.Fatal(err)
		}
	}
}

func TestStreamHasIDsAndResumes(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, owner := openCommunity(t, a)
		lobby := channel(t, a, home, owner, "lobby", false)
		start := settle(t, a, home)
		rename(t, a, home, owner, lobby, "new")
		settle(t, a, home)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL()+"/v1/realtime", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+owner)
		r.Header.Set("Accept", "text/event-stream")
		r.Header.Set("Last-Event-ID", itoa(start))
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		var lines []string
		for scan := bufio.NewScanner(res.Body); scan.Scan(); {
			lines = append(lines, scan.Text())
			if strings.HasPrefix(scan.Text(), ": resumed") {
				break
			}
		}
		text := strings.Join(lines, "\n")
		if want := "id: " + itoa(start+1) + "\nevent: channel.updated\ndata: {\"channel\":{\"_id\":\"" + lobby; !strings.Contains(text, want) || strings.Contains(text, ": hello\nid") {
			t.Errorf("%s", text)
		}
	})
}
