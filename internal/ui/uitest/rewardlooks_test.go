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

// filledRewards fills all pages of rewards and returns their addresses by name.
func filledRewards(t *testing.T, a *apptest.App, communityID string, olivia person) map[string]string {
	t.Helper()
	home := "/c/" + communityID
	badgeMembers(t, a, communityID)
	status, answer := a.Do(t, http.MethodPut, "/v1/gamification/tiers", a.Key(t, communityID), map[string]any{"tiers": []any{map[string]any{"name": "Bronze", "levels": []any{
		map[string]any{"level": 1, "xp": 0}, map[string]any{"level": 2, "xp": 100}, map[string]any{"level": 3, "xp": 250},
	}}}})
	if status != http.StatusOK {
		t.Fatal(status, answer)
	}
	newBadge(olivia, communityID, url.Values{"title": {"Writer"}, "action": {"messages"}, "quantity": {"5"}, "description": {"Five messages"}})
	badge := newBadge(olivia, communityID, url.Values{"title": {"Speaker"}, "action": {"custom"}, "awardXpQuantity": {"20"}, "awardCurrencyQuantity": {"1500"}})
	olivia.follow(badge+"/award", url.Values{"user": {"olivia"}, "op": {"award"}})
	goal := newMilestone(olivia, communityID, url.Values{"name": {"Writer"}, "description": {"Five messages and a reply"}, "operator": {"and"}, "subject0": {"action:messages"}, "op0": {"gte"}, "value0": {"5"}, "subject1": {"action:replies"}, "op1": {"gte"}, "value1": {"1"}, "coins": {"9"}, "factor": {"2"}, "hours": {"24"}, "enabled": {"yes"}})
	greeter := welcome(t, a, communityID)
	automation := olivia.follow(home+"/automations", greeter)
	say(t, a, communityID, greeter.Get("channel2"), "ada", "hello")
	fired(t, a, communityID, strings.TrimPrefix(automation, home+"/automations/"), 1)
	for _, unit := range []string{"coins", "xp"} {
		olivia.follow(home+"/members/olivia/rewards", url.Values{"unit": {unit}, "op": {"add"}, "amount": {"1200"}, "reason": {"Winner of May"}})
	}
	if err := a.Chain.SealAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"rewards": home + "/rewards", "rewards-member": home + "/members/olivia/rewards", "economy": home + "/economy", "badges": home + "/badges", "badge": badge, "badge-edit": badge + "/edit",
		"badge-applications": home + "/badge-applications", "milestones": home + "/milestones", "milestones-all": home + "/milestones/all", "milestone-edit": goal,
		"automations": home + "/automations", "automation-edit": automation + "?events=10", "automation-log": automation + "/log", "xp-rules": home + "/xp-rules", "tiers": home + "/tiers",
	}
}

func TestPagesOfRewardsFitInGermanAndJapanese(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID, olivia := owner(t, b.app)
	pages := filledRewards(t, b.app, communityID, olivia)
	b.do("sign in", minimize(), chromedp.Navigate(b.app.URL()+"/sign-in"), network.SetCookie("regulars", olivia.token).WithURL(b.app.URL()), network.Enable())
	for language, rules := range map[string]string{"de": "", "ja": "none"} { // axe needs one of them
		b.do("speak "+language, network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": language}))
		for name, path := range pages {
			b.open(path)
			for _, l := range []Appearance{
				{Name: "phone", Wide: 390, High: 844, Theme: "light", Touch: true, Rules: rules},
				{Name: "narrow", Wide: 320, High: 844, Theme: "light", Touch: true, Rules: "scrollable-region-focusable"},
				{Name: "dark", Wide: 1440, High: 900, Theme: "dark", Rules: "none"},
			} {
				CheckPage(t, b.ctx, language+"-"+name, l)
				b.until(name+": the labels beside the plots are whole", `[...document.querySelectorAll(".plot-side text")].every(e => e.getBBox().x + e.getBBox().width <= e.ownerSVGElement.clientWidth)`)
			}
			b.until(name+": no English is left", `!/entries|Five automations|automation\b/i.test(document.querySelector("#main").innerText)`)
		}
	}
}

// TestCurrentTabIsInViewAfterTheWindowChanges has a painted window, because others are not
// told of a new size.
func TestCurrentTabIsInViewAfterTheWindowChanges(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID, olivia := owner(t, b.app)
	b.do("sign in", chromedp.Navigate(b.app.URL()+"/sign-in"), network.SetCookie("regulars", olivia.token).WithURL(b.app.URL()))
	wide, narrow := Appearance{Wide: 1440, High: 900, Theme: "light"}, Appearance{Wide: 390, High: 844, Theme: "light", Touch: true}
	b.do("widen", wide.put())
	b.open("/c/" + communityID + "/automations")
	b.do("narrow", narrow.put())
	b.until("the current tab is in view", `innerWidth === 390 && (e => e.left >= 0 && e.right <= innerWidth)(document.querySelector("[data-tabs] [aria-current]").getBoundingClientRect())`)
}
