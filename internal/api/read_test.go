package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/readstate"
	"github.com/regulars/regulars/internal/sqldb"
)

// execute executes a statement.
func execute(t *testing.T, a *apptest.App, statement string, args ...any) {
	t.Helper()
	if _, err := a.DB.Exec(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

// mention stores that a message mentions a member or a role, or everyone.
func mention(t *testing.T, a *apptest.App, home, channel, message, target string) {
	t.Helper()
	execute(t, a, "INSERT INTO message_mentions (community_id, channel_id, target, message_id, notify) VALUES ($1, $2, $3, $4, TRUE) ON CONFLICT (community_id, channel_id, target, message_id) DO NOTHING",
		home, channel, target, message)
}

// readStateOf returns a channel of the list as a member sees it.
func readStateOf(t *testing.T, a *apptest.App, token, channel string) map[string]any {
	t.Helper()
	listed := send(t, a, "GET", "/v1/channels", token, "")
	list, _ := listed.body["data"].([]any)
	for _, one := range list {
		if one := one.(map[string]any); one["_id"] == channel {
			return one
		}
	}
	t.Fatalf("%d %s", listed.status, listed.text)
	return nil
}

// checkCounts compares the counts of a channel, which the step has caused.
func checkCounts(t *testing.T, a *apptest.App, token, channel, step string, unread, mentions float64) {
	t.Helper()
	if got := readStateOf(t, a, token, channel); got["unread"] != unread || got["mentions"] != mentions {
		t.Errorf("%s: %v, want %v unread, %v mentions", step, got, unread, mentions)
	}
}

func mark(t *testing.T, a *apptest.App, token, channel, message string, force bool) reply {
	t.Helper()
	return send(t, a, "PUT", "/v1/channels/"+channel+"/read", token, fmt.Sprintf(`{"messageId":%q,"force":%t}`, message, force))
}

func TestUnreadMessagesAreCounted(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		ids := map[string]string{}
		for _, name := range []string{"ada", "ben", "cleo"} {
			ids[name] = userOf(t, a, key, name)
		}
		_, cleo := a.Claim(t, home, "cleo")
		general := createChannel(t, a, key, `{"topic":"general"}`)
		check := func(step string, unread, mentions float64) {
			t.Helper()
			checkCounts(t, a, cleo, general, step, unread, mentions)
		}
		m1, m2 := post(t, a, key, general, "one", "ada"), post(t, a, key, general, "two", "ada")
		if got := mark(t, a, cleo, general, m2, false); got.status != 200 || got.at("data.unread") != 0.0 || got.at("data.lastReadId") != m2 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		m3 := post(t, a, key, general, "hello", "ada")
		check("Ada posts", 1, 0)
		m4 := post(t, a, key, general, "hi @cleo", "ben")
		check("Ben mentions Cleo", 2, 1)
		execute(t, a, "DELETE FROM message_mentions WHERE message_id = $1", m4)
		check("Ben removes the mention", 2, 0)
		mention(t, a, home, general, m3, ids["cleo"])
		check("Ada adds a mention", 2, 1)
		execute(t, a, "UPDATE messages SET deleted_at = $2 WHERE id = $1", m3, clock.Clock{}.MS())
		check("Ada deletes hers", 1, 0)
		for _, step := range []struct {
			name, message string
			force         bool
			unread        float64
			marker        string
		}{
			{"Cleo reads", m4, false, 0, m4},
			{"Cleo marks it unread", m2, true, 1, m2},
			{"Cleo goes back without force", m1, false, 1, m2},
		} {
			got := mark(t, a, cleo, general, step.message, step.force)
			if got.at("data.unread") != step.unread || got.at("data.mentions") != 0.0 || got.at("data.lastReadId") != step.marker {
				t.Errorf("%s: %s", step.name, got.text)
			}
			check(step.name, step.unread, 0)
		}
		if got := send(t, a, "PUT", "/v1/blocks/"+ids["ben"], cleo, ""); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		mark(t, a, cleo, general, m2, true)
		check("Cleo blocks Ben", 0, 0)
	})
}

func TestMentionsOfRolesAndEveryoneAreCountedOnce(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		userOf(t, a, key, "ada")
		cleoID := userOf(t, a, key, "cleo")
		_, cleo := a.Claim(t, home, "cleo")
		general := createChannel(t, a, key, `{"topic":"general"}`)
		role := func(title string) string {
			created := send(t, a, "POST", "/v1/roles", key, `{"title":"`+title+`","order":5}`)
			roleID, ok := created.at("data._id").(string)
			if !ok {
				t.Fatalf("%d %s", created.status, created.text)
			}
			return roleID
		}
		hers := role("crew")
		role("staff")
		if got := send(t, a, "POST", "/v1/roles/"+hers+"/add", key, `{"userId":"`+cleoID+`"}`); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		post(t, a, key, general, "@staff", "ada")
		checkCounts(t, a, cleo, general, "another role", 1, 0)
		post(t, a, key, general, "@all", "ada")
		checkCounts(t, a, cleo, general, "everyone", 2, 1)
		post(t, a, key, general, "@crew @cleo @all", "ada")
		checkCounts(t, a, cleo, general, "three mentions in one message", 3, 2)
		post(t, a, key, general, "@all", "cleo")
		checkCounts(t, a, cleo, general, "an own message", 0, 0)
	})
}

func TestMembersStartAtTheNewestMessage(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		userOf(t, a, key, "ada")
		general, empty := createChannel(t, a, key, `{"topic":"general"}`), createChannel(t, a, key, `{"topic":"empty"}`)
		first, last := post(t, a, key, general, "one", "ada"), post(t, a, key, general, "two", "ada")
		userOf(t, a, key, "cleo")
		_, cleo := a.Claim(t, home, "cleo")
		if got := readStateOf(t, a, cleo, general); got["unread"] != 0.0 || got["lastReadId"] != last || got["lastMessageId"] != last || got["muted"] != false || got["notify"] != "all" {
			t.Errorf("%v", got)
		}
		if got := readStateOf(t, a, cleo, empty); got["unread"] != 0.0 || got["lastReadId"] != "" || got["lastMessageId"] != "" {
			t.Errorf("%v", got)
		}
		if got := mark(t, a, cleo, general, first, false); got.at("data.unread") != 0.0 || got.at("data.lastReadId") != last {
			t.Errorf("an older message without force: %s", got.text)
		}
		if got := mark(t, a, cleo, general, first, true); got.at("data.unread") != 1.0 || got.at("data.lastReadId") != first {
			t.Errorf("an older message with force: %s", got.text)
		}
		own := send(t, a, "POST", "/v1/messages/send", cleo, `{"channelId":"`+general+`","message":"three"}`).at("data.messageId")
		if got := readStateOf(t, a, cleo, general); got["unread"] != 0.0 || got["lastReadId"] != own || got["lastMessageId"] != own {
			t.Errorf("after an own message: %v", got)
		}
		if got := readStateOf(t, a, key, general); got["unread"] != nil || got["lastMessageId"] != nil || got["notify"] != nil {
			t.Errorf("a key: %v", got)
		}
	})
}

func TestWhispersToOthersAreNotCounted(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		ids, tokens := map[string]string{}, map[string]string{}
		for _, name := range []string{"ada", "ben", "cleo"} {
			ids[name] = userOf(t, a, key, name)
			_, tokens[name] = a.Claim(t, home, name)
		}
		ask := createChannel(t, a, key, `{"topic":"ask","channelType":"whisper"}`)
		if got := send(t, a, "PUT", "/v1/channels/"+ask+"/overrides", key, `[{"userId":"`+ids["ada"]+`","allow":["post_messages"]}]`); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		posted := map[string]any{}
		for _, name := range []string{"ada", "ben", "cleo"} {
			posted[name] = send(t, a, "POST", "/v1/messages/send", tokens[name], `{"channelId":"`+ask+`","message":"hi"}`).at("data.messageId")
		}
		for _, name := range []string{"ada", "ben", "cleo"} {
			mention(t, a, home, ask, posted["cleo"].(string), ids[name])
		}
		for _, c := range []struct {
			name             string
			unread, mentions float64
			last             string
		}{{"ada", 2, 1, "cleo"}, {"ben", 0, 0, "ben"}, {"cleo", 0, 0, "cleo"}} {
			checkCounts(t, a, tokens[c.name], ask, c.name, c.unread, c.mentions)
			if got := readStateOf(t, a, tokens[c.name], ask); got["lastMessageId"] != posted[c.last] {
				t.Errorf("%s: %v", c.name, got)
			}
		}
		if got := mark(t, a, tokens["ben"], ask, posted["cleo"].(string), false); got.status != 404 || got.code() != "message_not_found" {
			t.Errorf("%d %s", got.status, got.text)
		}
	})
}

func TestCountsEndAtAThousand(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		ada := userOf(t, a, key, "ada")
		cleoID := userOf(t, a, key, "cleo")
		_, cleo := a.Claim(t, home, "cleo")
		general := createChannel(t, a, key, `{"topic":"general"}`)
		first := post(t, a, key, general, "one", "ada")
		more := func(count int) {
			ids := make([]string, count)
			for i := range ids {
				ids[i] = id.New(clock.Clock{}.Now())
			}
			err := a.DB.Tx(t.Context(), func(tx *sqldb.Tx) error { return insertCopies(t, tx, home, general, first, ada, cleoID, ids) })
			if err != nil {
				t.Fatal(err)
			}
		}
		more(999)
		if got := readStateOf(t, a, cleo, general); got["unread"] != 1000.0 || got["mentions"] != 999.0 || got["countsCapped"] != nil {
			t.Errorf("%v", got)
		}
		more(1)
		if got := readStateOf(t, a, cleo, general); got["unread"] != 1000.0 || got["mentions"] != 1000.0 || got["countsCapped"] != true {
			t.Errorf("%v", got)
		}
	})
}

// insertCopies stores messages like another one, which mention a member.
func insertCopies(t *testing.T, tx *sqldb.Tx, home, channel, like, author, mentioned string, ids []string) error {
	columns := "kind, text, mentions, parent_id, reply_to_id, topic_id, via_type, via_name, hushed, has_image, has_link, reply_count, pinned_at, edited_at, deleted_at, posted_at"
	for _, one := range ids {
		if _, err := tx.Exec(t.Context(), "INSERT INTO messages (community_id, channel_id, id, author_id, "+columns+") SELECT community_id, channel_id, $3, $4, "+columns+" FROM messages WHERE community_id = $1 AND id = $2",
			home, like, one, author); err != nil {
			return err
		}
	}
	return tx.InsertRows(t.Context(), sqldb.Rows{
		Table: "message_mentions", Columns: []string{"community_id", "channel_id", "target", "message_id", "notify"}, N: len(ids),
		Fill: func(i int, row []any) {
			row[0], row[1], row[2], row[3], row[4] = home, channel, mentioned, ids[i], true
		},
	})
}

func TestReadStateBelongsToPersons(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		userOf(t, a, key, "ada")
		userOf(t, a, key, "cleo")
		_, cleo := a.Claim(t, home, "cleo")
		general, other, hidden := createChannel(t, a, key, `{"topic":"general"}`), createChannel(t, a, key, `{"topic":"other"}`), createChannel(t, a, key, `{"topic":"staff","private":true}`)
		sent, elsewhere := post(t, a, key, general, "one", "ada"), post(t, a, key, other, "two", "ada")
		weak := a.Key(t, home, permission.Store)
		for _, c := range []struct {
			name, token, method, path, body string
			status                          int
			code                            string
		}{
			{"a key reads", key, "PUT", general + "/read", `{"messageId":"` + sent + `"}`, 403, "person_required"},
			{"a key without permissions reads", weak, "PUT", general + "/read", `{"messageId":"` + sent + `"}`, 403, "person_required"},
			{"a key mutes", key, "PUT", general + "/preferences", `{"muted":true}`, 403, "person_required"},
			{"a key types", key, "POST", general + "/typing", "", 403, "person_required"},
			{"a hidden channel", cleo, "PUT", hidden + "/read", `{"messageId":"` + sent + `"}`, 404, "channel_not_found"},
			{"typing in a hidden channel", cleo, "POST", hidden + "/typing", "", 404, "channel_not_found"},
			{"a message of another channel", cleo, "PUT", general + "/read", `{"messageId":"` + elsewhere + `"}`, 404, "message_not_found"},
			{"no message", cleo, "PUT", general + "/read", `{"messageId":"6a21d1c09f3b0c4d5e6f7a8b"}`, 404, "message_not_found"},
			{"no id", cleo, "PUT", general + "/read", `{}`, 400, "invalid_input"},
			{"an unknown value", cleo, "PUT", general + "/preferences", `{"notify":"some"}`, 400, "invalid_input"},
		} {
			if got := send(t, a, c.method, "/v1/channels/"+c.path, c.token, c.body); got.status != c.status || got.code() != c.code {
				t.Errorf("%s: %d %s", c.name, got.status, got.text)
			}
		}
	})
}

func TestChannelsAreMutedByTheirReaders(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		userOf(t, a, key, "ada")
		cleoID := userOf(t, a, key, "cleo")
		_, cleo := a.Claim(t, home, "cleo")
		_, ada := a.Claim(t, home, "ada")
		general := createChannel(t, a, key, `{"topic":"general"}`)
		for _, c := range []struct {
			body   string
			muted  bool
			notify string
		}{{`{}`, false, "all"}, {`{"muted":true}`, true, "all"}, {`{"notify":"mentions"}`, true, "mentions"}, {`{"muted":false,"notify":"none"}`, false, "none"}, {`{"muted":true}`, true, "none"}} {
			if got := send(t, a, "PUT", "/v1/channels/"+general+"/preferences", cleo, c.body); got.at("data.muted") != c.muted || got.at("data.notify") != c.notify {
				t.Errorf("%s: %d %s", c.body, got.status, got.text)
			}
		}
		post(t, a, key, general, "one", "ada")
		if got := readStateOf(t, a, cleo, general); got["muted"] != true || got["notify"] != "none" || got["unread"] != 1.0 {
			t.Errorf("%v", got)
		}
		if got := readStateOf(t, a, ada, general); got["muted"] != false || got["notify"] != "all" {
			t.Errorf("another member: %v", got)
		}
		send(t, a, "POST", "/v1/messages/send", cleo, `{"channelId":"`+general+`","message":"two"}`)
		if err := a.DB.Tx(t.Context(), func(tx *sqldb.Tx) error { return readstate.EraseMembers(t.Context(), tx, home, []string{cleoID}) }); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"read_markers", "channel_preferences"} {
			left, err := sqldb.One(t.Context(), a.DB, "rows", sqldb.Value[int], "SELECT count(*) FROM "+table+" WHERE user_id = $1", cleoID)
			if err != nil || left != 0 {
				t.Errorf("%s: %d rows, %v", table, left, err)
			}
		}
	})
}

func TestTypingIsSignalledOnceInThreeSeconds(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		cleoID := userOf(t, a, key, "cleo")
		_, cleo := a.Claim(t, home, "cleo")
		general, other := createChannel(t, a, key, `{"topic":"general"}`), createChannel(t, a, key, `{"topic":"other"}`)
		seen := make(chan string, 10)
		defer a.DB.Subscribe(readstate.TypingTopic, func(payload string) { seen <- payload })()
		for _, c := range []struct {
			channel string
			status  int
		}{{general, 200}, {general, 429}, {other, 200}} {
			got := send(t, a, "POST", "/v1/channels/"+c.channel+"/typing", cleo, "")
			if got.status != c.status || c.status == http.StatusTooManyRequests && (got.code() != "rate_limited" || got.header.Get("Retry-After") != "3") {
				t.Errorf("%d %s", got.status, got.text)
			}
			if c.status != http.StatusOK {
				continue
			}
			if signal, ok := readstate.ParseTyping(<-seen); !ok || signal != (readstate.Typing{CommunityID: home, ChannelID: c.channel, MemberID: cleoID}) {
				t.Errorf("%+v %v", signal, ok)
			}
		}
	}, apptest.WithStoppedClock())
}
