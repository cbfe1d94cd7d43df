package uitest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/progress/level"
	"github.com/regulars/regulars/internal/sqldb"
)

// ruleForm is the form of XP rules as it is for a new community, with messages enabled.
func ruleForm() url.Values {
	form := url.Values{"version": {"1"}, "enabled": {"yes"}, "message.enabled": {"yes"}}
	for _, action := range []string{"message", "reply", "quote", "tradingDiscussions", "react", "visit", "picture", "aboutme"} {
		form.Set(action+".xp", "10")
		form.Set(action+".coins", "1")
	}
	for _, action := range []string{"message", "reply", "tradingDiscussions", "react"} {
		form.Set(action+".time", "60")
		form.Set(action+".dailyCap", "20")
	}
	return form
}

// tierForm is the form of two tiers.
func tierForm() url.Values {
	form := url.Values{"version": {"1"}, "enabled": {"yes"}, "showLevels": {"yes"}, "showTiers": {"yes"}, "demote": {"yes"}}
	for name, value := range map[string]string{
		"tiers[0].name": "Silver", "tiers[0].icon": "🥈", "tiers[0].levels[0].xp": "500", "tiers[0].levels[1].xp": "800", "tiers[0].levels[2].xp": "1200",
		"tiers[1].name": "Bronze", "tiers[1].levels[0].xp": "0", "tiers[1].levels[1].xp": "100", "tiers[1].levels[2].xp": "250",
	} {
		form.Set(name, value)
	}
	return form
}

// inputValue returns the value of an input of a page, "" if it has none.
func inputValue(text, name string) string {
	_, rest, found := strings.Cut(text, `name="`+name+`"`)
	if !found {
		return ""
	}
	tag, _, _ := strings.Cut(rest, ">")
	_, value, _ := strings.Cut(tag, `value="`)
	value, _, _ = strings.Cut(value, `"`)
	return value
}

func TestXPRulesAreEditedOnTheirPage(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		badgeMembers(t, a, communityID)
		address, max := "/c/"+communityID+"/xp-rules", staff(t, a, communityID, "max", "manage_gamification")
		if got := max.get(address); got.status != http.StatusOK || !strings.Contains(got.text, "A message earns nothing.") || strings.Contains(got.text, "analysis") {
			t.Fatalf("%d %s", got.status, got.text)
		}
		form := ruleForm()
		if got := max.get(address + "/preview?" + form.Encode()); got.status != http.StatusOK || !strings.Contains(got.text, "A message earns 10 XP and 1 coin.") || !strings.Contains(got.text, "20 of 50") {
			t.Errorf("%d %s", got.status, got.text)
		}
		for name, c := range map[string]struct{ value, says string }{
			"message.xp": {"ten", "0 to 1,000,000."}, "reply.time": {"90000", "0 to 86,400."}, "message.dailyCap": {"-2", "0 to 1,000,000, or nothing."}, "aboutme.enabled": {"yes", "Choose a field for text."},
		} {
			wrong := ruleForm()
			wrong.Set(name, c.value)
			if got := max.post(address, wrong); got.status != http.StatusBadRequest || !strings.Contains(got.text, c.says) || inputValue(got.text, name) != c.value {
				t.Errorf("%s: %d %s", name, got.status, got.text)
			}
		}
		general, err := a.Chat.CreateChannel(t.Context(), apptest.Operator, communityID, chat.Input{Topic: "general"})
		if err != nil {
			t.Fatal(err)
		}
		form["message.channels"] = []string{general.ID}
		form.Set("message.dailyCap", "")
		max.follow(address, form)
		got := max.get(address)
		if !strings.Contains(got.text, "A message earns 10 XP and 1 coin.") || !strings.Contains(got.text, "Without a daily cap: Messages.") || !strings.Contains(got.text, `value="`+general.ID+`" checked`) {
			t.Errorf("%s", got.text)
		}
		if got := max.post(address, form); got.status != http.StatusConflict || !strings.Contains(got.text, "changed meanwhile") {
			t.Errorf("%d %s", got.status, got.text)
		}
		if err := a.Chat.DeleteChannel(t.Context(), apptest.Operator, communityID, general.ID); err != nil {
			t.Fatal(err)
		}
		if got := max.get(address); !strings.Contains(got.text, "Hidden or deleted channel") {
			t.Errorf("%s", got.text)
		}
		_, token := a.Claim(t, communityID, "ada")
		ada := person{t, a, token}
		for _, path := range []string{"/xp-rules", "/xp-rules/preview", "/tiers", "/tiers/preview"} {
			if got := ada.get("/c/" + communityID + path); got.status != http.StatusForbidden {
				t.Errorf("%s: %d", path, got.status)
			}
		}
		if log := olivia.get("/c/" + communityID + "/audit-log"); !strings.Contains(log.text, "The XP rules were changed") {
			t.Error("the audit log has no change")
		}
	})
}

// postXP posts XP to a member.
func postXP(t *testing.T, a *apptest.App, communityID, username string, xp int64) {
	t.Helper()
	found, err := a.Members.Find(t.Context(), apptest.Operator, communityID, username)
	if err != nil {
		t.Fatal(err)
	}
	err = a.DB.Tx(t.Context(), func(tx *sqldb.Tx) error {
		_, err := a.Ledger.Post(t.Context(), tx, communityID, []ledger.Post{{UserID: found.ID, Unit: ledger.XP, Amount: xp, Source: ledger.Source{Type: ledger.FromAPI}}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTiersAreEditedOnTheirPage(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		badgeMembers(t, a, communityID)
		address, max := "/c/"+communityID+"/tiers", staff(t, a, communityID, "max", "manage_gamification")
		postXP(t, a, communityID, "ada", 900)
		if got := max.get(address); got.status != http.StatusOK || !strings.Contains(got.text, "No tiers.") || strings.Contains(got.text, "<select") {
			t.Fatalf("%d %s", got.status, got.text)
		}
		form := tierForm()
		form.Set("op", "add")
		if got := max.post(address, form); inputValue(got.text, "tiers[2].levels[0].xp") != "400" || inputValue(got.text, "tiers[1].name") != "Bronze" {
			t.Errorf("%s", got.text)
		}
		form.Set("op", "remove:0")
		if got := max.post(address, form); inputValue(got.text, "tiers[0].name") != "Bronze" || strings.Contains(got.text, "tiers[1].name") {
			t.Errorf("%s", got.text)
		}
		form.Del("op")
		counts := func(text, name, n string) bool {
			return strings.Contains(text, `<th scope="row">`+name+`</th><td class="num">`+n+`</td>`)
		}
		if got := max.get(address + "/preview?" + form.Encode()); !counts(got.text, "Silver", "1") || !counts(got.text, "Bronze", "3") || !counts(got.text, "No tier", "0") {
			t.Errorf("%s", got.text)
		}
		falling := tierForm()
		falling.Set("tiers[1].levels[2].xp", "600")
		if got := max.get(address + "/preview?" + falling.Encode()); !strings.Contains(got.text, "Check Silver.") {
			t.Errorf("%s", got.text)
		}
		if got := max.post(address, falling); got.status != http.StatusBadRequest || !strings.Contains(got.text, `id="f-tiers[1].levels[0].xp-error"`) {
			t.Errorf("%d %s", got.status, got.text)
		}
		unnamed := tierForm()
		unnamed.Set("tiers[1].name", "")
		unnamed.Set("tiers[0].levels[1].xp", "many")
		if got := max.post(address, unnamed); got.status != http.StatusBadRequest || !strings.Contains(got.text, `id="f-tiers[0].name-error"`) || !strings.Contains(got.text, `id="f-tiers[1].levels[1].xp-error"`) {
			t.Errorf("%d %s", got.status, got.text)
		}
		role, err := a.Access.CreateRole(t.Context(), apptest.Operator, communityID, access.RoleInput{Title: "Regular", Order: 1})
		if err != nil {
			t.Fatal(err)
		}
		staffed, err := a.Access.CreateRole(t.Context(), apptest.Operator, communityID, access.RoleInput{Title: "Bouncer", Order: 1, ServerPermissions: map[string]bool{"ban_members": true}})
		if err != nil {
			t.Fatal(err)
		}
		form.Set("tiers[0].roleId", role.ID)
		if got := max.post(address, form); got.status != http.StatusForbidden || !strings.Contains(got.text, "permission") {
			t.Errorf("%d %s", got.status, got.text)
		}
		form.Set("tiers[0].roleId", staffed.ID)
		if got := olivia.post(address, form); got.status != http.StatusBadRequest || !strings.Contains(got.text, `id="f-tiers[1].roleId-error"`) {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := olivia.get(address); strings.Contains(got.text, ">Bouncer<") {
			t.Error("a role with server permissions is offered")
		}
		form.Set("tiers[0].roleId", role.ID)
		olivia.follow(address, form)
		got := max.get(address)
		if inputValue(got.text, "tiers[0].name") != "Bronze" || inputValue(got.text, "tiers[1].icon") != "🥈" || inputValue(got.text, "tiers[1].roleId") != role.ID {
			t.Errorf("%s", got.text)
		}
		if got := max.post(address, form); got.status != http.StatusConflict || !strings.Contains(got.text, "changed meanwhile") {
			t.Errorf("%d %s", got.status, got.text)
		}
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for moving := true; moving; <-tick.C { // the job of the last change
			s, err := level.Load(t.Context(), a.DB, communityID)
			if err != nil {
				t.Fatal(err)
			}
			moving = s.Recomputing
		}
		err = a.DB.Tx(t.Context(), func(tx *sqldb.Tx) error {
			s, err := level.Lock(t.Context(), tx, communityID)
			if err != nil {
				return err
			}
			s.Recomputing = true
			return level.Save(t.Context(), tx, communityID, s)
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := max.get(address); !strings.Contains(got.text, "Members are moving to the saved tiers.") {
			t.Errorf("%s", got.text)
		}
		if log := olivia.get("/c/" + communityID + "/audit-log"); !strings.Contains(log.text, "The tiers were changed") {
			t.Error("the audit log has no change")
		}
	})
}

// previewFirst checks that the preview of an editor is above its button on the page that was
// last seen at the width of a phone, and that the keyboard reaches the button after it.
func (b *browser) previewFirst(preview, button string) {
	b.Helper()
	b.until("the preview is above "+button, fmt.Sprintf(`(() => {
		const p = document.querySelector(%q), s = [...document.querySelectorAll("button")].find(e => e.innerText === %q);
		return innerWidth === 390 && p.getBoundingClientRect().height > 0 && p.getBoundingClientRect().bottom <= s.getBoundingClientRect().top &&
			!!(p.compareDocumentPosition(s) & Node.DOCUMENT_POSITION_FOLLOWING);
	})()`, preview, button))
}

func TestEditorsOfProgressFit(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID, olivia := owner(t, b.app)
	badgeMembers(t, b.app, communityID)
	postXP(t, b.app, communityID, "ada", 900)
	home := "/c/" + communityID
	if _, err := b.app.Chat.CreateChannel(t.Context(), apptest.Operator, communityID, chat.Input{Topic: "general"}); err != nil {
		t.Fatal(err)
	}
	b.do("sign in", minimize(), chromedp.Navigate(b.app.URL()+"/sign-in"), network.SetCookie("regulars", olivia.token).WithURL(b.app.URL()))
	fits := func(name string) {
		t.Helper()
		for _, l := range []Appearance{{Name: "light", Wide: 1440, High: 900, Theme: "light"}, {Name: "dark", Wide: 1440, High: 900, Theme: "dark"}, {Name: "phone", Wide: 390, High: 844, Theme: "light", Touch: true}} {
			CheckPage(t, b.ctx, name, l)
		}
	}
	b.open(home + "/xp-rules")
	b.do("enable messages", chromedp.Click(`[name="message.enabled"]`), chromedp.Click(`[name="react.enabled"]`), chromedp.Click(`[name="visit.enabled"]`), chromedp.Click(`[name="picture.enabled"]`))
	b.until("the preview shows what a message earns", `document.querySelector("#preview").innerText.includes("A message earns 10 XP and 1 coin.")`)
	b.do("choose a channel", chromedp.Click(`.option details summary`, chromedp.ByQuery), chromedp.Click(`[name="message.channels"]`, chromedp.ByQuery))
	fits("xp-rules")
	b.previewFirst("#preview", "Save rules")
	b.fill("message.xp", "many")
	b.press("Save rules")
	b.sees("Enter a whole number from 0 to 1,000,000.")
	fits("xp-rules-wrong")

	b.open(home + "/tiers")
	fits("tiers-none")
	b.press("Add tier")
	b.until("the new tier has the focus", `document.activeElement.name === "tiers[0].name"`)
	b.fill("tiers[0].name", "Bronze")
	b.press("Add tier")
	b.fill("tiers[1].name", "Silver")
	b.until("the preview shows the members", `document.querySelector("#preview").innerText.replace(/\s+/g, " ").includes("Silver 1 Bronze 3 No tier 0")`)
	b.press("Save tiers")
	b.sees("Tiers saved")
	b.until("the members have moved", `!document.querySelector("#recomputing").innerText`)
	fits("tiers")
	b.previewFirst("#preview", "Save tiers")
	b.do("remove the second", chromedp.Click(`#remove-tier-1`))
	b.until("one is left", `document.querySelectorAll('[name$="].name"]').length === 1`)
	b.fill("tiers[0].levels[1].xp", "0")
	b.until("the preview says why", `document.querySelector("#preview").innerText.includes("Check Bronze.")`)
	b.press("Save tiers")
	b.sees("This threshold is not above the one before it.")
	fits("tiers-wrong")
	b.do("read German", network.Enable(), network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": "de"}))
	for name, path := range map[string]string{"xp-rules": "/xp-rules", "tiers": "/tiers"} {
		b.open(home + path)
		CheckPage(t, b.ctx, name, Appearance{Name: "german", Wide: 390, High: 844, Theme: "light", Touch: true})
	}
}
