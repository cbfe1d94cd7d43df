package api_test

import (
	"fmt"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
)

func TestKeysReact(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newChatRoom(t, a)
		first := c.post("ada", "Hello")
		react := func(emoji, sender string) reply {
			return send(t, a, "POST", "/apis/v1/messages/react", c.key, fmt.Sprintf(`{"messageId":%q,"emoji":%q,"sender":%q}`, first, emoji, sender))
		}
		for _, input := range []string{":heart:", "\u2764", "\u2764\ufe0f"} {
			got := c.want(200, "", react(input, "ben"))
			if got.body["message"] != "Reaction added successfully" || got.at("data.messageId") != first || got.at("data.emoji") != "\u2764" || got.at("data.shortcode") != ":heart:" || got.at("data.count") != 1.0 {
				t.Errorf("%+q: %s", input, got.text)
			}
		}
		if got := react("\U0001f44d", "ben"); got.at("data.shortcode") != ":+1:" {
			t.Errorf("%s", got.text)
		}
		if got := react("\U0001f44d\U0001f3fd", "ben"); got.at("data.count") != 1.0 || got.at("data.shortcode") != ":+1_tone3:" {
			t.Errorf("%s", got.text)
		}
		for _, input := range []string{"ok", "\u2764\U0001f44d", ""} {
			c.want(400, "unknown_emoji", react(input, "ben"))
		}
		c.want(404, "user_not_found", react(":heart:", "nobody"))
		c.want(400, "invalid_input", c.send("key", "POST", "/v1/messages/react", `{"messageId":"`+first+`","emoji":":heart:"}`))
		c.want(403, "sender_not_self", c.send("ada", "POST", "/v1/messages/react", `{"messageId":"`+first+`","emoji":":heart:","sender":"ben"}`))
		c.want(404, "message_not_found", c.send("ada", "POST", "/v1/messages/react", `{"messageId":"6a21d1c09f3b0c4d5e6f7a8b","emoji":":heart:"}`))
		if got := c.want(200, "", c.send("ada", "POST", "/v1/messages/react", `{"messageId":"`+first+`","emoji":":red_heart:"}`)); got.at("data.count") != 2.0 {
			t.Errorf("%s", got.text)
		}
		shown := c.send("ada", "GET", "/v1/messages/"+first, "")
		if shown.at("data.reactions.0.shortcode") != ":heart:" || shown.at("data.reactions.0.count") != 2.0 || shown.at("data.reactions.0.me") != true || shown.at("data.reactions.1.me") != false {
			t.Errorf("%s", shown.text)
		}
		if c.figures("ben") != [3]int64{0, 0, 3} {
			t.Errorf("%v", c.figures("ben"))
		}
		if got := c.events(); got != "message.posted reaction.added reaction.added reaction.added reaction.added" {
			t.Errorf("events: %s", got)
		}
	})
}

func TestReactionsAreRemovedAndListed(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newChatRoom(t, a)
		first := c.post("ada", "Hello")
		for _, name := range []string{"ben", "cleo", "ada"} {
			c.want(200, "", c.send(name, "POST", "/v1/messages/react", `{"messageId":"`+first+`","emoji":":heart:"}`))
		}
		c.want(200, "", c.send("ben", "POST", "/v1/messages/react", `{"messageId":"`+first+`","emoji":":+1:"}`))
		names, cursor := map[any]int{}, ""
		for range 2 {
			part := c.want(200, "", c.send("ada", "GET", "/v1/messages/"+first+"/reactions?limit=2&cursor="+cursor, ""))
			for _, one := range part.at("data").([]any) {
				names[one.(map[string]any)["user"].(map[string]any)["username"]]++
			}
			cursor, _ = part.at("meta.nextCursor").(string)
		}
		if cursor != "" || names["ben"] != 2 || names["cleo"] != 1 || names["ada"] != 1 {
			t.Errorf("%v %q", names, cursor)
		}
		if got := c.want(200, "", c.send("ada", "GET", "/v1/messages/"+first+"/reactions?emoji=:%2B1:", "")); len(got.at("data").([]any)) != 1 || got.at("data.0.emoji") != "\U0001f44d" {
			t.Errorf("%s", got.text)
		}
		c.want(400, "unknown_emoji", c.send("ada", "GET", "/v1/messages/"+first+"/reactions?emoji=ok", ""))
		for range 2 {
			if got := c.want(200, "", c.send("ben", "POST", "/v1/messages/react/remove", `{"messageId":"`+first+`","emoji":":heart:"}`)); got.at("data.count") != 2.0 {
				t.Errorf("%s", got.text)
			}
		}
		c.want(200, "", c.send("key", "POST", "/v1/messages/react/remove", `{"messageId":"`+first+`","emoji":":heart:","sender":"ada"}`))
		if got := c.want(200, "", c.send("key", "POST", "/v1/messages/react/remove", `{"messageId":"`+first+`","emoji":":heart:","user":"cleo"}`)); got.at("data.count") != 0.0 {
			t.Errorf("%s", got.text)
		}
		if c.figures("ben") != [3]int64{0, 0, 1} || c.figures("cleo") != [3]int64{0, 0, 0} {
			t.Errorf("%v %v", c.figures("ben"), c.figures("cleo"))
		}
	})
}

func TestAMessageHasAtMostTwentyKindsOfReactions(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newChatRoom(t, a)
		first := c.post("ada", "Hello")
		done := make(chan reply)
		for i := range 24 {
			go func() {
				done <- c.send("ben", "POST", "/v1/messages/react", fmt.Sprintf(`{"messageId":%q,"emoji":%q}`, first, string(rune(0x1f600+i))))
			}()
		}
		refused := 0
		for range 24 {
			if got := <-done; got.status == 409 && got.code() == "too_many_reactions" {
				refused++
			} else if got.status != 200 {
				t.Errorf("%d %s", got.status, got.text)
			}
		}
		shown := c.send("ada", "GET", "/v1/messages/"+first, "")
		if refused != 4 || len(shown.at("data.reactions").([]any)) != 20 || c.figures("ben") != [3]int64{0, 0, 20} {
			t.Errorf("%d refused, %v, %s", refused, c.figures("ben"), shown.text)
		}
		for range 4 {
			emoji := shown.at("data.reactions.0.emoji").(string)
			c.want(200, "", c.send("cleo", "POST", "/v1/messages/react", fmt.Sprintf(`{"messageId":%q,"emoji":%q}`, first, emoji)))
		}
	})
}
