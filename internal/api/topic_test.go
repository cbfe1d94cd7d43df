package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/message/topic"
	"github.com/regulars/regulars/internal/sqldb"
)

// createTopic creates a topic in the name of a member and returns its id.
func createTopic(t *testing.T, a *apptest.App, key, forum, title, sender string) string {
	t.Helper()
	created := send(t, a, "POST", "/v1/channels/"+forum+"/topics", key, fmt.Sprintf(`{"title":%q,"message":"first","sender":%q}`, title, sender))
	topicID, _ := created.at("data.topicId").(string)
	if created.status != 201 || topicID == "" {
		t.Fatalf("%d %s", created.status, created.text)
	}
	return topicID
}

// postIn sends a message in a topic and returns its id.
func postIn(t *testing.T, a *apptest.App, key, forum, topicID, sender string) string {
	t.Helper()
	sent := send(t, a, "POST", "/v1/messages/send", key, fmt.Sprintf(`{"channelId":%q,"forumTopicId":%q,"message":"more","sender":%q}`, forum, topicID, sender))
	messageID, _ := sent.at("data.messageId").(string)
	if sent.status != 200 || sent.at("data.topicId") != topicID {
		t.Fatalf("%d %s", sent.status, sent.text)
	}
	return messageID
}

// forums starts a community with two forums, a text channel and the members ada, ben
// and boss, the owner.
func forums(t *testing.T, a *apptest.App) (home, key, forum, other, general string, tokens map[string]string) {
	t.Helper()
	home, tokens = a.Community(t), map[string]string{}
	key = a.Key(t, home)
	_, tokens["boss"] = a.Owner(t, home, "boss")
	for _, name := range []string{"ada", "ben"} {
		userOf(t, a, key, name)
		_, tokens[name] = a.Claim(t, home, name)
	}
	forum, other = createChannel(t, a, key, `{"topic":"help","channelType":"forum"}`), createChannel(t, a, key, `{"topic":"ideas","channelType":"forum"}`)
	return home, key, forum, other, createChannel(t, a, key, `{"topic":"general"}`), tokens
}

// appended returns the types of the events of some types, in their order.
func appended(t *testing.T, a *apptest.App, home string, types ...string) []string {
	t.Helper()
	found, err := sqldb.All(t.Context(), a.DB, sqldb.Value[string], "SELECT type FROM events WHERE community_id = $1 AND "+a.DB.Dialect().In("type", "$2")+" ORDER BY id", home, sqldb.Keys(types))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func topicTitles(r reply) string {
	list, _ := r.body["data"].([]any)
	var out []string
	for _, one := range list {
		out = append(out, one.(map[string]any)["title"].(string))
	}
	return strings.Join(out, " ")
}

func TestTopicsAreCreatedWithAMessage(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, key, forum, _, general, tokens := forums(t, a)
		created := send(t, a, "POST", "/v1/channels/"+forum+"/topics", tokens["ada"], `{"title":"Opening hours","message":"When?","tags":["hours","hours","shop"],"nonce":"n1"}`)
		topicID, _ := created.at("data.topicId").(string)
		if created.status != 201 || created.at("data.messageCount") != 1.0 || created.at("data.version") != 1.0 || created.at("data.user.username") != "ada" || fmt.Sprint(created.at("data.tags")) != "[hours shop]" {
			t.Fatalf("%d %s", created.status, created.text)
		}
		if again := send(t, a, "POST", "/v1/channels/"+forum+"/topics", tokens["ada"], `{"title":"Opening hours","message":"When?","nonce":"n1"}`); again.status != 201 || again.at("data.topicId") != topicID {
			t.Errorf("the nonce again: %d %s", again.status, again.text)
		}
		if mixed := send(t, a, "POST", "/v1/channels/"+forum+"/topics", tokens["ada"], `{"title":"Prices","message":"When?","nonce":"n1"}`); mixed.status != 409 || mixed.code() != "idempotency_mismatch" {
			t.Errorf("the nonce with another title: %d %s", mixed.status, mixed.text)
		}
		first := send(t, a, "GET", "/v1/messages?channel_id="+forum, key, "")
		if first.at("data.total") != 1.0 || first.at("data.messages.0.topicId") != topicID {
			t.Errorf("%s", first.text)
		}
		second := postIn(t, a, key, forum, topicID, "ben")
		if answer := send(t, a, "POST", "/v1/messages/reply", key, `{"messageId":"`+second+`","message":"soon","sender":"ada"}`); answer.at("data.topicId") != topicID {
			t.Errorf("%s", answer.text)
		}
		listed := send(t, a, "GET", "/v1/channels/"+forum+"/topics", key, "")
		last := send(t, a, "GET", "/v1/messages?channel_id="+forum+"&count=1", key, "")
		if listed.at("data.0.messageCount") != 3.0 || listed.at("data.0.lastMessageAt") != last.at("data.messages.0.timestamp") {
			t.Errorf("%s", listed.text)
		}
		if types := appended(t, a, home, "topic.created", "message.posted"); !slices.Equal(types, []string{"topic.created", "message.posted", "message.posted", "message.posted"}) {
			t.Errorf("events: %v", types)
		}
		for _, c := range []struct {
			name, token, path, body string
			status                  int
			code                    string
		}{
			{"no forum", key, general, `{"title":"x","message":"y","sender":"ada"}`, 409, "not_a_forum"},
			{"a key without a sender", key, forum, `{"title":"x","message":"y"}`, 400, "invalid_input"},
			{"another sender", tokens["ada"], forum, `{"title":"x","message":"y","sender":"ben"}`, 403, "sender_not_self"},
			{"the longest title", key, forum, `{"title":"` + strings.Repeat("é", 200) + `","message":"y","sender":"ada"}`, 201, ""},
			{"a longer title", key, forum, `{"title":"` + strings.Repeat("é", 201) + `","message":"y","sender":"ada"}`, 400, "invalid_input"},
			{"too many tags", key, forum, `{"title":"x","message":"y","sender":"ada","tags":["1","2","3","4","5","6","7","8","9","10","11"]}`, 400, "invalid_input"},
		} {
			if got := send(t, a, "POST", "/v1/channels/"+c.path+"/topics", c.token, c.body); got.status != c.status || got.code() != c.code {
				t.Errorf("%s: %d %s", c.name, got.status, got.text)
			}
		}
		if got := send(t, a, "POST", "/v1/channels/"+forum+"/topics", key, `{"title":" ","message":" ","sender":"ada"}`); fmt.Sprint(got.fields()) != "[title message]" {
			t.Errorf("every invalid field: %s", got.text)
		}
		if got := send(t, a, "POST", "/v1/messages/send", key, `{"channelId":"`+forum+`","message":"x","sender":"ada"}`); got.status != 400 || got.body["errors"].([]any)[0].(map[string]any)["code"] != "topic_required" {
			t.Errorf("without a topic: %d %s", got.status, got.text)
		}
		if got := send(t, a, "GET", "/v1/channels/"+general+"/topics", key, ""); got.status != 409 || got.code() != "not_a_forum" {
			t.Errorf("%d %s", got.status, got.text)
		}
	})
}

func TestTopicsAreSortedAndPaged(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, key, forum, other, _, _ := forums(t, a)
		ids := map[string]string{}
		for _, name := range []string{"a", "b", "c", "d"} {
			ids[name] = createTopic(t, a, key, forum, name, "ada")
		}
		for _, name := range []string{"c", "b", "b", "a"} {
			postIn(t, a, key, forum, ids[name], "ben")
			execute(t, a, "UPDATE topics SET last_message_at = last_message_at + $2 WHERE id = $1", ids[name], map[string]int{"c": 1000, "b": 1000, "a": 3000}[name])
		}
		if got := send(t, a, "PUT", "/v1/channels/"+forum+"/topics/"+ids["d"], key, `{"pinned":true}`); got.at("data.pinned") != true || got.at("data.version") != 2.0 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		for sort, want := range map[string]string{"": "d a b c", "latest": "d a b c", "new": "d c b a", "top": "d b c a"} {
			if sort == "top" && topicTitles(send(t, a, "GET", "/v1/channels/"+forum+"/topics?sort=top", key, "")) != want {
				t.Errorf("top: %s", topicTitles(send(t, a, "GET", "/v1/channels/"+forum+"/topics?sort=top", key, "")))
			}
			var pages []string
			for cursor := ""; ; {
				got := send(t, a, "GET", "/v1/channels/"+forum+"/topics?limit=1&sort="+orLatest(sort)+"&cursor="+cursor, key, "")
				pages = append(pages, topicTitles(got))
				next, more := got.at("meta.nextCursor").(string)
				if !more || len(pages) > 4 {
					break
				}
				cursor = next
				if foreign := send(t, a, "GET", "/v1/channels/"+other+"/topics?cursor="+cursor, key, ""); foreign.status != 400 || foreign.code() != "invalid_cursor" {
					t.Errorf("a cursor of another forum: %d %s", foreign.status, foreign.text)
				}
			}
			if strings.Join(pages, " ") != want {
				t.Errorf("%q: %v, want %s", sort, pages, want)
			}
		}
	})
}

func orLatest(sort string) string {
	if sort == "" {
		return "latest"
	}
	return sort
}

func TestLockedTopicsAreForManagers(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, key, forum, other, general, tokens := forums(t, a)
		topicID, foreign := createTopic(t, a, key, forum, "hours", "ada"), createTopic(t, a, key, other, "ideas", "ada")
		if got := send(t, a, "PUT", "/v1/channels/"+forum+"/topics/"+topicID, tokens["boss"], `{"locked":true}`); got.at("data.locked") != true {
			t.Fatalf("%d %s", got.status, got.text)
		}
		weak := a.Key(t, home, "sendMessage")
		for _, c := range []struct {
			name, token, channel, topic, sender string
			status                              int
			code                                string
		}{
			{"the author", tokens["ada"], forum, topicID, "ada", 409, "topic_locked"},
			{"a manager", tokens["boss"], forum, topicID, "boss", 200, ""},
			{"a key with channels", key, forum, topicID, "ada", 200, ""},
			{"a key without channels", weak, forum, topicID, "ada", 409, "topic_locked"},
			{"a topic of another forum", key, forum, foreign, "ada", 404, "topic_not_found"},
			{"a topic outside of a forum", key, general, topicID, "ada", 404, "topic_not_found"},
			{"no topic", key, forum, "6a21d1c09f3b0c4d5e6f7a8b", "ada", 404, "topic_not_found"},
		} {
			got := send(t, a, "POST", "/v1/messages/send", c.token, fmt.Sprintf(`{"channelId":%q,"forumTopicId":%q,"message":"x","sender":%q}`, c.channel, c.topic, c.sender))
			if got.status != c.status || got.code() != c.code {
				t.Errorf("%s: %d %s", c.name, got.status, got.text)
			}
		}
		first := send(t, a, "GET", "/v1/messages?channel_id="+forum, key, "").at("data.messages.0.id").(string)
		if got := send(t, a, "POST", "/v1/messages/reply", tokens["ada"], `{"messageId":"`+first+`","message":"x"}`); got.status != 409 || got.code() != "topic_locked" {
			t.Errorf("a reply: %d %s", got.status, got.text)
		}
	})
}

func TestTopicsAreChangedByTheirAuthorsAndManagers(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, key, forum, _, general, tokens := forums(t, a)
		hidden := createChannel(t, a, key, `{"topic":"staff","channelType":"forum","private":true}`)
		topicID, secret := createTopic(t, a, key, forum, "hours", "ada"), createTopic(t, a, key, hidden, "secret", "boss")
		weak := a.Key(t, home, "sendMessage")
		for _, c := range []struct {
			name, token, channel, topic, body string
			status                            int
			code                              string
		}{
			{"the author renames", tokens["ada"], forum, topicID, `{"title":"Opening hours","tags":["a"]}`, 200, ""},
			{"another renames", tokens["ben"], forum, topicID, `{"title":"x"}`, 403, "not_author"},
			{"a manager renames", tokens["boss"], forum, topicID, `{"title":"x"}`, 403, "not_author"},
			{"a key renames", key, forum, topicID, `{"title":"Hours"}`, 200, ""},
			{"a weak key", weak, forum, topicID, `{"title":"x"}`, 403, "missing_permission"},
			{"the author pins", tokens["ada"], forum, topicID, `{"pinned":true}`, 403, "missing_permission"},
			{"the author locks", tokens["ada"], forum, topicID, `{"locked":true}`, 403, "missing_permission"},
			{"a manager pins", tokens["boss"], forum, topicID, `{"pinned":true}`, 200, ""},
			{"the same again", tokens["boss"], forum, topicID, `{"pinned":true,"version":4}`, 200, ""},
			{"an old version", tokens["boss"], forum, topicID, `{"pinned":false,"version":3}`, 409, "stale_version"},
			{"an empty title", key, forum, topicID, `{"title":" "}`, 400, "invalid_input"},
			{"to a channel without topics", key, forum, topicID, `{"channelId":"` + general + `"}`, 409, "not_a_forum"},
			{"to no channel", key, forum, topicID, `{"channelId":"6a21d1c09f3b0c4d5e6f7a8b"}`, 404, "channel_not_found"},
			{"the author moves", tokens["ada"], forum, topicID, `{"channelId":"` + hidden + `"}`, 403, "missing_permission"},
			{"in another forum", key, hidden, topicID, `{"title":"x"}`, 404, "topic_not_found"},
			{"in a hidden forum", tokens["ada"], hidden, secret, `{"title":"x"}`, 404, "channel_not_found"},
			{"in no forum", key, general, topicID, `{"title":"x"}`, 409, "not_a_forum"},
		} {
			if got := send(t, a, "PUT", "/v1/channels/"+c.channel+"/topics/"+c.topic, c.token, c.body); got.status != c.status || got.code() != c.code {
				t.Errorf("%s: %d %s", c.name, got.status, got.text)
			}
		}
		if got := send(t, a, "GET", "/v1/channels/"+forum+"/topics", tokens["ben"], ""); got.at("data.0.title") != "Hours" || got.at("data.0.version") != 4.0 || got.at("data.0.user.email") != nil {
			t.Errorf("%s", got.text)
		}
		if types := appended(t, a, home, "topic.updated"); len(types) != 3 {
			t.Errorf("changes: %v", types)
		}
	})
}

func TestMovedTopicsCountInTheirNewForum(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, key, forum, other, _, tokens := forums(t, a)
		moved := createTopic(t, a, key, forum, "hours", "ada")
		createTopic(t, a, key, forum, "stays", "ada")
		second := send(t, a, "POST", "/v1/messages/send", key, fmt.Sprintf(`{"channelId":%q,"forumTopicId":%q,"message":"hi @ben","sender":"ada"}`, forum, moved)).at("data.messageId").(string)
		checkCounts(t, a, tokens["ben"], forum, "before", 3, 1)
		if got := send(t, a, "PUT", "/v1/channels/"+forum+"/topics/"+moved, tokens["boss"], `{"channelId":"`+other+`"}`); got.at("data.channelId") != other {
			t.Fatalf("%d %s", got.status, got.text)
		}
		checkCounts(t, a, tokens["ben"], forum, "after, in the old forum", 1, 0)
		checkCounts(t, a, tokens["ben"], other, "after, in the new forum", 2, 1)
		for channel, want := range map[string]float64{forum: 1, other: 2} {
			if got := send(t, a, "GET", "/v1/messages?channel_id="+channel, key, ""); got.at("data.total") != want || float64(len(texts(got))) != want {
				t.Errorf("%s", got.text)
			}
		}
		if got := send(t, a, "GET", "/v1/messages/"+second, key, ""); got.at("data.channel.channel_id") != other {
			t.Errorf("%s", got.text)
		}
		for channel, want := range map[string]int{forum: 0, other: 1} {
			found, _ := send(t, a, "GET", "/v1/messages/search?q=hi&channel_id="+channel, key, "").body["data"].([]any)
			if len(found) != want {
				t.Errorf("search in %s: %v", channel, found)
			}
		}
		postIn(t, a, key, other, moved, "ben")
		if got := send(t, a, "GET", "/v1/channels/"+other+"/topics", key, ""); topicTitles(got) != "hours" || got.at("data.0.messageCount") != 3.0 {
			t.Errorf("%s", got.text)
		}
	})
}

func TestTopicsAreDeletedWithTheirMessages(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, key, forum, _, _, tokens := forums(t, a)
		alone, shared, third := createTopic(t, a, key, forum, "alone", "ada"), createTopic(t, a, key, forum, "shared", "ada"), createTopic(t, a, key, forum, "third", "ada")
		postIn(t, a, key, forum, alone, "ada")
		theirs := postIn(t, a, key, forum, shared, "ben")
		if got := send(t, a, "POST", "/v1/messages/reply", key, `{"messageId":"`+theirs+`","message":"x","sender":"ada"}`); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		for _, c := range []struct {
			name, token, topic string
			status             int
			code               string
		}{
			{"another", tokens["ben"], alone, 403, "missing_permission"},
			{"the author, alone", tokens["ada"], alone, 200, ""},
			{"again", tokens["ada"], alone, 404, "topic_not_found"},
			{"the author, not alone", tokens["ada"], shared, 403, "missing_permission"},
			{"a manager", tokens["boss"], shared, 200, ""},
		} {
			if got := send(t, a, "DELETE", "/v1/channels/"+forum+"/topics/"+c.topic, c.token, ""); got.status != c.status || got.code() != c.code {
				t.Errorf("%s: %d %s", c.name, got.status, got.text)
			}
		}
		if got := send(t, a, "GET", "/v1/messages?channel_id="+forum, key, ""); got.at("data.total") != 1.0 || len(texts(got)) != 1 {
			t.Errorf("%s", got.text)
		}
		if got := send(t, a, "GET", "/v1/messages/"+theirs, key, ""); got.status != 404 {
			t.Errorf("%d %s", got.status, got.text)
		}
		checkCounts(t, a, tokens["boss"], forum, "after the deletions", 1, 0)
		if types := appended(t, a, home, "topic.deleted", "message.deleted"); len(types) != 2 {
			t.Errorf("one event a topic: %v", types)
		}
		kept := postIn(t, a, key, forum, third, "ben")
		if got := send(t, a, "DELETE", "/v1/messages/"+kept, key, ""); got.status != 200 {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := send(t, a, "GET", "/v1/channels/"+forum+"/topics", key, ""); got.at("data.0.messageCount") != 1.0 || got.at("data.0.lastMessageAt") != send(t, a, "GET", "/v1/messages?channel_id="+forum, key, "").at("data.messages.0.timestamp") {
			t.Errorf("after a message was deleted: %s", got.text)
		}
		written, err := sqldb.One(t.Context(), a.DB, "totals", sqldb.Value[int64], "SELECT CAST(SUM(messages + replies) AS BIGINT) FROM message_totals WHERE community_id = $1", home)
		if err != nil || written != 1 {
			t.Errorf("%d messages in the figures, %v", written, err)
		}
		author, err := sqldb.One(t.Context(), a.DB, "topic", sqldb.Value[string], "SELECT author_id FROM topics WHERE id = $1", third)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.DB.Tx(t.Context(), func(tx *sqldb.Tx) error { return topic.EraseMembers(t.Context(), tx, home, []string{author}) }); err != nil {
			t.Fatal(err)
		}
		if got := send(t, a, "GET", "/v1/channels/"+forum+"/topics", key, ""); topicTitles(got) != "third" || got.at("data.0.user.user_id") != nil || got.at("data.0.user.deleted") != true {
			t.Errorf("%s", got.text)
		}
	})
}
