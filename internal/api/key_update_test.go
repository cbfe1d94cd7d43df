package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
)

// keyIDs returns the ids of the keys of a community by name.
func (g governed) keyIDs(t *testing.T) map[string]string {
	t.Helper()
	ids := map[string]string{}
	for _, k := range send(t, g.App, "GET", "/v1/communities/"+g.serverID+"/api-keys", g.tokens["owner"], "").at("data").([]any) {
		k := k.(map[string]any)
		ids[k["name"].(string)] = k["_id"].(string)
	}
	return ids
}

func TestKeyIsExtendedOnlyByItsCreatorAndHigherRanks(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		g := newGoverned(t, a)
		at := "/v1/communities/" + g.serverID + "/api-keys"
		for _, who := range []string{"owner", "upper", "lower"} {
			g.tokens["key of "+who] = send(t, a, "POST", at, g.tokens[who], `{"name":"all of `+who+`","permissions":["*"]}`).at("data.key").(string)
		}
		g.tokens["narrow key of owner"] = g.keyOf(t, "owner", `"apiKeys","getUserData"`)
		g.tokens["command's key"] = a.Key(t, g.serverID, actor.PermAll)
		reach := map[string]string{ // the creators whose keys the actor may extend
			"owner": "owner command upper lower", "upper": "upper lower", "lower": "lower", "plain": "", "key of owner": "owner command upper lower",
			"key of upper": "upper lower", "key of lower": "lower", "command's key": "owner command upper lower",
		}
		makes := map[string]string{"owner": g.tokens["owner"], "upper": g.tokens["upper"], "lower": g.tokens["lower"], "command": g.tokens["command's key"]}
		for _, body := range []string{`{"permissions":["*"]}`, `{"isActive":true}`, `{"expirePeriod":0}`, "rotate"} {
			for who, may := range reach {
				for creator, token := range makes {
					made := send(t, a, "POST", at, token, `{"name":"one","permissions":["getUserData"],"expirePeriod":5,"isActive":false}`)
					id := made.at("data._id").(string)
					var got reply
					if body == "rotate" {
						got = send(t, a, "POST", at+"/"+id+"/rotate", g.tokens[who], `{}`)
					} else {
						got = send(t, a, "PUT", at+"/"+id, g.tokens[who], body)
					}
					want, code := 403, "rank_too_low"
					if slices.Contains(strings.Fields(may), creator) {
						want, code = 200, ""
						if body == "rotate" {
							want = 201
						}
					} else if who == "plain" {
						code = "missing_permission"
					}
					if got.status != want || got.code() != code {
						t.Errorf("%s, %s of %s: %d %s, want %d %s", who, body, creator, got.status, got.text, want, code)
					}
					if narrowed := send(t, a, "PUT", at+"/"+id, g.tokens[who], `{"name":"two","isActive":false,"expirePeriod":1}`); narrowed.status != 200 && who != "plain" {
						t.Errorf("%s narrows the key of %s: %d %s", who, creator, narrowed.status, narrowed.text)
					}
					if gone := send(t, a, "DELETE", at+"/"+id, g.tokens["owner"], ""); gone.status != 200 {
						t.Fatal(gone.text)
					}
				}
			}
		}
		id := g.keyIDs(t)["all of owner"]
		for _, body := range []string{`{"isActive":false}`, `{"takeOver":true,"isActive":true}`} {
			if got := send(t, a, "PUT", at+"/"+id, g.tokens["lower"], body); got.status != 200 {
				t.Errorf("%s by lower: %d %s", body, got.status, got.text)
			}
		}
		manage := fmt.Sprintf(`{"action":"delete","user":%q,"communityId":%q}`, g.ids["upper"], g.serverID)
		if got := send(t, a, "POST", "/v1/users/manage", g.tokens["key of owner"], manage); got.status != 403 {
			t.Errorf("a key taken over by lower removes upper: %d %s", got.status, got.text)
		}
		if got := send(t, a, "POST", at+"/"+id+"/rotate", g.tokens["narrow key of owner"], `{}`); got.status != 403 || got.code() != "missing_permission" {
			t.Errorf("a narrow key rotates one with every permission: %d %s", got.status, got.text)
		}
	})
}

func TestExtendingTheKeyOfAFormerMemberLimitsItToTheActor(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		g := newGoverned(t, a)
		at := "/v1/communities/" + g.serverID + "/api-keys"
		g.keyOf(t, "upper", `"manageUser"`)
		id := g.keyIDs(t)["sync"]
		manage := func(action string) {
			if res := send(t, a, "POST", "/v1/users/manage", g.tokens["owner"], `{"action":"`+action+`","user":"`+g.ids["upper"]+`","communityId":"`+g.serverID+`"}`); res.status != 200 {
				t.Fatal(res.text)
			}
		}
		manage("delete")
		rotated := send(t, a, "POST", at+"/"+id+"/rotate", g.tokens["lower"], `{}`)
		if rotated.status != 201 || rotated.at("data.createdBy") != "account:"+g.ids["lower"] {
			t.Fatalf("%d %s", rotated.status, rotated.text)
		}
		manage("restore")
		kick := fmt.Sprintf(`{"action":"delete","user":%q,"communityId":%q}`, g.ids["upper"], g.serverID)
		if got := send(t, a, "POST", "/v1/users/manage", rotated.at("data.key").(string), kick); got.status != 403 {
			t.Errorf("the key reaches above its new creator: %d %s", got.status, got.text)
		}
	})
}

func TestBothSecretsOfARotatedKeyAreValidDuringTheOverlap(t *testing.T) {
	eachWithClock(t, func(t *testing.T, a *apptest.App, wait func(time.Duration)) {
		g := newGoverned(t, a)
		first := g.keyOf(t, "owner", `"getUserData"`)
		id := g.keyIDs(t)["sync"]
		at := "/v1/communities/" + g.serverID + "/api-keys/" + id
		rotate := func(body string) string {
			res := send(t, a, "POST", at+"/rotate", g.tokens["owner"], body)
			if res.status != 201 {
				t.Fatalf("%d %s", res.status, res.text)
			}
			return res.at("data.key").(string)
		}
		check := func(when string, want map[string]int) {
			t.Helper()
			for secret, status := range want {
				if res := send(t, a, "GET", "/v1/communities/"+g.serverID+"/users", secret, ""); res.status != status {
					t.Errorf("%s: %d %s, want %d", when, res.status, res.text, status)
				}
			}
		}
		second := rotate(``)
		check("after one rotation", map[string]int{first: 200, second: 200})
		wait(23 * time.Hour)
		check("within a day", map[string]int{first: 200, second: 200})
		wait(2 * time.Hour)
		check("after the overlap", map[string]int{first: 401, second: 200})
		third := rotate(`{"overlapHours":168}`)
		fourth := rotate(`{"overlapHours":168}`)
		check("a further rotation", map[string]int{second: 401, third: 200, fourth: 200})
		send(t, a, "PUT", at, g.tokens["owner"], `{"isActive":false}`)
		check("switched off", map[string]int{third: 401, fourth: 401})
		send(t, a, "PUT", at, g.tokens["owner"], `{"isActive":true}`)
		fifth := rotate(`{"overlapHours":0}`)
		check("without overlap", map[string]int{fourth: 401, fifth: 200})
		sixth := rotate(`{"overlapHours":1}`)
		check("both", map[string]int{fifth: 200, sixth: 200})
		for _, body := range []string{`{"overlapHours":169}`, `{"overlapHours":-1}`, `{"hours":1}`} {
			if res := send(t, a, "POST", at+"/rotate", g.tokens["owner"], body); res.status != 400 {
				t.Errorf("%s: %d %s", body, res.status, res.text)
			}
		}
		once := send(t, a, "POST", at+"/rotate", g.tokens["owner"], `{}`, "Idempotency-Key", "r1")
		again := send(t, a, "POST", at+"/rotate", g.tokens["owner"], `{}`, "Idempotency-Key", "r1")
		if once.status != 201 || again.status != 409 || again.code() != "already_done" || again.at("errors.0.message") != id {
			t.Errorf("repeated: %d %s", again.status, again.text)
		}
		if res := send(t, a, "GET", "/v1/servers/"+g.serverID+"/audit-log", g.tokens["owner"], ""); strings.Count(res.text, `"api_key.rotate"`) != 6 {
			t.Errorf("audit log: %s", res.text)
		}
		last := once.at("data.key").(string)
		send(t, a, "DELETE", at, g.tokens["owner"], "")
		check("deleted", map[string]int{sixth: 401, last: 401})
	})
}
