package realtime_test

import (
	"fmt"
	"net/http"
	"reflect"
	"testing"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/sqldb"
)

// openCommunity creates a community that everyone can join, and its owner.
func openCommunity(t *testing.T, a *apptest.App) (home, owner string) {
	t.Helper()
	home = a.Community(t, community.Settings{Joining: community.Joining{Policy: "open"}})
	_, owner = a.Owner(t, home, "olga")
	visit(t, a, home, owner)
	return home, owner
}

// joined creates an account that joins a community, and returns the id of the member
// with a session token.
func joined(t *testing.T, a *apptest.App, home, username string) (memberID, token string) {
	t.Helper()
	const password = "correct-horse-battery"
	created, err := a.Accounts.CreateAccount(t.Context(), signin.Input{Email: username + "@example.com", Username: username, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	person := actor.Actor{Kind: actor.Session, AccountID: created.ID, Name: username}
	if err := a.Moderation.Join(t.Context(), person, home, moderation.JoinInput{}); err != nil {
		t.Fatal(err)
	}
	token, _, err = a.Accounts.SignIn(t.Context(), username, password, account.SessionInfo{UserAgent: "test", Address: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	found, err := a.Members.Find(t.Context(), apptest.Operator, home, username)
	if err != nil {
		t.Fatal(err)
	}
	visit(t, a, home, token)
	return found.ID, token
}

// visit makes the first visit of a person in a community, which is an event.
func visit(t *testing.T, a *apptest.App, home, token string) {
	t.Helper()
	visits := func() int {
		all, err := sqldb.All(t.Context(), a.DB, sqldb.Value[string], "SELECT id FROM events WHERE community_id = $1 AND type = 'user.visited_server'", home)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	for before := visits(); visits() == before; { // a sign that would wait is left to the next one
		if status, _ := a.Do(t, "GET", "/v1/channels?communityId="+home, token, nil); status != http.StatusOK {
			t.Fatal(status)
		}
	}
}

// settle waits until all events have a number, and returns the last one.
func settle(t *testing.T, a *apptest.App, home string) int64 {
	t.Helper()
	changed, stop := a.Events.Watch(home)
	defer stop()
	for {
		pending, err := sqldb.One(t.Context(), a.DB, "event", sqldb.Value[int], "SELECT count(*) FROM events WHERE sequence IS NULL")
		if err != nil {
			t.Fatal(err)
		}
		if pending == 0 {
			break
		}
		select {
		case <-changed:
		case <-t.Context().Done():
			t.Fatal("events are not numbered")
		}
	}
	latest, err := a.Events.Latest(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	return latest
}

// rename changes the description of a channel, which is an event.
func rename(t *testing.T, a *apptest.App, home, owner, channelID, text string) {
	t.Helper()
	call(t, a, "PUT", "/v1/channels/"+channelID, owner, fmt.Sprintf(`{"communityId":%q,"description":%q}`, home, text))
}

// Worked example 1 of the contract.
func TestClientResumesAfterItsLastMark(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, owner := openCommunity(t, a)
		_, max := joined(t, a, home, "max")
		visible, hidden := channel(t, a, home, owner, "a", false), channel(t, a, home, owner, "b", true)
		start := settle(t, a, home)
		c, hello := connect(t, a, "", max)
		if hello.Sequence != start {
			t.Errorf("hello at %d, want %d", hello.Sequence, start)
		}
		if f := c.subscribe(visible); f.Sequence != start || !reflect.DeepEqual(f.Channels, []string{visible}) {
			t.Errorf("%+v", f)
		}
		rename(t, a, home, owner, visible, "1")
		rename(t, a, home, owner, hidden, "2")
		rename(t, a, home, owner, hidden, "3")
		if f := c.next(); f.Op != "event" || f.Sequence != start+1 || f.ChannelID != visible {
			t.Errorf("%+v", f)
		}
		for f := c.next(); f.Op != "mark" || f.Sequence != start+3; f = c.next() {
			if f.Op != "mark" || f.Sequence > start+3 {
				t.Fatalf("%+v, want a mark at %d", f, start+3)
			}
		}
		_ = c.CloseNow()
		rename(t, a, home, owner, visible, "4")
		end := settle(t, a, home)                             // a visit may be recorded late
		for _, after := range []int64{start + 3, start + 1} { // with and without the mark
			c, hello := connect(t, a, "", max)
			if hello.Sequence != end {
				t.Errorf("hello at %d", hello.Sequence)
			}
			c.send(`{"op":"subscribe","channels":[%q],"ref":"1"}`, visible)
			c.send(`{"op":"resume","after":%d}`, after)
			if f := c.next(); f.Op != "subscribed" || f.Sequence != end {
				t.Errorf("%+v", f)
			}
			if f := c.next(); f.Op != "event" || f.Sequence < start+4 || f.Sequence > end {
				t.Errorf("%+v", f)
			}
			if f := c.next(); f.Op != "resumed" || f.From != after+1 || f.To != end {
				t.Errorf("%+v", f)
			}
		}
	})
}

// Worked example 2 of the contract.
func TestResumeIsCompleteOrRefused(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, owner := openCommunity(t, a)
		settle(t, a, home)
		for _, statement := range []string{
			"DELETE FROM events WHERE community_id = $1 AND CAST($2 AS BIGINT) > 0",
			`INSERT INTO events (community_id, id, type, sequence, occurred_at, actor, data)
				WITH RECURSIVE n(i) AS (SELECT 5001 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
				SELECT $1, 'x', 'channel.updated', i, CAST($2 AS BIGINT), 'command', '{"channelId":"x"}' FROM n`,
			"UPDATE event_sequences SET last_sequence = 20000 WHERE community_id = $1 AND CAST($2 AS BIGINT) > 0",
		} {
			if _, err := a.DB.Exec(t.Context(), statement, home, int64(4_000_000_000_000)); err != nil {
				t.Fatal(err)
			}
		}
		c, hello := connect(t, a, "", owner)
		if hello.Sequence != 20000 {
			t.Fatalf("%+v", hello)
		}
		for _, want := range []struct {
			after int64
			op    string
			from  int64
			to    int64
			gap   int64
		}{
			{20000, "resumed", 20001, 20000, 0},
			{10000, "resumed", 10001, 20000, 0},
			{9999, "gap", 0, 0, 5001},
			{4999, "gap", 0, 0, 5001},
			{20001, "gap", 0, 0, 5001}, // from another database
		} {
			c.send(`{"op":"resume","after":%d}`, want.after)
			f := c.next()
			for f.Op == "mark" {
				f = c.next()
			}
			if f.Op != want.op || f.From != want.from || f.To != want.to || f.Oldest != want.gap {
				t.Errorf("after %d: %+v", want.after, f)
			}
		}
	})
}
