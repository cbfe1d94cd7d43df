package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// erase erases a member with all features.
func (c *chatRoom) erase(name string) {
	c.Helper()
	if err := c.a.DB.Tx(c.Context(), func(tx *sqldb.Tx) error { return c.a.EraseMembers(c.Context(), tx, c.home, []string{c.ids[name]}) }); err != nil {
		c.Fatal(err)
	}
}

// eventData returns the data of the events of messages.
func (c *chatRoom) eventData() string {
	c.Helper()
	list, err := sqldb.All(c.Context(), c.a.DB, sqldb.Value[string], "SELECT CAST(data AS TEXT) FROM events WHERE community_id = $1 AND type LIKE 'message.%' ORDER BY id", c.home)
	if err != nil {
		c.Fatal(err)
	}
	return strings.Join(list, "\n")
}

func TestTextsOfErasedMembersAreDeletedIfTheCommunityChoosesIt(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newChatRoom(t, a)
		c.want(200, "", c.send("boss", "PUT", "/v1/servers/"+c.home, `{"erasureOfMessages":"delete"}`))
		root, alone := c.post("ben", "secret root"), c.post("ben", "secret alone")
		answer := c.reply("ada", root, "an answer")
		theirs := c.post("ada", "kept")
		own := c.reply("ben", theirs, "secret reply")
		c.want(200, "", c.send("ada", "POST", "/v1/messages/react", fmt.Sprintf(`{"messageId":%q,"emoji":":heart:"}`, alone)))
		c.erase("ben")
		if got := c.send("key", "GET", "/v1/messages/"+root, ""); got.at("data.message") != "" || got.at("data.deletedAt") == nil || got.at("data.replyCount") != 1.0 || got.at("data.user.deleted") != true {
			t.Errorf("with a reply: %s", got.text)
		}
		for _, gone := range []string{alone, own} {
			c.want(404, "message_not_found", c.send("key", "GET", "/v1/messages/"+gone, ""))
		}
		if got := c.send("key", "GET", "/v1/messages/"+theirs, ""); got.at("data.message") != "kept" || got.at("data.replyCount") != 0.0 {
			t.Errorf("the message of another: %s", got.text)
		}
		if got := c.total(); got != 3 {
			t.Errorf("%v messages", got)
		}
		if got := c.figures("ada"); got != [3]int64{1, 1, 0} {
			t.Errorf("figures of ada: %v", got)
		}
		left, err := sqldb.One(t.Context(), a.DB, "texts", sqldb.Value[int], "SELECT (SELECT count(*) FROM messages WHERE text LIKE '%secret%') + (SELECT count(*) FROM message_history WHERE text LIKE '%secret%')")
		if err != nil || left != 0 || strings.Contains(c.eventData(), "secret") {
			t.Errorf("%d texts are left, %v: %s", left, err, c.eventData())
		}
		if got := c.send("key", "GET", "/v1/messages/search?q=secret", ""); len(got.body["data"].([]any)) != 0 {
			t.Errorf("search finds %s", got.text)
		}
		c.want(200, "", c.send("key", "DELETE", "/v1/messages/"+answer, ""))
		c.want(404, "message_not_found", c.send("key", "GET", "/v1/messages/"+root, ""))
	})
}

// leave ends the membership of a member and its retention time.
func (c *chatRoom) leave(name string) {
	c.Helper()
	c.want(200, "", c.send("key", "POST", "/v1/users/manage", fmt.Sprintf(`{"communityId":%q,"user":%q,"action":"delete"}`, c.home, c.ids[name])))
	if _, err := c.a.DB.Exec(c.Context(), "UPDATE members SET state_changed_at = 1 WHERE user_id = $1", c.ids[name]); err != nil {
		c.Fatal(err)
	}
}

// eraseOnce runs one transaction of the erasure of a member.
func (c *chatRoom) eraseOnce(name string) {
	c.Helper()
	err := c.a.DB.Tx(c.Context(), func(tx *sqldb.Tx) error {
		done, err := c.a.EraseContent(c.Context(), tx, c.home, []string{c.ids[name]})
		if done {
			c.Error("one transaction erases everything")
		}
		return err
	})
	if err != nil {
		c.Fatal(err)
	}
}

// written returns how many messages have the author, and how many have a text of fill.
func (c *chatRoom) written(name string) (authored, texts int) {
	c.Helper()
	err := c.a.DB.QueryRow(c.Context(), `SELECT (SELECT count(*) FROM messages WHERE community_id = $1 AND author_id = $2), (SELECT count(*) FROM messages WHERE community_id = $1 AND text LIKE 'word%')`,
		c.home, c.ids[name]).Scan(&authored, &texts)
	if err != nil {
		c.Fatal(err)
	}
	return authored, texts
}

// An erasure that a crash interrupts between two of its transactions is completed by the
// next sweep.
func TestErasureOfManyMessagesContinuesAfterAnInterruption(t *testing.T) {
	for setting, kept := range map[string]int{"delete": 0, "anonymise": 130} {
		apptest.Each(t, func(t *testing.T, a *apptest.App) {
			c := newChatRoom(t, a)
			c.want(200, "", c.send("boss", "PUT", "/v1/servers/"+c.home, `{"erasureOfMessages":"`+setting+`"}`))
			root := c.post("ben", "word of the root")
			c.reply("ada", root, "an answer")
			c.fill(c.general, "", 129)
			c.leave("ben")
			c.eraseOnce("ben")
			if authored, texts := c.written("ben"); authored != 80 || texts != max(authored, kept) {
				t.Errorf("%s: after an interruption %d of 130 messages have the author, %d a text", setting, authored, texts)
			}
			if err := a.Members.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if authored, texts := c.written("ben"); authored != 0 || texts != kept {
				t.Errorf("%s: %d messages have the author, %d a text", setting, authored, texts)
			}
			if got, want := c.total(), float64(max(kept, 1)+1); got != want {
				t.Errorf("%s: %v messages instead of %v", setting, got, want)
			}
			if left, err := sqldb.One(t.Context(), a.DB, "members", sqldb.Value[int], "SELECT count(*) FROM members WHERE user_id = $1", c.ids["ben"]); err != nil || left != 0 {
				t.Errorf("%s: the member is left, %v", setting, err)
			}
		})
	}
}

func TestTextsInConversationsGoWithTheirAuthor(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newChatRoom(t, a)
		started := c.send("key", "POST", "/v1/direct-channels", `{"users":["ada","cleo"],"sender":"ben"}`)
		direct, _ := started.at("data._id").(string)
		open := c.post("ben", "open")
		theirs := post(t, a, c.key, direct, "kept", "ada")
		secret := post(t, a, c.key, direct, "secret", "ben")
		c.erase("ben")
		in := "?user_id=cleo"
		c.want(404, "message_not_found", c.send("key", "GET", "/v1/messages/"+secret+in, ""))
		if got := c.send("key", "GET", "/v1/messages/"+theirs+in, ""); got.at("data.message") != "kept" {
			t.Errorf("%s", got.text)
		}
		if got := c.send("key", "GET", "/v1/messages/"+open, ""); got.at("data.message") != "open" || got.at("data.user.deleted") != true {
			t.Errorf("%s", got.text)
		}
	})
}

func TestErasedMembersLeaveTheEventsOfOthers(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newChatRoom(t, a)
		first := c.post("ada", "Hi @ben and @cleo")
		c.want(200, "", c.send("ada", "PUT", "/v1/messages/"+first, `{"message":"Bye @Ben and @cleo"}`))
		deleted := c.post("cleo", fmt.Sprintf("<@%s>?", c.ids["ben"]))
		c.want(200, "", c.send("cleo", "DELETE", "/v1/messages/"+deleted, ""))
		c.erase("ben")
		data := c.eventData()
		if strings.Contains(strings.ToLower(data), "ben") || strings.Contains(data, c.ids["ben"]) || !strings.Contains(data, "Bye @deleted and @cleo") || !strings.Contains(data, c.ids["cleo"]) {
			t.Errorf("%s", data)
		}
	})
}

// TestNoTableNamesAnErasedMember has rows of ben in every table of messages, as an author
// and as a target of others.
func TestNoTableNamesAnErasedMember(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newChatRoom(t, a)
		c.want(200, "", c.send("key", "PUT", "/v1/channels/"+c.general, `{"slowMode":1}`))
		theirs := c.post("ada", "Hi @ben")
		own := c.want(200, "", c.send("ben", "POST", "/v1/messages/send", fmt.Sprintf(`{"channelId":%q,"message":"mine","nonce":"n1"}`, c.general))).at("data.messageId").(string)
		c.want(200, "", c.send("ben", "PUT", "/v1/messages/"+own, `{"message":"mine, edited"}`))
		for _, who := range []string{"ben", "ada"} {
			c.want(200, "", c.send(who, "POST", "/v1/messages/react", fmt.Sprintf(`{"messageId":%q,"emoji":":heart:"}`, theirs)))
		}
		c.want(201, "", c.send("ben", "POST", "/v1/messages/"+theirs+"/report", `{"reason":"rude"}`))
		c.want(201, "", c.send("ada", "POST", "/v1/messages/"+own+"/report", `{"reason":"ruder"}`))
		c.want(200, "", c.send("ben", "PUT", "/v1/blocks/cleo", ""))
		c.want(200, "", c.send("cleo", "PUT", "/v1/blocks/ben", ""))
		c.want(200, "", mark(t, a, c.tokens["ben"], c.general, own, false))
		c.want(200, "", c.send("ben", "PUT", "/v1/channels/"+c.general+"/preferences", `{"muted":true}`))
		c.want(201, "", c.send("key", "POST", "/v1/direct-channels", `{"users":["ada"],"sender":"ben"}`))
		forum := createChannel(t, a, c.key, `{"topic":"forum","channelType":"forum"}`)
		createTopic(t, a, c.key, forum, "by ben", "ben")
		c.uploaded("ben", imagePNG(t))
		named := func() (tables []string) {
			all := sqldbtest.Tables(t, a.DB)
			for _, row := range sqldbtest.Dump(t, a.DB, "audit_log") { // keeps ids
				table, _, _ := strings.Cut(row, " ")
				table = strings.TrimSuffix(table, ":")
				if strings.Contains(row, c.ids["ben"]) && slices.Contains(all[table], "community_id") && !slices.Contains(tables, table) {
					tables = append(tables, table)
				}
			}
			slices.Sort(tables)
			return tables
		}
		if before := named(); len(before) < 15 {
			t.Fatalf("too few tables name the member: %v", before)
		}
		c.want(200, "", c.send("ben", "POST", "/v1/servers/"+c.home+"/leave", "{}"))
		err := a.DB.Tx(t.Context(), func(tx *sqldb.Tx) error {
			return a.Members.EraseMembers(t.Context(), tx, c.home, []string{c.ids["ben"]})
		})
		if err != nil {
			t.Fatal(err)
		}
		if left := named(); len(left) > 0 {
			t.Errorf("%v name the member", left)
		}
		if got := c.send("key", "GET", "/v1/messages/"+theirs, ""); got.at("data.reactions.0.count") != 2.0 {
			t.Errorf("reactions do not stay: %s", got.text)
		}
	})
}
