package api_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/message/search"
	"github.com/regulars/regulars/internal/sqldb"
)

// found returns the texts that a search finds, joined by "|".
func found(t *testing.T, a *apptest.App, token, query string) string {
	t.Helper()
	got := send(t, a, "GET", "/v1/messages/search?"+query, token, "")
	list, ok := got.at("data").([]any)
	if got.status != 200 || !ok {
		t.Fatalf("%s: %d %s", query, got.status, got.text)
	}
	out := make([]string, len(list))
	for i, one := range list {
		out[i] = one.(map[string]any)["message"].(string)
	}
	return strings.Join(out, "|")
}

func TestMessagesAreFoundByTheirWords(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, elsewhere := a.Community(t), a.Community(t)
		key, foreign := a.Key(t, home), a.Key(t, elsewhere)
		userOf(t, a, key, "ada")
		ben := userOf(t, a, key, "ben")
		userOf(t, a, foreign, "ada")
		general, other := createChannel(t, a, key, `{"topic":"general"}`), createChannel(t, a, key, `{"topic":"other"}`)
		first := post(t, a, key, general, "Große Straße, café!", "ada")
		post(t, a, key, other, "the Cafe is in the STRASSE", "ben")
		post(t, a, key, general, "日本語の本 see https://cafe.example", "ben")
		post(t, a, foreign, createChannel(t, a, foreign, `{"topic":"general"}`), "another café", "ada")
		answer := send(t, a, "POST", "/v1/messages/reply", key, `{"messageId":"`+first+`","message":"cafeteria 👍","sender":"ada"}`)
		if answer.status != 200 {
			t.Fatalf("%d %s", answer.status, answer.text)
		}
		japanese, grosse, english := "日本語の本 see https://cafe.example", "Große Straße, café!", "the Cafe is in the STRASSE"
		for query, want := range map[string]string{
			"q=caf":                                     "cafeteria 👍|" + japanese + "|" + english + "|" + grosse,
			"q=caf%C3%A9+":                              japanese + "|" + english + "|" + grosse,
			"q=strasse":                                 english + "|" + grosse,
			"q=%22stra%C3%9Fe+cafe%22":                  grosse,
			"q=%22the+strasse%22":                       english,
			"q=%22cafe+strasse%22":                      "",
			"q=%E6%9C%AC":                               japanese,
			"q=%E8%AA%9E%E6%9C%AC":                      "",
			"q=cafe+&has=link":                          japanese,
			"q=cafe+&has=image":                         "",
			"q=cafe+&channel_id=" + other:               english,
			"q=cafe+&user_id=" + ben:                    japanese + "|" + english,
			"q=cafe+&from=2020-01-01&to=2020-12-31":     "",
			"q=cafe+&from=2020-01-01T00%3A00%3A00Z":     japanese + "|" + english + "|" + grosse,
			"q=cafe+&limit=1":                           japanese,
			"q=" + url.QueryEscape("\ue001"+home):       "",
			"q=" + url.QueryEscape(home):                "",
			"q=" + url.QueryEscape(`cafe OR "NEAR(" a`): "",
		} {
			if got := found(t, a, key, query); got != want {
				t.Errorf("%s: %s", query, got)
			}
		}
		got := send(t, a, "GET", "/v1/messages/search?q=stra%C3%9Fe", key, "")
		if d := cmp.Diff([]any{map[string]any{"start": 6.0, "length": 6.0}}, got.at("data.1.highlight")); d != "" {
			t.Error(d)
		}
		for query, code := range map[string]string{
			"": "invalid_input", "q=": "invalid_input", "q=%21": "invalid_input", "q=" + strings.Repeat("a", 201): "invalid_input", "q=a&limit=101": "invalid_input", "q=a&has=video": "invalid_input",
			"q=a&from=soon": "invalid_input", "q=a&cursor=soon": "invalid_cursor",
		} {
			if got := send(t, a, "GET", "/v1/messages/search?"+query, key, ""); got.status != 400 || got.code() != code {
				t.Errorf("%s: %d %s", query, got.status, got.text)
			}
		}
	})
}

// walk returns the texts on all pages of a search, joined by "|".
func walk(t *testing.T, a *apptest.App, token, query string) string {
	t.Helper()
	var pages []string
	for cursor := ""; len(pages) < 20; {
		pages = append(pages, found(t, a, token, query+"&cursor="+cursor))
		next, more := send(t, a, "GET", "/v1/messages/search?"+query+"&cursor="+cursor, token, "").at("meta.nextCursor").(string)
		if !more {
			break
		}
		cursor = next
	}
	return strings.Join(pages, "|")
}

func TestSearchIsReadPageByPage(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		key := a.Key(t, a.Community(t))
		userOf(t, a, key, "ada")
		general := createChannel(t, a, key, `{"topic":"general"}`)
		for i := range 5 {
			post(t, a, key, general, fmt.Sprintf("word %d", i), "ada")
		}
		if got := walk(t, a, key, "q=word&limit=2"); got != "word 4|word 3|word 2|word 1|word 0" {
			t.Error(got)
		}
		cursor := send(t, a, "GET", "/v1/messages/search?q=word&limit=2", key, "").at("meta.nextCursor").(string)
		post(t, a, key, general, "word later", "ada")
		if got := found(t, a, key, "q=word&limit=2&cursor="+cursor); got != "word 2|word 1" {
			t.Error(got)
		}
		for _, query := range []string{"q=words", "q=word&has=link", "q=word&from=2020-01-01"} {
			if got := send(t, a, "GET", "/v1/messages/search?"+query+"&cursor="+cursor, key, ""); got.status != 400 || got.code() != "invalid_cursor" {
				t.Errorf("%s: %d %s", query, got.status, got.text)
			}
		}
	})
}

func TestEditedAndDeletedTextsAreNotFound(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		a.Owner(t, home, "boss")
		userOf(t, a, key, "ada")
		ben := userOf(t, a, key, "ben")
		general := createChannel(t, a, key, `{"topic":"general"}`)
		edited, deleted := post(t, a, key, general, "word before", "ada"), post(t, a, key, general, "word deleted", "ada")
		if got := send(t, a, "POST", "/v1/messages/reply", key, `{"messageId":"`+deleted+`","message":"hi @ben, a word","sender":"ada"}`); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		if got := send(t, a, "PUT", "/v1/messages/"+edited, key, `{"message":"word after","sender":"ada"}`); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		if got := send(t, a, "DELETE", "/v1/messages/"+deleted, key, ""); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		err := a.DB.Tx(t.Context(), func(tx *sqldb.Tx) error { return a.Members.EraseMembers(t.Context(), tx, home, []string{ben}) })
		if err != nil {
			t.Fatal(err)
		}
		for query, want := range map[string]string{"q=word": "hi @deleted, a word|word after", "q=before": "", "q=ben": "", "q=deleted": "hi @deleted, a word"} {
			if got := found(t, a, key, query); got != want {
				t.Errorf("%s: %s", query, got)
			}
		}
		if got := send(t, a, "PUT", "/v1/servers/"+home, key, `{"bannedWords":["scam"]}`); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		if got := send(t, a, "PUT", "/v1/messages/"+edited, key, `{"message":"a scam","sender":"ada"}`); got.status != 400 || got.code() != "banned_words" {
			t.Errorf("%d %s", got.status, got.text)
		}
	})
}

// TestRareWordsAreFoundBehindManyMessages has more messages than a search on PostgreSQL reads
// without its index, and a word of the newest, the oldest and a few between.
func TestRareWordsAreFoundBehindManyMessages(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		userOf(t, a, key, "ada")
		general := createChannel(t, a, key, `{"topic":"general"}`)
		post(t, a, key, general, "rare 0", "ada")
		err := a.DB.Tx(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO messages (community_id, id, channel_id, kind, author_id, text, mentions, parent_id, reply_to_id, topic_id, via_type, via_name, hushed, has_image, has_link,
				reply_count, pinned_at, edited_at, deleted_at, posted_at)
				WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 4500)
				SELECT $1, $2 || substr(CAST(100000000000 + n AS TEXT), 1, 12), $3, 'message', '', CASE WHEN n % 1000 = 999 THEN 'rare' ELSE 'frequent' END, '[]', '', '', '', '', '', FALSE, FALSE, FALSE, 0, 0, 0, 0, 1000 FROM numbers`, home, id.New(time.Now())[:12], general)
			if err != nil {
				return err
			}
			list, err := sqldb.All(t.Context(), tx, func(s sqldb.Scanner) (one search.Text, err error) { return one, s.Scan(&one.MessageID, &one.Text) }, "SELECT id, text FROM messages WHERE author_id = '' ORDER BY id")
			for _, one := range list {
				one.ChannelID = general
				if err := search.Put(t.Context(), tx, home, one); err != nil {
					return err
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		post(t, a, key, general, "rare 1", "ada")
		for _, query := range []string{"q=rare", "q=rare&channel_id=" + general} {
			if got := found(t, a, key, query); got != "rare 1|rare|rare|rare|rare|rare 0" {
				t.Errorf("%s: %s", query, got)
			}
			if got := found(t, a, key, query+"&limit=3"); got != "rare 1|rare|rare" {
				t.Errorf("%s: %s", query, got)
			}
		}
		if got := walk(t, a, key, "q=rare&limit=1"); got != "rare 1|rare|rare|rare|rare|rare 0" {
			t.Error(got)
		}
	})
}

func TestSearchFindsWhatTheReaderSees(t *testing.T) {
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
		for _, name := range []string{"ada", "ben"} {
			if got := send(t, a, "POST", "/v1/messages/send", tokens[name], fmt.Sprintf(`{"channelId":%q,"message":"whisper of %s"}`, ask, name)); got.status != 200 {
				t.Fatalf("%d %s", got.status, got.text)
			}
		}
		hidden := createChannel(t, a, key, `{"topic":"staff","private":true}`)
		direct := createChannel(t, a, key, `{"topic":"direct","channelType":"direct"}`)
		post(t, a, key, hidden, "whisper of staff", "cleo")
		post(t, a, key, direct, "whisper of two", "cleo")
		for who, c := range map[string]struct{ token, query, want string }{
			"a whisperer":          {tokens["ada"], "q=whisper", "whisper of ben|whisper of ada"},
			"the author":           {tokens["ben"], "q=whisper", "whisper of ben|whisper of ada"},
			"another member":       {tokens["cleo"], "q=whisper", "whisper of ada"},
			"the channel":          {tokens["cleo"], "q=whisper&channel_id=" + ask, "whisper of ada"},
			"a key":                {key, "q=whisper", "whisper of staff|whisper of ben|whisper of ada"},
			"a key in the channel": {key, "q=whisper&channel_id=" + direct, "whisper of two"},
		} {
			if got := found(t, a, c.token, c.query); got != c.want {
				t.Errorf("%s: %s", who, got)
			}
		}
		for _, channel := range []string{hidden, direct} {
			if got := send(t, a, "GET", "/v1/messages/search?q=whisper&channel_id="+channel, tokens["ben"], ""); got.status != 404 || got.code() != "channel_not_found" {
				t.Errorf("%d %s", got.status, got.text)
			}
		}
	})
}

func TestBannedWordsAreRejected(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		a.Owner(t, home, "boss")
		userOf(t, a, key, "ada")
		_, ada := a.Claim(t, home, "ada")
		general := createChannel(t, a, key, `{"topic":"general"}`)
		ban := func(words string) {
			t.Helper()
			if got := send(t, a, "PUT", "/v1/servers/"+home, key, `{"bannedWords":`+words+`}`); got.status != 200 {
				t.Fatalf("%d %s", got.status, got.text)
			}
		}
		ban(`["scam","free money","!!!"]`)
		for text, word := range map[string]string{
			"This is a SCAM!": "scam", "Scampi for dinner": "", "Frée   Monéy now": "free money", "free, money": "free money", "money free": "", "!!!": "",
		} {
			for who, token := range map[string]string{"a person": ada, "a key": key} {
				got := send(t, a, "POST", "/v1/messages/send", token, fmt.Sprintf(`{"channelId":%q,"message":%q,"sender":"ada"}`, general, text))
				if word == "" && got.status != 200 || word != "" && (got.status != 400 || got.code() != "banned_words") {
					t.Errorf("%s: %q: %d %s", who, text, got.status, got.text)
				}
				if named := got.at("details.word"); word != "" && (token == ada && named != word || token == key && named != nil) {
					t.Errorf("%s: %q: %s", who, text, got.text)
				}
			}
		}
		sent := send(t, a, "POST", "/v1/messages/send", ada, `{"channelId":"`+general+`","message":"news","nonce":"n"}`)
		ban(`["news"]`)
		if got := send(t, a, "POST", "/v1/messages/send", ada, `{"channelId":"`+general+`","message":"news","nonce":"n"}`); got.status != 200 || got.at("data.messageId") != sent.at("data.messageId") {
			t.Errorf("a repeated request: %d %s", got.status, got.text)
		}
		if got := send(t, a, "POST", "/v1/messages/send", ada, `{"channelId":"`+general+`","message":"This is a scam, no news"}`); got.code() != "banned_words" {
			t.Errorf("after a change of the list: %d %s", got.status, got.text)
		}
		if got := send(t, a, "POST", "/v1/messages/send", ada, `{"channelId":"`+general+`","message":"This is a scam"}`); got.status != 200 {
			t.Errorf("after a change of the list: %d %s", got.status, got.text)
		}
	})
}
