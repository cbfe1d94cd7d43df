package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/sqldb"
)

// post sends a message and returns its id.
func post(t *testing.T, a *apptest.App, token, channelID, text, sender string) string {
	t.Helper()
	res := send(t, a, "POST", "/v1/messages/send", token, fmt.Sprintf(`{"channelId":%q,"message":%q,"sender":%q}`, channelID, text, sender))
	messageID, _ := res.at("data.messageId").(string)
	if res.status != 200 || messageID == "" {
		t.Fatalf("%d %s", res.status, res.text)
	}
	return messageID
}

// texts returns the texts of the messages in a response.
func texts(r reply) (out []string) {
	list, _ := r.at("data.messages").([]any)
	for _, one := range list {
		out = append(out, one.(map[string]any)["message"].(string))
	}
	return out
}

func TestKeysSendReplyAndRead(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		for _, name := range []string{"ada", "ben"} {
			userOf(t, a, key, name)
		}
		general := createChannel(t, a, key, `{"topic":"general","channelType":"open"}`)
		sent := send(t, a, "POST", "/apis/v1/messages/send", key, `{"channelId":"`+general+`","message":"Hello","sender":"ada@example.com"}`)
		if sent.status != 200 || sent.body["message"] != "Message send successfully" || sent.at("data.channelId") != general {
			t.Fatalf("%d %s", sent.status, sent.text)
		}
		first := sent.at("data.messageId").(string)
		answer := send(t, a, "POST", "/apis/v1/messages/reply", key, `{"messageId":"`+first+`","message":"Hi Ada","sender":"ben"}`)
		if answer.status != 200 || answer.body["message"] != "Message reply successfully" || answer.at("data.parentId") != first {
			t.Fatalf("%d %s", answer.status, answer.text)
		}
		second := answer.at("data.messageId").(string)
		nested := send(t, a, "POST", "/apis/v1/messages/reply", key, `{"messageId":"`+second+`","message":"Nested","sender":"ada"}`)
		if nested.at("data.parentId") != first {
			t.Errorf("%s", nested.text)
		}
		found := send(t, a, "GET", "/v1/messages/"+nested.at("data.messageId").(string), key, "")
		if found.at("data.replyToId") != second || found.at("data.kind") != "reply" || found.at("data.user.email") != "ada@example.com" || found.at("data.via.type") != "key" {
			t.Errorf("%s", found.text)
		}
		if root := send(t, a, "GET", "/v1/messages/"+first, key, ""); root.at("data.replyCount") != 2.0 || root.at("data.parentId") != nil || root.at("data.channel.name") != "general" {
			t.Errorf("%s", root.text)
		}
	})
}

func TestMessagesAreReadPageByPage(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		userOf(t, a, key, "ada")
		ben := userOf(t, a, key, "ben")
		general, other := createChannel(t, a, key, `{"topic":"general"}`), createChannel(t, a, key, `{"topic":"other"}`)
		m := []string{""}
		for i := range 7 {
			m = append(m, post(t, a, key, general, fmt.Sprintf("m%d", i+1), "ada"))
		}
		post(t, a, key, other, "elsewhere", "ben")
		for _, c := range []struct {
			query, want string
			total       float64
		}{
			{"channel_id=" + general + "&count=3", "m7 m6 m5", 7},
			{"channel_id=" + general + "&count=3&before=" + m[5], "m4 m3 m2", 7},
			{"channel_id=" + general + "&count=3&after=" + m[2], "m5 m4 m3", 7},
			{"channel_id=" + general + "&count=3&after=" + m[6], "m7", 7},
			{"channel_id=" + general + "&after=" + m[7], "", 7},
			{"channel_id=" + general + "&count=2&after=2020-01-01T00:00:00Z", "m2 m1", 7},
			{"channel_id=" + general + "&before=2020-01-01T00:00:00Z", "", 7},
			{"count=2", "elsewhere m7", 8},
			{"user_id=" + ben, "elsewhere", 1},
			{"email=ben@example.com", "elsewhere", 1},
			{"email=ben@example.com&channel_id=" + general, "", 0},
		} {
			got := send(t, a, "GET", "/v1/messages?"+c.query, key, "")
			if strings.Join(texts(got), " ") != c.want || got.at("data.total") != c.total || got.body["message"] != "messages fetched successfully" {
				t.Errorf("%s: %s", c.query, got.text)
			}
		}
		for _, query := range []string{"before=" + m[5] + "&after=" + m[2], "count=201", "count=0", "before=soon", "channel_id=" + general + "&after=-5"} {
			if got := send(t, a, "GET", "/v1/messages?"+query, key, ""); got.status != 400 {
				t.Errorf("%s: %d %s", query, got.status, got.text)
			}
		}
	})
}

func TestSendersAndTextsAreChecked(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, elsewhere := a.Community(t), a.Community(t)
		key := a.Key(t, home)
		userOf(t, a, key, "ada")
		userOf(t, a, key, "ben")
		_, ada := a.Claim(t, home, "ada")
		general := createChannel(t, a, key, `{"topic":"general"}`)
		news := createChannel(t, a, key, `{"topic":"news","channelType":"announcement"}`)
		hidden := createChannel(t, a, key, `{"topic":"staff","private":true}`)
		foreign := createChannel(t, a, a.Key(t, elsewhere), `{"topic":"foreign"}`)
		body := func(channel, text, rest string) string {
			return fmt.Sprintf(`{"channelId":%q,"message":%q%s}`, channel, text, rest)
		}
		for _, c := range []struct {
			name, token, body string
			status            int
			code              string
		}{
			{"a person in their own name", ada, body(general, "hello", ""), 200, ""},
			{"a person that names themselves", ada, body(general, "hello", `,"sender":"ada"`), 200, ""},
			{"a person in another name", ada, body(general, "hello", `,"sender":"ben"`), 403, "sender_not_self"},
			{"a person in an unknown name", ada, body(general, "hello", `,"sender":"nobody"`), 403, "sender_not_self"},
			{"a person in an announcement channel", ada, body(news, "hello", ""), 403, "missing_permission"},
			{"a key in an announcement channel", key, body(news, "hello", `,"sender":"ben"`), 200, ""},
			{"a person in a hidden channel", ada, body(hidden, "hello", ""), 404, "channel_not_found"},
			{"a key in a hidden channel", key, body(hidden, "hello", `,"sender":"ben"`), 200, ""},
			{"a channel of another community", key, body(foreign, "hello", `,"sender":"ben"`), 404, "channel_not_found"},
			{"a key without a sender", key, body(general, "hello", ""), 400, "invalid_input"},
			{"a key with an unknown sender", key, body(general, "hello", `,"sender":"nobody"`), 404, "user_not_found"},
			{"no text", ada, body(general, " \n\t ", ""), 400, "invalid_input"},
			{"only invisible characters", ada, body(general, "\u200b\u2060", ""), 400, "invalid_input"},
			{"the longest text", ada, body(general, strings.Repeat("é", 10_000), ""), 200, ""},
			{"a longer text", ada, body(general, strings.Repeat("é", 10_001), ""), 400, "invalid_input"},
			{"a control character", ada, `{"channelId":"` + general + `","message":"a\u0007b"}`, 400, "invalid_input"},
			{"lines and tabs", ada, body(general, "one\r\ntwo\tthree", ""), 200, ""},
			{"a topic outside of a forum", ada, body(general, "hello", `,"forumTopicId":"6a21d1c09f3b0c4d5e6f7a8b"`), 404, "topic_not_found"},
			{"a long nonce", ada, body(general, "hello", `,"nonce":"`+strings.Repeat("n", 65)+`"`), 400, "invalid_input"},
		} {
			if got := send(t, a, "POST", "/v1/messages/send", c.token, c.body); got.status != c.status || got.code() != c.code {
				t.Errorf("%s: %d %s", c.name, got.status, got.text)
			}
		}
		weak := a.Key(t, home, permission.GetMessages)
		if got := send(t, a, "POST", "/v1/messages/send", weak, body(general, "hello", `,"sender":"ben"`)); got.status != 403 {
			t.Errorf("without the permission: %d %s", got.status, got.text)
		}
	})
}

func TestANonceAnswersWithTheFirstMessage(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		userOf(t, a, key, "ada")
		general, other := createChannel(t, a, key, `{"topic":"general"}`), createChannel(t, a, key, `{"topic":"other"}`)
		try := func(channel, text string) reply {
			return send(t, a, "POST", "/v1/messages/send", key, fmt.Sprintf(`{"channelId":%q,"message":%q,"sender":"ada","nonce":"n1"}`, channel, text))
		}
		replies := make(chan reply)
		for range 16 {
			go func() { replies <- try(general, "A") }()
		}
		ids := map[any]bool{}
		for range 16 {
			got := <-replies
			ids[got.at("data.messageId")] = true
			if got.status != 200 {
				t.Errorf("%d %s", got.status, got.text)
			}
		}
		if listed := send(t, a, "GET", "/v1/messages?channel_id="+general, key, ""); len(ids) != 1 || listed.at("data.total") != 1.0 {
			t.Errorf("%v %s", ids, listed.text)
		}
		if got := try(general, "B"); got.status != 409 || got.code() != "idempotency_mismatch" {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := try(other, "B"); got.status != 200 || ids[got.at("data.messageId")] {
			t.Errorf("%d %s", got.status, got.text)
		}
	})
}

func TestWhispersAreSeenByWhisperers(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		_, owner := a.Owner(t, home, "boss")
		ids, tokens := map[string]string{}, map[string]string{"boss": owner}
		for _, name := range []string{"ada", "ben", "cleo"} {
			ids[name] = userOf(t, a, key, name)
			_, tokens[name] = a.Claim(t, home, name)
		}
		ask := createChannel(t, a, key, `{"topic":"ask","channelType":"whisper"}`)
		if got := send(t, a, "PUT", "/v1/channels/"+ask+"/overrides", key, `[{"userId":"`+ids["ada"]+`","allow":["post_messages"]}]`); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		for _, one := range []struct{ name, text string }{{"ada", "ask me"}, {"ben", "how?"}, {"cleo", "when?"}} {
			if got := send(t, a, "POST", "/v1/messages/send", tokens[one.name], fmt.Sprintf(`{"channelId":%q,"message":%q}`, ask, one.text)); got.status != 200 {
				t.Fatalf("%d %s", got.status, got.text)
			}
		}
		for name, want := range map[string]string{"ada": "when? how? ask me", "ben": "how? ask me", "cleo": "when? ask me", "boss": "when? how? ask me"} {
			got := send(t, a, "GET", "/v1/messages?channel_id="+ask, tokens[name], "")
			if strings.Join(texts(got), " ") != want || got.at("data.total") != float64(len(texts(got))) {
				t.Errorf("%s: %s", name, got.text)
			}
			if everywhere := send(t, a, "GET", "/v1/messages", tokens[name], ""); strings.Join(texts(everywhere), " ") != want {
				t.Errorf("%s everywhere: %s", name, everywhere.text)
			}
		}
		if got := send(t, a, "POST", "/v1/messages/send", key, `{"channelId":"`+ask+`","message":"hi","sender":"ben"}`); got.status != 409 || got.code() != "channel_read_only" {
			t.Errorf("%d %s", got.status, got.text)
		}
		theirs := send(t, a, "GET", "/v1/messages?channel_id="+ask+"&user_id="+ids["ben"], tokens["ada"], "").at("data.messages.0.id").(string)
		if got := send(t, a, "GET", "/v1/messages/"+theirs, tokens["cleo"], ""); got.status != 404 || got.code() != "message_not_found" {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := send(t, a, "POST", "/v1/messages/reply", tokens["cleo"], `{"messageId":"`+theirs+`","message":"me too"}`); got.status != 404 {
			t.Errorf("%d %s", got.status, got.text)
		}
	})
}

func TestInactiveMembersSendNothing(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		_, owner := a.Owner(t, home, "boss")
		general := createChannel(t, a, key, `{"topic":"general"}`)
		for name, end := range map[string]func(id string) reply{
			"suspended": func(id string) reply {
				return send(t, a, "POST", "/v1/servers/"+home+"/penalties", owner, fmt.Sprintf(`{"userId":%q,"kind":"suspend","reason":"spam","until":%q}`, id, time.Now().Add(time.Hour).UTC().Format(time.RFC3339)))
			},
			"deleted": func(id string) reply {
				return send(t, a, "POST", "/v1/users/manage", key, `{"user":"`+id+`","action":"delete"}`)
			},
		} {
			memberID := userOf(t, a, key, name)
			before := post(t, a, key, general, name, name)
			if got := end(memberID); got.status/100 != 2 {
				t.Fatalf("%s: %d %s", name, got.status, got.text)
			}
			if got := send(t, a, "POST", "/v1/messages/send", key, fmt.Sprintf(`{"channelId":%q,"message":"x","sender":%q}`, general, memberID)); got.status != 409 || got.code() != "sender_not_active" {
				t.Errorf("%s: %d %s", name, got.status, got.text)
			}
			if got := send(t, a, "GET", "/v1/messages/"+before, key, ""); name == "deleted" && (got.at("data.user.deleted") != true || got.at("data.user.user_id") != nil) {
				t.Errorf("%s", got.text)
			}
		}
	})
}

func TestMentionsNameMembersRolesAndEveryone(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		userOf(t, a, key, "ada")
		ben := userOf(t, a, key, "ben")
		_, ada := a.Claim(t, home, "ada")
		role := send(t, a, "POST", "/v1/roles", key, `{"title":"Match team"}`).at("data._id").(string)
		general := createChannel(t, a, key, `{"topic":"general"}`)
		for _, c := range []struct{ text, html string }{
			{"Welcome @ben, see https://club.example/rules", `<p>Welcome <span class="mention" data-user="` + ben + `">@ben</span>, see <a href="https://club.example/rules" rel="nofollow noopener">https://club.example/rules</a></p>`},
			{"<@" + ben + "> hi", `<p><span class="mention" data-user="` + ben + `">@ben</span> hi</p>`},
			{"@BEN", `<p><span class="mention" data-user="` + ben + `">@ben</span></p>`},
			{"@Match team go", `<p><span class="mention" data-role="` + role + `">@Match team</span> go</p>`},
			{"@all hi", `<p><span class="mention">@all</span> hi</p>`},
			{"@nobody, `@ben`", `<p>@nobody, <code>@ben</code></p>`},
			{"a@ben.example", `<p>a@ben.example</p>`},
			{"<script>alert(1)</script>", `<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>`},
		} {
			got := send(t, a, "GET", "/v1/messages/"+post(t, a, ada, general, c.text, "ada"), key, "")
			if got.at("data.html") != c.html || got.at("data.message") != c.text {
				t.Errorf("%s: %s", c.text, got.text)
			}
		}
		if got := send(t, a, "POST", "/v1/messages/send", ada, fmt.Sprintf(`{"channelId":%q,"message":%q}`, general, strings.Repeat("@ben ", 51))); got.status != 400 || got.code() != "invalid_input" {
			t.Errorf("51 mentions: %d %s", got.status, got.text)
		}
		if got := send(t, a, "POST", "/v1/messages/send", ada, fmt.Sprintf(`{"channelId":%q,"message":%q}`, general, strings.Repeat("https://a.example ", 21))); got.status != 400 {
			t.Errorf("21 links: %d %s", got.status, got.text)
		}
		if got := send(t, a, "PUT", "/v1/channels/"+general+"/overrides", key, `[{"userId":"ada","deny":["allow_mentions","share_links"]}]`); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		if got := send(t, a, "GET", "/v1/messages/"+post(t, a, ada, general, "@ben", "ada"), key, ""); got.at("data.html") != "<p>@ben</p>" || len(got.at("data.mentions").([]any)) != 0 {
			t.Errorf("without allow_mentions: %s", got.text)
		}
		if got := send(t, a, "POST", "/v1/messages/send", ada, fmt.Sprintf(`{"channelId":%q,"message":"https://a.example"}`, general)); got.status != 403 {
			t.Errorf("without share_links: %d %s", got.status, got.text)
		}
	})
}

func TestAnErasedMemberLeavesMessages(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		userOf(t, a, key, "ada")
		ben := userOf(t, a, key, "ben")
		general := createChannel(t, a, key, `{"topic":"general"}`)
		naming := post(t, a, key, general, "é @ben and @ben, `@ben` by @ada", "ada")
		own := post(t, a, key, general, "mine", "ben")
		err := a.DB.Tx(t.Context(), func(tx *sqldb.Tx) error {
			return a.EraseMembers(t.Context(), tx, home, []string{ben})
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := send(t, a, "GET", "/v1/messages/"+naming, key, ""); got.at("data.message") != "é @deleted and @deleted, `@ben` by @ada" || len(got.at("data.mentions").([]any)) != 1 {
			t.Errorf("%s", got.text)
		}
		if got := send(t, a, "GET", "/v1/messages/"+own, key, ""); got.at("data.message") != "mine" || got.at("data.user.deleted") != true || got.at("data.user.email") != nil {
			t.Errorf("%s", got.text)
		}
	})
}

func TestSlowModeAndBlocksApply(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		sender := a.Key(t, home, permission.SendMessage)
		general := createChannel(t, a, key, `{"topic":"general","slowMode":30}`)
		tokens := map[string]string{}
		for _, name := range []string{"ada", "ben"} {
			userOf(t, a, key, name)
			_, tokens[name] = a.Claim(t, home, name)
		}
		say := func(token, rest string) reply {
			return send(t, a, "POST", "/v1/messages/send", token, fmt.Sprintf(`{"channelId":%q,"message":"hi"%s}`, general, rest))
		}
		first, second := say(tokens["ben"], ""), say(tokens["ben"], "")
		if edited := send(t, a, "PUT", "/v1/messages/"+first.at("data.messageId").(string), tokens["ben"], `{"message":"hi"}`); edited.status != 200 {
			t.Errorf("an edit waits: %s", edited.text)
		}
		if edited := send(t, a, "PUT", "/v1/messages/"+first.at("data.messageId").(string), tokens["ben"], `{"message":"hi!"}`); edited.status != 200 {
			t.Errorf("an edit waits: %s", edited.text)
		}
		if first.status != 200 || second.status != 429 || second.code() != "slow_mode" || second.header.Get("Retry-After") == "" {
			t.Errorf("%s %s", first.text, second.text)
		}
		if got := say(tokens["ada"], ""); got.status != 200 {
			t.Errorf("another member: %s", got.text)
		}
		if got := say(sender, `,"sender":"ben"`); got.status != 429 {
			t.Errorf("a key without the permission channels: %s", got.text)
		}
		for range 2 {
			if got := say(key, `,"sender":"ben"`); got.status != 200 {
				t.Errorf("a key with the permission channels: %s", got.text)
			}
		}
		if got := send(t, a, "PUT", "/v1/blocks/ben", tokens["ada"], ""); got.status != 200 {
			t.Fatalf("%s", got.text)
		}
		for name, hidden := range map[string]any{"ada": "blocked", "ben": nil} {
			got := send(t, a, "GET", "/v1/messages?channel_id="+general, tokens[name], "")
			if got.at("data.messages.0.hidden") != hidden || (hidden != nil) != (got.at("data.messages.0.message") == "") || got.at("data.messages.2.message") != "hi" && got.at("data.messages.2.hidden") == nil {
				t.Errorf("%s: %s", name, got.text)
			}
		}
	})
}

func TestAllowedMentionsLimitWhoIsNotified(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		userOf(t, a, key, "ada")
		ben := userOf(t, a, key, "ben")
		general := createChannel(t, a, key, `{"topic":"general"}`)
		say := func(allowed string) reply {
			return send(t, a, "POST", "/v1/messages/send", key, fmt.Sprintf(`{"channelId":%q,"message":"@ada @ben @all","sender":"ada","allowedMentions":%s}`, general, allowed))
		}
		for allowed, want := range map[string]int{`null`: 3, `{}`: 0, `{"users":["ben","nobody"]}`: 1, `{"users":["` + ben + `"],"everyone":true}`: 2} {
			sent := say(allowed)
			got, err := sqldb.One(t.Context(), a.DB, "mentions", sqldb.Value[int], "SELECT count(*) FROM message_mentions WHERE message_id = $1 AND notify", sent.at("data.messageId"))
			if err != nil || got != want {
				t.Errorf("%s: %d of the mentions notify, want %d (%v %s)", allowed, got, want, err, sent.text)
			}
		}
		if got := say(`{"users":["` + strings.Repeat(`ben","`, 50) + `ben"]}`); got.status != 400 {
			t.Errorf("51 members: %d %s", got.status, got.text)
		}
	})
}
