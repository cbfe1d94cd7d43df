package api_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// Worked example 6 of the contract.
func TestActivityIsCountedByDayOfTheCommunity(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			var now atomic.Int64
			at := func(text string) {
				parsed, err := time.Parse("2006-01-02T15:04Z", text)
				if err != nil {
					t.Fatal(err)
				}
				now.Store(parsed.UnixMilli())
			}
			at("2026-03-28T10:00Z")
			a := apptest.New(t, engine, apptest.WithClock(clock.At(func() time.Time { return time.UnixMilli(now.Load()) })))
			home := a.Community(t, community.Settings{TimeZone: "Europe/Berlin"})
			key := a.Key(t, home)
			adaID := userOf(t, a, key, "ada")
			general := createChannel(t, a, key, `{"topic":"general"}`)
			send(t, a, "PUT", "/v1/gamification/xp-settings", key, `{"payKeyMessages":true,"message":{"enabled":true,"xp":10,"coins":1,"time":0}}`)
			ids := []string{}
			for _, when := range []string{"2026-03-28T22:30Z", "2026-03-28T23:30Z", "2026-03-29T21:59Z", "2026-03-29T22:00Z"} {
				at(when)
				ids = append(ids, post(t, a, key, general, "Hello", "ada"))
			}
			send(t, a, "POST", "/v1/messages/reply", key, `{"messageId":"`+ids[0]+`","message":"Hi","sender":"ada"}`)
			send(t, a, "POST", "/v1/messages/react", key, `{"messageId":"`+ids[0]+`","emoji":"👍","sender":"ada"}`)
			until(t, func() bool { return xpOf(t, a, home, adaID) == [2]int64{40, 4} })
			day := func(date string, messages, replies, reaction, coins, xp int) string {
				return fmt.Sprintf(`{"date":%q,"messages":%d,"replies":%d,"reaction":%d,"socials":0,"coins":%d,"xp":%d}`, date, messages, replies, reaction, coins, xp)
			}
			want := fmt.Sprintf(`{"status":"success","message":"User gamification stats fetched successfully","data":{"user_id":%q,"range":{"start_date":"2026-03-28","end_date":"2026-03-30"},"totals":{"messages":4,"replies":1,"reaction":0,"socials":0,"coins":4,"xp":40},"daily_stats":[%s,%s,%s]}}`,
				adaID, day("2026-03-30", 1, 1, 0, 1, 10), day("2026-03-29", 2, 0, 0, 2, 20), day("2026-03-28", 1, 0, 0, 1, 10))
			got := send(t, a, "POST", "/v1/users/activity/stats", key, `{"identifier":"ada@example.com","identifier_type":"email","days":3}`)
			if strings.ReplaceAll(strings.TrimSpace(got.text), `"reaction":1`, `"reaction":0`) != want || got.at("data.totals.reaction") != 1.0 {
				t.Errorf("%s\nwant %s", got.text, want)
			}
			if same := send(t, a, "GET", "/v1/users/activity/stats?identifier=ada&identifier_type=username&days=3&shoes=2", key, ""); same.text != got.text {
				t.Errorf("%s", same.text)
			}
			send(t, a, "DELETE", "/v1/messages/"+ids[1], key, "")
			until(t, func() bool { return xpOf(t, a, home, adaID) == [2]int64{30, 3} })
			got = send(t, a, "POST", "/v1/users/activity/stats", key, `{"identifier":{"type":"userId","value":"`+adaID+`"},"days":2}`)
			if got.at("data.daily_stats.1.messages") != 1.0 || got.at("data.daily_stats.1.xp") != 10.0 || got.at("data.daily_stats.1.coins") != 1.0 {
				t.Errorf("%s", got.text)
			}
			benID := userOf(t, a, key, "ben")
			want = fmt.Sprintf(`{"status":"success","message":"User gamification stats fetched successfully","data":{"date":"29/03/2026","pagination":{"page":1,"limit":50,"total":3,"total_pages":1,"found":2},"results":[{"identifier":"ben@example.com","user_id":%q,"date":"29/03/2026","coins":0,"xp":0},{"identifier":"ada@example.com","user_id":%q,"date":"29/03/2026","coins":1,"xp":10}],"not_found":["zoe@example.com"]},"meta":{"page":1,"limit":50,"total":3}}`,
				benID, adaID)
			for _, date := range []string{"29/03/2026", "2026-03-29"} {
				got = send(t, a, "POST", "/v1/users/activity/daily", key, `{"identifier":["ben@example.com","zoe@example.com","ada@example.com"],"identifier_type":"email","date":"`+date+`"}`)
				if strings.TrimSpace(got.text) != want {
					t.Errorf("%s\nwant %s", got.text, want)
				}
			}
			for _, c := range []struct {
				rest  string
				total float64
				first string
			}{
				{"", 10, "reversal"},
				{`,"unit":"coins","limit":2,"page":3`, 5, "xp_rule"},
				{`,"source":"xp_rule"`, 8, "xp_rule"},
				{`,"from":"2026-03-29","to":"2026-03-29","source":"xp_rule"`, 4, "xp_rule"},
				{`,"from":"2026-03-29T22:00:00.000Z"`, 2, "xp_rule"},
				{`,"unit":"premium"`, 0, ""},
			} {
				got := send(t, a, "POST", "/v1/users/activity/logs", key, `{"identifier":"ada","identifier_type":"username"`+c.rest+`}`)
				first, _ := got.at("data.logs.0.source.type").(string)
				if got.status != 200 || got.at("data.pagination.total") != c.total || first != c.first || got.at("data.user_id") != adaID {
					t.Errorf("%s: %d %s", c.rest, got.status, got.text)
				}
			}
		})
	}
}

func TestActivityOfOthersNeedsAPermission(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		userOf(t, a, key, "ada")
		userOf(t, a, key, "ben")
		_, ada := a.Claim(t, home, "ada")
		field := `{"field":"medal","name":"Medal","type":"text","filterable":true}`
		createField(t, a, home, key, field)
		for _, c := range []struct {
			token, path, body string
			status            int
			code              string
		}{
			{ada, "stats", `{"identifier":"ada","identifier_type":"username"}`, 200, ""},
			{ada, "stats", `{"identifier":"ben","identifier_type":"username"}`, 403, "missing_permission"},
			{ada, "stats", `{"identifier":"zoe","identifier_type":"username"}`, 403, "missing_permission"},
			{ada, "logs", `{"identifier":"ben","identifier_type":"username"}`, 403, "missing_permission"},
			{ada, "daily", `{"identifier":["ada","ben"],"identifier_type":"username"}`, 403, "missing_permission"},
			{ada, "daily", `{"identifier":["ada"],"identifier_type":"username"}`, 200, ""},
			{a.Key(t, home, permission.Gamification), "stats", `{"identifier":"ada","identifier_type":"username"}`, 403, "missing_permission"},
			{a.Key(t, home, permission.GetUserStats), "stats", `{"identifier":"ada","identifier_type":"username"}`, 200, ""},
			{key, "stats", `{"identifier":"zoe","identifier_type":"username"}`, 404, "user_not_found"},
			{key, "stats", `{"identifier":"ada","days":366}`, 400, "invalid_input"},
			{key, "stats", `{"identifier":"ada","identifier_type":"shoe"}`, 400, "invalid_input"},
			{key, "stats", `{"identifier":"x","identifier_type":"custom-field","fieldName":"none"}`, 400, "invalid_input"},
			{key, "stats", `{"identifier":"x","identifier_type":"custom-field","fieldName":"medal"}`, 404, "user_not_found"},
			{key, "daily", `{"identifier":["ada"],"date":"soon"}`, 400, "invalid_input"},
			{key, "logs", `{"identifier":"ada","identifier_type":"username","from":"soon"}`, 400, "invalid_input"},
			{key, "stats", `{"identifier":["ada","ben"],"identifier_type":"username"}`, 400, "invalid_input"},
		} {
			if got := send(t, a, "POST", "/v1/users/activity/"+c.path, c.token, c.body); got.status != c.status || got.code() != c.code {
				t.Errorf("%s %s: %d %s", c.path, c.body, got.status, got.text)
			}
		}
	})
}
