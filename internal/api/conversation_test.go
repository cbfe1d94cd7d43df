package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
)

// conversation is a direct conversation of owner, ada and ben, with a key of their
// community and a member cleo who takes no part.
type conversation struct {
	*testing.T
	a               *apptest.App
	home, id, key   string
	tokens          map[string]string
	general, chatty string // a channel, and the path of the messages in the conversation
}

func newConversation(t *testing.T, a *apptest.App) *conversation {
	t.Helper()
	_, owner := person(t, a, "owner")
	c := &conversation{T: t, a: a, home: createServer(t, a, owner, "Rovers"), tokens: map[string]string{"owner": owner}}
	for _, name := range []string{"ada", "ben", "cleo"} {
		_, c.tokens[name] = joined(t, a, c.home, owner, name)
	}
	c.key = a.Key(t, c.home)
	c.tokens["key"] = c.key
	c.general = createChannel(t, a, c.key, `{"topic":"general"}`)
	started := send(t, a, "POST", "/v1/direct-channels", owner, `{"users":["ada","ben"]}`)
	c.id, _ = started.at("data._id").(string)
	if started.status != 201 {
		t.Fatalf("%d %s", started.status, started.text)
	}
	c.chatty = "/v1/messages?communityId=" + c.home + "&channel_id=" + c.id
	return c
}

func (c *conversation) call(who, method, path, body string) reply {
	c.Helper()
	return send(c.T, c.a, method, path, c.tokens[who], body)
}

// say posts a text in the conversation and returns its id.
func (c *conversation) say(who, text string) string {
	c.Helper()
	sent := c.call(who, "POST", "/v1/messages/send", fmt.Sprintf(`{"channelId":%q,"message":%q}`, c.id, text))
	if sent.status != 200 {
		c.Fatalf("%s: %d %s", who, sent.status, sent.text)
	}
	return sent.at("data.messageId").(string)
}

func (c *conversation) want(status int, code string, got reply) {
	c.Helper()
	if got.status != status || got.code() != code {
		c.Errorf("%d %s, want %d %s", got.status, got.text, status, code)
	}
}

func TestParticipantsWriteAndReadInConversations(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newConversation(t, a)
		first := c.say("owner", "Lunch @ben?")
		c.say("ada", "Where?")
		reply := c.call("ben", "POST", "/v1/messages/reply", fmt.Sprintf(`{"messageId":%q,"message":"Here, see https://a.example"}`, first))
		c.want(200, "", reply)
		c.want(200, "", c.call("ben", "POST", "/v1/messages/react", fmt.Sprintf(`{"messageId":%q,"emoji":":heart:"}`, first)))
		c.want(200, "", c.call("ben", "PUT", "/v1/messages/"+reply.at("data.messageId").(string), `{"message":"Here"}`))
		c.want(403, "not_author", c.call("ada", "PUT", "/v1/messages/"+first, `{"message":"x"}`))
		c.want(403, "missing_permission", c.call("ada", "DELETE", "/v1/messages/"+first, ""))
		if got := texts(c.call("ada", "GET", c.chatty, "")); strings.Join(got, "|") != "Here|Where?|Lunch @ben?" {
			t.Errorf("%q", got)
		}
		if got := c.call("ada", "GET", "/v1/messages/"+first, ""); got.at("data.replyCount") != 1.0 || len(got.at("data.reactions").([]any)) != 1 || got.at("data.channel.channel_id") != c.id {
			t.Errorf("%s", got.text)
		}
		c.want(200, "", c.call("owner", "DELETE", "/v1/messages/"+first, ""))
		if got := c.call("ada", "GET", c.chatty, ""); got.at("data.total") != 3.0 || texts(got)[2] != "" {
			t.Errorf("after the deletion: %s", got.text)
		}
	})
}

func TestOthersSeeNothingOfConversations(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newConversation(t, a)
		first := c.say("ada", "secret")
		in := "?communityId=" + c.home
		for _, who := range []string{"cleo", "key"} {
			c.want(404, "channel_not_found", c.call(who, "GET", c.chatty, ""))
			c.want(404, "message_not_found", c.call(who, "GET", "/v1/messages/"+first+in, ""))
			c.want(404, "message_not_found", c.call(who, "GET", "/v1/messages/"+first+"/replies"+in, ""))
			c.want(404, "message_not_found", c.call(who, "GET", "/v1/messages/"+first+"/reactions"+in, ""))
			c.want(404, "message_not_found", c.call(who, "GET", "/v1/messages/"+first+"/history"+in, ""))
			c.want(404, "message_not_found", c.call(who, "DELETE", "/v1/messages/"+first+in, ""))
			c.want(404, "message_not_found", c.call(who, "PUT", "/v1/messages/"+first+"/pin"+in, ""))
			c.want(404, "channel_not_found", c.call(who, "GET", "/v1/messages/search"+in+"&q=secret&channel_id="+c.id, ""))
		}
		c.want(404, "channel_not_found", c.call("cleo", "POST", "/v1/messages/send", fmt.Sprintf(`{"channelId":%q,"message":"x"}`, c.id)))
		c.want(404, "message_not_found", c.call("cleo", "POST", "/v1/messages/react", fmt.Sprintf(`{"messageId":%q,"emoji":":heart:"}`, first)))
		c.want(404, "channel_not_found", c.call("cleo", "PUT", "/v1/channels/"+c.id+"/read", fmt.Sprintf(`{"messageId":%q}`, first)))
		c.want(404, "channel_not_found", c.call("cleo", "POST", "/v1/channels/"+c.id+"/typing", "{}"))
		for _, who := range []string{"ada", "cleo", "key"} {
			if got := c.call(who, "GET", "/v1/messages"+in, ""); got.at("data.total") != 0.0 {
				t.Errorf("%s: %s", who, got.text)
			}
			if got := c.call(who, "GET", "/v1/messages/search"+in+"&q=secret", ""); got.status != 200 || len(got.body["data"].([]any)) != 0 {
				t.Errorf("%s: %s", who, got.text)
			}
		}
		if got := c.call("ada", "GET", "/v1/messages/search"+in+"&q=secret&channel_id="+c.id, ""); len(got.body["data"].([]any)) != 1 {
			t.Errorf("a participant finds %s", got.text)
		}
	})
}

func TestKeysActAsParticipantsOfConversations(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newConversation(t, a)
		as := func(sender string) reply {
			return c.call("key", "POST", "/v1/messages/send", fmt.Sprintf(`{"channelId":%q,"message":"by a key","sender":%q}`, c.id, sender))
		}
		c.want(404, "channel_not_found", as("cleo"))
		c.want(404, "user_not_found", as("nobody"))
		sent := as("ada")
		c.want(200, "", sent)
		first := sent.at("data.messageId").(string)
		c.say("ben", "by ben")
		for user, want := range map[string]string{"ada": "by ben|by a key", "ben": "by ben|by a key", "cleo": ""} {
			if got := strings.Join(texts(c.call("key", "GET", c.chatty+"&user_id="+user, "")), "|"); got != want {
				t.Errorf("as %s: %q, want %q", user, got, want)
			}
		}
		in := "?communityId=" + c.home + "&user_id="
		c.want(200, "", c.call("key", "GET", "/v1/messages/"+first+in+"ben", ""))
		c.want(404, "message_not_found", c.call("key", "GET", "/v1/messages/"+first+in+"cleo", ""))
		for _, path := range []string{"/replies", "/reactions"} {
			c.want(200, "", c.call("key", "GET", "/v1/messages/"+first+path+in+"ben", ""))
		}
		if got := c.call("key", "GET", "/v1/messages/search"+in+"ben&q=key&channel_id="+c.id, ""); len(got.body["data"].([]any)) != 1 {
			t.Errorf("%s", got.text)
		}
		react := func(sender string) reply {
			return c.call("key", "POST", "/v1/messages/react", fmt.Sprintf(`{"messageId":%q,"emoji":":heart:","sender":%q}`, first, sender))
		}
		c.want(404, "message_not_found", react("cleo"))
		c.want(200, "", react("ben"))
		c.want(200, "", c.call("key", "PUT", "/v1/messages/"+first, `{"message":"changed","sender":"ada"}`))
	})
}

func TestConversationsAreClosedByBlocksAndWhenOthersLeave(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newConversation(t, a)
		pair := c.call("owner", "POST", "/v1/direct-channels", `{"users":["ada"]}`).at("data._id").(string)
		to := func(who string) reply {
			return c.call(who, "POST", "/v1/messages/send", fmt.Sprintf(`{"channelId":%q,"message":"hi"}`, pair))
		}
		c.want(200, "", to("ada"))
		c.want(200, "", c.call("ada", "PUT", "/v1/blocks/owner", ""))
		for _, who := range []string{"owner", "ada"} {
			c.want(403, "blocked", to(who))
		}
		c.want(200, "", c.call("ada", "DELETE", "/v1/blocks/owner", ""))
		c.want(200, "", to("owner"))
		c.want(200, "", c.call("ada", "POST", "/v1/servers/"+c.home+"/leave", "{}"))
		c.want(409, "channel_read_only", to("owner"))
		if got := c.call("owner", "GET", "/v1/messages?communityId="+c.home+"&channel_id="+pair, ""); got.at("data.total") != 2.0 {
			t.Errorf("%s", got.text)
		}
	})
}

func TestConversationsCountUnreadMessagesAndMentions(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newConversation(t, a)
		first := c.say("owner", "one")
		second := c.say("ada", "hi @ben")
		check := func(step, who, query string, unread, mentions float64, last any) {
			t.Helper()
			list := c.call(who, "GET", "/v1/direct-channels?communityId="+c.home+query, "")
			if got := list.at("data.0"); got == nil || list.at("data.0.unread") != unread || list.at("data.0.mentions") != mentions || list.at("data.0.lastMessageId") != last {
				t.Errorf("%s: %s, want %v unread, %v mentions, %v", step, list.text, unread, mentions, last)
			}
		}
		check("two messages", "ben", "", 2, 1, second)
		check("as a participant", "key", "&user_id=ben", 2, 1, second)
		check("own messages", "ada", "", 0, 0, second)
		if got := mark(t, a, c.tokens["ben"], c.id, first, false); got.at("data.unread") != 1.0 || got.at("data.lastReadId") != first {
			t.Errorf("%s", got.text)
		}
		check("one is read", "ben", "", 1, 1, second)
		c.want(200, "", c.call("ada", "DELETE", "/v1/messages/"+second, ""))
		check("the last one is deleted", "ben", "", 0, 0, first)
	})
}

func TestEventsOfConversationsAreNotInTheFeedOrInFigures(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newConversation(t, a)
		posted := c.call("ada", "POST", "/v1/messages/send", fmt.Sprintf(`{"channelId":%q,"message":"open"}`, c.general))
		c.want(200, "", posted)
		first := c.say("ada", "secret")
		c.want(200, "", c.call("ben", "POST", "/v1/messages/react", fmt.Sprintf(`{"messageId":%q,"emoji":":heart:"}`, first)))
		c.want(200, "", c.call("ada", "DELETE", "/v1/messages/"+first, ""))
		c.want(200, "", c.call("ada", "POST", "/v1/messages/send", fmt.Sprintf(`{"channelId":%q,"message":"last"}`, c.general)))
		var feed reply
		for after := 0.0; !strings.Contains(feed.text, `"message":"last"`); after = feed.at("meta.next").(float64) {
			feed = c.call("key", "GET", fmt.Sprintf("/v1/events?communityId=%s&limit=100&after=%.0f&wait=10", c.home, after), "")
			if feed.status != 200 || strings.Contains(feed.text, c.id) || strings.Contains(feed.text, "secret") {
				t.Fatalf("%s", feed.text)
			}
		}
		if feed.at("meta.next") != feed.at("meta.latest") {
			t.Errorf("%s", feed.text)
		}
		var written, reacted int
		if err := a.DB.QueryRow(t.Context(), "SELECT COALESCE(SUM(messages), 0), COALESCE(SUM(reactions), 0) FROM message_totals WHERE community_id = $1", c.home).Scan(&written, &reacted); err != nil || written != 2 || reacted != 0 {
			t.Errorf("%d messages and %d reactions are counted, %v", written, reacted, err)
		}
	})
}
