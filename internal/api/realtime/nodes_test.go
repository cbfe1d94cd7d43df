package realtime_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// eachCluster runs f with two nodes on one PostgreSQL database, and with one on SQLite.
func eachCluster(t *testing.T, f func(t *testing.T, nodes []*apptest.App)) {
	t.Helper()
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			var address string
			node := func() *apptest.App {
				return apptest.New(t, engine, apptest.WithConfig(func(c *apptest.Config) {
					c.SecretKey = strings.Repeat("ab", 32)
					if address == "" {
						address = c.DatabaseURL
					}
					c.DatabaseURL = address
				}))
			}
			nodes := []*apptest.App{node()}
			if engine == sqldb.Postgres {
				nodes = append(nodes, node())
			}
			f(t, nodes)
		})
	}
}

// dropWithin bounds the time until a lost right ends delivery. The rule is one second;
// the machine may be loaded.
const dropWithin = 5 * time.Second

// soon calls do and checks that seen returns soon afterwards.
func soon(t *testing.T, what string, do, seen func()) {
	t.Helper()
	do()
	begun := time.Now()
	seen()
	took := time.Since(begun)
	t.Logf("%s: after %s", what, took.Round(time.Millisecond))
	if took > dropWithin {
		t.Errorf("%s took %s", what, took)
	}
}

func TestLostRightsReachTheConnectionsOfEveryNode(t *testing.T) {
	eachCluster(t, func(t *testing.T, nodes []*apptest.App) {
		a := nodes[0]
		home, owner := openCommunity(t, a)
		vip, err := a.Access.CreateRole(t.Context(), apptest.Operator, home, access.RoleInput{Title: "Vip", Order: 3})
		if err != nil {
			t.Fatal(err)
		}
		secret := channel(t, a, home, owner, "secret", true)
		overrides := fmt.Sprintf(`[{"roleId":%q,"allow":["view_message_history"],"deny":[]}]`, vip.ID)
		call(t, a, "PUT", "/v1/channels/"+secret+"/overrides?communityId="+home, owner, overrides)
		people := map[string]string{}
		for _, name := range []string{"role", "suspended", "banned", "kicked", "left", "session", "key"} {
			_, people[name] = joined(t, a, home, name)
		}
		setRole := func(set func(name, roleID string) error) {
			t.Helper()
			if err := set("role", vip.ID); err != nil {
				t.Fatal(err)
			}
		}
		setRole(func(name, roleID string) error {
			_, err := a.Members.AddRole(t.Context(), apptest.Operator, home, name, roleID, member.Source{Type: "api"})
			return err
		})
		keyed, err := a.Access.Authenticate(t.Context(), people["key"])
		if err != nil {
			t.Fatal(err)
		}
		keyed.Kind, keyed.Permissions = actor.UserKey, []actor.Permission{actor.PermAll}
		key, userKey, err := a.Access.CreateUserKey(t.Context(), keyed, account.Proof{}, access.KeyInput{Name: "phone", Permissions: []actor.Permission{"getMessages"}})
		if err != nil {
			t.Fatal(err)
		}
		people["key"], people["owner"] = userKey, owner
		open := map[string][]*connection{}
		for _, node := range nodes {
			for name, token := range people {
				c, _ := connect(t, node, "?communityId="+home, token)
				c.subscribe("*")
				open[name] = append(open[name], c)
			}
		}
		soon(t, "a lost role", func() {
			setRole(func(name, roleID string) error {
				_, err := a.Members.RemoveRole(t.Context(), apptest.Operator, home, name, roleID, member.Source{Type: "api"})
				return err
			})
		}, func() {
			for _, c := range open["role"] {
				if f := c.until("dropped"); f.ChannelID != secret || f.Reason != "hidden" {
					t.Errorf("%+v", f)
				}
			}
		})
		penalise := func(kind string, until int64) func() {
			name := map[string]string{moderation.Suspend: "suspended", moderation.Ban: "banned", moderation.Kick: "kicked"}[kind]
			return func() {
				if _, err := a.Moderation.Penalise(t.Context(), apptest.Operator, home, moderation.PenaltyInput{User: name, Kind: kind, Reason: "test", Until: until}); err != nil {
					t.Fatal(err)
				}
			}
		}
		closedWith := func(name string, want int) func() {
			return func() {
				for _, c := range open[name] {
					if code := c.closed(); code != want {
						t.Errorf("%s: closed with %d, want %d", name, code, want)
					}
				}
			}
		}
		soon(t, "a suspension", penalise(moderation.Suspend, time.Now().Add(time.Hour).UnixMilli()), closedWith("suspended", 4003))
		soon(t, "a ban", penalise(moderation.Ban, 0), closedWith("banned", 4003))
		soon(t, "a kick", penalise(moderation.Kick, 0), closedWith("kicked", 4003))
		soon(t, "a departure", func() {
			leaver, err := a.Access.Authenticate(t.Context(), people["left"])
			if err == nil {
				err = a.Moderation.Leave(t.Context(), leaver, home)
			}
			if err != nil {
				t.Fatal(err)
			}
		}, closedWith("left", 4003))
		soon(t, "the end of a session", func() {
			if err := a.Accounts.Sessions.SignOut(t.Context(), people["session"]); err != nil {
				t.Fatal(err)
			}
		}, closedWith("session", 4009))
		soon(t, "a revoked key", func() {
			if err := a.Access.DeleteUserKey(t.Context(), keyed, key.ID); err != nil {
				t.Fatal(err)
			}
		}, closedWith("key", 4009))
		soon(t, "a deleted channel", func() { call(t, a, "DELETE", "/v1/channels/"+secret+"?communityId="+home, owner, "") }, func() {
			for _, c := range open["owner"] {
				if f := c.event("channel.deleted"); f.ChannelID != secret {
					t.Errorf("%+v", f)
				}
			}
		})
	})
}

func TestPresenceAndTypingReachClientsOfOtherNodes(t *testing.T) {
	eachCluster(t, func(t *testing.T, nodes []*apptest.App) {
		a, other := nodes[0], nodes[len(nodes)-1]
		home, owner := openCommunity(t, a)
		ada, token := joined(t, a, home, "ada")
		lobby := channel(t, a, home, owner, "lobby", false)
		viewer, _ := connect(t, a, "", owner)
		viewer.subscribe("*")
		presence := func(online bool) {
			t.Helper()
			for {
				f, err := viewer.read()
				if err != nil {
					t.Fatal(err)
				}
				if f.Op == "now" && f.Type == "presence" && f.Data["userId"] == ada && f.Data["online"] == online {
					return
				}
			}
		}
		member, _ := connect(t, other, "", token)
		member.subscribe("*")
		presence(true)
		member.send(`{"op":"typing","channelId":%q}`, lobby)
		for f := viewer.next(); f.Type != "typing"; f = viewer.next() {
			if f.Op == "error" {
				t.Fatalf("%+v", f)
			}
		}
		_ = member.CloseNow()
		presence(false)
	})
}

// An account has 50 connections to each node.
func TestConnectionsOfAnAccountAreCountedPerNode(t *testing.T) {
	eachCluster(t, func(t *testing.T, nodes []*apptest.App) {
		_, owner := openCommunity(t, nodes[0])
		for i, node := range nodes {
			for range 50 {
				connect(t, node, "", owner)
			}
			if _, status, _ := dial(t, node, "", owner); status != http.StatusTooManyRequests {
				t.Errorf("connection 51 to node %d: %d", i, status)
			}
		}
	})
}
