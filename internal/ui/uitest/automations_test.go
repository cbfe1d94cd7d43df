package uitest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/message/post"
)

// welcome is the form of an automation that greets in a channel.
func welcome(t *testing.T, a *apptest.App, communityID string) url.Values {
	t.Helper()
	made, err := a.Chat.CreateChannel(t.Context(), apptest.Operator, communityID, chat.Input{Topic: "lobby"})
	if err != nil {
		t.Fatal(err)
	}
	return url.Values{
		"name": {"Greeter"}, "enabled": {"yes"}, "event": {"message.posted"}, "condition": {`user.username == "ada"`}, "perMember": {"1"},
		"type0": {"grant"}, "amount0": {"25"}, "unit0": {"coins"}, "reason0": {"Welcome"},
		"type2": {"message"}, "channel2": {made.ID}, "message2": {"Welcome {{user.displayName}}"},
	}
}

// say posts a message of a member.
func say(t *testing.T, a *apptest.App, communityID, channelID, member, text string) {
	t.Helper()
	if _, err := a.Posts.Send(t.Context(), apptest.Operator, communityID, channelID, post.Input{Text: text, Sender: member}); err != nil {
		t.Fatal(err)
	}
}

// fired waits until the log of an automation has entries.
func fired(t *testing.T, a *apptest.App, communityID, automationID string, n int) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), apptest.Timeout)
	defer stop()
	for {
		list, _, err := a.Firings.Log(ctx, apptest.Operator, communityID, automationID, "", "", 100)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) >= n {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%d entries in the log, want %d", len(list), n)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestAutomationsAreManagedOnTheirPages(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, _ := owner(t, a)
		badgeMembers(t, a, communityID)
		home, max := "/c/"+communityID+"/automations", staff(t, a, communityID, "max", "manage_gamification")
		if got := max.get(home); got.status != http.StatusOK || !strings.Contains(got.text, "No automations") {
			t.Fatalf("%d %s", got.status, got.text)
		}
		if got := max.get(home + "/values?event=message.posted"); !strings.Contains(got.text, "event.data.message.message") || !strings.Contains(got.text, "user.totalMessages") {
			t.Errorf("%s", got.text)
		}
		types, err := a.Automations.EventTypes(t.Context(), apptest.Operator, communityID)
		if err != nil {
			t.Fatal(err)
		}
		for editor, i := max.get(home+"/new").text, 0; i < len(types); i++ {
			if !strings.Contains(editor, `value="`+types[i].Name+`"`) || strings.Contains(editor, ">"+types[i].Name+"</option>") {
				t.Errorf("%s has no label", types[i].Name)
			}
		}
		form := welcome(t, a, communityID)
		form.Set("condition", "user.age > 1")
		form.Set("amount0", "many")
		if got := max.post(home, form); got.status != http.StatusBadRequest || !strings.Contains(got.text, "An amount is a whole number") || !strings.Contains(got.text, "Greeter") {
			t.Errorf("%d %s", got.status, got.text)
		}
		form.Set("amount0", "25")
		if got := max.post(home, form); got.status != http.StatusBadRequest || !strings.Contains(got.text, "line 1, column 6") {
			t.Errorf("%d %s", got.status, got.text)
		}
		form.Set("condition", `user.username == "ada"`)
		page := max.follow(home, form)
		if got := max.get(page); !strings.Contains(got.text, "Welcome {{user.displayName}}") || !strings.Contains(got.text, `value="25"`) {
			t.Errorf("%s", got.text)
		}
		automationID, channelID := strings.TrimPrefix(page, home+"/"), form.Get("channel2")
		say(t, a, communityID, channelID, "ada", "hello")
		say(t, a, communityID, channelID, "ada", "again")
		fired(t, a, communityID, automationID, 2)
		if got := max.get(page + "/log"); !strings.Contains(got.text, "The limit for a member is reached.") || !strings.Contains(got.text, "Post XP or coins, Send a message") {
			t.Errorf("%s", got.text)
		}
		if got := max.get(page + "/log?outcome=failed"); !strings.Contains(got.text, "No entries") {
			t.Errorf("%s", got.text)
		}
		if got := max.get(page + "?events=10"); !strings.Contains(got.text, "Of the newest 3 events 2 would have triggered it.") || !strings.Contains(got.text, "Welcome ada") {
			t.Errorf("%s", got.text)
		}
		form.Set("version", "1")
		form.Set("name", "Renamed")
		max.follow(page, form)
		if got := max.post(page, form); got.status != http.StatusConflict || !strings.Contains(got.text, "changed meanwhile") {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := max.get(home); !strings.Contains(got.text, "Renamed") || !strings.Contains(got.text, "Enabled") {
			t.Errorf("%s", got.text)
		}
		max.follow(page+"/delete", url.Values{})
		if got := max.get(page); got.status != http.StatusNotFound {
			t.Errorf("%d after the deletion", got.status)
		}
		_, token := a.Claim(t, communityID, "mia")
		if got := (person{t, a, token}).get(home); got.status != http.StatusForbidden {
			t.Errorf("a member: %d", got.status)
		}
	})
}

func TestAutomationPagesFit(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID, olivia := owner(t, b.app)
	badgeMembers(t, b.app, communityID)
	home, form := "/c/"+communityID+"/automations", welcome(t, b.app, communityID)
	page := olivia.follow(home, form)
	for _, member := range []string{"ada", "mia", "ada"} {
		say(t, b.app, communityID, form.Get("channel2"), member, "hello")
	}
	fired(t, b.app, communityID, strings.TrimPrefix(page, home+"/"), 2)
	b.do("sign in", minimize(), chromedp.Navigate(b.app.URL()+"/sign-in"), network.SetCookie("regulars", olivia.token).WithURL(b.app.URL()))
	for name, path := range map[string]string{"automations": home, "automation-edit": page + "?events=10", "automation-log": page + "/log"} {
		b.open(path)
		for _, l := range []Appearance{{Name: "light", Wide: 1440, High: 900, Theme: "light"}, {Name: "dark", Wide: 1440, High: 900, Theme: "dark"}, {Name: "phone", Wide: 390, High: 844, Theme: "light", Touch: true}} {
			CheckPage(t, b.ctx, name, l)
		}
	}
	b.open(home + "/new")
	b.do("choose an event and an action", chromedp.SetValue(`#f-type1`, "message"), chromedp.Evaluate(`{ const e = document.querySelector("#f-event"); e.value = "badge.awarded"; e.dispatchEvent(new Event("change", {bubbles: true})) }`, nil))
	b.until("the values are those of the event", `document.querySelector("#event-values").innerHTML.includes("event.data.badge.title")`)
	for id, shown := range map[string]bool{"#f-message1": true, "#f-amount1": false, "#f-type2": true, "#f-type3": false} {
		b.until(fmt.Sprintf("%s is shown: %v", id, shown), fmt.Sprintf(`(document.querySelector(%q).offsetParent !== null) === %v`, id, shown))
	}
}
