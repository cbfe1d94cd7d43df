package api_test

import (
	"fmt"
	"testing"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/member"
)

const premiumPath = "/v1/users/premium-currency/bulk-update"

// Worked example of the contract.
func TestPremiumCurrencyOfAFile(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community := a.Community(t)
		all, key := a.Key(t, community), a.Key(t, community, permission.BulkUpdateUser)
		balances := map[string]float64{"ada": 120, "ben": 200, "cleo": 0}
		users := map[string]string{}
		for name, amount := range balances {
			users[name] = userOf(t, a, all, name)
			if amount > 0 {
				postPremium(t, a, all, name, amount)
			}
		}
		const file = "email,amount_op,amount,reason\nada@example.com,add,50,Spring bonus\nben@example.com,subtract,500,Correction\ncleo@example.com,overwrite,0,Reset\n"
		res := sendForm(t, a, premiumPath, key, file, nil, "mode", "create")
		jobID, _ := res.at("data.jobId").(string)
		const queued = "Premium currency bulk update process is queued"
		if res.status != 200 || res.at("message") != queued || res.at("data.message") != queued+". You can check in Api Log ( community settings )" || res.header.Get("Location") != res.at("data.statusUrl") || res.header.Get("X-Unknown-Fields") != "mode" {
			t.Fatalf("%d %s %s", res.status, res.text, res.header)
		}
		status := finish(t, a, key, jobID)
		wantPremiumCounts(t, status, "completed_with_errors", 1, 1, 1)
		rows := send(t, a, "GET", "/v1/users/bulk-update/"+jobID+"/details", key, "")
		for i, want := range []string{"updated", "failed", "unchanged"} {
			if row := rows.at("data").([]any)[i].(map[string]any); row["outcome"] != want || row["line"] != float64(i+2) {
				t.Errorf("%v, want %s", row, want)
			}
		}
		if rows.at("data.0.changes.0.field") != "premium" || rows.at("data.0.changes.0.old") != 120.0 || rows.at("data.0.changes.0.new") != 170.0 || rows.at("data.1.errors.0.code") != "insufficient_balance" {
			t.Error(rows.text)
		}
		wantPremium(t, a, all, users, map[string]float64{"ada": 170, "ben": 200, "cleo": 0})
		listed := send(t, a, "GET", "/v1/users/bulk-update?type=premium_currency", key, "")
		if listed.at("meta.total") != 1.0 || listed.at("data.0.jobId") != jobID || listed.at("data.0.type") != "premium_currency" {
			t.Error(listed.text)
		}
		undone := send(t, a, "POST", "/v1/users/bulk-update/"+jobID+"/undo", key, "{}")
		undoID, _ := undone.at("data.jobId").(string)
		if undone.status != 200 || finish(t, a, key, undoID)["status"] != "completed" {
			t.Error(undone.text)
		}
		wantPremium(t, a, all, users, balances)
	})
}

func postPremium(t *testing.T, a *apptest.App, key, username string, amount float64) {
	t.Helper()
	body := fmt.Sprintf(`{"user":%q,"unit":"premium","op":"add","amount":%v,"reason":"Test"}`, username, amount)
	if res := send(t, a, "POST", ledgerPath, key, body); res.status != 201 {
		t.Fatal(res.text)
	}
}

func wantPremium(t *testing.T, a *apptest.App, key string, users map[string]string, want map[string]float64) {
	t.Helper()
	for name, amount := range want {
		if res := send(t, a, "GET", "/v1/users/"+users[name]+"/balances", key, ""); res.at("data.balances.premium.posted") != amount {
			t.Errorf("%s: %s, want %v", name, res.text, amount)
		}
	}
}

func wantPremiumCounts(t *testing.T, status map[string]any, word string, updated, unchanged, failed float64) {
	t.Helper()
	counts, _ := status["counts"].(map[string]any)
	if status["status"] != word || counts["updated"] != updated || counts["unchanged"] != unchanged || counts["failed"] != failed || counts["created"] != 0.0 {
		t.Errorf("%v", status)
	}
}

func TestFilesChangeBalancesForKeysAndAdministrators(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		m := newModerated(t, a)
		all := a.Key(t, m.serverID)
		ada := userOf(t, a, all, "ada")
		with := func(name, granted string) string {
			made, token := joined(t, a, m.serverID, m.owner, name)
			role, err := a.Access.CreateRole(t.Context(), apptest.Operator, m.serverID, access.RoleInput{Title: name, ServerPermissions: map[string]bool{granted: true}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.Members.AddRole(t.Context(), apptest.Operator, m.serverID, made.ID, role.ID, member.Source{Type: "api"}); err != nil {
				t.Fatal(err)
			}
			return token
		}
		coins, premium := 0.0, 0.0
		for _, c := range []struct {
			name, token string
			may         bool
		}{
			{"a key with bulkUpdateUser", a.Key(t, m.serverID, permission.BulkUpdateUser), true},
			{"a key with gamification", a.Key(t, m.serverID, permission.Gamification), false},
			{"an administrator", with("admin", permission.ServerAdministrator), true},
			{"a person with manage_gamification", with("gamer", permission.ManageGamification), false},
			{"a member", m.plain, false},
			{"no credential", "", false},
		} {
			for path, file := range map[string]string{
				premiumPath:             "username,amount_op,amount\nada,add,1\n",
				"/v1/users/bulk-update": "username,coins_op,coins\nada,add,1\n",
			} {
				res := sendForm(t, a, path, c.token, file, nil, "communityId", m.serverID)
				jobID, accepted := res.at("data.jobId").(string)
				if accepted != c.may || !accepted && res.status != 403 && res.status != 401 {
					t.Errorf("%s, %s: %d %s", c.name, path, res.status, res.text)
				}
				if accepted {
					finish(t, a, all, jobID)
				}
			}
			if c.may {
				coins, premium = coins+1, premium+1
			}
			res := send(t, a, "GET", "/v1/users/"+ada+"/balances", all, "")
			if res.at("data.balances.coins.posted") != coins || res.at("data.balances.premium.posted") != premium {
				t.Errorf("%s: %s, want %v and %v", c.name, res.text, coins, premium)
			}
		}
	})
}
