package api_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/sqldb"
)

// person creates an account without memberships, with a session.
func person(t *testing.T, a *apptest.App, username string) (account.Account, string) {
	t.Helper()
	const password = "correct-horse-battery"
	_, err := a.Accounts.CreateAccount(t.Context(), signin.Input{Email: username + "@example.com", Username: username, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	token, made, err := a.Accounts.SignIn(t.Context(), username, password, account.SessionInfo{UserAgent: "test", Address: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	return made, token
}

// inviteTo creates an invite and returns its code.
func inviteTo(t *testing.T, a *apptest.App, serverID, token, body string) string {
	t.Helper()
	res := send(t, a, "POST", "/v1/servers/"+serverID+"/invites", token, body)
	code, _ := res.at("data.code").(string)
	if res.status != 201 {
		t.Fatalf("%d %s", res.status, res.text)
	}
	return code
}

func join(t *testing.T, a *apptest.App, serverID, token, code string) reply {
	t.Helper()
	return send(t, a, "POST", "/v1/servers/"+serverID+"/join", token, `{"inviteCode":"`+code+`"}`)
}

// joined creates a person and joins a community with an invite.
func joined(t *testing.T, a *apptest.App, serverID, owner, username string) (account.Account, string) {
	t.Helper()
	made, token := person(t, a, username)
	if res := join(t, a, serverID, token, inviteTo(t, a, serverID, owner, `{}`)); res.status != 200 {
		t.Fatalf("%d %s", res.status, res.text)
	}
	return made, token
}

// eventTypes returns the types of all events of a community.
func eventTypes(t *testing.T, a *apptest.App, communityID string) []string {
	t.Helper()
	types, err := sqldb.All(t.Context(), a.DB, sqldb.Value[string], "SELECT type FROM events WHERE community_id = $1 AND type <> 'user.visited_server' ORDER BY append_order", communityID)
	if err != nil {
		t.Fatal(err)
	}
	return types
}

func TestMembersJoinWithAnInviteAndLeave(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, owner := person(t, a, "owner")
		serverID := createServer(t, a, owner, "Rovers")
		ada, token := person(t, a, "ada")
		address := "/v1/servers/" + serverID
		if res := send(t, a, "POST", address+"/join", token, ""); res.status != 404 || res.code() != "community_not_found" {
			t.Errorf("without an invite: %d %s", res.status, res.text)
		}
		if res := join(t, a, serverID, token, "0123456789ab"); res.status != 404 || res.code() != "invite_not_found" {
			t.Errorf("with a wrong code: %d %s", res.status, res.text)
		}
		code := inviteTo(t, a, serverID, owner, `{"maxUses":5}`)
		res := join(t, a, serverID, token, strings.ToUpper(code))
		if res.status != 200 || res.at("data._id") != serverID || res.at("data.memberCount") != 2.0 {
			t.Fatalf("%d %s", res.status, res.text)
		}
		if again := join(t, a, serverID, token, code); again.status != 409 || again.code() != "already_member" {
			t.Errorf("twice: %d %s", again.status, again.text)
		}
		invites := send(t, a, "GET", address+"/invites", owner, "")
		if invites.at("data.0.uses") != 1.0 || invites.at("data.0.joined.0._id") != ada.ID || invites.at("data.0.createdByName") != "owner" {
			t.Errorf("who invited whom: %s", invites.text)
		}
		if res := send(t, a, "POST", address+"/leave", token, ""); res.status != 200 {
			t.Fatalf("%d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", address, token, ""); res.status != 404 {
			t.Errorf("who has left still sees it: %d", res.status)
		}
		if res := send(t, a, "POST", address+"/join", token, ""); res.status != 403 || res.code() != "invite_required" {
			t.Errorf("back without an invite: %d %s", res.status, res.text)
		}
		if res := join(t, a, serverID, token, code); res.status != 200 || res.at("data.memberCount") != 2.0 {
			t.Errorf("back: %d %s", res.status, res.text)
		}
		if d := cmp.Diff([]string{"user.joined_server", "user.joined_server", "user.left_server", "user.joined_server"}, eventTypes(t, a, serverID)); d != "" {
			t.Error(d)
		}
		log := send(t, a, "GET", address+"/audit-log?limit=100", owner, "")
		var actions []any
		for _, entry := range log.at("data").([]any) {
			actions = append(actions, entry.(map[string]any)["action"])
		}
		if d := cmp.Diff([]any{"user.join", "user.leave", "user.join", "invite.create", "community.create"}, actions); d != "" {
			t.Error(d)
		}
	})
}

func TestInviteIsNotUsedMoreOftenThanItsLimit(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, owner := person(t, a, "owner")
		serverID := createServer(t, a, owner, "Rovers")
		code := inviteTo(t, a, serverID, owner, `{"maxUses":5}`)
		tokens := make([]string, 20)
		for i := range tokens {
			_, tokens[i] = person(t, a, fmt.Sprintf("guest%d", i))
		}
		var in, gone atomic.Int64
		var all sync.WaitGroup
		for _, token := range tokens {
			all.Go(func() {
				switch res := join(t, a, serverID, token, code); {
				case res.status == 200:
					in.Add(1)
				case res.status == 410 && res.code() == "invite_used_up":
					gone.Add(1)
				default:
					t.Errorf("%d %s", res.status, res.text)
				}
			})
		}
		all.Wait()
		if in.Load() != 5 || gone.Load() != 15 {
			t.Errorf("%d joined and %d were refused", in.Load(), gone.Load())
		}
		if res := send(t, a, "GET", "/v1/servers/"+serverID, owner, ""); res.at("data.memberCount") != 6.0 {
			t.Errorf("members: %s", res.text)
		}
		if res := send(t, a, "GET", "/v1/servers/"+serverID+"/invites", owner, ""); res.at("data.0.uses") != 5.0 || res.at("data.0.open") != false {
			t.Errorf("uses: %s", res.text)
		}
	})
}

func TestConcurrentJoinsOfOnePersonSucceedOnce(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, owner := person(t, a, "owner")
		serverID := createServer(t, a, owner, "Rovers")
		code := inviteTo(t, a, serverID, owner, `{}`)
		_, token := person(t, a, "ada")
		var in atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if res := join(t, a, serverID, token, code); res.status == 200 {
					in.Add(1)
				} else if res.code() != "already_member" {
					t.Errorf("%d %s", res.status, res.text)
				}
			})
		}
		all.Wait()
		if in.Load() != 1 {
			t.Errorf("joined %d times", in.Load())
		}
		if res := send(t, a, "GET", "/v1/servers/"+serverID+"/invites", owner, ""); res.at("data.0.uses") != 1.0 {
			t.Errorf("uses: %s", res.text)
		}
	})
}

func TestInvalidInviteIsRejectedWithItsReason(t *testing.T) {
	eachWithClock(t, func(t *testing.T, a *apptest.App, wait func(time.Duration)) {
		_, owner := person(t, a, "owner")
		serverID := createServer(t, a, owner, "Rovers")
		short := inviteTo(t, a, serverID, owner, `{"expiresAt":"`+clock.Format(clock.Clock{}.Now().Add(time.Hour).UnixMilli())+`"}`)
		revoked := inviteTo(t, a, serverID, owner, `{}`)
		if res := send(t, a, "DELETE", "/v1/servers/"+serverID+"/invites/"+revoked, owner, ""); res.status != 200 {
			t.Fatalf("%d %s", res.status, res.text)
		}
		_, token := person(t, a, "ada")
		if res := join(t, a, serverID, token, revoked); res.status != 410 || res.code() != "invite_revoked" {
			t.Errorf("revoked: %d %s", res.status, res.text)
		}
		wait(2 * time.Hour)
		if res := join(t, a, serverID, token, short); res.status != 410 || res.code() != "invite_expired" {
			t.Errorf("expired: %d %s", res.status, res.text)
		}
		elsewhere := createServer(t, a, owner, "Rangers")
		if res := join(t, a, elsewhere, token, short); res.status != 404 || res.code() != "invite_not_found" {
			t.Errorf("of another community: %d %s", res.status, res.text)
		}
		for _, body := range []string{`{"maxUses":-1}`, `{"maxUses":1000001}`, `{"expiresAt":"2001-01-01T00:00:00Z"}`, `{"expiresAt":"3001-01-01T00:00:00Z"}`} {
			if res := send(t, a, "POST", "/v1/servers/"+serverID+"/invites", owner, body); res.status != 400 {
				t.Errorf("%s: %d %s", body, res.status, res.text)
			}
		}
	})
}

func TestRequiredFieldsAreNeededToJoin(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, owner := person(t, a, "owner")
		serverID := createServer(t, a, owner, "Rovers")
		field := func(body string) string {
			t.Helper()
			res := send(t, a, "POST", "/v1/communities/"+serverID+"/user-fields", owner, body)
			fieldID, _ := res.at("data._id").(string)
			if res.status != 201 {
				t.Fatalf("%d %s", res.status, res.text)
			}
			return fieldID
		}
		shoe := field(`{"field":"shoe","name":"Shoe size","type":"numerical"}`)
		card := field(`{"field":"card","name":"Card number","type":"single-line-text","identifier":true}`)
		field(`{"field":"level","name":"Level","type":"numerical"}`)
		rules := `{"joiningRequirements":{"policy":"open","requiredFields":["country","` + shoe + `","` + card + `"]}}`
		if res := send(t, a, "PUT", "/v1/servers/"+serverID, owner, rules); res.status != 200 {
			t.Fatal(res.text)
		}
		_, token := person(t, a, "ada")
		with := func(token, fields string) reply {
			t.Helper()
			return send(t, a, "POST", "/v1/servers/"+serverID+"/join", token, `{"fields":`+fields+`}`)
		}
		for fields, wrong := range map[string][]string{
			`{}`: {"fields.country", "fields.shoe", "fields.card"},
			`{"country":"GB","shoe":"big","card":"A1"}`:           {"fields.shoe"},
			`{"country":"GB","shoe":41.5,"card":" "}`:             {"fields.card"},
			`{"country":"GB","shoe":41,"card":"A1","level":99}`:   {"fields.level"},
			`{"country":"GB","shoe":41,"card":"A1","role":"VIP"}`: {"fields.role"},
		} {
			if res := with(token, fields); res.status != 400 || cmp.Diff(wrong, res.fields()) != "" {
				t.Errorf("%s: %d %s", fields, res.status, res.text)
			}
		}
		if res := with(token, `{"country":"GB","Shoe size":41.5,"`+card+`":"A1"}`); res.status != 200 {
			t.Fatalf("%d %s", res.status, res.text)
		}
		info := send(t, a, "POST", "/v1/users/info", owner, `{"idOrEmail":"ada","communityId":"`+serverID+`"}`)
		if info.at("data.country") != "GB" || info.at("data.customFields.shoe") != 41.5 || info.at("data.customFields.card") != "A1" {
			t.Errorf("%s", info.text)
		}
		_, other := person(t, a, "grace")
		if res := with(other, `{"country":"US","shoe":38,"card":"a1"}`); res.status != 409 || res.code() != "identifier_taken" {
			t.Errorf("the card of another: %d %s", res.status, res.text)
		}
		if res := send(t, a, "POST", "/v1/servers/"+serverID+"/leave", token, ""); res.status != 200 {
			t.Fatal(res.text)
		}
		if res := with(token, `{"shoe":42}`); res.status != 200 {
			t.Errorf("what is known from before has to be given again: %d %s", res.status, res.text)
		}
	})
}
