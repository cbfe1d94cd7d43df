package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// reporting is a community with a moderator, members and a channel.
type reporting struct {
	app                       *apptest.App
	home, owner, key, channel string
	moderator, ada, ben, cleo string // tokens
	ids                       map[string]string
}

func newReporting(t *testing.T, a *apptest.App) *reporting {
	t.Helper()
	m := &reporting{app: a, home: a.Community(t), ids: map[string]string{}}
	_, m.owner = a.Owner(t, m.home, "boss")
	m.key = a.Key(t, m.home)
	for name, token := range map[string]*string{"mod": &m.moderator, "ada": &m.ada, "ben": &m.ben, "cleo": &m.cleo} {
		m.ids[name] = userOf(t, a, m.key, name)
		_, *token = a.Claim(t, m.home, name)
	}
	role := createRole(t, a, m.owner, `{"title":"Moderator","order":5,"server_permissions":{"moderate_content":true,"warn_members":true,"suspend_members":true}}`)
	if res := send(t, a, "POST", "/v1/roles/"+role+"/add", m.owner, `{"userId":"mod"}`); res.status != 200 {
		t.Fatalf("%d %s", res.status, res.text)
	}
	m.channel = createChannel(t, a, m.key, `{"topic":"general"}`)
	return m
}

// report reports a message and returns the id of the report.
func (m *reporting) report(t *testing.T, token, messageID, reason string) string {
	t.Helper()
	got := send(t, m.app, "POST", "/v1/messages/"+messageID+"/report", token, fmt.Sprintf(`{"reason":%q}`, reason))
	if got.status != 201 || got.at("data.status") != "open" {
		t.Fatalf("%d %s", got.status, got.text)
	}
	return got.at("data._id").(string)
}

func (m *reporting) resolve(t *testing.T, token, reportID, body string) reply {
	t.Helper()
	return send(t, m.app, "POST", "/v1/reports/"+reportID+"/resolve", token, body)
}

func TestAReportCollectsItsReporters(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newReporting(t, a)
		spam := post(t, a, m.key, m.channel, "buy this", "cleo")
		staff := post(t, a, m.key, createChannel(t, a, m.key, `{"topic":"staff","private":true}`), "secret", "cleo")
		first := m.report(t, m.ada, spam, " Spam ")
		for name, c := range map[string]struct {
			token, message, reason string
			status                 int
			code                   string
		}{
			"again":               {m.ada, spam, "More", 409, "already_reported"},
			"without a reason":    {m.ben, spam, " ", 400, "invalid_input"},
			"a long reason":       {m.ben, spam, strings.Repeat("a", 501), 400, "invalid_input"},
			"a hidden message":    {m.ben, staff, "x", 404, "message_not_found"},
			"a missing message":   {m.ben, "6a21d1c09f3b0c4d5e6f7a8b", "x", 404, "message_not_found"},
			"a key":               {m.key, spam, "x", 403, "person_required"},
			"without the session": {"", spam, "x", 401, "authentication_required"},
		} {
			got := send(t, a, "POST", "/v1/messages/"+c.message+"/report", c.token, fmt.Sprintf(`{"reason":%q}`, c.reason))
			if got.status != c.status || got.code() != c.code {
				t.Errorf("%s: %d %s", name, got.status, got.text)
			}
		}
		if second := m.report(t, m.ben, spam, "Me too"); second != first {
			t.Errorf("a second report %s of the message", second)
		}
		got := send(t, a, "GET", "/v1/reports", m.moderator, "")
		if got.status != 200 || len(got.at("data").([]any)) != 1 || got.at("data.0._id") != first || got.at("data.0.source") != "member" || got.at("data.0.message.message") != "buy this" ||
			got.at("data.0.reporters.0.user.username") != "ada" || got.at("data.0.reporters.0.reason") != "Spam" || got.at("data.0.reporters.1.user.username") != "ben" || got.at("data.0.resolution") != nil {
			t.Errorf("%d %s", got.status, got.text)
		}
		for name, token := range map[string]string{"a member": m.ada, "a weak key": a.Key(t, m.home, permission.GetMessages)} {
			if got := send(t, a, "GET", "/v1/reports", token, ""); got.status != 403 {
				t.Errorf("%s: %d %s", name, got.status, got.text)
			}
			if got := m.resolve(t, token, first, `{"action":"dismiss","reason":"x"}`); got.status != 403 {
				t.Errorf("%s: %d %s", name, got.status, got.text)
			}
		}
		foreign := a.Key(t, a.Community(t))
		if got := send(t, a, "GET", "/v1/reports", foreign, ""); got.status != 200 || len(got.at("data").([]any)) != 0 {
			t.Errorf("another community: %d %s", got.status, got.text)
		}
		if got := m.resolve(t, foreign, first, `{"action":"dismiss","reason":"x"}`); got.status != 404 || got.code() != "report_not_found" {
			t.Errorf("another community: %d %s", got.status, got.text)
		}
	})
}

func TestReportsAreResolved(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newReporting(t, a)
		soon := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
		for _, c := range []struct {
			name, author, token, body string
			status                    int
			code                      string
		}{
			{"dismiss", "cleo", m.moderator, `{"action":"dismiss","reason":"Fine"}`, 200, ""},
			{"delete", "cleo", m.moderator, `{"action":"delete","reason":"Spam"}`, 200, ""},
			{"warn", "cleo", m.moderator, `{"action":"warn","reason":"Spam"}`, 200, ""},
			{"a higher rank", "boss", m.moderator, `{"action":"warn","reason":"Spam"}`, 403, "rank_too_low"},
			{"oneself", "mod", m.moderator, `{"action":"warn","reason":"Spam"}`, 403, "not_yourself"},
			{"a ban without its permission", "cleo", m.moderator, `{"action":"ban","reason":"Spam"}`, 403, "missing_permission"},
			{"a suspension without an end", "cleo", m.moderator, `{"action":"suspend","reason":"Spam"}`, 400, "invalid_input"},
			{"a dismissal with an end", "cleo", m.moderator, `{"action":"dismiss","reason":"Spam","until":"` + soon + `"}`, 400, "invalid_input"},
			{"without a reason", "cleo", m.moderator, `{"action":"dismiss","reason":""}`, 400, "invalid_input"},
			{"an unknown action", "cleo", m.moderator, `{"action":"kick","reason":"Spam"}`, 400, "invalid_input"},
			{"a suspension", "cleo", m.moderator, `{"action":"suspend","reason":"Spam","until":"` + soon + `"}`, 200, ""},
			{"a ban by a key", "cleo", m.key, `{"action":"ban","reason":"Spam"}`, 200, ""},
		} {
			text := "text of " + c.name
			message := send(t, a, "POST", "/v1/messages/send", m.key, fmt.Sprintf(`{"channelId":%q,"message":%q,"sender":%q}`, m.channel, text, c.author))
			messageID, sent := message.at("data.messageId").(string)
			if !sent { // the author is suspended
				if c.name != "a ban by a key" {
					t.Fatalf("%s: %s", c.name, message.text)
				}
				messageID = send(t, a, "GET", "/v1/messages?user_id="+m.ids["cleo"], m.key, "").at("data.messages.0.id").(string)
			}
			report := send(t, a, "POST", "/v1/messages/"+messageID+"/report", m.ada, `{"reason":"Bad"}`)
			if report.status == 409 {
				report = send(t, a, "POST", "/v1/messages/"+messageID+"/report", m.ben, `{"reason":"Bad"}`)
			}
			reportID := report.at("data._id").(string)
			got := m.resolve(t, c.token, reportID, c.body)
			if got.status != c.status || got.code() != c.code {
				t.Errorf("%s: %d %s", c.name, got.status, got.text)
				continue
			}
			if c.status != 200 {
				if open := send(t, a, "GET", "/v1/reports?status=open&limit=100", m.moderator, ""); !strings.Contains(open.text, reportID) {
					t.Errorf("%s: not open: %s", c.name, open.text)
				}
				continue
			}
			penalty, _ := got.at("data.resolution.penaltyId").(string)
			if imposes := c.name != "dismiss" && c.name != "delete"; got.at("data.status") != "resolved" || (penalty != "") != imposes {
				t.Errorf("%s: %s", c.name, got.text)
			}
			if penalties := send(t, a, "GET", "/v1/servers/"+m.home+"/penalties", m.owner, ""); penalty != "" && penalties.at("data.0._id") != penalty {
				t.Errorf("%s: %s", c.name, penalties.text)
			}
			if found := send(t, a, "GET", "/v1/messages/"+messageID, m.key, ""); (found.status == 404) != (c.name == "delete") {
				t.Errorf("%s: %d %s", c.name, found.status, found.text)
			}
			if again := m.resolve(t, c.token, reportID, `{"action":"dismiss","reason":"x"}`); again.status != 409 || again.code() != "already_resolved" {
				t.Errorf("%s again: %d %s", c.name, again.status, again.text)
			}
			log := send(t, a, "GET", "/v1/servers/"+m.home+"/audit-log", m.owner, "")
			if !strings.Contains(log.text, `"report.resolve"`) || !strings.Contains(log.text, reportID) || strings.Contains(log.text, text) {
				t.Errorf("%s: %s", c.name, log.text)
			}
		}
	})
}

func TestReportsAreListedOldestOpenFirst(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newReporting(t, a)
		var ids []string
		for i := range 5 {
			ids = append(ids, m.report(t, m.ada, post(t, a, m.key, m.channel, fmt.Sprint(i), "cleo"), "x"))
		}
		for _, i := range []int{1, 3} {
			if got := m.resolve(t, m.moderator, ids[i], `{"action":"dismiss","reason":"x"}`); got.status != 200 {
				t.Fatalf("%d %s", got.status, got.text)
			}
		}
		for query, want := range map[string]string{"limit=20": "02431", "limit=2": "02431", "limit=3": "02431", "limit=1&status=open": "024", "limit=1&status=resolved": "31"} {
			walked, cursor := "", ""
			for range 6 {
				got := send(t, a, "GET", "/v1/reports?"+query+"&cursor="+cursor, m.moderator, "")
				list, _ := got.at("data").([]any)
				for _, one := range list {
					walked += one.(map[string]any)["message"].(map[string]any)["message"].(string)
				}
				cursor, _ = got.at("meta.nextCursor").(string)
				if cursor == "" {
					break
				}
			}
			if walked != want {
				t.Errorf("%s: %s", query, walked)
			}
		}
		other := send(t, a, "GET", "/v1/reports?status=open&limit=1", m.moderator, "").at("meta.nextCursor").(string)
		for _, query := range []string{"cursor=x", "status=resolved&cursor=" + other} {
			if got := send(t, a, "GET", "/v1/reports?"+query, m.moderator, ""); got.status != 400 || got.code() != "invalid_cursor" {
				t.Errorf("%s: %d %s", query, got.status, got.text)
			}
		}
		message := send(t, a, "GET", "/v1/reports?status=resolved", m.moderator, "").at("data.0.message.id").(string)
		if again := m.report(t, m.ben, message, "Still there"); again != ids[3] {
			t.Errorf("%s is another report", again)
		}
		if got := send(t, a, "GET", "/v1/reports?status=open", m.moderator, ""); got.at("data.2._id") != ids[3] || got.at("data.2.resolution") != nil || len(got.at("data.2.reporters").([]any)) != 2 {
			t.Errorf("%s", got.text)
		}
	})
}

func TestOneOfManyResolutionsWins(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newReporting(t, a)
		reportID := m.report(t, m.ada, post(t, a, m.key, m.channel, "spam", "cleo"), "x")
		replies := make(chan reply)
		for range 32 {
			go func() { replies <- m.resolve(t, m.moderator, reportID, `{"action":"warn","reason":"Spam"}`) }()
		}
		won := 0
		for range 32 {
			switch got := <-replies; {
			case got.status == 200:
				won++
			case got.status != 409 || got.code() != "already_resolved":
				t.Errorf("%d %s", got.status, got.text)
			}
		}
		if penalties := send(t, a, "GET", "/v1/servers/"+m.home+"/penalties", m.owner, ""); won != 1 || len(penalties.at("data").([]any)) != 1 {
			t.Errorf("%d resolutions: %s", won, penalties.text)
		}
	})
}

func TestAlertWordsReportMessages(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newReporting(t, a)
		if got := send(t, a, "PUT", "/v1/servers/"+m.home, m.moderator, `{"alertWords":["wire transfer"]}`); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		edited := post(t, a, m.key, m.channel, "hello", "ada")
		post(t, a, m.key, m.channel, "only a WIRE, transfer!", "cleo")
		reports := func() []any {
			list, _ := send(t, a, "GET", "/v1/reports", m.moderator, "").at("data").([]any)
			return list
		}
		until(t, func() bool { return len(reports()) == 1 })
		if got := send(t, a, "PUT", "/v1/messages/"+edited, m.key, `{"message":"by wire transfer","sender":"ada"}`); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		until(t, func() bool { return len(reports()) == 2 })
		got := send(t, a, "GET", "/v1/reports", m.moderator, "")
		if got.at("data.0.source") != "alert_word" || got.at("data.0.message.user.username") != "cleo" || len(got.at("data.0.reporters").([]any)) != 0 || got.at("data.1.message.message") != "by wire transfer" {
			t.Errorf("%s", got.text)
		}
		first := got.at("data.1._id").(string)
		if got := m.resolve(t, m.moderator, first, `{"action":"dismiss","reason":"Fine"}`); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		if got := send(t, a, "PUT", "/v1/messages/"+edited+"/pin", m.key, ""); got.status != 200 { // updated, but not its text
			t.Fatalf("%d %s", got.status, got.text)
		}
		post(t, a, m.key, m.channel, "wire transfer, again", "ben")
		until(t, func() bool { return len(reports()) == 3 })
		if got := send(t, a, "GET", "/v1/reports?status=resolved", m.moderator, ""); got.at("data.0._id") != first {
			t.Errorf("opened again: %s", got.text)
		}
		if got := send(t, a, "PUT", "/v1/messages/"+edited, m.key, `{"message":"by wire transfer only","sender":"ada"}`); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		until(t, func() bool {
			return len(send(t, a, "GET", "/v1/reports?status=resolved", m.moderator, "").at("data").([]any)) == 0
		})
	})
}

func TestErasedMembersLeaveReports(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newReporting(t, a)
		about := m.report(t, m.ada, post(t, a, m.key, m.channel, "one", "ben"), "reason-about-ben")
		m.report(t, m.ben, post(t, a, m.key, m.channel, "two", "cleo"), "reason-by-ben")
		if got := m.resolve(t, m.moderator, about, `{"action":"dismiss","reason":"end-about-ben"}`); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		err := a.DB.Tx(t.Context(), func(tx *sqldb.Tx) error {
			return a.Members.EraseMembers(t.Context(), tx, m.home, []string{m.ids["ben"]})
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range sqldbtest.Dump(t, a.DB) {
			for _, word := range []string{m.ids["ben"], "about-ben", "by-ben"} {
				if strings.HasPrefix(line, "report") && strings.Contains(line, word) || strings.Contains(line, "-ben") {
					t.Errorf("%s is left: %s", word, line)
				}
			}
		}
		got := send(t, a, "GET", "/v1/reports", m.moderator, "")
		if len(got.at("data").([]any)) != 2 || len(got.at("data.0.reporters").([]any)) != 1 || got.at("data.0.reporters.0.user") != nil {
			t.Errorf("%s", got.text)
		}
	})
}
