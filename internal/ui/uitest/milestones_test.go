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

// newMilestone creates a milestone on the pages and returns the address of its editor.
func newMilestone(by person, communityID string, form url.Values) string {
	by.Helper()
	return by.follow("/c/"+communityID+"/milestones", form)
}

func TestMilestonesAreManagedOnTheirPages(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		badgeMembers(t, a, communityID)
		home, max := "/c/"+communityID, staff(t, a, communityID, "max", "manage_gamification")
		if got := max.get(home + "/milestones"); got.status != http.StatusOK || !strings.Contains(got.text, "No milestones") || !strings.Contains(got.text, "New milestone") {
			t.Fatalf("%d %s", got.status, got.text)
		}
		badge := strings.TrimPrefix(newBadge(olivia, communityID, url.Values{"title": {"Local"}, "action": {"custom"}}), home+"/badges/")
		german := url.Values{"name": {"German"}, "group": {"Start"}, "operator": {"and"}, "subject0": {"field:country"}, "op0": {"eq"}, "value0": {"Germany"}, "xp": {"7"}, "badge": {badge}, "factor": {"1,5"}, "from": {"2026-01-01"}, "until": {"2036-12-31"}}
		if got := max.get(home + "/milestones/preview?" + german.Encode()); got.status != http.StatusOK || !strings.Contains(got.text, "2 members would complete this now.") {
			t.Errorf("%d %s", got.status, got.text)
		}
		for name, wrong := range map[string]url.Values{
			"whole number":         {"name": {"Kept"}, "operator": {"and"}, "subject0": {"action:messages"}, "op0": {"gte"}, "value0": {"many"}},
			"with one decimal":     {"name": {"Kept"}, "operator": {"and"}, "subject0": {"action:messages"}, "op0": {"gte"}, "value0": {"1"}, "factor": {"1.25"}},
			"Send an instant":      {"name": {"Kept"}, "operator": {"and"}, "subject0": {"action:messages"}, "op0": {"gte"}, "value0": {"1"}, "from": {"soon"}},
			"A reward is 0":        {"name": {"Kept"}, "operator": {"and"}, "subject0": {"action:messages"}, "op0": {"gte"}, "value0": {"1"}, "xp": {"x"}},
			"A group has 1 to 20 ": {"name": {"Kept"}, "operator": {"and"}},
		} {
			if got := max.post(home+"/milestones", wrong); got.status != http.StatusBadRequest || !strings.Contains(got.text, "Kept") || !strings.Contains(got.text, name) {
				t.Errorf("%s: %d %s", name, got.status, got.text)
			}
		}
		page := newMilestone(max, communityID, german) // disabled
		if got := max.get(page); !strings.Contains(got.text, "2 members would complete this now.") || !strings.Contains(got.text, `value="DE"`) || !strings.Contains(got.text, `value="1.5"`) || !strings.Contains(got.text, `value="2026-01-01"`) || !strings.Contains(got.text, `value="2036-12-31"`) {
			t.Errorf("%s", got.text)
		}
		if got := max.get(home + "/milestones/all"); !strings.Contains(got.text, "Disabled") || !strings.Contains(got.text, "7 XP and the badge Local") {
			t.Errorf("%s", got.text)
		}
		german.Set("enabled", "yes")
		german.Set("until", "")
		german.Set("version", "1")
		update := strings.TrimSuffix(page, "/edit")
		max.follow(update, german)
		german.Set("name", "Stale")
		if got := max.post(update, german); got.status != http.StatusConflict || !strings.Contains(got.text, "changed meanwhile") {
			t.Errorf("%d %s", got.status, got.text)
		}
		_, token := a.Claim(t, communityID, "ada")
		ada := person{t, a, token}
		for _, path := range []string{home + "/milestones/all", home + "/milestones/new", page} {
			if got := ada.get(path); got.status != http.StatusForbidden {
				t.Errorf("%s: %d", path, got.status)
			}
		}
		newMilestone(olivia, communityID, url.Values{"name": {"Writer"}, "operator": {"and"}, "subject0": {"action:messages"}, "op0": {"gte"}, "value0": {"5"}, "coins": {"9"}, "factor": {"2"}, "hours": {"24"}, "enabled": {"yes"}})
		own := ada.get(home + "/milestones")
		for _, want := range []string{"Writer", "0 of 5", "Reward: 9 coins.", "XP and coins are multiplied by 2 until", "Without a group", "Start"} {
			if !strings.Contains(own.text, want) {
				t.Errorf("%q is missing: %s", want, own.text)
			}
		}
		if strings.Contains(own.text, "New milestone") {
			t.Error("a member sees what managers do")
		}
		max.follow(update+"/delete", url.Values{})
		if got := max.get(page); got.status != http.StatusNotFound {
			t.Errorf("%d after the deletion", got.status)
		}
		if log := olivia.get(home + "/audit-log"); !strings.Contains(log.text, "The milestone") {
			t.Error("the audit log has no milestone")
		}
	})
}

func TestMilestonePagesFit(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID, olivia := owner(t, b.app)
	badgeMembers(t, b.app, communityID)
	home := "/c/" + communityID + "/milestones"
	page := newMilestone(olivia, communityID, url.Values{"name": {"Writer"}, "description": {"Five messages and a reply"}, "operator": {"and"}, "subject0": {"action:messages"}, "op0": {"gte"}, "value0": {"5"}, "subject1": {"action:replies"}, "op1": {"gte"}, "value1": {"1"}, "coins": {"9"}, "factor": {"2"}, "hours": {"24"}, "enabled": {"yes"}})
	newMilestone(olivia, communityID, url.Values{"name": {"Last year"}, "group": {"Seasons"}, "operator": {"and"}, "subject0": {"action:visits"}, "op0": {"gte"}, "value0": {"1"}, "until": {"2025-12-31"}, "enabled": {"yes"}})
	newMilestone(olivia, communityID, url.Values{"name": {"Next decade"}, "group": {"Seasons"}, "operator": {"or"}, "subject0": {"field:country"}, "op0": {"eq"}, "value0": {"DE"}, "from": {"2036-01-01"}, "xp": {"10"}, "enabled": {"yes"}})
	b.do("sign in", minimize(), chromedp.Navigate(b.app.URL()+"/sign-in"), network.SetCookie("regulars", olivia.token).WithURL(b.app.URL()))
	for name, path := range map[string]string{"milestones": home, "milestones-all": home + "/all", "milestone-edit": page} {
		b.open(path)
		for _, l := range []Appearance{{Name: "light", Wide: 1440, High: 900, Theme: "light"}, {Name: "dark", Wide: 1440, High: 900, Theme: "dark"}, {Name: "phone", Wide: 390, High: 844, Theme: "light", Touch: true}} {
			CheckPage(t, b.ctx, name, l)
		}
	}
	b.do("speak German", network.Enable(), network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": "de"}))
	for name, path := range map[string]string{"de-milestones": home, "de-milestones-all": home + "/all", "de-milestone-edit": page} {
		b.open(path)
		CheckPage(t, b.ctx, name, Appearance{Name: "phone", Wide: 390, High: 844, Theme: "light", Touch: true, Rules: "none"})
		CheckPage(t, b.ctx, name, Appearance{Name: "light", Wide: 1440, High: 900, Theme: "light", Rules: "none"})
	}
	b.do("speak English", network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": "en"}))
	b.open(home + "/new")
	b.do("choose conditions", chromedp.SendKeys(`[name="name"]`, "German"), chromedp.SetValue(`[name="subject0"]`, "field:country"), chromedp.SetValue(`[name="op0"]`, "eq"), chromedp.SendKeys(`[name="value0"]`, "DE"))
	b.until("the preview shows who would complete it", `document.querySelector("#reached").innerText.includes("2 members would complete this now")`)
	CheckPage(t, b.ctx, "milestone-new", Appearance{Name: "phone", Wide: 390, High: 844, Theme: "light", Touch: true})
	b.previewFirst("#reached", "Save milestone")
}
