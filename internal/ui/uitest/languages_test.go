package uitest_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/i18n"
)

// TestPagesFitInEveryLanguage opens pages of a community in each language, on
// a phone and on a desk: no text makes a page wider than its window.
func TestPagesFitInEveryLanguage(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	root := installationOwner(t, b.app)
	communityID := b.app.Community(t)
	jobID := b.app.Import(t, communityID, b.app.Key(t, communityID), file, map[string]string{"mapping": `{"E-Mail":"email","Vorname":"first_name","Login":"username","Shirt":null}`}).JobID
	messageID := writeMail(t, b.app)
	ada, err := b.app.Members.Find(t.Context(), apptest.Operator, communityID, "ada")
	if err != nil {
		t.Fatal(err)
	}
	rootActor, err := b.app.Access.Authenticate(t.Context(), root.token)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.app.Ownership.AddOwner(t.Context(), actor.Actor{Kind: actor.Command}, communityID, rootActor.AccountID); err != nil {
		t.Fatal(err)
	}
	offered := offeredTo(t, b.app, rootActor)
	paths := []string{"/c/" + offered + "/home", "/-/jobs", "/-/mail", "/-/mail/" + messageID, "/account", "/c/" + communityID + "/members/" + ada.ID, "/c/" + communityID + "/bulk-jobs/" + jobID}
	for _, page := range []string{
		"members", "import", "bulk-jobs", "fields", "fields/new", "api-keys", "api-keys/new", "roles", "roles/new", "roles/permissions", "channels", "channels/new",
		"invites", "penalties", "audit-log", "settings/appearance", "settings/languages", "settings/joining", "settings/messages", "settings/danger", "reports",
	} {
		paths = append(paths, "/c/"+communityID+"/"+page)
	}
	b.do("sign in", minimize(), chromedp.Navigate(b.app.URL()+"/sign-in"), network.SetCookie("regulars", root.token).WithURL(b.app.URL()))
	rules := "" // axe looks at everything once
	for _, language := range i18n.Languages[1:] {
		b.do("speak "+language.String(), network.Enable(), network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": language.String()}))
		for _, path := range paths {
			b.open(path)
			var spoken string
			b.do("read the language", chromedp.Evaluate("document.documentElement.lang", &spoken))
			if spoken != language.String() {
				t.Errorf("%s is in %s, want %s", path, spoken, language)
			}
			name := language.String() + strings.NewReplacer("/", "-", offered, "offered", messageID, "message", communityID, "c", jobID, "job", ada.ID, "ada").Replace(path)
			for _, l := range []Appearance{
				{Name: "phone", Wide: 390, High: 844, Theme: "light", Touch: true, Rules: rules},
				{Name: "dark", Wide: 1280, High: 800, Theme: "dark", Rules: "none"},
			} {
				CheckPage(t, b.ctx, name, l)
			}
		}
		rules = "none"
	}
}
