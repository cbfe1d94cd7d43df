package api_test

import (
	"testing"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/member"
)

// xpOf returns the XP and coins of a member.
func xpOf(t *testing.T, a *apptest.App, home, userID string) [2]int64 {
	t.Helper()
	all, err := ledger.Balances(t.Context(), a.DB, home, userID, 1<<60, 1<<60)
	if err != nil {
		t.Fatal(err)
	}
	return [2]int64{all[ledger.XP].Posted, all[ledger.Coins].Posted}
}

func TestXPSettings(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		userOf(t, a, key, "ada")
		_, ada := a.Claim(t, home, "ada")
		const path = "/v1/gamification/xp-settings"
		first := send(t, a, "GET", path, ada, "")
		for _, action := range []string{"message", "reply", "quote", "tradingDiscussions", "comment", "react", "visit", "picture", "aboutme", "analysis", "object", "refer", "referral"} {
			if one, ok := first.at("data." + action).(map[string]any); !ok || one["enabled"] != false {
				t.Errorf("%s: %s", action, first.text)
			}
		}
		if first.status != 200 || first.at("data.version") != 1.0 || first.at("data.enabled") != true {
			t.Errorf("%d %s", first.status, first.text)
		}
		about := createField(t, a, home, key, `{"name":"About","field":"about","type":"multi-line-text"}`)
		all := send(t, a, "PUT", path, key, `{"payKeyMessages":true,"message":{"enabled":true,"xp":7,"coins":2,"time":0,"dailyCap":null,"channels":[]},"reply":{"dailyCap":5},"quote":{"xp":1},
			"tradingDiscussions":{"time":1},"comment":{"coins":4},"react":{"time":9},"visit":{"enabled":true},"picture":{"xp":1},"aboutme":{"enabled":true,"fieldId":"`+about+`"},"analysis":{"xp":8},"object":{"xp":8},"refer":{"xp":8},"referral":{"xp":8}}`)
		if all.status != 200 || all.at("data.version") != 2.0 || all.at("data.message.dailyCap") != nil || all.at("data.reply.dailyCap") != 5.0 || all.at("data.aboutme.fieldId") != about || all.at("data.referral.xp") != 8.0 || all.at("data.react.time") != 9.0 {
			t.Errorf("%d %s", all.status, all.text)
		}
		for _, c := range []struct {
			token, body, code string
			status            int
			header            []string
		}{
			{ada, `{"enabled":false}`, "missing_permission", 403, nil},
			{a.Key(t, home, permission.Badges), `{"enabled":false}`, "missing_permission", 403, nil},
			{key, `{"enabled":false,"version":1}`, "stale_version", 409, nil},
			{key, `{"enabled":false}`, "stale_version", 409, []string{"If-Match", `"1"`}},
			{key, `{"message":{"xp":1000001}}`, "invalid_input", 400, nil},
			{key, `{"message":{"xp":1.5}}`, "invalid_input", 400, nil},
			{key, `{"visit":{"time":5}}`, "invalid_input", 400, nil},
			{key, `{"poke":{"xp":5}}`, "invalid_input", 400, nil},
		} {
			if got := send(t, a, "PUT", path, c.token, c.body, c.header...); got.status != c.status || got.code() != c.code {
				t.Errorf("%s: %d %s", c.body, got.status, got.text)
			}
		}
		if got := send(t, a, "GET", path, a.Key(t, home, permission.Badges), ""); got.status != 403 {
			t.Errorf("%d %s", got.status, got.text)
		}
	})
}

func TestMembersEarnXP(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		adaID := userOf(t, a, key, "ada")
		_, ada := a.Claim(t, home, "ada")
		about := createField(t, a, home, key, `{"name":"About","field":"about","type":"multi-line-text"}`)
		general := createChannel(t, a, key, `{"topic":"general"}`)
		got := send(t, a, "PUT", "/v1/gamification/xp-settings", key, `{"message":{"enabled":true,"xp":10,"coins":1,"time":0},"reply":{"enabled":true,"xp":100,"coins":0,"time":0},"react":{"enabled":true,"xp":1000,"time":0},
			"aboutme":{"enabled":true,"xp":10000,"fieldId":"`+about+`"},"picture":{"enabled":true,"xp":100000}}`)
		if got.status != 200 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		reach := func(want [2]int64) {
			t.Helper()
			until(t, func() bool { return xpOf(t, a, home, adaID) == want })
		}
		first := send(t, a, "POST", "/v1/messages/send", ada, `{"channelId":"`+general+`","message":"Hello"}`).at("data.messageId").(string)
		send(t, a, "POST", "/v1/messages/reply", ada, `{"messageId":"`+first+`","message":"Hi"}`)
		send(t, a, "POST", "/v1/messages/react", ada, `{"messageId":"`+first+`","emoji":"👍"}`)
		reach([2]int64{1110, 1})
		if _, err := a.Members.Change(t.Context(), apptest.Operator, home, adaID, []member.FieldValue{{Field: "about", Value: "I count."}}, member.Source{Type: "api"}); err != nil {
			t.Fatal(err)
		}
		reach([2]int64{11110, 1})
		if got := send(t, a, "DELETE", "/v1/messages/"+first, ada, ""); got.status != 200 {
			t.Errorf("%d %s", got.status, got.text)
		}
		reach([2]int64{11100, 0})
	})
}
