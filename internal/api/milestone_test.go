package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/sqldb"
)

// wrote is the condition of a message.
const wrote = `{"operator":"and","conditions":[{"action":"messages","value":1}]}`

// milestone creates a milestone and returns its id.
func (m *badging) milestone(t *testing.T, body string) string {
	t.Helper()
	return m.send(t, 201, "POST", "/v1/milestones", m.key, body).at("data._id").(string)
}

// milestones returns the milestones of a member.
func (m *badging) milestones(t *testing.T, user string) reply {
	t.Helper()
	return m.send(t, 200, "POST", "/v1/users/milestones", m.key, fmt.Sprintf(`{"identifier":%q}`, user+"@example.com"))
}

func TestMilestonesAreCreatedChangedAndDeleted(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newBadging(t, a)
		badgeID := m.create(t, `{"title":"Helper","action":"custom"}`)
		made := m.send(t, 201, "POST", "/v1/milestones", m.manager, `{"name":" Verify identity ","group":"Start","order":2,"description":"Say hello","conditions":`+wrote+
			`,"rewards":{"coins":500,"badgeId":"`+badgeID+`"},"boost":{"factor":1.5,"withinHours":24},"startsAt":"2026-01-01T10:00:00+01:00","endsAt":"2036-01-01T10:00:00Z","isEnabled":false}`)
		id := made.at("data._id").(string)
		for path, want := range map[string]any{
			"name": "Verify identity", "group": "Start", "order": 2.0, "rewards.xp": 0.0, "rewards.coins": 500.0, "rewards.badgeId": badgeID, "boost.factor": 1.5, "boost.withinHours": 24.0,
			"startsAt": "2026-01-01T09:00:00.000Z", "isEnabled": false, "completedCount": 0.0, "version": 1.0, "conditions.conditions.0.op": "gte",
		} {
			if got := made.at("data." + path); got != want {
				t.Errorf("%s is %v, want %v", path, got, want)
			}
		}
		for name, c := range map[string]struct{ body, code, field string }{
			"no name":           {`{"conditions":` + wrote + `}`, "invalid_input", "name"},
			"no conditions":     {`{"name":"a"}`, "invalid_input", "conditions"},
			"a wrong condition": {`{"name":"a","conditions":{"operator":"and","conditions":[{"action":"plays","value":1}]}}`, "invalid_condition", "conditions.conditions[0].action"},
			"two decimals":      {`{"name":"a","conditions":` + wrote + `,"boost":{"factor":1.25}}`, "invalid_input", "boost.factor"},
			"a small factor":    {`{"name":"a","conditions":` + wrote + `,"boost":{"factor":1}}`, "invalid_input", "boost.factor"},
			"no factor":         {`{"name":"a","conditions":` + wrote + `,"boost":{"withinHours":1}}`, "invalid_input", ""},
			"no hour":           {`{"name":"a","conditions":` + wrote + `,"boost":{"factor":2,"withinHours":0}}`, "invalid_input", ""},
			"no instant":        {`{"name":"a","conditions":` + wrote + `,"startsAt":"2026-01-01"}`, "invalid_input", "startsAt"},
			"a debit":           {`{"name":"a","conditions":` + wrote + `,"rewards":{"coins":-1}}`, "invalid_input", "rewards.coins"},
			"an unknown part":   {`{"name":"a","conditions":` + wrote + `,"reward":1}`, "invalid_input", ""},
		} {
			got := send(t, a, "POST", "/v1/milestones", m.key, c.body)
			if got.status != 400 || got.code() != c.code || c.field != "" && got.at("errors.0.field") != c.field {
				t.Errorf("%s: %d %s", name, got.status, got.text)
			}
		}
		if got := send(t, a, "POST", "/v1/milestones", m.key, `{"name":"a","conditions":`+wrote+`,"rewards":{"badgeId":"6a21d1c09f3b0c4d5e6f7a8b"}}`); got.status != 404 || got.code() != "badge_not_found" {
			t.Errorf("%d %s", got.status, got.text)
		}
		path := "/v1/milestones/" + id
		changed := m.send(t, 200, "PUT", path, m.manager, `{"name":"Verify","rewards":{"xp":7,"badgeId":null},"boost":null,"startsAt":null,"version":1}`)
		if changed.at("data.version") != 2.0 || changed.at("data.rewards.coins") != 500.0 || changed.at("data.rewards.xp") != 7.0 || changed.at("data.rewards.badgeId") != nil || changed.at("data.boost") != nil || changed.at("data.startsAt") != nil || changed.at("data.endsAt") == nil {
			t.Error(changed.text)
		}
		if same := m.send(t, 200, "PUT", path, m.manager, `{"name":"Verify"}`); same.at("data.version") != 2.0 {
			t.Error(same.text)
		}
		if got := send(t, a, "PUT", path, m.manager, `{"name":"x","version":1}`); got.status != 409 || got.code() != "stale_version" || got.at("details.version") != 2.0 {
			t.Errorf("%d %s", got.status, got.text)
		}
		for _, body := range []string{`{"name":"B","group":"Start","order":1`, `{"name":"C","group":"Start","order":3`, `{"name":"A"`} {
			m.milestone(t, body+`,"conditions":`+wrote+`}`)
		}
		if got := m.listed(t, m.key); got != "A B Verify C" {
			t.Errorf("the list is %q", got)
		}
		if got := m.listed(t, m.ada); got != "A B C" {
			t.Errorf("the list of a member is %q", got)
		}
		m.send(t, 200, "DELETE", path, m.manager, "")
		for _, method := range []string{"DELETE", "PUT"} {
			body := ""
			if method == "PUT" {
				body = `{"name":"x"}`
			}
			if got := send(t, a, method, path, m.manager, body); got.status != 404 || got.code() != "milestone_not_found" {
				t.Errorf("%s: %d %s", method, got.status, got.text)
			}
		}
	})
}

// listed returns the names of the milestones, read in pages of two.
func (m *badging) listed(t *testing.T, token string) string {
	t.Helper()
	var names []string
	after := ""
	for {
		page := m.send(t, 200, "GET", "/v1/milestones?limit=2&cursor="+after, token, "")
		for _, one := range page.at("data").([]any) {
			names = append(names, one.(map[string]any)["name"].(string))
		}
		next, more := page.at("meta.nextCursor").(string)
		if !more || next == "" {
			return strings.Join(names, " ")
		}
		after = next
	}
}

func TestMilestonesNeedTheirPermissions(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newBadging(t, a)
		id := m.milestone(t, `{"name":"First","conditions":`+wrote+`}`)
		weak, stats, foreign := a.Key(t, m.home, permission.GetUserData), a.Key(t, m.home, permission.GetUserStats), a.Key(t, a.Community(t))
		for _, request := range []string{"POST /v1/milestones", "PUT /v1/milestones/" + id, "DELETE /v1/milestones/" + id} {
			method, path, _ := strings.Cut(request, " ")
			body := `{"name":"x","conditions":` + wrote + `}`
			if method == "DELETE" {
				body = ""
			}
			for name, token := range map[string]string{"a member": m.ada, "a moderator": m.moderator, "a weak key": weak, "a key for figures": stats} {
				if got := send(t, a, method, path, token, body); got.status != 403 || got.code() != "missing_permission" {
					t.Errorf("%s by %s: %d %s", request, name, got.status, got.text)
				}
			}
			if strings.Contains(path, id) {
				if got := send(t, a, method, path, foreign, body); got.status != 404 || got.code() != "milestone_not_found" {
					t.Errorf("%s in another community: %d %s", request, got.status, got.text)
				}
			}
		}
		m.send(t, 403, "GET", "/v1/milestones", weak, "")
		for _, c := range []struct {
			token, user string
			status      int
		}{{m.ada, "ada", 200}, {m.ada, "mod", 403}, {m.ada, "nobody", 403}, {m.manager, "ada", 200}, {m.manager, "nobody", 404}, {stats, "ada", 200}, {weak, "ada", 403}, {foreign, "ada", 404}} {
			if got := send(t, a, "POST", "/v1/users/milestones", c.token, fmt.Sprintf(`{"identifier":%q}`, c.user+"@example.com")); got.status != c.status {
				t.Errorf("%s: %d %s", c.user, got.status, got.text)
			}
		}
		for _, form := range []string{
			`{"identifier":"ada","identifier_type":"username"}`, `{"identifier":"` + m.ids["ada"] + `","identifier_type":"userId"}`, `{"identifier":{"type":"username","value":"ada"},"group":""}`,
		} {
			if got := m.send(t, 200, "POST", "/v1/users/milestones", m.key, form); got.at("data.user_id") != m.ids["ada"] || got.at("data.milestones.0.name") != "First" {
				t.Error(got.text)
			}
		}
		if got := m.send(t, 200, "POST", "/v1/users/milestones", m.key, `{"identifier":"ada","identifier_type":"username","group":"Start"}`); len(got.at("data.milestones").([]any)) != 0 {
			t.Error(got.text)
		}
	})
}

// awaitChecks waits until no check of all members for milestones is queued or runs.
func awaitChecks(t *testing.T, a *apptest.App) {
	t.Helper()
	until(t, func() bool {
		n, err := sqldb.One(t.Context(), a.DB, "jobs", sqldb.Value[int64], "SELECT count(*) FROM jobs WHERE kind = 'milestone.evaluate' AND state IN ('queued', 'running')")
		return err == nil && n == 0
	})
}

// Worked example 5 of the contract.
func TestMilestonesAreBoostedForTheFast(t *testing.T) {
	eachWithClock(t, func(t *testing.T, a *apptest.App, wait func(time.Duration)) {
		m := newBadging(t, a)
		fast := m.milestone(t, `{"name":"Fast","conditions":`+wrote+`,"rewards":{"coins":500},"boost":{"factor":2,"withinHours":24}}`)
		m.milestone(t, `{"name":"Always","order":1,"conditions":{"operator":"and","conditions":[{"action":"messages","value":2}]},"rewards":{"coins":25},"boost":{"factor":1.5}}`)
		before := m.milestones(t, "ada")
		started := before.at("data.milestones.0.startedAt").(string)
		joined, err := time.Parse(time.RFC3339, started)
		if err != nil || before.at("data.milestones.0.boostEndsAt") != joined.Add(24*time.Hour).Format("2006-01-02T15:04:05.000Z") || before.at("data.milestones.0.status") != "open" ||
			before.at("data.milestones.0.boosted") != nil || before.at("data.milestones.0.progress.0.needed") != 1.0 || before.at("data.milestones.1.boostEndsAt") != nil {
			t.Error(before.text)
		}
		awaitChecks(t, a) // they count at the time of their request
		wait(23 * time.Hour)
		post(t, a, m.key, m.channel, "in time", "ada")
		m.events(t, "milestone.completed", 1)
		wait(time.Hour + time.Minute)
		post(t, a, m.key, m.channel, "one", "mod")
		post(t, a, m.key, m.channel, "two", "mod")
		list := m.events(t, "milestone.completed", 3)
		first := list[0].(map[string]any)["data"].(map[string]any)
		if first["boosted"] != true || first["rewards"].(map[string]any)["coins"] != 1000.0 || first["milestone"].(map[string]any)["_id"] != fast {
			t.Errorf("event %v", first)
		}
		done := m.milestones(t, "ada")
		if done.at("data.milestones.0.status") != "completed" || done.at("data.milestones.0.boosted") != true || done.at("data.milestones.0.rewards.coins") != 1000.0 || done.at("data.milestones.0.completedAt") == nil || done.at("data.milestones.1.progress.0.value") != 1.0 {
			t.Error(done.text)
		}
		late := m.milestones(t, "mod")
		if late.at("data.milestones.0.boosted") != false || late.at("data.milestones.0.rewards.coins") != 500.0 || late.at("data.milestones.1.boosted") != true || late.at("data.milestones.1.rewards.coins") != 37.0 {
			t.Error(late.text)
		}
		balances := m.send(t, 200, "GET", "/v1/users/"+m.ids["mod"]+"/balances", m.key, "")
		if balances.at("data.balances.coins.posted") != 537.0 {
			t.Error(balances.text)
		}
	})
}

func TestMilestonesOfRemovedMembersAreRemoved(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newBadging(t, a)
		m.milestone(t, `{"name":"German","conditions":{"operator":"and","conditions":[{"fieldId":"country","value":"DE"}]},"rewards":{"xp":5}}`)
		job := a.Import(t, m.home, m.key, "Email,Username,First Name,Last Name,Country\nzoe@example.com,zoe,Zoe,Z,DE\nada@example.com,ada,Ada,A,DE\n", nil)
		m.events(t, "milestone.completed", 2)
		if list := m.send(t, 200, "GET", "/v1/milestones", m.key, ""); list.at("data.0.completedCount") != 2.0 {
			t.Error(list.text)
		}
		undo := send(t, a, "POST", "/v1/users/bulk-update/"+job.JobID+"/undo", m.key, fmt.Sprintf(`{"communityId":%q}`, m.home))
		if undo.status >= 300 {
			t.Fatalf("%d %s", undo.status, undo.text)
		}
		a.Await(t, m.home, undo.at("data.jobId").(string))
		if list := m.send(t, 200, "GET", "/v1/milestones", m.key, ""); list.at("data.0.completedCount") != 1.0 {
			t.Error(list.text)
		}
	})
}

// The import sets a field of members that exist. Its own event lets Ada complete "VIP"; her
// message lets her complete "Writing VIP"; an entry of "VIP" is counted by "Rich"; the creation
// of "Later" lets all be checked. "Patron" is awarded with "VIP". Mod had the value before.
func TestUndoReversesRewardsThatTheImportCaused(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newBadging(t, a)
		vip := createField(t, a, m.home, m.key, `{"name":"VIP","field":"vip","type":"boolean"}`)
		is := `{"fieldId":"` + vip + `","value":true}`
		star := m.create(t, `{"title":"Star","action":"custom","award":true,"awardXpQuantity":2}`)
		m.create(t, `{"title":"Patron","action":"conditions","conditions":{"operator":"and","conditions":[`+is+`]},"award":true,"awardXpQuantity":100}`)
		m.milestone(t, `{"name":"VIP","conditions":{"operator":"and","conditions":[`+is+`]},"rewards":{"xp":5,"coins":7,"badgeId":"`+star+`"}}`)
		m.milestone(t, `{"name":"Unpaid","conditions":{"operator":"and","conditions":[`+is+`]}}`)
		m.milestone(t, `{"name":"Writing VIP","conditions":{"operator":"and","conditions":[`+is+`,{"action":"messages","value":1}]},"rewards":{"coins":1000}}`)
		m.milestone(t, `{"name":"Rich","conditions":{"operator":"and","conditions":[{"action":"coinsEarned","value":7}]},"rewards":{"coins":1}}`)
		file := func(names ...string) string {
			text := "Email,Username,First Name,Last Name,Country,VIP\n"
			for _, name := range names {
				text += name + "@example.com," + name + ",A,B,DE,true\n"
			}
			return text
		}
		a.Import(t, m.home, m.key, file("mod"), nil)
		m.events(t, "milestone.completed", 3)
		job := a.Import(t, m.home, m.key, file("mod", "ada", "zoe"), nil)
		m.events(t, "milestone.completed", 9)
		awaitChecks(t, a) // one after the message would count it as caused by the file
		post(t, a, m.key, m.channel, "Hello", "ada")
		m.events(t, "milestone.completed", 10)
		m.milestone(t, `{"name":"Later","conditions":{"operator":"and","conditions":[`+is+`]},"rewards":{"coins":10000}}`)
		m.events(t, "milestone.completed", 13)
		until(t, func() bool { return xpOf(t, a, m.home, m.ids["ada"]) == [2]int64{107, 11008} })
		undo := send(t, a, "POST", "/v1/users/bulk-update/"+job.JobID+"/undo", m.key, fmt.Sprintf(`{"communityId":%q}`, m.home))
		a.Await(t, m.home, undo.at("data.jobId").(string))
		until(t, func() bool { return xpOf(t, a, m.home, m.ids["ada"]) == [2]int64{0, 11001} })
		if got := xpOf(t, a, m.home, m.ids["mod"]); got[1] != 10008 {
			t.Errorf("who had the value before has %d coins", got[1])
		}
		if got := m.badges(t, "ada"); !strings.Contains(got, "Patron") || !strings.Contains(got, "Star") {
			t.Errorf("Ada has %q", got)
		}
		if list := m.send(t, 200, "GET", "/v1/milestones", m.key, ""); list.at("data.0.completedCount") != 2.0 {
			t.Error(list.text)
		}
	})
}
