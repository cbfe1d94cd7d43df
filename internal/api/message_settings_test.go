package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
)

func TestSettingsOfMessagesAreChangedAndReturned(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		a.Owner(t, home, "ada")
		key := a.Key(t, home)
		server := "/v1/servers/" + home
		first := send(t, a, "GET", server, key, "")
		if first.at("data.editWindow") != 0.0 || first.at("data.erasureOfMessages") != "anonymise" || cmp.Diff([]any{[]any{}, []any{}}, []any{first.at("data.bannedWords"), first.at("data.alertWords")}) != "" {
			t.Fatalf("%s", first.text)
		}
		changed := send(t, a, "PUT", server, key, `{"bannedWords":[" scam ","free money","scam"],"alertWords":["help"],"editWindow":900,"erasureOfMessages":"delete"}`)
		for _, answer := range []reply{changed, send(t, a, "GET", server, key, "")} {
			got := []any{answer.at("data.bannedWords"), answer.at("data.alertWords"), answer.at("data.editWindow"), answer.at("data.erasureOfMessages")}
			if d := cmp.Diff([]any{[]any{"scam", "free money"}, []any{"help"}, 900.0, "delete"}, got); d != "" {
				t.Errorf("%d %s", answer.status, d)
			}
		}
		log := send(t, a, "GET", server+"/audit-log?action=community.update", key, "")
		var fields []string
		for i := range 4 {
			field, _ := log.at(fmt.Sprintf("data.0.changes.%d.field", i)).(string)
			fields = append(fields, field)
		}
		slices.Sort(fields)
		if d := cmp.Diff([]string{"alertWords", "bannedWords", "editWindow", "erasureOfMessages"}, fields); d != "" {
			t.Errorf("%s\n%s", d, log.text)
		}
		many := func(n int) string {
			words := make([]string, n)
			for i := range words {
				words[i] = fmt.Sprintf(`"word %d"`, i)
			}
			return "[" + strings.Join(words, ",") + "]"
		}
		for _, c := range []struct {
			name, body string
			field      string // "": accepted
		}{
			{"the longest word", `{"bannedWords":["` + strings.Repeat("é", 100) + `"]}`, ""},
			{"a word that is too long", `{"bannedWords":["` + strings.Repeat("é", 101) + `"]}`, "bannedWords"},
			{"an empty word", `{"alertWords":["  "]}`, "alertWords"},
			{"a word with a line break", `{"alertWords":["a\nb"]}`, "alertWords"},
			{"the longest list", `{"alertWords":` + many(1000) + `}`, ""},
			{"a list that is too long", `{"alertWords":` + many(1001) + `}`, "alertWords"},
			{"an empty list", `{"bannedWords":[]}`, ""},
			{"a year", `{"editWindow":31536000}`, ""},
			{"more than a year", `{"editWindow":31536001}`, "editWindow"},
			{"a negative time", `{"editWindow":-1}`, "editWindow"},
			{"an unknown way of erasure", `{"erasureOfMessages":"burn"}`, "erasureOfMessages"},
		} {
			got := send(t, a, "PUT", server, key, c.body)
			if c.field == "" && got.status != 200 || c.field != "" && (got.status != 400 || !strings.HasPrefix(slices.Concat(got.fields(), []string{""})[0], c.field)) {
				t.Errorf("%s: %d %s", c.name, got.status, got.text)
			}
		}
		if got := send(t, a, "GET", server, key, ""); cmp.Diff([]any{}, got.at("data.bannedWords")) != "" || len(got.at("data.alertWords").([]any)) != 1000 || got.at("data.editWindow") != 31536000.0 {
			t.Errorf("%.500s", got.text)
		}
	})
}

func TestWordListsAreForModerators(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		_, owner := person(t, a, "owner")
		home := createServer(t, a, owner, "Rovers")
		_, plain := joined(t, a, home, owner, "plain")
		_, moderator := joined(t, a, home, owner, "mod")
		role := createRole(t, a, owner, `{"title":"Moderator","server_permissions":{"moderate_content":true}}`)
		if res := send(t, a, "POST", "/v1/roles/"+role+"/add", owner, `{"userId":"mod"}`); res.status != 200 {
			t.Fatalf("%d %s", res.status, res.text)
		}
		server := "/v1/servers/" + home
		const words, more = `{"bannedWords":["scam"]}`, `{"bannedWords":["scam"],"editWindow":60}`
		for _, c := range []struct {
			name, token string
			reads       bool
			words, more int // statuses of updates
		}{
			{"the owner", owner, true, 200, 200},
			{"a moderator", moderator, true, 200, 403},
			{"a member", plain, false, 403, 403},
			{"a key with community", a.Key(t, home, permission.ManageCommunity), true, 200, 200},
			{"a key with manageUser", a.Key(t, home, permission.ManageUser), true, 200, 403},
			{"a key with channels", a.Key(t, home, permission.ManageChannels), false, 403, 403},
			{"a key of another community", a.Key(t, a.Community(t)), false, 403, 403},
		} {
			for body, want := range map[string]int{words: c.words, more: c.more} {
				if got := send(t, a, "PUT", server, c.token, body); got.status != want || got.status == 200 && cmp.Diff([]any{"scam"}, got.at("data.bannedWords")) != "" {
					t.Errorf("%s: %s: %d %s", c.name, body, got.status, got.text)
				}
			}
			got := send(t, a, "GET", server, c.token, "")
			if (got.at("data.bannedWords") != nil) != c.reads || (got.at("data.alertWords") != nil) != c.reads {
				t.Errorf("%s reads: %d %s", c.name, got.status, got.text)
			}
		}
		for token, want := range map[string]bool{owner: true, moderator: true, plain: false} {
			if got := send(t, a, "GET", "/v1/servers", token, ""); (got.at("data.0.bannedWords") != nil) != want {
				t.Errorf("listed: %s", got.text)
			}
		}
		if got := send(t, a, "PUT", server, moderator, `{}`); got.status != 403 {
			t.Errorf("an empty body of a moderator: %d %s", got.status, got.text)
		}
	})
}
