package api_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/community"
)

func createChannel(t *testing.T, a *apptest.App, token, body string) string {
	t.Helper()
	res := send(t, a, "POST", "/v1/channels", token, body)
	channelID, _ := res.at("data._id").(string)
	if res.status != 201 {
		t.Fatalf("%d %s", res.status, res.text)
	}
	return channelID
}

// topics returns the topics of the channels in a response.
func topics(r reply) (out []string) {
	list, _ := r.body["data"].([]any)
	for _, one := range list {
		out = append(out, one.(map[string]any)["topic"].(string))
	}
	return out
}

func TestChannelsAndCategoriesAreCreatedListedMovedAndDeleted(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t, community.Settings{AllowedFrameOrigins: []string{"https://board.example"}})
		key := a.Key(t, home, permission.ManageChannels)
		category, _ := send(t, a, "POST", "/v1/channel-categories", key, `{"name":"Matches"}`).at("data._id").(string)
		second, _ := send(t, a, "POST", "/v1/channel-categories", key, `{"name":"Else"}`).at("data._id").(string)
		lobby := createChannel(t, a, key, `{"topic":"lobby","channelType":"open"}`)
		createChannel(t, a, key, `{"topic":"results","channelType":"announcement","categoryId":"`+category+`"}`)
		board := createChannel(t, a, key, `{"topic":"board","channelType":"iframe","url":"https://board.example/week","categoryId":"`+second+`"}`)

		listed := send(t, a, "GET", "/v1/channels", key, "")
		want := map[string]any{
			"_id": lobby, "topic": "lobby", "channelType": "open", "description": "", "categoryId": "", "private": false, "position": 0.0,
			"slowMode": 0.0, "tradingDiscussions": false, "version": 1.0,
			"createdAt": listed.at("data.0.createdAt"),
		}
		if d := cmp.Diff(want, listed.at("data.0")); listed.status != 200 || d != "" {
			t.Errorf("%d %s", listed.status, d)
		}
		if listed.at("data.2.url") != "https://board.example/week" || listed.at("data.2.channelType") != "iframe" {
			t.Errorf("%s", listed.text)
		}
		if res := send(t, a, "GET", "/v1/servers/"+home+"/channels", key, ""); cmp.Diff(listed.body["data"], res.body["data"]) != "" {
			t.Errorf("%d %s", res.status, res.text)
		}
		changed := send(t, a, "PUT", "/v1/channels/"+lobby, key, `{"topic":"hall","categoryId":"`+category+`","position":0,"private":true}`)
		if changed.status != 200 || changed.at("data.private") != true || changed.at("data.categoryId") != category {
			t.Errorf("%d %s", changed.status, changed.text)
		}
		if res := send(t, a, "PUT", "/v1/channel-categories/"+second, key, `{"position":0,"name":"More"}`); res.status != 200 || res.at("data.name") != "More" {
			t.Errorf("%d %s", res.status, res.text)
		}
		if d := cmp.Diff([]string{"board", "hall", "results"}, topics(send(t, a, "GET", "/v1/channels", key, ""))); d != "" {
			t.Error(d)
		}
		if res := send(t, a, "DELETE", "/v1/channel-categories/"+category, key, ""); res.status != 200 {
			t.Errorf("%d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", "/v1/channel-categories", key, ""); len(res.body["data"].([]any)) != 1 || res.at("data.0._id") != second {
			t.Errorf("%d %s", res.status, res.text)
		}
		if res := send(t, a, "DELETE", "/v1/channels/"+board, key, ""); res.status != 200 || res.at("data._id") != board {
			t.Errorf("%d %s", res.status, res.text)
		}
		if d := cmp.Diff([]string{"hall", "results"}, topics(send(t, a, "GET", "/v1/channels", key, ""))); d != "" {
			t.Error(d)
		}
	})
}

func TestIframeChannelAcceptsOnlyAllowedOrigins(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		a.Owner(t, home, "ada")
		key := a.Key(t, home)
		for url, code := range map[string]string{
			"https://board.example/a": "origin_not_allowed", "http://board.example/a": "invalid", "javascript:alert(1)": "invalid",
			"https://me:secret@board.example/": "invalid", "": "invalid", "https://board.example;x": "invalid",
		} {
			res := send(t, a, "POST", "/v1/channels", key, `{"topic":"x","channelType":"iframe","url":"`+url+`"}`)
			if res.status != 400 || res.at("errors.0.field") != "url" || res.at("errors.0.code") != code {
				t.Errorf("%s: %d %s", url, res.status, res.text)
			}
		}
		if res := send(t, a, "PUT", "/v1/servers/"+home, key, `{"allowedFrameOrigins":["https://Board.example:443/","http://localhost:8080"]}`); res.status != 200 ||
			cmp.Diff([]any{"https://board.example", "http://localhost:8080"}, res.at("data.allowedFrameOrigins")) != "" {
			t.Errorf("%d %s", res.status, res.text)
		}
		for _, url := range []string{"https://board.example/a", "http://localhost:8080/b"} {
			createChannel(t, a, key, `{"topic":"x","channelType":"iframe","url":"`+url+`"}`)
		}
		for _, origins := range []string{`["https://board.example/path"]`, `["http://board.example"]`, `["*"]`, `["https://a b"]`} {
			if res := send(t, a, "PUT", "/v1/servers/"+home, key, `{"allowedFrameOrigins":`+origins+`}`); res.status != 400 || res.at("errors.0.field") != "allowedFrameOrigins" {
				t.Errorf("%s: %d %s", origins, res.status, res.text)
			}
		}
	})
}

func TestOverridesDecideAndTheRuleIsReturned(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		importFile(t, a, key, members)
		vip := createRole(t, a, key, `{"title":"VIP","order":3}`)
		everyone := send(t, a, "GET", "/v1/servers/"+home+"/roles", key, "").at("data.1._id").(string)
		ada := send(t, a, "POST", "/v1/roles/"+vip+"/add", key, `{"userId":"ada"}`).at("data._id").(string)
		staff := createChannel(t, a, key, `{"topic":"staff","private":true}`)

		rule := func(user, permission string) []any {
			t.Helper()
			res := send(t, a, "GET", "/v1/channels/"+staff+"/permissions/"+user, key, "")
			at := "data.permissions." + permission
			return []any{res.status, res.at("data.visible"), res.at(at + ".allowed"), res.at(at + ".rule"), res.at(at + ".roleTitle")}
		}
		if d := cmp.Diff([]any{200, false, false, "everyone_override", "@all"}, rule(ada, "view_message_history")); d != "" {
			t.Error(d)
		}
		set := send(t, a, "PUT", "/v1/channels/"+staff+"/overrides", key, `[{"roleId":"`+everyone+`","deny":["view_message_history"]},
			{"roleId":"`+vip+`","allow":["view_message_history"]},{"userId":"alan@example.com","allow":["view_message_history","pinable"],"deny":["post_messages"]}]`)
		if set.status != 200 || set.at("data.private") != true || len(set.at("data.overrides").([]any)) != 3 {
			t.Fatalf("%d %s", set.status, set.text)
		}
		if d := cmp.Diff([]any{200, true, true, "role_override", "VIP"}, rule(ada, "view_message_history")); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]any{200, true, true, "everyone", "@all"}, rule(ada, "post_messages")); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]any{200, true, false, "member_override", nil}, rule("alan", "post_messages")); d != "" {
			t.Error(d)
		}
		for body, field := range map[string]string{
			`[{"allow":["pinable"]}]`:                                   "0.roleId",
			`[{"roleId":"` + vip + `","userId":"ada"}]`:                 "0.roleId",
			`[{"roleId":"000000000000000000000000"}]`:                   "0.roleId",
			`[{"userId":"nobody"}]`:                                     "0.userId",
			`[{"roleId":"` + vip + `","allow":["fly"]}]`:                "0.allow",
			`[{"roleId":"` + vip + `","allow":["kick_members"]}]`:       "0.allow",
			`[{"userId":"ada"},{"userId":"ada@example.com"}]`:           "",
			`[{"roleId":"` + vip + `"},{"roleId":"` + vip + `"}]`:       "1.roleId",
			`[{"roleId":"` + vip + `","alow":["pinable"]}]`:             "alow",
			`[{"userId":"ada","allow":["pinable"],"deny":["pinable"]}]`: "0.deny",
		} {
			res := send(t, a, "PUT", "/v1/channels/"+staff+"/overrides", key, body)
			if field == "" {
				field = "1.roleId"
			}
			if res.status != 400 || len(res.fields()) == 0 || res.fields()[0] != field {
				t.Errorf("%s: %d %s", body, res.status, res.text)
			}
		}
	})
}

func TestOverridesDoNotOpenAPrivateChannel(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		importFile(t, a, key, members)
		everyone := send(t, a, "GET", "/v1/servers/"+home+"/roles", key, "").at("data.0._id").(string)
		for body, code := range map[string]string{
			`{"topic":"staff","private":true}`:          "channel_private",
			`{"topic":"direct","channelType":"direct"}`: "direct_private",
		} {
			channel := createChannel(t, a, key, body)
			set := send(t, a, "PUT", "/v1/channels/"+channel+"/overrides", key, `[{"userId":"ada","allow":["post_messages"],"deny":[]}]`)
			if set.status != 200 || set.at("data.private") != true || len(set.at("data.overrides").([]any)) != 2 {
				t.Errorf("%d %s", set.status, set.text)
			}
			if res := send(t, a, "GET", "/v1/channels/"+channel+"/permissions/alan", key, ""); res.at("data.visible") != false {
				t.Errorf("%s", res.text)
			}
			set = send(t, a, "PUT", "/v1/channels/"+channel+"/overrides", key, `[{"roleId":"`+everyone+`","allow":["view_message_history"]}]`)
			if set.status != 409 || set.code() != code {
				t.Errorf("%d %s", set.status, set.text)
			}
		}
	})
}

func TestOverridesAreListedForManagersOfChannels(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, owner := person(t, a, "owner")
		home := createServer(t, a, owner, "Rovers")
		_, plain := joined(t, a, home, owner, "plain")
		channel := createChannel(t, a, owner, `{"topic":"lobby"}`)
		createChannel(t, a, owner, `{"topic":"news"}`)
		if res := send(t, a, "PUT", "/v1/channels/"+channel+"/overrides", owner, `[{"userId":"plain","deny":["share_links"]}]`); res.status != 200 {
			t.Fatalf("%d %s", res.status, res.text)
		}
		for _, path := range []string{"/v1/channels", "/v1/servers/" + home + "/channels"} {
			for token, want := range map[string]any{owner: "share_links", a.Key(t, home): "share_links", plain: nil} {
				res := send(t, a, "GET", path, token, "")
				shown := map[any]any{}
				for i := range topics(res) {
					at := fmt.Sprintf("data.%d.", i)
					shown[res.at(at+"topic")] = res.at(at + "overrides.0.deny.0")
				}
				if d := cmp.Diff(map[any]any{"lobby": want, "news": nil}, shown); d != "" {
					t.Errorf("%s: %s %s", path, d, res.text)
				}
			}
		}
	})
}

func TestChannelOfAnotherCommunityIsNotFound(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		mine, theirs := a.Key(t, a.Community(t)), a.Key(t, a.Community(t))
		importFile(t, a, theirs, members)
		channel := createChannel(t, a, mine, `{"topic":"lobby"}`)
		category, _ := send(t, a, "POST", "/v1/channel-categories", mine, `{"name":"x"}`).at("data._id").(string)
		for _, c := range []struct{ method, path, body, code string }{
			{"PUT", "/v1/channels/" + channel, `{"topic":"x"}`, "channel_not_found"},
			{"DELETE", "/v1/channels/" + channel, "", "channel_not_found"},
			{"PUT", "/v1/channels/" + channel + "/overrides", "[]", "channel_not_found"},
			{"GET", "/v1/channels/" + channel + "/permissions/ada", "", "channel_not_found"},
			{"PUT", "/v1/channel-categories/" + category, `{"name":"x"}`, "category_not_found"},
			{"DELETE", "/v1/channel-categories/" + category, "", "category_not_found"},
			{"POST", "/v1/channels", `{"topic":"x","categoryId":"` + category + `"}`, "category_not_found"},
		} {
			if res := send(t, a, c.method, c.path, theirs, c.body); res.status != 404 || res.code() != c.code {
				t.Errorf("%s %s: %d %s", c.method, c.path, res.status, res.text)
			}
		}
		if res := send(t, a, "GET", "/v1/channels", theirs, ""); len(topics(res)) != 0 {
			t.Errorf("%s", res.text)
		}
		weak := a.Key(t, a.Community(t), permission.GetUserData)
		if res := send(t, a, "GET", "/v1/channels", weak, ""); res.status != 403 {
			t.Errorf("%d %s", res.status, res.text)
		}
	})
}
