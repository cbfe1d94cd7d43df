package uitest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/app/apptest"
)

// TestRewardsAreGrantedTakenAndExplained posts entries on the pages of a manager, and reads
// them on the member's own page.
func TestRewardsAreGrantedTakenAndExplained(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, _ := owner(t, a)
		badgeMembers(t, a, communityID)
		home, max := "/c/"+communityID, staff(t, a, communityID, "max", "manage_gamification")
		_, token := a.Claim(t, communityID, "ada")
		ada := person{t, a, token}
		page := home + "/members/ada/rewards"

		max.follow(page, url.Values{"unit": {"coins"}, "op": {"add"}, "amount": {"120"}, "reason": {"Winner of May"}})
		max.follow(page, url.Values{"unit": {"coins"}, "op": {"subtract"}, "amount": {"20"}, "reason": {"Paid twice"}})
		if got := max.get(page); !strings.Contains(got.text, "Operators: Winner of May") || !strings.Contains(got.text, "+120 Coins") || !strings.Contains(got.text, "-20 Coins") || !strings.Contains(got.text, "<dd>100</dd>") {
			t.Errorf("%s", got.text)
		}
		for text, form := range map[string]url.Values{
			"The balance is not sufficient": {"unit": {"coins"}, "op": {"subtract"}, "amount": {"101"}, "reason": {"Too much"}},
			"whole number":                  {"unit": {"coins"}, "op": {"add"}, "amount": {"1.5"}, "reason": {"Half"}},
			"Choose what to change":         {"unit": {"stars"}, "op": {"add"}, "amount": {"1"}, "reason": {"Unknown"}},
			"A reason has":                  {"unit": {"xp"}, "op": {"add"}, "amount": {"1"}},
		} {
			if got := max.post(page, form); got.status < 400 || got.status > 499 || !strings.Contains(got.text, text) {
				t.Errorf("%v: %d %s", form, got.status, got.text)
			}
		}
		own := ada.get(home + "/rewards")
		if own.status != http.StatusOK || !strings.Contains(own.text, "Winner of May") || strings.Contains(own.text, "Reverse entry") || strings.Contains(own.text, "Post entry") {
			t.Errorf("%d %s", own.status, own.text)
		}
		for _, address := range []string{page, home + "/economy"} {
			if got := ada.get(address); got.status != http.StatusNotFound && got.status != http.StatusForbidden {
				t.Errorf("%s: %d for a member", address, got.status)
			}
		}
		entry, _, _ := strings.Cut(max.get(page).text, "/reverse")
		entry = entry[strings.LastIndex(entry, "/")+1:]
		max.follow(page+"/"+entry+"/reverse", url.Values{"reason": {"A mistake"}})
		if got := max.get(page + "?unit=coins"); !strings.Contains(got.text, "Reversals") || !strings.Contains(got.text, "<dd>120</dd>") {
			t.Errorf("%s", got.text)
		}
	})
}

func TestTheEconomyIsShown(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, _ := owner(t, a)
		badgeMembers(t, a, communityID)
		home, max := "/c/"+communityID, staff(t, a, communityID, "max", "manage_gamification")
		if got := max.get(home + "/economy"); got.status != http.StatusOK || !strings.Contains(got.text, "There are no entries of this period yet.") {
			t.Errorf("%d %s", got.status, got.text)
		}
		max.follow(home+"/members/ada/rewards", url.Values{"unit": {"coins"}, "op": {"add"}, "amount": {"1234"}, "reason": {"Winner of May"}})
		if err := a.Chain.SealAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := max.get(home + "/economy?days=90"); !strings.Contains(got.text, "1,234") || !strings.Contains(got.text, "Operators") || !strings.Contains(got.text, "<svg") {
			t.Errorf("%s", got.text)
		}
	})
}

func TestRewardPagesFit(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID, olivia := owner(t, b.app)
	badgeMembers(t, b.app, communityID)
	home := "/c/" + communityID
	badge := newBadge(olivia, communityID, url.Values{"title": {"Speaker"}, "action": {"custom"}})
	olivia.follow(badge+"/award", url.Values{"user": {"ada"}, "op": {"award"}})
	for amount, reason := range map[string]string{"1200": "Winner of May", "35": "Helped to set up the room"} {
		olivia.follow(home+"/members/ada/rewards", url.Values{"unit": {"coins"}, "op": {"add"}, "amount": {amount}, "reason": {reason}})
	}
	status, answer := b.app.Do(t, http.MethodPut, "/v1/gamification/tiers", b.app.Key(t, communityID), map[string]any{"tiers": []any{map[string]any{"name": "Bronze", "levels": []any{
		map[string]any{"level": 1, "xp": 0}, map[string]any{"level": 2, "xp": 100}, map[string]any{"level": 3, "xp": 250},
	}}}})
	if status != http.StatusOK {
		t.Fatal(status, answer)
	}
	olivia.follow(home+"/members/ada/rewards", url.Values{"unit": {"xp"}, "op": {"add"}, "amount": {"140"}, "reason": {"Welcome"}})
	if err := b.app.Chain.SealAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, token := b.app.Claim(t, communityID, "ada")
	for _, session := range []struct {
		token string
		pages map[string]string
	}{
		{olivia.token, map[string]string{"rewards-member": home + "/members/ada/rewards", "economy": home + "/economy"}},
		{token, map[string]string{"rewards": home + "/rewards"}},
	} {
		b.do("sign in", minimize(), chromedp.Navigate(b.app.URL()+"/sign-in"), network.SetCookie("regulars", session.token).WithURL(b.app.URL()))
		for name, path := range session.pages {
			b.open(path)
			for _, l := range []Appearance{{Name: "light", Wide: 1440, High: 900, Theme: "light"}, {Name: "dark", Wide: 1440, High: 900, Theme: "dark"}, {Name: "phone", Wide: 390, High: 844, Theme: "light", Touch: true}} {
				CheckPage(t, b.ctx, name, l)
			}
		}
	}
}
