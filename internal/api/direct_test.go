package api_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
)

func TestDirectConversationsAreStartedAndListed(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, owner := person(t, a, "owner")
		home := createServer(t, a, owner, "Rovers")
		_, ada := joined(t, a, home, owner, "ada")
		joined(t, a, home, owner, "ben")
		elsewhere := a.Community(t)
		_, stranger := a.Owner(t, elsewhere, "stranger")
		const path = "/v1/direct-channels"
		key := a.Key(t, home)
		first := send(t, a, "POST", path, owner, `{"users":["ada"]}`)
		want := map[string]any{
			"_id": first.at("data._id"), "channelType": "direct", "lastMessageId": nil, "unread": 0.0, "mentions": 0.0,
			"users": first.at("data.users"), "createdAt": first.at("data.createdAt"),
		}
		if users, _ := first.at("data.users").([]any); first.status != 201 || cmp.Diff(want, first.at("data")) != "" || len(users) != 2 {
			t.Fatalf("%d %s", first.status, first.text)
		}
		for _, c := range []struct {
			name, token, body string
			status            int
			code              string
			same              bool // as the first conversation
		}{
			{"the same again", owner, `{"users":["ada"]}`, 200, "", true},
			{"by a key for the other member", key, `{"users":["owner"],"sender":"ada"}`, 200, "", true},
			{"a third member", owner, `{"users":["ada","ben"]}`, 201, "", false},
			{"without allow_dm", ada, `{"users":["ben"]}`, 403, "missing_permission", false},
			{"a key without a sender", key, `{"users":["ben"]}`, 400, "invalid_input", false},
			{"a key without sendMessage", a.Key(t, home, permission.GetMessages), `{"users":["ben"],"sender":"ada"}`, 403, "missing_permission", false},
			{"another sender", owner, `{"users":["ben"],"sender":"ada"}`, 403, "sender_not_self", false},
			{"nobody", owner, `{"users":[]}`, 400, "invalid_input", false},
			{"a member of another community", owner, `{"users":["stranger"]}`, 404, "user_not_found", false},
			{"the community of others", stranger, `{"users":["ada"],"communityId":"` + home + `"}`, 404, "community_not_found", false},
			{"an unknown field", owner, `{"users":["ben"],"text":"hi"}`, 400, "invalid_input", false},
		} {
			got := send(t, a, "POST", path, c.token, c.body)
			if got.status != c.status || got.code() != c.code || c.same != (got.at("data._id") == first.at("data._id")) {
				t.Errorf("%s: %d %s", c.name, got.status, got.text)
			}
		}
		if got := send(t, a, "PUT", "/v1/blocks/owner", ada, ""); got.status != 200 {
			t.Fatal(got.text)
		}
		if got := send(t, a, "POST", path, owner, `{"users":["ada"]}`); got.status != 403 || got.code() != "blocked" {
			t.Errorf("blocked: %d %s", got.status, got.text)
		}
		for _, c := range []struct {
			name, query, token string
			status, n          int
		}{
			{"a member", "", ada, 200, 2},
			{"a member by name", "?user_id=ada", ada, 200, 2},
			{"a key for a member", "?user_id=ben", key, 200, 1},
			{"another member", "?user_id=ben", ada, 403, 0},
			{"a key without a member", "", key, 400, 0},
			{"a key and a member of another community", "?user_id=ada", a.Key(t, elsewhere), 404, 0},
			{"a person of another community", "", stranger, 200, 0},
			{"a foreign cursor", "?cursor=x", ada, 400, 0},
		} {
			got := send(t, a, "GET", path+c.query, c.token, "")
			list, _ := got.body["data"].([]any)
			if got.status != c.status || len(list) != c.n {
				t.Errorf("%s: %d %s", c.name, got.status, got.text)
			}
		}
		part := send(t, a, "GET", path+"?limit=1", ada, "")
		next, _ := part.at("meta.nextCursor").(string)
		if rest := send(t, a, "GET", path+"?limit=1&cursor="+next, ada, ""); next == "" || rest.at("data.0._id") != first.at("data._id") || rest.at("meta.nextCursor") != nil {
			t.Errorf("%s %s", part.text, rest.text)
		}
		if got := send(t, a, "GET", "/v1/channels", owner, ""); len(topics(got)) != 0 {
			t.Errorf("conversations are listed as channels: %s", got.text)
		}
	})
}
