package api_test

import (
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/clock"
)

func TestKeyIsLimitedToTheCurrentPermissionsOfItsCreator(t *testing.T) {
	eachWithClock(t, func(t *testing.T, a *apptest.App, wait func(time.Duration)) {
		g := newGoverned(t, a)
		users, server := "/v1/communities/"+g.serverID+"/users", "/v1/servers/"+g.serverID
		ask := func(key string) reply { return send(t, a, "GET", users, key, "") }
		penalise := func(username, kind, until string) string {
			body := `{"userId":"` + g.ids[username] + `","reason":"x","kind":"` + kind + `"` + until + `}`
			res := send(t, a, "POST", server+"/penalties", g.tokens["owner"], body)
			given, _ := res.at("data._id").(string)
			if res.status != 201 {
				t.Fatalf("%d %s", res.status, res.text)
			}
			return given
		}
		demote := func(username string) {
			for _, role := range send(t, a, "GET", "/v1/roles/"+g.ids[username]+"?communityId="+g.serverID, g.tokens["owner"], "").at("data").([]any) {
				if role := role.(map[string]any); role["everyone"] != true {
					send(t, a, "POST", "/v1/roles/"+role["_id"].(string)+"/remove", g.tokens["owner"], `{"userId":"`+g.ids[username]+`","communityId":"`+g.serverID+`"}`)
				}
			}
		}
		until := `,"until":"` + clock.Format(clock.Clock{}.Now().Add(2*time.Hour).UnixMilli()) + `"`
		manage := func(username, action string) {
			if res := send(t, a, "POST", "/v1/users/manage", g.tokens["owner"], `{"action":"`+action+`","user":"`+g.ids[username]+`","communityId":"`+g.serverID+`"}`); res.status != 200 {
				t.Fatalf("%d %s", res.status, res.text)
			}
		}
		for _, c := range []struct {
			name, code string
			lose       func(username string)
			regain     func(username string) // nil: impossible
		}{
			{"suspended", "key_maker_suspended", func(u string) { penalise(u, "suspend", until) }, func(string) { wait(3 * time.Hour) }},
			{"deleted", "key_maker_gone", func(u string) { manage(u, "delete") }, func(u string) { manage(u, "restore") }},
			{"kicked", "key_maker_gone", func(u string) { penalise(u, "kick", "") }, nil},
			{"banned", "key_maker_gone", func(u string) { penalise(u, "ban", "") }, nil},
			{"demoted", "missing_permission", demote, func(u string) { g.promote(t, u, 3) }},
		} {
			made, token := joined(t, a, g.serverID, g.tokens["owner"], c.name)
			g.ids[c.name], g.tokens[c.name] = made.ID, token
			g.promote(t, c.name, 5)
			key := g.keyOf(t, c.name, `"*"`)
			child := send(t, a, "POST", "/v1/communities/"+g.serverID+"/api-keys", key, `{"name":"child","permissions":["getUserData"]}`)
			ofKey, _ := child.at("data.key").(string)
			keys := map[string]string{"key": key, "key that the key made": ofKey}
			for name, key := range keys {
				if res := ask(key); res.status != 200 {
					t.Fatalf("%s of who is to be %s: %d %s", name, c.name, res.status, res.text)
				}
			}
			c.lose(c.name)
			for name, key := range keys {
				if res := ask(key); res.status != 403 || res.code() != c.code {
					t.Errorf("%s of who is %s: %d %s", name, c.name, res.status, res.text)
				}
				if res := send(t, a, "POST", "/v1/users/info", key, `{"idOrEmail":"plain"}`); res.status != 403 {
					t.Errorf("%s of who is %s reads a member: %d", name, c.name, res.status)
				}
			}
			if c.regain == nil {
				continue
			}
			c.regain(c.name)
			if res := ask(key); res.status != 200 {
				t.Errorf("after %s: %d %s", c.name, res.status, res.text)
			}
		}
	})
}

func TestKeyOfAFormerMemberIsTakenOver(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		g := newGoverned(t, a)
		key, at := g.keyOf(t, "lower", `"getUserData"`), "/v1/communities/"+g.serverID+"/api-keys"
		keyID, _ := send(t, a, "GET", at, g.tokens["owner"], "").at("data.0._id").(string)
		if res := send(t, a, "POST", "/v1/servers/"+g.serverID+"/leave", g.tokens["lower"], ""); res.status != 200 {
			t.Fatalf("%d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", at, g.tokens["owner"], ""); res.at("data.0.idle") != "key_maker_gone" || res.at("data.0.createdBy") != "account:"+g.ids["lower"] {
			t.Errorf("listed as %s", res.text)
		}
		users := "/v1/communities/" + g.serverID + "/users"
		for _, c := range []struct {
			who, body string
			status    int
			works     int
		}{
			{"plain", `{"takeOver":true}`, 403, 403},
			{"lower", `{"takeOver":true}`, 404, 403},
			{"owner", `{"name":"renamed"}`, 200, 403},
			{"owner", `{"takeOver":true}`, 200, 200},
		} {
			if res := send(t, a, "PUT", at+"/"+keyID, g.tokens[c.who], c.body); res.status != c.status {
				t.Errorf("%s %s: %d %s", c.who, c.body, res.status, res.text)
			}
			if res := send(t, a, "GET", users, key, ""); res.status != c.works {
				t.Errorf("after %s %s the key is answered %d %s", c.who, c.body, res.status, res.text)
			}
		}
		if res := send(t, a, "GET", at, g.tokens["owner"], ""); res.at("data.0.idle") != nil || res.at("data.0.createdBy") != "account:"+g.ids["owner"] {
			t.Errorf("listed as %s", res.text)
		}
	})
}

func TestKeysOfTheCommandLineAndTheInstallationOwnerAreNotLimited(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		g := newGoverned(t, a)
		installer, _ := person(t, a, "installer")
		if _, err := a.DB.Exec(t.Context(), "UPDATE accounts SET installation_owner = TRUE WHERE id = $1", installer.ID); err != nil {
			t.Fatal(err)
		}
		caller := actor.Actor{Kind: actor.Session, AccountID: installer.ID, InstallationOwner: true}
		_, secret, err := a.Access.CreateKey(t.Context(), caller, g.serverID, access.KeyInput{Name: "k", Permissions: []actor.Permission{actor.PermAll}})
		if err != nil {
			t.Fatal(err)
		}
		for name, key := range map[string]string{"installer": secret, "command": a.Key(t, g.serverID, actor.PermAll)} {
			if res := send(t, a, "GET", "/v1/communities/"+g.serverID+"/users", key, ""); res.status != 200 {
				t.Errorf("%s: %d %s", name, res.status, res.text)
			}
		}
	})
}
