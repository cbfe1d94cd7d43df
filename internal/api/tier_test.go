package api_test

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
)

func TestTiers(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		userOf(t, a, key, "ada")
		_, ada := a.Claim(t, home, "ada")
		const path = "/v1/gamification/tiers"
		if first := send(t, a, "GET", path, ada, ""); first.status != 200 || first.at("data.version") != 1.0 || len(first.at("data.tiers").([]any)) != 0 || first.at("data.xpSetting.message.xp") != 10.0 {
			t.Errorf("%d %s", first.status, first.text)
		}
		const metals = `{"tiers":[{"name":"Bronze","levels":[{"level":1,"xp":0},{"level":2,"xp":100},{"level":3,"xp":250}]},{"name":"Silver","roleId":null,"levels":[{"level":1,"xp":500},{"level":2,"xp":800},{"level":3,"xp":1200}]}]}`
		stored := send(t, a, "PUT", path, key, metals)
		if stored.status != 200 || stored.at("data.version") != 2.0 || stored.at("data.recomputing") != true || stored.at("data.tiers.1.levels.2.xp") != 1200.0 || stored.at("data.demote") != true {
			t.Fatalf("%d %s", stored.status, stored.text)
		}
		until(t, func() bool { return send(t, a, "GET", path, ada, "").at("data.recomputing") == false })
		again := stored.text[strings.Index(stored.text, `"data":`)+len(`"data":`) : len(stored.text)-len("}\n")]
		if same := send(t, a, "PUT", path, key, strings.TrimSuffix(strings.TrimSpace(again), "}")+"}"); same.status != 200 || same.at("data.version") != 2.0 || same.at("data.tiers.0._id") != stored.at("data.tiers.0._id") {
			t.Errorf("%d %s", same.status, same.text)
		}
		for _, c := range []struct {
			token, body, code string
			status            int
		}{
			{ada, metals, "missing_permission", 403},
			{key, strings.Replace(metals, `"xp":250`, `"xp":100`, 1), "levels_not_rising", 400},
			{key, strings.Replace(metals, `{"level":3,"xp":250}`, `{"level":2,"xp":250}`, 1), "three_levels_required", 400},
			{key, strings.Replace(metals, `"roleId":null`, `"roleId":"6a21d1c09f3b0c4d5e6f7a8b"`, 1), "role_not_found", 404},
			{key, strings.Replace(metals, `{"tiers"`, `{"version":1,"tiers"`, 1), "stale_version", 409},
			{a.Key(t, home, permission.Badges), metals, "missing_permission", 403},
		} {
			if got := send(t, a, "PUT", path, c.token, c.body); got.status != c.status || got.code() != c.code {
				t.Errorf("%s: %d %s", c.body, got.status, got.text)
			}
		}
		role := send(t, a, "POST", "/v1/roles", key, `{"title":"Silver members"}`).at("data._id").(string)
		withRole := strings.Replace(metals, `"roleId":null`, `"roleId":"`+role+`"`, 1)
		if got := send(t, a, "PUT", path, a.Key(t, home, permission.Gamification), withRole); got.status != 403 {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := send(t, a, "PUT", path, key, withRole); got.status != 200 || got.at("data.tiers.1.roleId") != role {
			t.Errorf("%d %s", got.status, got.text)
		}
	})
}
