package uitest_test

import (
	"html"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/app/apptest"
)

// editor is an editor with two changes: the first is saved, the second comes too late.
type editor struct {
	address       string // of the page with the form
	action        string // of the form
	form          url.Values
	name, shown   string // of the input that both change, and its label
	first, second string
}

// with returns the form with a value and the hidden inputs of a page.
func (e editor) with(value string, from page) url.Values {
	form := maps.Clone(e.form)
	for _, name := range []string{"version", "opened", "own"} {
		form.Set(name, html.UnescapeString(inputValue(from.text, name)))
	}
	form.Set(e.name, value)
	return form
}

// editors creates what the editors of the rewards change.
func editors(t *testing.T, a *apptest.App, communityID string, by person) map[string]editor {
	t.Helper()
	home := "/c/" + communityID
	badge := url.Values{"title": {"Writer"}, "action": {"messages"}, "quantity": {"5"}, "awardXpQuantity": {"3"}, "awardCurrencyQuantity": {"0"}}
	badgePage := newBadge(by, communityID, badge)
	goal := url.Values{"name": {"German"}, "operator": {"and"}, "subject0": {"field:country"}, "op0": {"eq"}, "value0": {"DE"}, "xp": {"7"}, "coins": {"0"}, "order": {"0"}}
	goalPage := newMilestone(by, communityID, goal)
	greeter := welcome(t, a, communityID)
	greeterPage := by.follow(home+"/automations", greeter)
	for _, name := range []string{"type", "channel", "message"} { // the page has the actions without gaps
		greeter.Set(name+"1", greeter.Get(name+"2"))
		greeter.Del(name + "2")
	}
	by.follow(home+"/xp-rules", ruleForm())
	by.follow(home+"/tiers", tierForm())
	saved, tiers := by.get(home+"/tiers").text, url.Values{"enabled": {"yes"}, "showLevels": {"yes"}, "showTiers": {"yes"}, "demote": {"yes"}}
	for _, i := range []string{"0", "1"} { // in the order of thresholds
		for _, name := range []string{"id", "name", "icon", "levels[0].xp", "levels[1].xp", "levels[2].xp"} {
			tiers.Set("tiers["+i+"]."+name, inputValue(saved, "tiers["+i+"]."+name))
		}
	}
	return map[string]editor{
		"rules":      {home + "/xp-rules", home + "/xp-rules", ruleForm(), "message.xp", "Messages: XP", "11", "12"},
		"tiers":      {home + "/tiers", home + "/tiers", tiers, "tiers[1].levels[2].xp", "Silver", "1300", "1400"},
		"badge":      {badgePage + "/edit", badgePage, badge, "awardXpQuantity", "XP", "4", "9"},
		"milestone":  {goalPage, strings.TrimSuffix(goalPage, "/edit"), goal, "value0", "Conditions", "FR", "GB"},
		"automation": {greeterPage, greeterPage, greeter, "message1", "Action 2", "Hello {{user.displayName}}", "Good <b>day</b>"},
	}
}

func TestLateSaveShowsTheDifference(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, _ := owner(t, a)
		badgeMembers(t, a, communityID)
		max, mia := staff(t, a, communityID, "max", "manage_gamification"), staff(t, a, communityID, "mia", "manage_gamification")
		for name, e := range editors(t, a, communityID, max) {
			t.Run(name, func(t *testing.T) {
				max.T, mia.T = t, t
				opened := mia.get(e.address)
				max.follow(e.action, e.with(e.first, max.get(e.address)))
				late := mia.post(e.action, e.with(e.second, opened))
				shows := func(got page, status int, value string, texts ...string) {
					t.Helper()
					_, form, _ := strings.Cut(got.text, "<form")
					_, form, _ = strings.Cut(form, `name="opened"`)
					if got.status != status || !strings.Contains(form, html.EscapeString(value)) {
						t.Errorf("%d, %q is not in the form: %s", got.status, value, got.text)
					}
					card, _, _ := strings.Cut(got.text, `name="opened"`)
					for _, text := range append(texts, "changed meanwhile", "<strong>"+e.shown+"</strong>", html.EscapeString(e.first), html.EscapeString(e.second)) {
						if !strings.Contains(card, text) {
							t.Errorf("the differences have no %q: %s", text, card)
						}
					}
					if n := strings.Count(card, "Your version</span>"); n != 1 {
						t.Errorf("%d differences: %s", n, card)
					}
				}
				shows(late, http.StatusConflict, e.second, "Save your version", "Load the saved version")
				load := e.with(e.second, late)
				load.Set("load", "saved")
				saved := mia.post(e.action, load)
				shows(saved, http.StatusOK, e.first, "Load your version")
				load = e.with(e.first, saved)
				load.Set("load", "own")
				own := mia.post(e.action, load)
				shows(own, http.StatusOK, e.second, "Save your version")
				mia.follow(e.action, e.with(e.second, own))
				if got := max.get(e.address); !strings.Contains(got.text, html.EscapeString(e.second)) || strings.Contains(got.text, "conflict-title") {
					t.Errorf("%s", got.text)
				}
				if got := mia.post(e.action, e.with(e.second, opened)); got.status != http.StatusConflict || !strings.Contains(got.text, "Both versions have the same values.") && !strings.Contains(got.text, "<del>") {
					t.Errorf("%d %s", got.status, got.text)
				}
			})
		}
	})
}

func TestConflictsFit(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID, olivia := owner(t, b.app)
	badgeMembers(t, b.app, communityID)
	b.do("sign in", minimize(), chromedp.Navigate(b.app.URL()+"/sign-in"), network.SetCookie("regulars", olivia.token).WithURL(b.app.URL()))
	for name, e := range editors(t, b.app, communityID, olivia) {
		b.open(e.address)
		olivia.follow(e.action, e.with(e.first, olivia.get(e.address)))
		b.fill(e.name, e.second)
		b.do("save too late", chromedp.Click(`.form-foot .primary`, chromedp.ByQuery))
		b.sees("The saved version was changed meanwhile")
		for _, l := range []Appearance{{Name: "light", Wide: 1440, High: 900, Theme: "light"}, {Name: "dark", Wide: 1440, High: 900, Theme: "dark"}, {Name: "phone", Wide: 390, High: 844, Theme: "light", Touch: true}} {
			CheckPage(t, b.ctx, "conflict-"+name, l)
		}
		const asks = `!dispatchEvent(new Event("beforeunload", {cancelable: true}))`
		b.until("leaving asks about the version that is not saved", asks)
		b.press("Load the saved version")
		b.until("the saved version is in the form", `document.querySelector('[name="`+e.name+`"]').value === `+quote(e.first))
		b.press("Load your version")
		b.until("the own version is in the form", `document.querySelector('[name="`+e.name+`"]').value === `+quote(e.second))
		b.press("Save your version")
		b.until("it is saved", `!(`+asks+`) && !document.querySelector(".conflict") && document.querySelector('[name="`+e.name+`"]').value === `+quote(e.second))
	}
	b.open("/c/" + communityID + "/tiers")
	b.do("press Enter", chromedp.SendKeys(`[name="tiers[0].name"]`, "\r", chromedp.ByQuery))
	b.sees("Tiers saved", "Remove tier")
	b.until("both tiers are left", `document.querySelectorAll('[name$="].name"]').length === 2`)
}
