package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/automation"
)

// automations is a community with automations.
type automations struct {
	*badging
	role, server, badge, tag, level string // ids
}

func newAutomations(t *testing.T, a *apptest.App) *automations {
	t.Helper()
	m := &automations{badging: newBadging(t, a)}
	m.role = createRole(t, a, m.owner, `{"title":"Fan"}`)
	m.server = createRole(t, a, m.owner, `{"title":"Staff","server_permissions":{"kick_members":true}}`)
	m.badge = m.badging.create(t, `{"title":"Star","action":"custom","award":true,"awardXpQuantity":5}`)
	m.tag = m.send(t, 201, "POST", "/v1/communities/"+m.home+"/tags", m.key, `{"name":"beta"}`).at("data._id").(string)
	m.level = m.send(t, 201, "POST", "/v1/communities/"+m.home+"/user-fields", m.key, `{"field":"points","name":"Points","type":"numerical"}`).at("data._id").(string)
	m.send(t, 201, "POST", "/v1/communities/"+m.home+"/user-fields", m.key, `{"field":"number","name":"Number","type":"single-line-text","identifier":true}`)
	return m
}

// automate creates an automation and returns its id.
func (m *automations) automate(t *testing.T, event, condition, actions, more string) string {
	t.Helper()
	body := fmt.Sprintf(`{"name":"Bot","trigger":{"event":%q},"condition":%q,"actions":[%s]%s}`, event, condition, actions, more)
	return m.send(t, 201, "POST", "/v1/automations", m.key, body).at("data._id").(string)
}

// log waits until the log of an automation has n entries, and returns their outcomes and
// reasons, the oldest first.
func (m *automations) log(t *testing.T, automationID string, n int) []string {
	t.Helper()
	var lines []string
	until(t, func() bool {
		lines = nil
		for _, one := range m.send(t, 200, "GET", "/v1/automations/"+automationID+"/log?limit=100", m.key, "").at("data").([]any) {
			e := one.(map[string]any)
			lines = append([]string{strings.TrimSpace(fmt.Sprint(e["outcome"], " ", e["reason"]))}, lines...)
		}
		return len(lines) >= n
	})
	return lines
}

func (m *automations) wantLog(t *testing.T, automationID string, want ...string) {
	t.Helper()
	if got := m.log(t, automationID, len(want)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the log is %q, want %q", got, want)
	}
}

// write posts a message of a member and returns its id.
func (m *automations) write(t *testing.T, user, text string) string {
	t.Helper()
	return m.send(t, 200, "POST", "/v1/messages/send", m.key, fmt.Sprintf(`{"channelId":%q,"message":%q,"sender":%q}`, m.channel, text, user)).at("data.messageId").(string)
}

// user returns a user object.
func (m *automations) user(t *testing.T, name string) reply {
	t.Helper()
	return m.send(t, 200, "POST", "/v1/users/info", m.key, fmt.Sprintf(`{"idOrEmail":%q}`, name))
}

func TestAutomationPerformsItsActions(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newAutomations(t, a)
		actions := fmt.Sprintf(`{"type":"grant","unit":"coins","amount":100,"reason":"Welcome"},{"type":"role","roleId":%q,"op":"add"},{"type":"tag","tag":"beta","op":"add"},
			{"type":"field","fieldId":"points","op":"add","value":2.5},{"type":"badge","badgeId":%q},{"type":"message","channelId":%q,"message":"Welcome **{{user.displayName}}** @mod @{{user.username}}, {{event.data.message.message}}"}`, m.role, m.badge, m.channel)
		id := m.automate(t, "message.posted", `user.username == "ada" and event.data.message.message contains "hello"`, actions, "")
		m.write(t, "ada", "bye")
		m.write(t, "gus", "hello")
		m.write(t, "ada", "hello @mod <b> *x* https://example.com")
		m.write(t, "ada", "hello")
		m.wantLog(t, id, "done", "done")
		u := m.user(t, "ada")
		if u.at("data.coins") != 200.0 || u.at("data.xp") != 5.0 || u.at("data.roles.0") != "Fan" || u.at("data.tags.0") != "beta" || u.at("data.customFields.points") != 5.0 || u.at("data.badges.0.title") != "Star" {
			t.Error(u.text)
		}
		list := m.send(t, 200, "GET", "/v1/messages?channel_id="+m.channel, m.key, "")
		var sent map[string]any
		for _, one := range list.at("data.messages").([]any) {
			if strings.Contains(fmt.Sprint(one), "example.com") && one.(map[string]any)["via"] != nil && one.(map[string]any)["via"].(map[string]any)["type"] == "automation" {
				sent = one.(map[string]any)
			}
		}
		author := sent["user"].(map[string]any)
		if author["user_id"] != nil || author["bot"] != true || author["displayName"] != "Bot" {
			t.Errorf("the author is %v", author)
		}
		if got := len(sent["mentions"].([]any)); got != 1 {
			t.Errorf("%d mentions, want the one of the template: %v", got, sent["html"])
		}
		html := sent["html"].(string)
		if !strings.Contains(html, "<strong>") || strings.Contains(html, "<em>") || strings.Contains(html, "<a ") || strings.Contains(html, "<b>") {
			t.Error(html)
		}
		entry := m.send(t, 200, "GET", "/v1/automations/"+id+"/log?outcome=done&limit=1", m.key, "")
		if entry.at("data.0.userId") != m.ids["ada"] || entry.at("data.0.actions.1.ref") != m.role || entry.at("data.0.actions.5.ok") != true || entry.at("meta.nextCursor") == nil {
			t.Error(entry.text)
		}
		if got := m.send(t, 200, "GET", "/v1/automations/"+id+"/log?outcome=failed", m.key, ""); len(got.at("data").([]any)) != 0 {
			t.Error(got.text)
		}
		for _, one := range m.events(t, "user.role_added", 1) {
			if e := one.(map[string]any); e["userId"] == m.ids["ada"] && fmt.Sprint(e["actor"]) != fmt.Sprint(map[string]any{"type": "automation", "id": id}) {
				t.Errorf("the actor is %v", e["actor"])
			}
		}
		// A second firing of another automation removes and subtracts.
		other := m.automate(t, "message.posted", `event.data.message.message == "undo"`, fmt.Sprintf(`{"type":"role","roleId":%q,"op":"remove"},{"type":"tag","tag":%q,"op":"remove"},{"type":"field","fieldId":%q,"op":"subtract","value":1},{"type":"grant","unit":"coins","amount":-50,"reason":"Fee"}`, m.role, m.tag, m.level), "")
		m.write(t, "ada", "undo")
		m.wantLog(t, other, "done")
		u = m.user(t, "ada")
		if u.at("data.coins") != 150.0 || len(u.at("data.roles").([]any)) != 1 || len(u.at("data.tags").([]any)) != 0 || u.at("data.customFields.points") != 4.0 {
			t.Error(u.text)
		}
	})
}

func TestFailedActionUndoesTheOthers(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newAutomations(t, a)
		id := m.automate(t, "message.posted", "", `{"type":"grant","unit":"xp","amount":1,"reason":"a"},{"type":"tag","tag":"beta","op":"add"},{"type":"grant","unit":"coins","amount":-10,"reason":"b"}`, "")
		broken := m.automate(t, "message.posted", `user.customFields.points > 1`, `{"type":"grant","unit":"xp","amount":1,"reason":"a"}`, "")
		granted := m.automate(t, "message.posted", "", fmt.Sprintf(`{"type":"role","roleId":%q,"op":"add"}`, m.role), "")
		m.send(t, 200, "PUT", "/v1/roles/"+m.role, m.owner, `{"server_permissions":{"kick_members":true}}`)
		m.write(t, "ada", "one")
		m.wantLog(t, id, "failed insufficient_balance")
		m.wantLog(t, granted, "failed role_not_allowed")
		if got := m.log(t, broken, 1); !strings.HasPrefix(got[0], "failed condition_failed: ") {
			t.Error(got)
		}
		u := m.user(t, "ada")
		if u.at("data.xp") != 0.0 || len(u.at("data.tags").([]any)) != 0 || len(u.at("data.roles").([]any)) != 1 {
			t.Error(u.text)
		}
		entry := m.send(t, 200, "GET", "/v1/automations/"+id+"/log", m.key, "")
		if len(entry.at("data.0.actions").([]any)) != 3 || entry.at("data.0.actions.0.ok") != false || entry.at("data.0.actions.0.ref") != nil {
			t.Error(entry.text)
		}
	})
}

func TestAutomationsAreLimited(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newAutomations(t, a)
		grant := `{"type":"grant","unit":"xp","amount":1,"reason":"a"}`
		total := m.automate(t, "message.posted", "", grant, `,"perMember":2`)
		daily := m.automate(t, "message.posted", "", grant, `,"perDay":1`)
		for range 4 {
			m.write(t, "ada", "one")
		}
		m.write(t, "gus", "one")
		m.wantLog(t, total, "done", "done", "skipped per_member", "done")
		m.wantLog(t, daily, "done", "skipped per_day", "done")
		if got := m.user(t, "ada").at("data.xp"); got != 3.0 {
			t.Errorf("%v XP", got)
		}
		// Without the limit the automation fires again, also for what was counted.
		changed := m.send(t, 200, "PUT", "/v1/automations/"+total, m.manager, `{"perMember":null,"version":1}`)
		if changed.at("data.perMember") != nil || changed.at("data.version") != 2.0 {
			t.Error(changed.text)
		}
		m.write(t, "ada", "one")
		m.wantLog(t, total, "done", "done", "skipped per_member", "done", "done")
	})
}

// An automation that triggers itself, and two that trigger each other, stop at depth 5.
func TestAutomationsInAChainStop(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newAutomations(t, a)
		own := m.automate(t, "user.updated", "", `{"type":"field","fieldId":"points","op":"add","value":1}`, "")
		m.send(t, 201, "POST", "/v1/communities/"+m.home+"/users/"+m.ids["ada"]+"/user-fields/"+m.level+"/histories", m.key, `{"value":1}`)
		m.wantLog(t, own, "done", "done", "done", "done", "done", "skipped depth")
		if got := m.user(t, "ada").at("data.customFields.points"); got != 6.0 {
			t.Errorf("%v points", got)
		}
		m.send(t, 200, "PUT", "/v1/automations/"+own, m.key, `{"enabled":false}`)
		paid := m.automate(t, "ledger.posted", `event.data.entry.unit == "coins"`, `{"type":"grant","unit":"coins","amount":1,"reason":"a"}`, "")
		bot := m.automate(t, "message.posted", `event.data.message.via?.type == "automation"`, fmt.Sprintf(`{"type":"message","channelId":%q,"message":"echo"}`, m.channel), "")
		start := m.automate(t, "message.posted", `user.username == "ada"`, fmt.Sprintf(`{"type":"grant","unit":"coins","amount":1,"reason":"a"},{"type":"message","channelId":%q,"message":"start"}`, m.channel), "")
		m.write(t, "ada", "one")
		m.wantLog(t, start, "done")
		m.wantLog(t, paid, "done", "done", "done", "done", "skipped depth")
		m.wantLog(t, bot, "done", "done", "done", "done", "skipped depth")
	})
}

func TestAutomationsFireAfterTheyAreEnabled(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newAutomations(t, a)
		m.write(t, "ada", "before")
		grant := `{"type":"grant","unit":"xp","amount":1,"reason":"a"}`
		id := m.automate(t, "message.posted", "", grant, "")
		m.write(t, "ada", "one")
		m.wantLog(t, id, "done")
		m.send(t, 200, "PUT", "/v1/automations/"+id, m.key, `{"enabled":false}`)
		m.write(t, "ada", "while disabled")
		m.send(t, 200, "PUT", "/v1/automations/"+id, m.key, `{"enabled":true}`)
		m.write(t, "ada", "two")
		m.wantLog(t, id, "done", "done")
		if got := m.user(t, "ada").at("data.xp"); got != 2.0 {
			t.Errorf("%v XP", got)
		}
		test := m.send(t, 200, "POST", "/v1/automations/"+id+"/test", m.key, `{"events":3}`)
		if test.at("data.examined") != 3.0 || test.at("data.matched") != 3.0 || test.at("data.results.0.actions.0.type") != "grant" || test.at("data.results.0.userId") != m.ids["ada"] {
			t.Error(test.text)
		}
		m.send(t, 200, "DELETE", "/v1/automations/"+id, m.key, "")
		m.write(t, "ada", "three")
		if got := send(t, a, "GET", "/v1/automations/"+id, m.key, ""); got.status != 404 || got.code() != "automation_not_found" {
			t.Error(got.text)
		}
		m.wantLog(t, id, "done", "done")
	})
}

// ledger.posted is written only while an enabled automation reads it.
func TestLedgerEventsAreWrittenForAutomations(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newAutomations(t, a)
		post := func() {
			m.send(t, 201, "POST", "/v1/gamification/ledger", m.key, `{"user":"ada","unit":"coins","op":"add","amount":5,"reason":"x"}`)
		}
		count := func() int {
			return len(m.send(t, 200, "GET", "/v1/events?types=ledger.posted", m.key, "").at("data").([]any))
		}
		post()
		id := m.automate(t, "ledger.posted", "event.data.entry.amount >= 5", fmt.Sprintf(`{"type":"message","channelId":%q,"message":"{{user.displayName}} has {{event.data.entry.balanceAfter}}"}`, m.channel), "")
		post()
		m.wantLog(t, id, "done")
		if e := m.event(t, "ledger.posted"); e["userId"] != m.ids["ada"] {
			t.Error(e)
		}
		m.send(t, 200, "PUT", "/v1/automations/"+id, m.key, `{"enabled":false}`)
		post()
		if got := count(); got != 1 {
			t.Errorf("%d events", got)
		}
	})
}

func TestImportedMembersTriggerIfWanted(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newAutomations(t, a)
		grant := `{"type":"grant","unit":"coins","amount":7,"reason":"Welcome"}`
		never := m.automate(t, "user.joined_server", "", grant, "")
		body := fmt.Sprintf(`{"name":"Imports","trigger":{"event":"user.joined_server","includeImports":true},"condition":"user.country == \"DE\"","actions":[%s]}`, grant)
		id := m.send(t, 201, "POST", "/v1/automations", m.key, body).at("data._id").(string)
		var file strings.Builder
		file.WriteString("Username,Email,First Name,Last Name,Country\n")
		for i := range 120 {
			fmt.Fprintf(&file, "m%d,m%d@example.com,M,M,%s\n", i, i, []string{"Germany", "France"}[i%2])
		}
		a.Import(t, m.home, m.key, file.String(), nil)
		m.log(t, id, 60)
		if got := m.user(t, "m118"); got.at("data.coins") != 7.0 {
			t.Error(got.text)
		}
		if got := m.user(t, "m119"); got.at("data.coins") != 0.0 {
			t.Error(got.text)
		}
		if got := m.send(t, 200, "GET", "/v1/automations/"+never+"/log", m.key, ""); len(got.at("data").([]any)) != 0 {
			t.Error(got.text)
		}
	})
}

func TestInvalidAutomationsAreRejected(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newAutomations(t, a)
		key := a.Key(t, a.Community(t))
		badge := m.send(t, 200, "POST", "/v1/badges", key, `{"title":"x","action":"custom"}`).at("data._id").(string)
		foreign := struct{ channel, badge, role string }{createChannel(t, a, key, `{"topic":"x"}`), badge, createRole(t, a, key, `{"title":"Other"}`)}
		grant := `{"type":"grant","unit":"xp","amount":1,"reason":"a"}`
		forum := createChannel(t, a, m.key, `{"topic":"ideas","channelType":"forum"}`)
		for name, c := range map[string]struct {
			event, condition, actions, more string
			status                          int
			code, field                     string
		}{
			"an unknown event":                 {"user.danced", "", grant, "", 400, "invalid_condition", "trigger.event"},
			"no boolean":                       {"message.posted", "user.xp", grant, "", 400, "invalid_condition", "condition"},
			"a syntax error":                   {"message.posted", "user.xp >", grant, "", 400, "invalid_condition", "condition"},
			"an unknown part":                  {"message.posted", "user.age > 1", grant, "", 400, "invalid_condition", "condition"},
			"an unknown field":                 {"message.posted", "user.customFields.age > 1", grant, "", 400, "invalid_condition", "condition"},
			"an unknown value":                 {"message.posted", "event.data.badge.title == \"x\"", grant, "", 400, "invalid_condition", "condition"},
			"a list without bound":             {"message.posted", "len(1..100000000) > 1", grant, "", 400, "invalid_condition", "condition"},
			"nested loops":                     {"message.posted", "any(user.roles, any(user.roles, any(user.roles, true)))", grant, "", 400, "invalid_condition", "condition"},
			"a text without bound":             {"message.posted", `let a = "xxxxxxxxx"; let b = a + a; len(b + b) > 1`, grant, "", 400, "invalid_condition", "condition"},
			"repetition":                       {"message.posted", `len(repeat("x", 1000000000)) > 1`, grant, "", 400, "invalid_condition", "condition"},
			"a long condition":                 {"message.posted", strings.Repeat("true and ", 300) + "true", grant, "", 400, "invalid_condition", "condition"},
			"a member of an event without one": {"channel.created", `user.xp > 1`, fmt.Sprintf(`{"type":"message","channelId":%q,"message":"x"}`, m.channel), "", 400, "invalid_condition", "condition"},
			"a grant without a member":         {"channel.created", "", grant, "", 400, "invalid_condition", "actions[0].type"},
			"an entitlement":                   {"message.posted", "", `{"type":"entitlement","gameId":"x","count":1}`, "", 400, "invalid_condition", "actions[0].type"},
			"no actions":                       {"message.posted", "", "", "", 400, "invalid_input", "actions"},
			"a unit":                           {"message.posted", "", `{"type":"grant","unit":"gold","amount":1,"reason":"a"}`, "", 400, "invalid_input", "actions[0].unit"},
			"an amount":                        {"message.posted", "", `{"type":"grant","unit":"xp","amount":0,"reason":"a"}`, "", 400, "invalid_input", "actions[0].amount"},
			"no reason":                        {"message.posted", "", `{"type":"grant","unit":"xp","amount":1}`, "", 400, "invalid_input", "actions[0].reason"},
			"a server permission":              {"message.posted", "", fmt.Sprintf(`{"type":"role","roleId":%q,"op":"add"}`, m.server), "", 400, "role_not_allowed", ""},
			"an operation":                     {"message.posted", "", fmt.Sprintf(`{"type":"role","roleId":%q,"op":"set"}`, m.role), "", 400, "invalid_input", "actions[0].op"},
			"a role of others":                 {"message.posted", "", fmt.Sprintf(`{"type":"role","roleId":%q,"op":"add"}`, foreign.role), "", 404, "role_not_found", ""},
			"a badge of others":                {"message.posted", "", fmt.Sprintf(`{"type":"badge","badgeId":%q}`, foreign.badge), "", 404, "badge_not_found", ""},
			"a channel of others":              {"message.posted", "", fmt.Sprintf(`{"type":"message","channelId":%q,"message":"x"}`, foreign.channel), "", 404, "channel_not_found", ""},
			"a tag":                            {"message.posted", "", `{"type":"tag","tag":"gone","op":"add"}`, "", 404, "tag_not_found", ""},
			"a field":                          {"message.posted", "", `{"type":"field","fieldId":"gone","op":"set","value":1}`, "", 404, "field_not_found", ""},
			"a default field":                  {"message.posted", "", `{"type":"field","fieldId":"email","op":"set","value":"a@example.com"}`, "", 400, "invalid_input", "actions[0].fieldId"},
			"an identifier":                    {"message.posted", "", `{"type":"field","fieldId":"number","op":"set","value":"7"}`, "", 400, "invalid_input", "actions[0].fieldId"},
			"a value":                          {"message.posted", "", `{"type":"field","fieldId":"points","op":"set","value":"many"}`, "", 400, "invalid_input", "actions[0].value"},
			"a sum without a value":            {"message.posted", "", `{"type":"field","fieldId":"points","op":"add"}`, "", 400, "invalid_input", "actions[0].value"},
			"a forum":                          {"message.posted", "", fmt.Sprintf(`{"type":"message","channelId":%q,"message":"x"}`, forum), "", 400, "invalid_input", "actions[0].channelId"},
			"a value in a message":             {"message.posted", "", fmt.Sprintf(`{"type":"message","channelId":%q,"message":"{{user.age}}"}`, m.channel), "", 400, "invalid_condition", "actions[0].message"},
			"a calculation in a message":       {"message.posted", "", fmt.Sprintf(`{"type":"message","channelId":%q,"message":"{{user.xp + 1}}"}`, m.channel), "", 400, "invalid_condition", "actions[0].message"},
			"a limit of 0":                     {"message.posted", "", grant, `,"perMember":0`, 400, "invalid_input", "perMember"},
			"an unknown key":                   {"message.posted", "", grant, `,"color":"red"`, 400, "invalid_input", ""},
		} {
			body := fmt.Sprintf(`{"name":"Bot","trigger":{"event":%q},"condition":%q,"actions":[%s]%s}`, c.event, c.condition, c.actions, c.more)
			got := send(t, a, "POST", "/v1/automations", m.key, body)
			if got.status != c.status || got.code() != c.code || c.field != "" && got.at("errors.0.field") != c.field {
				t.Errorf("%s: %d %s", name, got.status, got.text)
			}
		}
	})
}

func TestAutomationsNeedTheirPermissions(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newAutomations(t, a)
		id := m.automate(t, "message.posted", "", `{"type":"grant","unit":"xp","amount":1,"reason":"a"}`, "")
		weak, foreign := a.Key(t, m.home, permission.Badges), a.Key(t, a.Community(t))
		for _, path := range []string{"GET /v1/automations", "POST /v1/automations", "GET /v1/automations/" + id, "PUT /v1/automations/" + id, "DELETE /v1/automations/" + id, "POST /v1/automations/" + id + "/test", "GET /v1/automations/" + id + "/log"} {
			method, address, _ := strings.Cut(path, " ")
			body := ""
			switch {
			case method == "PUT":
				body = `{"name":"x"}`
			case strings.HasSuffix(address, "/test"):
				body = `{"events":1}`
			case method == "POST":
				body = `{"name":"x","trigger":{"event":"message.posted"},"actions":[{"type":"grant","unit":"xp","amount":1,"reason":"a"}]}`
			}
			for name, token := range map[string]string{"a key": weak, "a member": m.ada, "a moderator": m.moderator} {
				if got := send(t, a, method, address, token, body); got.status != 403 || got.code() != "missing_permission" {
					t.Errorf("%s, %s: %d %s", path, name, got.status, got.text)
				}
			}
			if got := send(t, a, method, address, foreign, body); strings.Contains(address, id) && (got.status != 404 || got.code() != "automation_not_found") {
				t.Errorf("%s of another community: %d %s", path, got.status, got.text)
			}
		}
		// The manager may not manage roles; a role that is in the automation may stay.
		role := fmt.Sprintf(`{"type":"role","roleId":%q,"op":"add"}`, m.role)
		if got := send(t, a, "POST", "/v1/automations", m.manager, `{"name":"x","trigger":{"event":"message.posted"},"actions":[`+role+`]}`); got.status != 403 || got.code() != "missing_permission" {
			t.Errorf("%d %s", got.status, got.text)
		}
		with := m.automate(t, "message.posted", "", role, "")
		m.send(t, 200, "PUT", "/v1/automations/"+with, m.manager, `{"name":"Renamed","actions":[`+role+`]}`)
		if got := send(t, a, "PUT", "/v1/automations/"+with, m.manager, `{"name":"x","version":1}`); got.status != 409 || got.code() != "stale_version" || got.at("details.version") != 2.0 {
			t.Errorf("%d %s", got.status, got.text)
		}
	})
}

func TestTooManyAutomationsAreRejected(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newAutomations(t, a)
		grant := `{"type":"grant","unit":"xp","amount":1,"reason":"a"}`
		for range automation.MaxAutomations {
			m.automate(t, "message.posted", "", grant, `,"enabled":false`)
		}
		if got := send(t, a, "POST", "/v1/automations", m.key, `{"name":"x","trigger":{"event":"message.posted"},"actions":[`+grant+`]}`); got.status != 409 || got.code() != "too_many_automations" {
			t.Errorf("%d %s", got.status, got.text)
		}
		first := m.send(t, 200, "GET", "/v1/automations?limit=60", m.key, "")
		rest := m.send(t, 200, "GET", "/v1/automations?limit=60&cursor="+first.at("meta.nextCursor").(string), m.key, "")
		if len(first.at("data").([]any)) != 60 || len(rest.at("data").([]any)) != 40 || rest.at("meta.nextCursor") != nil {
			t.Error(rest.text)
		}
	})
}
