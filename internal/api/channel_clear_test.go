package api_test

import (
	"fmt"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	posts "github.com/regulars/regulars/internal/message/post"
	"github.com/regulars/regulars/internal/sqldb"
)

// contentTables are the tables with rows of a channel or its messages.
var contentTables = []string{
	"messages", "message_counts", "message_mentions", "message_history", "message_history_mentions", "message_reactions", "message_attachments", "message_words",
	"topics", "read_markers", "channel_preferences", "slow_mode_posts",
}

// contentOf counts the rows of a community in contentTables.
func contentOf(t *testing.T, a *apptest.App, home string) map[string]int {
	t.Helper()
	rows := map[string]int{}
	for _, table := range contentTables {
		n, err := sqldb.One(t.Context(), a.DB, "rows", sqldb.Value[int], "SELECT count(*) FROM "+table+" WHERE community_id = $1", home)
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			rows[table] = n
		}
	}
	return rows
}

// fill posts messages in a channel, more than one transaction deletes.
func (c *chatRoom) fill(channelID, topicID string, messages int) {
	c.Helper()
	for i := range messages {
		if _, err := c.a.Posts.Send(c.Context(), apptest.Operator, c.home, channelID, posts.Input{Text: fmt.Sprintf("word%d", i), Sender: "ben", TopicID: topicID}); err != nil {
			c.Fatal(err)
		}
	}
}

func TestDeletedChannelsLoseTheirContent(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newChatRoom(t, a)
		kept := contentOf(t, a, c.home)
		c.want(200, "", c.send("key", "PUT", "/v1/channels/"+c.general, `{"slowMode":1}`))
		c.fill(c.general, "", 230)
		root := c.post("ada", "Hello @ben")
		answer := c.reply("ben", root, "Hi")
		c.want(200, "", c.send("ada", "PUT", "/v1/messages/"+root, `{"message":"Hello @cleo"}`))
		c.want(200, "", c.send("ben", "POST", "/v1/messages/react", fmt.Sprintf(`{"messageId":%q,"emoji":":heart:"}`, root)))
		c.want(200, "", c.send("key", "PUT", "/v1/messages/"+root+"/pin", ""))
		c.want(200, "", c.send("key", "DELETE", "/v1/messages/"+answer, ""))
		c.want(200, "", mark(t, a, c.tokens["cleo"], c.general, root, false))
		c.want(200, "", c.send("cleo", "PUT", "/v1/channels/"+c.general+"/preferences", `{"muted":true}`))
		if before := contentOf(t, a, c.home); len(before) < 9 {
			t.Fatalf("too little to delete: %v", before)
		}
		c.want(200, "", c.send("key", "DELETE", "/v1/channels/"+c.general, ""))
		c.want(404, "message_not_found", c.send("ada", "GET", "/v1/messages/"+root+"?communityId="+c.home, ""))
		if got := c.send("key", "GET", "/v1/messages", ""); got.at("data.total") != 0.0 {
			t.Errorf("%s", got.text)
		}
		until(t, func() bool { return fmt.Sprint(contentOf(t, a, c.home)) == fmt.Sprint(kept) })
		if got := c.figures("ben"); got != [3]int64{} {
			t.Errorf("figures of ben: %v", got)
		}
		if types := appended(t, a, c.home, "channel.deleted", "message.deleted"); len(types) != 2 { // one is the reply
			t.Errorf("%v", types)
		}
	})
}

func TestLargeTopicsAreDeletedByAJob(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newChatRoom(t, a)
		forum := createChannel(t, a, c.key, `{"topic":"forum","channelType":"forum"}`)
		large, other := createTopic(t, a, c.key, forum, "large", "ada"), createTopic(t, a, c.key, forum, "other", "ada")
		c.fill(forum, large, 450)
		c.fill(forum, other, 1)
		c.want(200, "", c.send("key", "DELETE", "/v1/channels/"+forum+"/topics/"+large, ""))
		left := func() reply { return c.send("key", "GET", "/v1/messages?channel_id="+forum, "") }
		until(t, func() bool { return left().at("data.total") == 2.0 })
		if got := texts(left()); len(got) != 2 {
			t.Errorf("%q", got)
		}
		if got := c.figures("ben"); got != [3]int64{1, 0, 0} {
			t.Errorf("figures of ben: %v", got)
		}
		if types := appended(t, a, c.home, "topic.deleted", "message.deleted"); len(types) != 1 {
			t.Errorf("%v", types)
		}
	})
}
