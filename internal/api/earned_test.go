package api_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/app/apptest"
)

// TestUsersAreFilteredByTiersAndBadges reads and filters members by what they have earned.
func TestUsersAreFilteredByTiersAndBadges(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newBadging(t, a)
		tiers := `{"tiers":[{"name":"Bronze","levels":[{"level":1,"xp":0},{"level":2,"xp":100},{"level":3,"xp":250}]},{"name":"Silver","levels":[{"level":1,"xp":500},{"level":2,"xp":800},{"level":3,"xp":1200}]}]}`
		m.send(t, 200, "PUT", "/v1/gamification/tiers", m.key, tiers)
		m.send(t, 201, "POST", "/v1/gamification/ledger", m.key, `{"user":"ada","unit":"xp","op":"add","amount":900,"reason":"Test"}`)
		helper := m.create(t, `{"title":"Helper","action":"custom"}`)
		gone := m.create(t, `{"title":"Gone","action":"custom"}`)
		for _, one := range []struct{ badgeID, user string }{{helper, "ada"}, {helper, "gus"}, {gone, "mod"}} {
			m.send(t, 200, "POST", "/v1/badges/"+one.badgeID+"/award", m.key, fmt.Sprintf(`{"userId":%q}`, one.user))
		}
		m.send(t, 200, "POST", "/v1/badges/"+helper+"/remove", m.key, `{"userId":"gus"}`)
		m.send(t, 200, "DELETE", "/v1/badges/"+gone, m.key, "")

		ada := m.send(t, 200, "POST", "/v1/users/info", m.key, `{"idOrEmail":"ada"}`)
		if ada.at("data.tier.name") != "Silver" || ada.at("data.tier.level") != 2.0 || len(ada.at("data.badges").([]any)) != 1 {
			t.Errorf("ada: %s", ada.text)
		}
		for filter, want := range map[string][]string{
			`{"tier":"Silver"}`:                   {"ada"},
			`{"tier":"Bronze"}`:                   {"boss", "gus", "mod"},
			`{"badge":"Helper"}`:                  {"ada"},
			`{"badge":"` + helper + `"}`:          {"ada"},
			`{"tier":"Bronze","badge":"Helper"}`:  {},
			`{"tier":"Silver","xp":{"gte":900}}`:  {"ada"},
			`{"tier":"Bronze","username":"gus"}`:  {"gus"},
			`{"badge":"Helper","username":"gus"}`: {},
		} {
			got := m.send(t, 200, "POST", "/v1/users/filter", m.key, `{"fields":["username"],"filter":`+filter+`}`)
			if d := cmp.Diff(want, usernames(got)); d != "" {
				t.Errorf("%s: %s", filter, d)
			}
		}
		for filter, code := range map[string]string{`{"tier":"Gold"}`: "unknown_tier", `{"badge":"Gone"}`: "unknown_badge", `{"tier":{"gte":"Bronze"}}`: "no_range", `{"badge":5}`: "wrong_type"} {
			got := m.send(t, 400, "POST", "/v1/users/filter", m.key, `{"filter":`+filter+`}`)
			if got.at("errors.0.code") != code {
				t.Errorf("%s: %s", filter, got.text)
			}
		}
		got := m.send(t, 200, "POST", "/v1/users/filter", m.key, `{"fields":["tier","badge"],"filter":{"username":"ada"}}`)
		if got.at("data.0.tier") != "Silver" || got.at("data.0.badge.0") != "Helper" {
			t.Errorf("selected: %s", got.text)
		}
	})
}

// usernames returns those of a list, sorted.
func usernames(got reply) []string {
	list := []string{}
	for _, one := range got.at("data").([]any) {
		list = append(list, one.(map[string]any)["username"].(string))
	}
	slices.Sort(list)
	return list
}
