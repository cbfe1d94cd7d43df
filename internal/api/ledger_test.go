package api_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/member/directory"
)

const ledgerPath, holdsPath = "/v1/gamification/ledger", "/v1/gamification/holds"

// coins is the body of a post of coins for ada.
func coins(op string, amount any) string {
	return fmt.Sprintf(`{"user":"ada","unit":"coins","op":%q,"amount":%v,"reason":"Test"}`, op, amount)
}

// Worked examples 3, 4 and 6 of the contract.
func TestLedgerOperations(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community := a.Community(t)
		key := a.Key(t, community, permission.Gamification, permission.CreateUser)
		ada := userOf(t, a, key, "ada")
		must := func(status int, code, method, path, body string) reply {
			t.Helper()
			got := send(t, a, method, path, key, body)
			if got.status != status || got.code() != code {
				t.Errorf("%s %s: %d %s", path, body, got.status, got.text)
			}
			return got
		}
		balance := func(posted, held float64) {
			t.Helper()
			got := must(200, "", "GET", "/v1/users/"+ada+"/balances", "")
			if got.at("data.balances.coins.posted") != posted || got.at("data.balances.coins.held") != held || got.at("data.balances.coins.available") != posted-held {
				t.Errorf("%s, want %v and %v", got.text, posted, held)
			}
		}
		balance(0, 0)
		must(201, "", "POST", ledgerPath, coins("add", 190))
		held := must(201, "", "POST", holdsPath, `{"user":"ada","unit":"coins","amount":150,"reason":"Table"}`).at("data._id").(string)
		balance(190, 150)
		if got := must(409, "insufficient_balance", "POST", ledgerPath, coins("subtract", 50)); got.at("details.balance") != 40.0 {
			t.Error(got.text)
		}
		must(400, "amount_out_of_range", "POST", holdsPath+"/"+held+"/capture", `{"amount":151}`)
		if got := must(200, "", "POST", holdsPath+"/"+held+"/capture", `{"amount":100}`); got.at("data.entry.amount") != -100.0 || got.at("data.entry.holdId") != held || got.at("data.hold.status") != "captured" {
			t.Error(got.text)
		}
		balance(90, 0)
		must(409, "hold_final", "POST", holdsPath+"/"+held+"/capture", "")
		must(409, "hold_final", "POST", holdsPath+"/"+held+"/release", "")
		if got := must(200, "", "POST", ledgerPath, coins("overwrite", 90)); got.at("data") != nil {
			t.Error(got.text)
		}
		over := must(201, "", "POST", ledgerPath, coins("overwrite", 200))
		if over.at("data.amount") != 110.0 || over.at("data.balanceAfter") != 200.0 || over.at("data.source.id") != over.at("data._id") {
			t.Error(over.text)
		}
		entry := over.at("data._id").(string)
		if got := must(201, "", "POST", ledgerPath+"/"+entry+"/reverse", `{"reason":"Mistake"}`); got.at("data.reversed") != 110.0 || got.at("data.kept") != 0.0 {
			t.Error(got.text)
		}
		must(409, "already_reversed", "POST", ledgerPath+"/"+entry+"/reverse", `{"reason":"Mistake"}`)
		must(404, "entry_not_found", "POST", ledgerPath+"/6a21d1c09f3b0c4d5e6f7a8b/reverse", `{"reason":"Mistake"}`)
		must(404, "hold_not_found", "POST", holdsPath+"/6a21d1c09f3b0c4d5e6f7a8b/release", "")
		must(201, "", "POST", ledgerPath, coins("add", 1_000_000_000_000))
		for _, amount := range []any{1_000_000_000_001, 0, -5} {
			must(400, "amount_out_of_range", "POST", ledgerPath, coins("add", amount))
		}
		for _, amount := range []any{1.5, `"10"`} {
			must(400, "invalid_input", "POST", ledgerPath, coins("add", amount))
		}
		must(400, "expires_in_past", "POST", ledgerPath, `{"user":"ada","unit":"coins","op":"add","amount":1,"reason":"x","expiresAt":"2020-01-01"}`)
		must(400, "invalid_input", "POST", ledgerPath, `{"user":"ada","unit":"coins","op":"add","amount":1,"reason":"x","expiresAt":"soon"}`)
		must(400, "invalid_input", "POST", ledgerPath, `{"user":"ada","unit":"coins","op":"add","amount":1,"reason":"a\nb"}`)
		if got := must(201, "", "POST", ledgerPath, `{"user":"ada","unit":"premium","op":"add","amount":1,"reason":"x","expiresAt":null}`); got.at("data.expiresAt") != nil {
			t.Error(got.text)
		}
		if got := must(201, "", "POST", ledgerPath, `{"user":"ada","unit":"premium","op":"add","amount":1,"reason":"x","expiresAt":"2099-03-20"}`); got.at("data.expiresAt") != "2099-03-21T00:00:00.000Z" {
			t.Error(got.text)
		}
		must(404, "user_not_found", "POST", ledgerPath, `{"user":"nobody","unit":"coins","op":"add","amount":1,"reason":"x"}`)
		must(400, "at_in_future", "GET", "/v1/users/"+ada+"/balances?at=2999-01-01T00:00:00Z", "")
		must(404, "user_not_found", "GET", "/v1/users/6a21d1c09f3b0c4d5e6f7a8b/balances", "")
	})
}

// Worked example 5 of the contract.
func TestAffordableAmountIsSpentOnce(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community := a.Community(t)
		key := a.Key(t, community, permission.Gamification, permission.CreateUser)
		ada := userOf(t, a, key, "ada")
		send(t, a, "POST", ledgerPath, key, coins("add", 100))
		var spent, refused atomic.Int64
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				switch got := send(t, a, "POST", ledgerPath, key, coins("subtract", 30)); {
				case got.status == 201:
					spent.Add(1)
				case got.status == 409 && got.code() == "insufficient_balance":
					refused.Add(1)
				default:
					t.Errorf("%d %s", got.status, got.text)
				}
			})
		}
		all.Wait()
		got := send(t, a, "GET", "/v1/users/"+ada+"/balances", key, "")
		if spent.Load() != 3 || refused.Load() != 61 || got.at("data.balances.coins.posted") != 10.0 {
			t.Errorf("%d spent, %d refused: %s", spent.Load(), refused.Load(), got.text)
		}
	})
}

func TestWhoUsesTheLedger(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		community := a.Community(t)
		_, owner := a.Owner(t, community, "owner")
		key := a.Key(t, community)
		ada, ben := userOf(t, a, key, "ada"), userOf(t, a, key, "ben")
		_, adaToken := a.Claim(t, community, "ada")
		weak := a.Key(t, community, permission.GetUserData)
		for _, c := range []struct {
			name, token, method, path, body string
			status                          int
		}{
			{"the owner posts", owner, "POST", ledgerPath, coins("add", 5), 201},
			{"a member does not", adaToken, "POST", ledgerPath, coins("add", 5), 403},
			{"a key without the permission", weak, "POST", ledgerPath, coins("add", 5), 403},
			{"a member does not hold", adaToken, "POST", holdsPath, `{"user":"ada","unit":"coins","amount":1,"reason":"x"}`, 403},
			{"a member sees her own", adaToken, "GET", "/v1/users/" + ada + "/balances", "", 200},
			{"not those of others", adaToken, "GET", "/v1/users/" + ben + "/balances", "", 403},
			{"nor who exists", adaToken, "GET", "/v1/users/6a21d1c09f3b0c4d5e6f7a8b/balances", "", 403},
			{"the weak key sees none", weak, "GET", "/v1/users/" + ada + "/balances", "", 403},
		} {
			if got := send(t, a, c.method, c.path, c.token, c.body); got.status != c.status {
				t.Errorf("%s: %d %s", c.name, got.status, got.text)
			}
		}
	})
}

func TestBalancesAreInUserDataAndFilters(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		for i, name := range []string{"ada", "ben", "eve"} {
			userOf(t, a, key, name)
			for unit, amount := range map[string]int{"xp": 100 * i, "coins": 7 * i, "premium": i} {
				if amount > 0 {
					send(t, a, "POST", ledgerPath, key, fmt.Sprintf(`{"user":%q,"unit":%q,"op":"add","amount":%d,"reason":"Test"}`, name, unit, amount))
				}
			}
		}
		send(t, a, "POST", ledgerPath, key, `{"user":"eve","unit":"coins","op":"subtract","amount":4,"reason":"Test"}`)
		got := send(t, a, "POST", "/v1/users/info", key, `{"idOrEmail":"eve"}`)
		for name, want := range map[string]any{"xp": 200.0, "coins": 10.0, "premiumCurrency": 2.0, "xpEarnedToday": 200.0, "coinsEarnedToday": 14.0} {
			if got.at("data."+name) != want {
				t.Errorf("%s is %v, want %v", name, got.at("data."+name), want)
			}
		}
		for filter, want := range map[string]string{
			`{"xp":{"gte":100}}`: "ben eve", `{"coins":10}`: "eve", `{"premium_currency":{"lt":2}}`: "ada ben", `{"xp_earned_today":0}`: "ada", `{"coins_earned_today":{"gt":7}}`: "eve",
		} {
			found := send(t, a, "POST", "/v1/users/filter", key, `{"fields":["username"],"filter":`+filter+`}`)
			names := ""
			for i := range 3 {
				if name, ok := found.at(fmt.Sprintf("data.%d.username", i)).(string); ok {
					names += " " + name
				}
			}
			if strings.TrimSpace(names) != want {
				t.Errorf("%s: %s", filter, found.text)
			}
		}
		for _, sort := range []string{"xp", "coins_earned_today"} {
			for direction, want := range map[string]string{"": "ada ben eve", "-": "eve ben ada"} {
				found, err := a.Members.List(t.Context(), apptest.Operator, home, directory.Filter{Sort: direction + sort, Limit: 10})
				if err != nil {
					t.Fatal(err)
				}
				var names []string
				for _, m := range found.Members {
					names = append(names, m.Username)
				}
				if got := strings.Join(names, " "); got != want {
					t.Errorf("by %s%s: %s", direction, sort, got)
				}
			}
		}
	})
}

func TestLedgerIsVerified(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		ada := userOf(t, a, key, "ada")
		send(t, a, "POST", ledgerPath, key, coins("add", 100))
		send(t, a, "POST", ledgerPath, key, coins("subtract", 30))
		if err := a.Chain.SealAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		head := send(t, a, "GET", ledgerPath+"/verify", key, "")
		if head.status != 200 || head.at("data.ok") != true || head.at("data.entries") != 2.0 || head.at("data.balances.checked") == 0.0 {
			t.Errorf("%d %s", head.status, head.text)
		}
		if _, err := a.DB.Exec(t.Context(), "UPDATE ledger_balances SET posted = 71 WHERE community_id = $1", home); err != nil {
			t.Fatal(err)
		}
		started := send(t, a, "GET", ledgerPath+"/verify?full=true", key, "")
		verificationID, _ := started.at("data.verificationId").(string)
		if started.status != 202 || started.at("data.statusUrl") != ledgerPath+"/verify?verificationId="+verificationID {
			t.Fatalf("%d %s", started.status, started.text)
		}
		done := started
		for tick, late := time.NewTicker(5*time.Millisecond), time.After(apptest.Timeout); done.status == 202; {
			select {
			case <-tick.C:
				done = send(t, a, "GET", ledgerPath+"/verify?verificationId="+verificationID, key, "")
			case <-late:
				t.Fatal("the verification does not end")
			}
		}
		if done.at("data.ok") != false || done.at("data.head") != head.at("data.head") || done.at("data.balances.wrong.0.userId") != ada ||
			done.at("data.balances.wrong.0.cached") != 71.0 || done.at("data.balances.wrong.0.computed") != 70.0 {
			t.Error(done.text)
		}
		if got := send(t, a, "GET", ledgerPath+"/verify?verificationId=6a21d1c09f3b0c4d5e6f7a8b", key, ""); got.code() != "verification_not_found" {
			t.Errorf("%d %s", got.status, got.text)
		}
	})
}
