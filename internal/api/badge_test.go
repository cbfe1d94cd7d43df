package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/member"
)

// badging is a community with members, a moderator and a manager of badges.
type badging struct {
	app                            *apptest.App
	home, key, channel             string
	owner, manager, moderator, ada string // tokens
	ids, accounts                  map[string]string
}

func newBadging(t *testing.T, a *apptest.App) *badging {
	t.Helper()
	m := &badging{app: a, home: a.Community(t), ids: map[string]string{}, accounts: map[string]string{}}
	_, m.owner = a.Owner(t, m.home, "boss")
	m.key = a.Key(t, m.home)
	for name, token := range map[string]*string{"gus": &m.manager, "mod": &m.moderator, "ada": &m.ada} {
		m.ids[name] = userOf(t, a, m.key, name)
		claimed, session := a.Claim(t, m.home, name)
		*token, m.accounts[name] = session, claimed.ID
	}
	for name, role := range map[string]string{"gus": `{"title":"Manager","server_permissions":{"manage_gamification":true}}`, "mod": `{"title":"Moderator","server_permissions":{"moderate_content":true}}`} {
		m.send(t, 200, "POST", "/v1/roles/"+createRole(t, a, m.owner, role)+"/add", m.owner, fmt.Sprintf(`{"userId":%q}`, name))
	}
	m.channel = createChannel(t, a, m.key, `{"topic":"general"}`)
	return m
}

// send sends a request and checks its status.
func (m *badging) send(t *testing.T, status int, method, path, token, body string) reply {
	t.Helper()
	got := send(t, m.app, method, path, token, body)
	if got.status != status {
		t.Fatalf("%s %s: %d %s", method, path, got.status, got.text)
	}
	return got
}

// create creates a badge and returns its id.
func (m *badging) create(t *testing.T, body string) string {
	t.Helper()
	return m.send(t, 200, "POST", "/v1/badges", m.key, body).at("data._id").(string)
}

// badges returns the titles of the badges of a member, the newest one first.
func (m *badging) badges(t *testing.T, user string) string {
	t.Helper()
	var titles []string
	for _, one := range m.send(t, 200, "GET", "/v1/users/"+m.ids[user]+"/badges", m.key, "").at("data").([]any) {
		titles = append(titles, one.(map[string]any)["badge"].(map[string]any)["title"].(string))
	}
	return strings.Join(titles, " ")
}

// upload uploads an image and returns its id.
func (m *badging) upload(t *testing.T, token string) string {
	t.Helper()
	room := &chatRoom{T: t, a: m.app, tokens: map[string]string{"one": token}}
	return room.uploaded("one", imagePNG(t))[0].ID
}

// events waits until there are n events of a type and returns all of them.
func (m *badging) events(t *testing.T, name string, n int) (list []any) {
	t.Helper()
	after := 0
	for len(list) < n {
		got := m.send(t, 200, "GET", fmt.Sprintf("/v1/events?types=%s&wait=30&after=%d", name, after), m.key, "")
		if len(got.at("data").([]any)) == 0 {
			t.Fatalf("%d events %s, want %d", len(list), name, n)
		}
		list = append(list, got.at("data").([]any)...)
		after = int(got.at("meta.next").(float64))
	}
	return list
}

// event is events for the only one.
func (m *badging) event(t *testing.T, name string) map[string]any {
	t.Helper()
	list := m.events(t, name, 1)
	if len(list) != 1 {
		t.Errorf("%d events %s", len(list), name)
	}
	return list[0].(map[string]any)
}

func TestBadgesAreCreatedChangedAndDeleted(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newBadging(t, a)
		made := m.send(t, 200, "POST", "/v1/badges", m.manager, `{"title":" Helper ","action":"replies","quantity":50,"description":"50 replies","award":true,"awardXpQuantity":100,"awardCurrency":true,"awardCurrencyQuantity":20,"applied":1,"awarded":2}`)
		id := made.at("data._id").(string)
		if made.at("data.title") != "Helper" || made.at("data.id") != id || made.at("data.quantity") != 50.0 || made.at("data.awardXpQuantity") != 100.0 || made.at("data.evaluation") != nil || made.at("data.version") != 1.0 || made.at("data.image") != "" {
			t.Error(made.text)
		}
		conditions := `{"operator":"and","conditions":[{"_id":"c1","action":"messages","value":10},{"operator":"or","conditions":[{"fieldId":"country","op":"in","value":["Germany"]},{"action":"visits","op":"gt","value":1}]}]}`
		nested := m.send(t, 200, "POST", "/v1/badges", m.key, `{"title":"Nested","action":"conditions","conditions":`+conditions+`}`)
		if got := nested.at("data.conditions.conditions.1.conditions.0.value.0"); got != "DE" || nested.at("data.conditions.conditions.0._id") != "c1" {
			t.Error(nested.text)
		}
		for name, c := range map[string]struct{ body, code, field string }{
			"no title":               {`{"action":"custom"}`, "invalid_input", ""},
			"a long title":           {`{"title":"` + strings.Repeat("a", 101) + `","action":"custom"}`, "invalid_input", "title"},
			"an unknown action":      {`{"title":"a","action":"dances"}`, "invalid_condition", "action"},
			"an area that is absent": {`{"title":"a","action":"referrals","quantity":1}`, "invalid_condition", "action"},
			"no quantity":            {`{"title":"a","action":"messages"}`, "invalid_input", "quantity"},
			"a large quantity":       {`{"title":"a","action":"messages","quantity":1000}`, "invalid_input", "quantity"},
			"a reward of nothing":    {`{"title":"a","action":"custom","award":true}`, "invalid_input", "awardXpQuantity"},
			"no conditions":          {`{"title":"a","action":"conditions"}`, "invalid_condition", "conditions"},
			"a wrong condition":      {`{"title":"a","action":"conditions","conditions":{"operator":"and","conditions":[{"action":"purchases","value":1}]}}`, "invalid_condition", "conditions.conditions[0].action"},
			"a private address":      {`{"title":"a","action":"custom","image":"https://127.0.0.1/a.png"}`, "address_not_allowed", ""},
			"a plain address":        {`{"title":"a","action":"custom","image":"http://example.com/a.png"}`, "address_not_allowed", ""},
		} {
			got := send(t, a, "POST", "/v1/badges", m.key, c.body)
			if got.status != 400 || got.code() != c.code || c.field != "" && got.at("errors.0.field") != c.field {
				t.Errorf("%s: %d %s", name, got.status, got.text)
			}
		}
		if got := send(t, a, "POST", "/v1/badges", m.key, `{"title":"a","action":"custom","image":"6a21d1c09f3b0c4d5e6f7a8b"}`); got.status != 404 || got.code() != "image_not_found" {
			t.Errorf("%d %s", got.status, got.text)
		}
		changed := m.send(t, 200, "PUT", "/v1/badges/"+id, m.manager, `{"title":"Great helper","awardCurrency":false,"version":1}`)
		if changed.at("data.title") != "Great helper" || changed.at("data.quantity") != 50.0 || changed.at("data.version") != 2.0 {
			t.Error(changed.text)
		}
		if same := m.send(t, 200, "PUT", "/v1/badges/"+id, m.manager, `{"title":"Great helper"}`); same.at("data.version") != 2.0 {
			t.Error(same.text)
		}
		if got := send(t, a, "PUT", "/v1/badges/"+id, m.manager, `{"title":"x","version":1}`); got.status != 409 || got.code() != "stale_version" || got.at("details.version") != 2.0 {
			t.Errorf("%d %s", got.status, got.text)
		}
		list := m.send(t, 200, "GET", "/v1/badges?limit=1", m.ada, "")
		if list.at("meta.total") != 2.0 || list.at("data.0._id") != id {
			t.Error(list.text)
		}
		m.send(t, 200, "POST", "/v1/badges/"+id+"/award", m.key, `{"userId":"ada"}`)
		m.send(t, 200, "DELETE", "/v1/badges/"+id, m.manager, "")
		if got := send(t, a, "DELETE", "/v1/badges/"+id, m.manager, ""); got.status != 404 || got.code() != "badge_not_found" {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := m.badges(t, "ada"); got != "" {
			t.Errorf("after the deletion of the badge: %q", got)
		}
	})
}

func TestBadgesNeedTheirPermissions(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newBadging(t, a)
		id := m.create(t, `{"title":"Helper","action":"custom"}`)
		weak, foreign := a.Key(t, m.home, permission.GetUserData), a.Key(t, a.Community(t))
		for _, path := range []string{"POST /v1/badges", "PUT /v1/badges/" + id, "DELETE /v1/badges/" + id, "POST /v1/badges/" + id + "/award", "POST /v1/badges/" + id + "/remove", "POST /v1/badges/" + id + "/evaluate"} {
			method, path, _ := strings.Cut(path, " ")
			body := `{"title":"x","action":"custom","userId":"ada"}`
			if method == "DELETE" || strings.HasSuffix(path, "evaluate") {
				body = ""
			}
			for name, token := range map[string]string{"a member": m.ada, "a moderator": m.moderator, "a weak key": weak} {
				if got := send(t, a, method, path, token, body); got.status != 403 || got.code() != "missing_permission" {
					t.Errorf("%s %s by %s: %d %s", method, path, name, got.status, got.text)
				}
			}
			if strings.Contains(path, id) {
				if got := send(t, a, method, path, foreign, body); got.status != 404 || got.code() != "badge_not_found" {
					t.Errorf("%s %s in another community: %d %s", method, path, got.status, got.text)
				}
			}
		}
		if got := send(t, a, "GET", "/v1/badges", weak, ""); got.status != 403 {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := send(t, a, "GET", "/v1/badge-applications", weak, ""); got.status != 403 {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := m.send(t, 200, "GET", "/v1/badges", foreign, ""); len(got.at("data").([]any)) != 0 {
			t.Error(got.text)
		}
	})
}

func TestAwardsPayOnce(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newBadging(t, a)
		id := m.create(t, `{"title":"Helper","action":"custom","award":true,"awardXpQuantity":100,"awardCurrency":true,"awardCurrencyQuantity":20}`)
		for range 2 {
			got := m.send(t, 200, "POST", "/v1/badges/"+id+"/award", m.manager, `{"userId":"ada"}`)
			if got.at("message") != "Badge has been rewarded successfully" || got.at("data.0._id") != id || got.at("data.0.awardedCount") != 1.0 {
				t.Error(got.text)
			}
		}
		held := m.send(t, 200, "GET", "/v1/users/"+m.ids["ada"]+"/badges", m.ada, "")
		if held.at("data.0.reward.xp") != 100.0 || held.at("data.0.reward.coins") != 20.0 || held.at("data.0.by.type") != "user" || held.at("data.0.by.id") != m.accounts["gus"] || held.at("data.0.badge._id") != id {
			t.Error(held.text)
		}
		if user := m.send(t, 200, "POST", "/v1/users/info", m.key, `{"idOrEmail":"ada"}`); user.at("data.badges.0.title") != "Helper" {
			t.Error(user.text)
		}
		awarded := m.event(t, "badge.awarded")
		data := awarded["data"].(map[string]any)
		if awarded["userId"] != m.ids["ada"] || data["awardId"] != held.at("data.0.awardId") || data["badge"].(map[string]any)["title"] != "Helper" {
			t.Errorf("event %v", awarded)
		}
		remove := func(body string) {
			t.Helper()
			got := m.send(t, 200, "POST", "/v1/badges/"+id+"/remove", m.manager, body)
			if got.at("message") != "Badge has been removed successfully" || len(got.at("data").([]any)) != 0 {
				t.Error(got.text)
			}
		}
		reward := func() any {
			t.Helper()
			m.send(t, 200, "POST", "/v1/badges/"+id+"/award", m.key, `{"userId":"ada"}`)
			return m.send(t, 200, "GET", "/v1/users/"+m.ids["ada"]+"/badges", m.key, "").at("data.0.reward.xp")
		}
		remove(`{"userId":"ada"}`)
		remove(`{"userId":"ada"}`)
		if got := m.badges(t, "ada"); got != "" {
			t.Errorf("after the removal: %q", got)
		}
		m.event(t, "badge.removed")
		if got := reward(); got != 100.0 {
			t.Errorf("the award after a reversed one paid %v", got)
		}
		remove(`{"userId":"ada","keepReward":true}`)
		if got := reward(); got != 0.0 {
			t.Errorf("the award after one that was kept paid %v", got)
		}
		remove(`{"userId":"ada"}`)
		if got := reward(); got != 0.0 {
			t.Errorf("another award paid %v", got)
		}
		for name, user := range map[string]string{"nobody": "zoe", "of another form": "6a21d1c09f3b0c4d5e6f7a8b"} {
			for _, path := range []string{"award", "remove"} {
				if got := send(t, a, "POST", "/v1/badges/"+id+"/"+path, m.key, fmt.Sprintf(`{"userId":%q}`, user)); got.status != 404 || got.code() != "user_not_found" {
					t.Errorf("%s: %d %s", name, got.status, got.text)
				}
			}
		}
	})
}

func TestMembersApplyForBadges(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newBadging(t, a)
		id := m.create(t, `{"title":"Speaker","action":"custom","attachRequired":true}`)
		counted := m.create(t, `{"title":"Writer","action":"messages","quantity":5}`)
		apply := func(token, badgeID, body string, status int, code string) reply {
			t.Helper()
			got := send(t, a, "POST", "/v1/badges/"+badgeID+"/apply", token, body)
			if got.status != status || code != "" && got.code() != code {
				t.Errorf("%s: %d %s", body, got.status, got.text)
			}
			return got
		}
		proof := m.upload(t, m.ada)
		apply(m.key, id, `{"text":"me"}`, 403, "person_required")
		apply(m.ada, counted, `{"text":"me"}`, 409, "not_custom")
		apply(m.ada, id, `{"text":"me"}`, 400, "attachment_required")
		apply(m.ada, id, `{"attachments":["6a21d1c09f3b0c4d5e6f7a8b"]}`, 404, "image_not_found")
		apply(m.moderator, id, `{"attachments":["`+proof+`"]}`, 404, "image_not_found")
		apply(m.ada, "6a21d1c09f3b0c4d5e6f7a8b", `{}`, 404, "badge_not_found")
		apply(m.ada, id, `{"text":"`+strings.Repeat("a", 2001)+`","attachments":["`+proof+`"]}`, 400, "invalid_input")
		made := apply(m.ada, id, `{"text":"I spoke.\nTwice.","attachments":["`+proof+`"]}`, 201, "")
		first := made.at("data._id").(string)
		if made.at("data.status") != "pending" || made.at("data.user.username") != "ada" || made.at("data.badge.title") != "Speaker" || made.at("data.decidedBy") != nil || len(made.at("data.attachments").([]any)) != 1 {
			t.Error(made.text)
		}
		apply(m.ada, id, `{"text":"me","attachments":["`+proof+`"]}`, 409, "already_applied")
		if applied := m.event(t, "badge.applied"); applied["data"].(map[string]any)["applicationId"] != first {
			t.Errorf("event %v", applied)
		}
		list := m.send(t, 200, "GET", "/v1/badge-applications?status=pending&badgeId="+id, m.moderator, "")
		if len(list.at("data").([]any)) != 1 || list.at("data.0._id") != first {
			t.Error(list.text)
		}
		if own := m.send(t, 200, "GET", "/v1/badge-applications", m.ada, ""); len(own.at("data").([]any)) != 1 {
			t.Error(own.text)
		}
		if other := m.send(t, 200, "GET", "/v1/badge-applications", m.manager, ""); len(other.at("data").([]any)) != 0 {
			t.Error(other.text)
		}
		decide := "/v1/badge-applications/" + first + "/decide"
		for _, token := range []string{m.ada, m.manager} {
			m.send(t, 403, "POST", decide, token, `{"decision":"approve"}`)
		}
		m.send(t, 400, "POST", decide, m.moderator, `{"decision":"maybe"}`)
		rejected := m.send(t, 200, "POST", decide, m.moderator, `{"decision":"reject","reason":"Where?"}`)
		if rejected.at("data.status") != "rejected" || rejected.at("data.reason") != "Where?" || rejected.at("data.decidedBy") != "account:"+m.accounts["mod"] {
			t.Error(rejected.text)
		}
		if got := m.send(t, 409, "POST", decide, m.moderator, `{"decision":"approve"}`); got.code() != "already_decided" {
			t.Error(got.text)
		}
		second := apply(m.ada, id, `{"attachments":["`+proof+`"]}`, 201, "").at("data._id").(string)
		m.send(t, 200, "POST", "/v1/badge-applications/"+second+"/decide", m.moderator, `{"decision":"approve"}`)
		if got := m.badges(t, "ada"); got != "Speaker" {
			t.Errorf("after the approval: %q", got)
		}
		apply(m.ada, id, `{"attachments":["`+proof+`"]}`, 409, "already_awarded")
		m.send(t, 404, "POST", "/v1/badge-applications/6a21d1c09f3b0c4d5e6f7a8b/decide", m.moderator, `{"decision":"approve"}`)
	})
}

func TestPicturesOfBadgesAreUploads(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newBadging(t, a)
		made := m.send(t, 200, "POST", "/v1/badges", m.key, fmt.Sprintf(`{"title":"Helper","action":"custom","image":%q,"darkImage":%q}`, m.upload(t, m.key), m.upload(t, m.key)))
		path, dark := "/v1/badges/"+made.at("data._id").(string), made.at("data.darkImage").(string)
		address := made.at("data.image").(string)
		status := func(address string) int {
			t.Helper()
			_, path, _ := strings.Cut(address, "/media/")
			return send(t, a, "GET", "/media/"+path, "", "").status
		}
		if status(address) != 200 || status(dark) != 200 {
			t.Fatal(made.text)
		}
		same := m.send(t, 200, "PUT", path, m.key, fmt.Sprintf(`{"image":%q,"darkImage":%q}`, address, dark))
		if same.at("data.version") != 1.0 || same.at("data.image") != address {
			t.Error(same.text)
		}
		if got := send(t, a, "PUT", path, m.key, fmt.Sprintf(`{"image":%q}`, m.upload(t, m.ada))); got.status != 404 || got.code() != "image_not_found" {
			t.Errorf("an image of another person: %d %s", got.status, got.text)
		}
		changed := m.send(t, 200, "PUT", path, m.key, fmt.Sprintf(`{"image":%q,"darkImage":""}`, m.upload(t, m.key)))
		if now := changed.at("data.image").(string); now == address || status(now) != 200 || changed.at("data.darkImage") != "" {
			t.Error(changed.text)
		}
		if status(address) != 404 || status(dark) != 404 {
			t.Error("replaced pictures are still served")
		}
	})
}

func TestCountedBadgesAreAwardedOnce(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newBadging(t, a)
		m.create(t, `{"title":"Three","action":"messages","quantity":3,"award":true,"awardXpQuantity":7}`)
		m.create(t, `{"title":"Rich","action":"conditions","conditions":{"operator":"and","conditions":[{"action":"xpEarned","value":7},{"action":"replies","value":1}]}}`)
		post(t, a, m.key, m.channel, "one", "ada")
		second := post(t, a, m.key, m.channel, "two", "ada")
		m.send(t, 200, "DELETE", "/v1/messages/"+second, m.key, "")
		post(t, a, m.key, m.channel, "three", "ada")
		post(t, a, m.key, m.channel, "by another", "mod") // the same consumer handles it later
		fourth := post(t, a, m.key, m.channel, "four", "ada")
		m.events(t, "badge.awarded", 1)
		if got := m.badges(t, "ada"); got != "Three" {
			t.Errorf("badges %q", got)
		}
		m.send(t, 200, "DELETE", "/v1/messages/"+fourth, m.key, "")
		post(t, a, m.key, m.channel, "five", "ada")
		m.send(t, 200, "POST", "/v1/messages/reply", m.key, fmt.Sprintf(`{"messageId":%q,"message":"six","sender":"ada"}`, post(t, a, m.key, m.channel, "seven", "mod")))
		m.events(t, "badge.awarded", 2)
		held := m.send(t, 200, "GET", "/v1/users/"+m.ids["ada"]+"/badges", m.ada, "")
		if got := m.badges(t, "ada"); got != "Rich Three" || held.at("data.1.by.type") != "system" || held.at("data.1.reward.xp") != 7.0 {
			t.Errorf("badges %q: %s", got, held.text)
		}
	})
}

func TestEvaluationAwardsWhatWasDoneBefore(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newBadging(t, a)
		m.create(t, `{"title":"Seen","action":"messages","quantity":1}`)
		post(t, a, m.key, m.channel, "one", "ada")
		m.event(t, "badge.awarded") // the message is handled
		id := m.create(t, `{"title":"First","action":"messages","quantity":1}`)
		custom := m.create(t, `{"title":"Custom","action":"custom"}`)
		if got := send(t, a, "POST", "/v1/badges/"+custom+"/evaluate", m.key, ""); got.status != 409 || got.code() != "not_automatic" {
			t.Errorf("%d %s", got.status, got.text)
		}
		started := m.send(t, 202, "POST", "/v1/badges/"+id+"/evaluate", m.manager, "")
		if started.at("data.evaluation.state") != "running" || started.at("data.evaluation.finishedAt") != nil {
			t.Error(started.text)
		}
		m.events(t, "badge.awarded", 2)
		done := m.send(t, 200, "GET", "/v1/badges", m.key, "")
		for done.at("data.1.evaluation.state") == "running" {
			done = m.send(t, 200, "GET", "/v1/badges", m.key, "")
		}
		if done.at("data.1.evaluation.state") != "done" || done.at("data.1.evaluation.awarded") != 1.0 || done.at("data.1.evaluation.checked") != 4.0 || done.at("data.1.awardedCount") != 1.0 {
			t.Error(done.text)
		}
	})
}

func TestChangedFieldsAwardBadges(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newBadging(t, a)
		m.create(t, `{"title":"German","action":"conditions","conditions":{"operator":"and","conditions":[{"fieldId":"country","value":"DE"}]}}`)
		if _, err := a.Members.Change(t.Context(), apptest.Operator, m.home, m.ids["ada"], []member.FieldValue{{Field: "country", Value: "DE"}}, member.Source{Type: "api"}); err != nil {
			t.Fatal(err)
		}
		m.event(t, "badge.awarded")
		if got := m.badges(t, "ada"); got != "German" {
			t.Errorf("badges %q", got)
		}
	})
}

// There is no milestone. "Late" is created after the files, so none of them has caused its
// awards. Ada met the conditions of "Near" before.
func TestImportsAwardBadgesThatCompareFields(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newBadging(t, a)
		const inGermany = `"action":"conditions","conditions":{"operator":"and","conditions":[{"fieldId":"country","value":"DE"}]},"award":true`
		m.create(t, `{"title":"Early","action":"conditions","conditions":{"operator":"and","conditions":[{"fieldId":"country","value":"AT"}]}}`)
		if _, err := a.Members.Change(t.Context(), apptest.Operator, m.home, m.ids["ada"], []member.FieldValue{{Field: "country", Value: "AT"}}, member.Source{Type: "api"}); err != nil {
			t.Fatal(err)
		}
		m.event(t, "badge.awarded") // the change is handled
		m.create(t, `{"title":"German",`+inGermany+`,"awardXpQuantity":10}`)
		m.create(t, `{"title":"Near","action":"conditions","conditions":{"operator":"and","conditions":[{"fieldId":"country","op":"in","value":["AT","DE"]}]},"award":true,"awardXpQuantity":100}`)
		file := func(names ...string) (jobID string) {
			text := "Email,Username,First Name,Last Name,Country\n"
			for _, name := range names {
				text += name + "@example.com," + name + ",A,B,DE\n"
			}
			return a.Import(t, m.home, m.key, text, nil).JobID
		}
		file("mod")
		m.events(t, "badge.awarded", 3)
		job := file("mod", "ada", "gus")
		m.events(t, "badge.awarded", 7)
		late := m.create(t, `{"title":"Late",`+inGermany+`,"awardXpQuantity":1}`)
		m.send(t, 202, "POST", "/v1/badges/"+late+"/evaluate", m.key, "")
		m.events(t, "badge.awarded", 10)
		undo := send(t, a, "POST", "/v1/users/bulk-update/"+job+"/undo", m.key, fmt.Sprintf(`{"communityId":%q}`, m.home))
		a.Await(t, m.home, undo.at("data.jobId").(string))
		until(t, func() bool {
			return xpOf(t, a, m.home, m.ids["ada"]) == [2]int64{101, 0} && xpOf(t, a, m.home, m.ids["gus"]) == [2]int64{1, 0}
		})
		if got := xpOf(t, a, m.home, m.ids["mod"]); got != [2]int64{111, 0} {
			t.Errorf("mod had the value before and has %d XP", got[0])
		}
		if got := m.badges(t, "ada"); got != "Late Near German Early" {
			t.Errorf("Ada has %q", got)
		}
		file("ada", "zoe")
		m.events(t, "badge.awarded", 13) // three of Zoe
		if got := xpOf(t, a, m.home, m.ids["ada"]); got != [2]int64{101, 0} {
			t.Errorf("a badge that Ada has paid again: %d XP", got[0])
		}
	})
}

func TestUndoneImportRemovesAwards(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newBadging(t, a)
		id := m.create(t, `{"title":"Helper","action":"custom","award":true,"awardXpQuantity":5}`)
		job := a.Import(t, m.home, m.key, "Email,Username,First Name,Last Name\nzoe@example.com,zoe,Zoe,Z\n", nil)
		for _, user := range []string{"zoe", "ada"} {
			m.send(t, 200, "POST", "/v1/badges/"+id+"/award", m.key, fmt.Sprintf(`{"userId":%q}`, user))
		}
		undo := send(t, a, "POST", "/v1/users/bulk-update/"+job.JobID+"/undo", m.key, fmt.Sprintf(`{"communityId":%q}`, m.home))
		if undo.status >= 300 {
			t.Fatalf("%d %s", undo.status, undo.text)
		}
		a.Await(t, m.home, undo.at("data.jobId").(string))
		if list := m.send(t, 200, "GET", "/v1/badges", m.key, ""); list.at("data.0.awardedCount") != 1.0 {
			t.Error(list.text)
		}
	})
}

// The second badge counts what the first one pays. A grant and a file are no events of a
// member.
func TestEveryKindOfEntryAwardsBadges(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newAutomations(t, a)
		for _, body := range []string{
			`{"title":"Earner","action":"conditions","conditions":{"operator":"and","conditions":[{"action":"xpEarned","value":10}]},"award":true,"awardXpQuantity":1,"awardCurrency":true,"awardCurrencyQuantity":5}`,
			`{"title":"Saver","action":"conditions","conditions":{"operator":"and","conditions":[{"action":"coinsEarned","value":5}]},"award":true,"awardXpQuantity":2}`,
		} {
			m.badging.create(t, body)
		}
		m.automate(t, "message.posted", "", `{"type":"grant","unit":"xp","amount":10,"reason":"Message"}`, "")
		m.send(t, 201, "POST", ledgerPath, m.key, `{"user":"gus","unit":"xp","op":"add","amount":10,"reason":"Help"}`)
		file := sendForm(t, a, "/v1/users/bulk-update", m.key, "username,xp,xp_op\nmod,10,add\n", nil)
		finish(t, a, m.key, file.at("data.jobId").(string))
		m.write(t, "ada", "Hello")
		m.events(t, "badge.awarded", 6)
		for _, name := range []string{"gus", "mod", "ada"} {
			balances := m.send(t, 200, "GET", "/v1/users/"+m.ids[name]+"/balances", m.key, "")
			if got := m.badges(t, name); got != "Saver Earner" || balances.at("data.balances.xp.posted") != 13.0 || balances.at("data.balances.coins.posted") != 5.0 {
				t.Errorf("%s has %q, %s", name, got, balances.text)
			}
		}
	})
}
