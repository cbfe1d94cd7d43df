package api_test

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/sqldb"
)

// chatRoom is a community with a key, people and a channel.
type chatRoom struct {
	*testing.T
	a       *apptest.App
	home    string
	key     string
	general string
	ids     map[string]string // of people, by name
	tokens  map[string]string
}

// newChatRoom has the owner boss and the members ada, ben and cleo. cleo has the
// channel permissions.
func newChatRoom(t *testing.T, a *apptest.App, permissions ...string) *chatRoom {
	t.Helper()
	home := a.Community(t)
	_, boss := a.Owner(t, home, "boss")
	c := &chatRoom{T: t, a: a, home: home, key: a.Key(t, home), ids: map[string]string{}, tokens: map[string]string{"boss": boss}}
	c.tokens["key"] = c.key
	for _, name := range []string{"ada", "ben", "cleo"} {
		c.ids[name] = userOf(t, a, c.key, name)
		_, c.tokens[name] = a.Claim(t, home, name)
	}
	c.general = createChannel(t, a, c.key, `{"topic":"general"}`)
	if len(permissions) > 0 {
		c.want(200, "", c.send("key", "PUT", "/v1/channels/"+c.general+"/overrides", fmt.Sprintf(`[{"userId":%q,"allow":["%s"]}]`, c.ids["cleo"], strings.Join(permissions, `","`))))
	}
	return c
}

func (c *chatRoom) send(who, method, path, body string) reply {
	c.Helper()
	return send(c.T, c.a, method, path, c.tokens[who], body)
}

func (c *chatRoom) want(status int, code string, got reply) reply {
	c.Helper()
	if got.status != status || got.code() != code {
		c.Errorf("%d %s, want %d %s", got.status, got.text, status, code)
	}
	return got
}

func (c *chatRoom) post(author, text string) string {
	c.Helper()
	return post(c.T, c.a, c.key, c.general, text, author)
}

func (c *chatRoom) reply(author, to, text string) string {
	c.Helper()
	got := c.want(200, "", c.send("key", "POST", "/v1/messages/reply", fmt.Sprintf(`{"messageId":%q,"message":%q,"sender":%q}`, to, text, author)))
	return got.at("data.messageId").(string)
}

// total is the number of messages of the channel, after a comparison with the list.
func (c *chatRoom) total() float64 {
	c.Helper()
	got := c.send("key", "GET", "/v1/messages?channel_id="+c.general+"&count=200", "")
	if got.at("data.total") != float64(len(texts(got))) {
		c.Errorf("the total is not the number of messages: %s", got.text)
	}
	return got.at("data.total").(float64)
}

// figures are the numbers of messages, replies and reactions of a member.
func (c *chatRoom) figures(name string) (out [3]int64) {
	c.Helper()
	row := c.a.DB.QueryRow(c.Context(), "SELECT messages, replies, reactions FROM message_totals WHERE community_id = $1 AND user_id = $2", c.home, c.ids[name])
	if err := row.Scan(&out[0], &out[1], &out[2]); err != nil {
		c.Fatal(err)
	}
	return out
}

// events are the types of the events of messages so far.
func (c *chatRoom) events() string {
	c.Helper()
	list, err := sqldb.All(c.Context(), c.a.DB, sqldb.Value[string], "SELECT type FROM events WHERE community_id = $1 AND (type LIKE 'message.%' OR type LIKE 'reaction.%') ORDER BY id", c.home)
	if err != nil {
		c.Fatal(err)
	}
	return strings.Join(list, " ")
}

func sweepMessages(t *testing.T, a *apptest.App) {
	t.Helper()
	for _, sweep := range append(a.Posts.Feature().Sweeps, a.Changes.Feature().Sweeps...) {
		if err := sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMessagesAreEditedByTheirAuthor(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newChatRoom(t, a, permission.ManageMessages, permission.DeleteMessages)
		first := c.post("ada", "one")
		path := "/v1/messages/" + first
		c.want(403, "not_author", c.send("ben", "PUT", path, `{"message":"x"}`))
		c.want(403, "not_author", c.send("cleo", "PUT", path, `{"message":"x"}`))
		c.want(403, "sender_not_self", c.send("ben", "PUT", path, `{"message":"x","sender":"ada"}`))
		c.want(400, "invalid_input", c.send("key", "PUT", path, `{"message":"x"}`))
		c.want(403, "not_author", c.send("key", "PUT", path, `{"message":"x","sender":"ben"}`))
		c.want(400, "invalid_input", c.send("ada", "PUT", path, `{"message":" "}`))
		c.want(400, "invalid_input", c.send("ada", "PUT", path, `{"message":"`+strings.Repeat("x", 10_001)+`"}`))
		c.want(404, "message_not_found", c.send("ada", "PUT", "/v1/messages/6a21d1c09f3b0c4d5e6f7a8b", `{"message":"x"}`))
		if same := c.want(200, "", c.send("ada", "PUT", path, `{"message":"one"}`)); same.at("data.editedAt") != nil {
			t.Errorf("the same text is an edit: %s", same.text)
		}
		if edited := c.want(200, "", c.send("ada", "PUT", path, `{"message":"two"}`)); edited.at("data.message") != "two" || edited.at("data.editedAt") == nil {
			t.Errorf("%s", edited.text)
		}
		c.want(200, "", c.send("key", "PUT", path, `{"message":"three https://club.example","sender":"ada"}`))
		if got := c.events(); got != "message.posted message.updated message.updated" {
			t.Errorf("events: %s", got)
		}
		c.want(200, "", c.send("key", "PUT", "/v1/channels/"+c.general+"/overrides", `[{"userId":"`+c.ids["ada"]+`","deny":["share_links"]}]`))
		c.want(403, "missing_permission", c.send("ada", "PUT", path, `{"message":"four https://club.example"}`))
		c.want(200, "", c.send("key", "PUT", "/v1/channels/"+c.general+"/overrides", `[{"userId":"`+c.ids["ada"]+`","deny":["post_messages"]}]`))
		c.want(403, "missing_permission", c.send("ada", "PUT", path, `{"message":"four"}`))
	})
}

func TestMessagesCanBeEditedForAWhile(t *testing.T) {
	eachWithClock(t, func(t *testing.T, a *apptest.App, move func(time.Duration)) {
		c := newChatRoom(t, a)
		c.want(200, "", c.send("boss", "PUT", "/v1/servers/"+c.home, `{"editWindow":60}`))
		first := c.post("ada", "one")
		c.want(200, "", c.send("ada", "PUT", "/v1/messages/"+first, `{"message":"two"}`))
		move(61 * time.Second)
		got := c.want(409, "edit_window_over", c.send("ada", "PUT", "/v1/messages/"+first, `{"message":"three"}`))
		if closed, _ := got.at("details.closedAt").(string); closed == "" {
			t.Errorf("%s", got.text)
		}
	})
}

func TestRightsOverMessagesOfOthers(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newChatRoom(t, a, permission.ManageMessages, permission.DeleteMessages, permission.Pinable)
		c.tokens["writer"] = a.Key(t, c.home, permission.SendMessage, permission.GetMessages)
		c.tokens["channels"] = a.Key(t, c.home, permission.ManageChannels)
		c.tokens["stranger"] = a.Key(t, a.Community(t))
		c.want(200, "", c.send("key", "POST", "/v1/messages/react", `{"messageId":"`+c.post("ada", "x")+`","emoji":":heart:","sender":"ada"}`))
		for _, row := range []struct {
			who                            string
			delete, pin, unreact, versions int
		}{
			{"ada", 200, 403, 200, 200},
			{"ben", 403, 403, 403, 403},
			{"cleo", 200, 200, 200, 403},
			{"boss", 200, 200, 200, 200},
			{"key", 200, 200, 200, 200},
			{"channels", 200, 200, 200, 403},
			{"writer", 403, 403, 403, 200},
			{"stranger", 404, 404, 404, 404},
		} {
			messageID := c.post("ada", "hello")
			c.want(200, "", c.send("ada", "POST", "/v1/messages/react", `{"messageId":"`+messageID+`","emoji":":heart:"}`))
			for _, one := range []struct {
				name string
				want int
				got  reply
			}{
				{"unreact", row.unreact, c.send(row.who, "POST", "/v1/messages/react/remove", `{"messageId":"`+messageID+`","emoji":":heart:","user":"ada"}`)},
				{"versions", row.versions, c.send(row.who, "GET", "/v1/messages/"+messageID+"/history", "")},
				{"pin", row.pin, c.send(row.who, "PUT", "/v1/messages/"+messageID+"/pin", "")},
				{"unpin", row.pin, c.send(row.who, "DELETE", "/v1/messages/"+messageID+"/pin", "")},
				{"delete", row.delete, c.send(row.who, "DELETE", "/v1/messages/"+messageID, "")},
			} {
				if one.got.status != one.want {
					t.Errorf("%s, %s: %d %s, want %d", row.who, one.name, one.got.status, one.got.text, one.want)
				}
			}
		}
	})
}

func TestADeletedMessageStaysWithItsReplies(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newChatRoom(t, a)
		root := c.post("ada", "root")
		one, two := c.reply("ben", root, "one"), c.reply("ben", root, "two")
		c.want(200, "", c.send("key", "POST", "/v1/messages/react", `{"messageId":"`+root+`","emoji":":heart:","sender":"cleo"}`))
		c.want(200, "", c.send("key", "PUT", "/v1/messages/"+root+"/pin", ""))
		if c.total() != 3 || c.figures("ada") != [3]int64{1, 0, 0} || c.figures("ben") != [3]int64{0, 2, 0} || c.figures("cleo") != [3]int64{0, 0, 1} {
			t.Errorf("%v %v %v %v", c.total(), c.figures("ada"), c.figures("ben"), c.figures("cleo"))
		}
		for range 2 {
			if got := c.want(200, "", c.send("ada", "DELETE", "/v1/messages/"+root, "")); got.at("data._id") != root {
				t.Errorf("%s", got.text)
			}
		}
		shown := c.want(200, "", c.send("ben", "GET", "/v1/messages/"+root, ""))
		if shown.at("data.message") != "" || shown.at("data.html") != "" || shown.at("data.deletedAt") == nil || len(shown.at("data.reactions").([]any)) != 0 || shown.at("data.pinned") != false {
			t.Errorf("%s", shown.text)
		}
		if c.total() != 3 || c.figures("ada") != [3]int64{0, 0, 0} || c.figures("cleo") != [3]int64{0, 0, 0} {
			t.Errorf("%v %v %v", c.total(), c.figures("ada"), c.figures("cleo"))
		}
		c.want(404, "message_not_found", c.send("key", "POST", "/v1/messages/react", `{"messageId":"`+root+`","emoji":":heart:","sender":"ben"}`))
		c.want(404, "message_not_found", c.send("ada", "PUT", "/v1/messages/"+root, `{"message":"x"}`))
		c.want(404, "message_not_found", c.send("key", "PUT", "/v1/messages/"+root+"/pin", ""))
		c.want(200, "", c.send("ben", "DELETE", "/v1/messages/"+one, ""))
		if c.total() != 2 {
			t.Errorf("%v", c.total())
		}
		c.want(404, "message_not_found", c.send("ben", "GET", "/v1/messages/"+one, ""))
		c.want(200, "", c.send("ben", "DELETE", "/v1/messages/"+two, ""))
		if c.total() != 0 || c.figures("ben") != [3]int64{0, 0, 0} {
			t.Errorf("%v %v", c.total(), c.figures("ben"))
		}
		c.want(404, "message_not_found", c.send("ben", "GET", "/v1/messages/"+root, ""))
		c.want(200, "", c.send("ada", "DELETE", "/v1/messages/"+root, ""))
		c.reply("cleo", root, "a reply shows it again")
		if c.total() != 2 {
			t.Errorf("%v", c.total())
		}
		if got := c.events(); got != "message.posted message.posted message.posted reaction.added message.updated message.deleted message.deleted message.deleted message.posted" {
			t.Errorf("events: %s", got)
		}
	})
}

func TestConcurrentDeletionsCountOnce(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newChatRoom(t, a)
		root := c.post("ada", "root")
		ids := []string{root}
		for i := range 7 {
			ids = append(ids, c.reply("ben", root, fmt.Sprint(i)))
		}
		c.post("cleo", "stays")
		done := make(chan reply)
		for range 3 {
			for _, messageID := range ids {
				go func() { done <- c.send("key", "DELETE", "/v1/messages/"+messageID, "") }()
			}
		}
		for range 3 * len(ids) {
			c.want(200, "", <-done)
		}
		if c.total() != 1 || c.figures("ada") != [3]int64{} || c.figures("ben") != [3]int64{} {
			t.Errorf("%v %v %v", c.total(), c.figures("ada"), c.figures("ben"))
		}
	})
}

func TestHistoryShowsWhatAMessageSaid(t *testing.T) {
	eachWithClock(t, func(t *testing.T, a *apptest.App, move func(time.Duration)) {
		c := newChatRoom(t, a, permission.DeleteMessages)
		first := c.post("ada", "one")
		for _, text := range []string{"two", "three"} {
			c.want(200, "", c.send("ada", "PUT", "/v1/messages/"+first, `{"message":"`+text+`"}`))
		}
		c.want(200, "", c.send("cleo", "DELETE", "/v1/messages/"+first, ""))
		c.want(404, "message_not_found", c.send("ada", "GET", "/v1/messages/"+first+"/history", ""))
		read := func() string {
			var list []string
			for cursor := ""; ; {
				got := c.want(200, "", c.send("boss", "GET", "/v1/messages/"+first+"/history?limit=1&cursor="+cursor, ""))
				one := got.at("data.0").(map[string]any)
				who := one["actor"].(map[string]any)
				list = append(list, fmt.Sprintf("%s:%s:%s,%s", one["kind"], one["message"], who["type"], cmp.Or(who["username"], who["name"])))
				next, _ := got.at("meta.nextCursor").(string)
				if cursor = next; cursor == "" {
					return strings.Join(list, " ")
				}
			}
		}
		if got := read(); got != "deleted::user,cleo edited:three:user,ada edited:two:user,ada posted:one:key,test" {
			t.Errorf("%s", got)
		}
		c.want(400, "invalid_cursor", c.send("boss", "GET", "/v1/messages/"+first+"/history?cursor=abc", ""))
		move(31 * 24 * time.Hour)
		_, c.tokens["boss"] = a.Owner(t, c.home, "chief") // the session of boss ended
		sweepMessages(t, a)
		c.want(404, "message_not_found", c.send("boss", "GET", "/v1/messages/"+first+"/history", ""))
		root := c.post("ada", "secret")
		c.reply("ben", root, "answer")
		if err := a.Changes.Delete(t.Context(), apptest.Operator, c.home, root); err != nil {
			t.Fatal(err)
		}
		move(31 * 24 * time.Hour)
		sweepMessages(t, a)
		for _, table := range []string{"messages", "message_history"} {
			left, err := sqldb.One(t.Context(), a.DB, "row", sqldb.Value[int], "SELECT count(*) FROM "+table+" WHERE community_id = $1 AND text IN ('secret', 'one', 'two', 'three')", c.home)
			if err != nil || left != 0 {
				t.Errorf("%s: %d %v", table, left, err)
			}
		}
		if c.total() != 2 {
			t.Errorf("%v", c.total())
		}
	})
}

func TestRepliesAndPinsAreListed(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newChatRoom(t, a)
		root := c.post("ada", "root")
		ids := []string{}
		for i := range 5 {
			ids = append(ids, c.reply("ben", root, fmt.Sprint(i)))
		}
		got, cursor := "", ""
		for range 3 {
			part := c.want(200, "", c.send("ada", "GET", "/v1/messages/"+root+"/replies?limit=2&cursor="+cursor, ""))
			for _, one := range part.at("data").([]any) {
				got += one.(map[string]any)["message"].(string)
			}
			cursor, _ = part.at("meta.nextCursor").(string)
		}
		if got != "01234" || cursor != "" {
			t.Errorf("%s %q", got, cursor)
		}
		c.want(400, "invalid_cursor", c.send("ada", "GET", "/v1/messages/"+ids[0]+"/replies?cursor="+root, ""))
		for _, one := range []string{ids[3], root, ids[1], ids[3]} {
			c.want(200, "", c.send("key", "PUT", "/v1/messages/"+one+"/pin", ""))
		}
		c.want(200, "", c.send("key", "DELETE", "/v1/messages/"+root+"/pin", ""))
		pins := c.want(200, "", c.send("ada", "GET", "/v1/channels/"+c.general+"/pins", ""))
		if list := pins.at("data").([]any); len(list) != 2 || pins.at("data.0.id") != ids[1] || pins.at("data.1.id") != ids[3] || pins.at("data.0.pinned") != true {
			t.Errorf("%s", pins.text)
		}
		c.want(404, "channel_not_found", c.send("ada", "GET", "/v1/channels/6a21d1c09f3b0c4d5e6f7a8b/pins", ""))
	})
}

func TestAChannelHasAtMostAHundredPins(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newChatRoom(t, a)
		ids := make([]string, 104)
		for i := range ids {
			ids[i] = c.post("ada", fmt.Sprint(i))
		}
		for _, messageID := range ids[:96] {
			if _, err := a.Changes.Pin(t.Context(), apptest.Operator, c.home, messageID); err != nil {
				t.Fatal(err)
			}
		}
		done := make(chan reply)
		for _, messageID := range ids[96:] {
			go func() { done <- c.send("key", "PUT", "/v1/messages/"+messageID+"/pin", "") }()
		}
		refused := 0
		for range 8 {
			if got := <-done; got.status == 409 && got.code() == "too_many_pins" {
				refused++
			} else if got.status != 200 {
				t.Errorf("%d %s", got.status, got.text)
			}
		}
		if pins := c.send("key", "GET", "/v1/channels/"+c.general+"/pins", ""); refused != 4 || len(pins.at("data").([]any)) != 100 {
			t.Errorf("%d refused", refused)
		}
	})
}

func TestRecentMessagesOfAMemberAreDeleted(t *testing.T) {
	eachWithClock(t, func(t *testing.T, a *apptest.App, move func(time.Duration)) {
		c := newChatRoom(t, a)
		old := c.post("ada", "old")
		move(25 * time.Hour)
		root := c.post("ada", "root")
		c.reply("ben", root, "answer")
		c.reply("ada", root, "again")
		c.post("ada", "more")
		n, err := a.Changes.DeleteRecent(context.WithoutCancel(t.Context()), apptest.Operator, c.home, "ada")
		if err != nil || n != 3 || c.total() != 3 || c.figures("ada") != [3]int64{1, 0, 0} {
			t.Errorf("%d %v %v %v", n, err, c.total(), c.figures("ada"))
		}
		if got := c.send("key", "GET", "/v1/messages/"+old, ""); got.at("data.message") != "old" {
			t.Errorf("%s", got.text)
		}
	})
}
