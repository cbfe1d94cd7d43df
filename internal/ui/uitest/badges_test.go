package uitest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
)

// badgeMembers adds ada, mia and max to a community.
func badgeMembers(t *testing.T, a *apptest.App, communityID string) {
	t.Helper()
	a.Import(t, communityID, a.Key(t, communityID), "Email,Username,First Name,Last Name,Country\nada@example.com,ada,Ada,L,DE\nmia@example.com,mia,Mia,M,FR\nmax@example.com,max,Max,M,DE\n", nil)
}

// newBadge creates a badge on the pages and returns its page.
func newBadge(by person, communityID string, form url.Values) string {
	by.Helper()
	return strings.TrimSuffix(by.follow("/c/"+communityID+"/badges", form), "/edit")
}

func TestBadgesAreManagedOnTheirPages(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, _ := owner(t, a)
		badgeMembers(t, a, communityID)
		home, mia := "/c/"+communityID, staff(t, a, communityID, "mia", "manage_gamification") // whose visits meet no condition
		if got := mia.get(home + "/badges"); got.status != http.StatusOK || !strings.Contains(got.text, "No badges") || !strings.Contains(got.text, "New badge") {
			t.Fatalf("%d %s", got.status, got.text)
		}
		german := url.Values{"title": {"German"}, "action": {"conditions"}, "operator": {"and"}, "subject0": {"field:country"}, "op0": {"eq"}, "value0": {"Germany"}, "awardXpQuantity": {"7"}}
		if got := mia.get(home + "/badges/preview?" + german.Encode()); got.status != http.StatusOK || !strings.Contains(got.text, "2 members have reached this.") {
			t.Errorf("%d %s", got.status, got.text)
		}
		wrong := url.Values{"title": {"Kept"}, "action": {"conditions"}, "operator": {"and"}, "subject0": {"action:messages"}, "op0": {"gte"}, "value0": {"many"}}
		if got := mia.post(home+"/badges", wrong); got.status != http.StatusBadRequest || !strings.Contains(got.text, "Kept") || !strings.Contains(got.text, "whole number") {
			t.Errorf("%d %s", got.status, got.text)
		}
		page := newBadge(mia, communityID, german)
		if got := mia.get(page + "/edit"); !strings.Contains(got.text, "2 members have reached this.") || !strings.Contains(got.text, `value="DE"`) {
			t.Errorf("%s", got.text)
		}
		german.Set("title", "From Germany")
		german.Set("version", "1")
		mia.follow(page, german)
		german.Set("title", "Stale")
		if got := mia.post(page, german); got.status != http.StatusConflict || !strings.Contains(got.text, "changed meanwhile") {
			t.Errorf("%d %s", got.status, got.text)
		}
		body, kind := apptest.Form(t, "picture.png", smallPicture(t), nil)
		if got := mia.send(http.MethodPost, page+"/picture", strings.NewReader(strings.ReplaceAll(string(body), `name="data"`, `name="picture"`)), map[string]string{"Content-Type": kind}); got.status != http.StatusSeeOther {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := mia.get(page); !strings.Contains(got.text, "/media/"+communityID) {
			t.Error("the badge has no picture")
		}
		mia.follow(page+"/award", url.Values{"user": {"ada"}, "op": {"award"}})
		if got := mia.get(page); !strings.Contains(got.text, "From Germany") || !strings.Contains(got.text, "1 member has this badge.") || !strings.Contains(got.text, "Pays 7 XP.") {
			t.Errorf("%s", got.text)
		}
		if got := mia.post(page+"/award", url.Values{"user": {"nobody"}, "op": {"award"}}); got.status != http.StatusNotFound {
			t.Errorf("%d %s", got.status, got.text)
		}
		mia.follow(page+"/award", url.Values{"user": {"ada"}, "op": {"remove"}})
		if got := mia.get(page); !strings.Contains(got.text, "0 members have this badge.") {
			t.Errorf("%s", got.text)
		}
		mia.follow(page+"/evaluate", url.Values{})
		if got := mia.get(page); !strings.Contains(got.text, "valuation") {
			t.Errorf("%s", got.text)
		}
		mia.follow(page+"/delete", url.Values{})
		if got := mia.get(page); got.status != http.StatusNotFound {
			t.Errorf("%d after the deletion", got.status)
		}
	})
}

func TestMembersApplyForBadgesOnTheirPages(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		badgeMembers(t, a, communityID)
		home, mia := "/c/"+communityID, staff(t, a, communityID, "mia", "moderate_content")
		page := newBadge(olivia, communityID, url.Values{"title": {"Speaker"}, "action": {"custom"}})
		counted := newBadge(olivia, communityID, url.Values{"title": {"Writer"}, "action": {"messages"}, "quantity": {"5"}})
		_, token := a.Claim(t, communityID, "ada")
		ada := person{t, a, token}
		if got := ada.get(home + "/badges"); !strings.Contains(got.text, "0 of 5") || strings.Contains(got.text, "New badge") || strings.Contains(got.text, "badge-applications") {
			t.Errorf("%s", got.text)
		}
		if got := ada.get(counted); got.status != http.StatusOK || strings.Contains(got.text, "Apply for the badge") || strings.Contains(got.text, "Edit badge") {
			t.Errorf("%d %s", got.status, got.text)
		}
		for _, path := range []string{page + "/edit", home + "/badges/new", home + "/badge-applications"} {
			if got := ada.get(path); got.status != http.StatusForbidden {
				t.Errorf("%s: %d", path, got.status)
			}
		}
		apply := func() {
			t.Helper()
			body, kind := apptest.Form(t, "proof.png", smallPicture(t), map[string]string{"text": "I spoke <b>twice</b>"})
			got := ada.send(http.MethodPost, page+"/apply", strings.NewReader(strings.ReplaceAll(string(body), `name="data"`, `name="image"`)), map[string]string{"Content-Type": kind})
			if got.status != http.StatusSeeOther {
				t.Fatalf("%d %s", got.status, got.text)
			}
		}
		apply()
		if got := ada.get(page); !strings.Contains(got.text, "You have applied") || strings.Contains(got.text, "Apply for the badge") {
			t.Errorf("%s", got.text)
		}
		decide := func(decision, reason string) {
			t.Helper()
			shown := mia.get(home + "/badge-applications")
			if !strings.Contains(shown.text, "I spoke &lt;b&gt;twice") || !strings.Contains(shown.text, "ada applies for Speaker") {
				t.Fatalf("%s", shown.text)
			}
			_, rest, _ := strings.Cut(shown.text, home+"/badge-applications/")
			mia.follow(home+"/badge-applications/"+rest[:24], url.Values{"decision": {decision}, "reason": {reason}})
		}
		decide("reject", "Where?")
		if got := ada.get(page); !strings.Contains(got.text, "Your last application was rejected.") || !strings.Contains(got.text, "Where?") {
			t.Errorf("%s", got.text)
		}
		apply()
		decide("approve", "")
		if got := ada.get(page); !strings.Contains(got.text, "You have it") {
			t.Errorf("%s", got.text)
		}
		if got := mia.get(home + "/badge-applications?status=approved"); !strings.Contains(got.text, "ada applies for Speaker") {
			t.Errorf("%s", got.text)
		}
		if log := olivia.get(home + "/audit-log"); !strings.Contains(log.text, "An application for the badge") {
			t.Error("the audit log has no decision")
		}
	})
}

func TestBadgePagesFit(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID, olivia := owner(t, b.app)
	badgeMembers(t, b.app, communityID)
	newBadge(olivia, communityID, url.Values{"title": {"Writer"}, "action": {"messages"}, "quantity": {"5"}, "description": {"Five messages"}})
	page := newBadge(olivia, communityID, url.Values{"title": {"Speaker"}, "action": {"custom"}})
	ada, _ := b.app.Claim(t, communityID, "ada")
	if _, err := b.app.Applications.Create(t.Context(), actor.Actor{Kind: actor.Session, AccountID: ada.ID, Name: "ada"}, communityID, strings.TrimPrefix(page, "/c/"+communityID+"/badges/"), "I spoke", nil); err != nil {
		t.Fatal(err)
	}
	b.do("sign in", minimize(), chromedp.Navigate(b.app.URL()+"/sign-in"), network.SetCookie("regulars", olivia.token).WithURL(b.app.URL()))
	for name, path := range map[string]string{"badges": "/c/" + communityID + "/badges", "badge": page, "badge-applications": "/c/" + communityID + "/badge-applications", "badge-edit": page + "/edit"} {
		b.open(path)
		for _, l := range []Appearance{{Name: "light", Wide: 1440, High: 900, Theme: "light"}, {Name: "dark", Wide: 1440, High: 900, Theme: "dark"}, {Name: "phone", Wide: 390, High: 844, Theme: "light", Touch: true}} {
			CheckPage(t, b.ctx, name, l)
		}
	}
	b.open("/c/" + communityID + "/badges/new")
	b.do("choose conditions", chromedp.SetValue(`[name="action"]`, "conditions"), chromedp.SetValue(`[name="subject0"]`, "field:country"), chromedp.SetValue(`[name="op0"]`, "eq"), chromedp.SendKeys(`[name="value0"]`, "DE"))
	b.until("the preview shows who has reached it", `document.querySelector("#reached").innerText.includes("2 members have reached this")`)
	CheckPage(t, b.ctx, "badge-conditions", Appearance{Name: "phone", Wide: 390, High: 844, Theme: "light", Touch: true})
	b.previewFirst("#reached", "Save badge")
}
