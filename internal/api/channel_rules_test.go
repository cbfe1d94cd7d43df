package api_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/app/apptest"
)

func TestChannelHasSlowModeAndTradingDiscussions(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		rules := func(r reply, at string) []any {
			return []any{r.at(at + "slowMode"), r.at(at + "tradingDiscussions"), r.at(at + "version")}
		}
		made := send(t, a, "POST", "/v1/channels", key, `{"topic":"lobby","slowMode":30,"tradingDiscussions":true}`)
		if d := cmp.Diff([]any{30.0, true, 1.0}, rules(made, "data.")); made.status != 201 || d != "" {
			t.Fatalf("%d %s", made.status, made.text)
		}
		path := "/v1/channels/" + made.at("data._id").(string)
		for _, c := range []struct {
			name, body string
			status     int
			want       []any // as listed afterwards
		}{
			{"another field", `{"topic":"hall"}`, 200, []any{30.0, true, 2.0}},
			{"the longest slow mode", `{"slowMode":21600}`, 200, []any{21600.0, true, 3.0}},
			{"a slow mode that is too long", `{"slowMode":21601}`, 400, []any{21600.0, true, 3.0}},
			{"a negative slow mode", `{"slowMode":-1}`, 400, []any{21600.0, true, 3.0}},
			{"off", `{"slowMode":0,"tradingDiscussions":false}`, 200, []any{0.0, false, 4.0}},
			{"the same values", `{"slowMode":0,"topic":"hall"}`, 200, []any{0.0, false, 4.0}},
		} {
			got := send(t, a, "PUT", path, key, c.body)
			if d := cmp.Diff(c.want, rules(send(t, a, "GET", "/v1/channels", key, ""), "data.0.")); got.status != c.status || d != "" {
				t.Errorf("%s: %d %s %s", c.name, got.status, got.text, d)
			}
		}
	})
}

func TestStaleVersionOfAChannelIsRejected(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		everyone := send(t, a, "GET", "/v1/servers/"+home+"/roles", key, "").at("data.0._id").(string)
		lobby := createChannel(t, a, key, `{"topic":"lobby"}`)
		news := createChannel(t, a, key, `{"topic":"news"}`)
		path := "/v1/channels/" + lobby
		for _, c := range []struct {
			name, path, body string
			header           string // If-Match
			status           int
			code             string
			version          any // of the answer
		}{
			{"the current version in the body", path, `{"topic":"a","version":1}`, "", 200, "", 2.0},
			{"the current version in the header", path, `{"topic":"b"}`, `"2"`, 200, "", 3.0},
			{"the same version in both", path, `{"topic":"c","version":3}`, `"3"`, 200, "", 4.0},
			{"a stale version in the body", path, `{"topic":"d","version":3}`, "", 409, "stale_version", nil},
			{"a stale version in the header", path, `{"topic":"d"}`, `"3"`, 409, "stale_version", nil},
			{"a future version", path, `{"topic":"d","version":9}`, "", 409, "stale_version", nil},
			{"two versions", path, `{"topic":"d","version":4}`, `"3"`, 400, "invalid_input", nil},
			{"a header that is no version", path, `{"topic":"d"}`, `"new"`, 400, "invalid_input", nil},
			{"no version", path, `{"topic":"e"}`, "", 200, "", 5.0},
			{"any version", path, `{"topic":"f"}`, "*", 200, "", 6.0},
			{"nothing new", path, `{"topic":"f","version":6}`, "", 200, "", 6.0},
			{"overrides", path + "/overrides", `[{"roleId":"` + everyone + `","deny":["share_links"]}]`, "", 200, "", 7.0},
			{"the same overrides", path + "/overrides", `[{"roleId":"` + everyone + `","deny":["share_links"]}]`, "", 200, "", 7.0},
			{"a private channel", path, `{"private":true,"version":7}`, "", 200, "", 8.0},
			{"a channel that moves before it", "/v1/channels/" + news, `{"position":0}`, "", 200, "", 2.0},
			{"the version before the move", path, `{"topic":"g","version":8}`, "", 409, "stale_version", nil},
			{"the version after the move", path, `{"topic":"g","version":9}`, "", 200, "", 10.0},
		} {
			var header []string
			if c.header != "" {
				header = []string{"If-Match", c.header}
			}
			got := send(t, a, "PUT", c.path, key, c.body, header...)
			if got.status != c.status || got.code() != c.code || got.at("data.version") != c.version {
				t.Errorf("%s: %d %s", c.name, got.status, got.text)
			}
		}
		if got := send(t, a, "PUT", path, key, `{"topic":"x","version":1}`); got.at("details.version") != 10.0 {
			t.Errorf("%s", got.text)
		}
	})
}
