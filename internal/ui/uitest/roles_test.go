package uitest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/community"
)

func (p person) roleID(communityID, title string) string {
	p.Helper()
	roles, err := p.app.Access.Roles(p.Context(), apptest.Operator, communityID)
	if err != nil {
		p.Fatal(err)
	}
	for _, r := range roles {
		if r.Title == title {
			return r.ID
		}
	}
	p.Fatalf("no role %s", title)
	return ""
}

func TestRolesAreManagedWithoutScript(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, olivia := owner(t, a)
		base := "/c/" + home + "/roles"
		at := olivia.follow(base, url.Values{"title": {"Coach"}, "order": {"5"}, "class": {"#00aa00"}, "server": {"manage_roles"}, "channel": {"pinable", "post_messages"}})
		coach := olivia.roleID(home, "Coach")
		if at != base+"/"+coach {
			t.Errorf("it leads to %s", at)
		}
		if got := olivia.post(base, url.Values{"title": {"a,b"}, "order": {"x"}}); got.status != 400 || !strings.Contains(got.text, "A title has 1 to 50 characters") || !strings.Contains(got.text, "The order of a role is 0 to 10000") {
			t.Errorf("%d %.300s", got.status, got.text)
		}
		olivia.follow(base+"/"+coach, url.Values{"title": {"Coaches"}, "order": {"6"}, "class": {"#00aa00"}, "channel": {"post_messages"}})
		role, err := access.RoleByID(t.Context(), a.DB, home, coach)
		if err != nil || role.Title != "Coaches" || role.Order != 6 || role.ServerPermissions["manage_roles"] || role.ChannelPermissions["pinable"] {
			t.Errorf("%+v %v", role, err)
		}
		everyone := olivia.roleID(home, "@all")
		olivia.follow(base+"/permissions", url.Values{"role": {coach, everyone}, "grant": {coach + ":warn_members", everyone + ":post_messages", everyone + ":view_message_history"}})
		role, err = access.RoleByID(t.Context(), a.DB, home, everyone)
		if err != nil || role.ChannelPermissions["share_links"] || !role.ChannelPermissions["post_messages"] {
			t.Errorf("%+v %v", role, err)
		}
		a.Import(t, home, a.Key(t, home), "Email,Username,First Name,Last Name\nmia@example.com,mia,Mia,M\n", nil)
		olivia.follow(base+"/"+coach+"/members", url.Values{"user": {"mia"}})
		mia, err := a.Members.Find(t.Context(), apptest.Operator, home, "mia")
		if err != nil || len(mia.RoleIDs) != 1 {
			t.Errorf("%+v %v", mia, err)
		}
		if got := olivia.get(base + "/" + coach); !strings.Contains(got.text, "Mia M") || !strings.Contains(got.text, "1 member") {
			t.Errorf("%d %.300s", got.status, got.text)
		}
		if got := olivia.post(base+"/"+coach+"/members", url.Values{"user": {"nobody"}}); got.status != 404 || !strings.Contains(got.text, `value="nobody"`) {
			t.Errorf("%d %.300s", got.status, got.text)
		}
		olivia.follow(base+"/"+coach+"/members/"+mia.ID+"/remove", nil)
		if got := olivia.post(base+"/"+everyone+"/delete", nil); got.status != 409 {
			t.Errorf("%d %.300s", got.status, got.text)
		}
		olivia.follow(base+"/"+coach+"/delete", nil)
		if got := olivia.get(base + "/" + coach); got.status != 404 {
			t.Errorf("%d %.300s", got.status, got.text)
		}
	})
}

func TestRoleIsAssignedToSelectedMembersAndRefusalsAreListed(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, olivia := owner(t, a)
		if _, err := a.Access.CreateRole(t.Context(), actor.Actor{Kind: actor.Command}, home, access.RoleInput{Title: "Coach", Order: 5}); err != nil {
			t.Fatal(err)
		}
		a.Import(t, home, a.Key(t, home), "Email,Username,First Name,Last Name\nmia@example.com,mia,Mia,M\n", nil)
		mia, err := a.Members.Find(t.Context(), apptest.Operator, home, "mia")
		if err != nil {
			t.Fatal(err)
		}
		list := "/c/" + home + "/members"
		form := url.Values{"user": {mia.ID, "6a21d1c09f3b0c4d5e6f7a8b"}, "label": {"Coach"}, "action": {"add"}, "back": {list + "?q=m"}}
		got := olivia.post(list+"/actions", form)
		for _, want := range []string{"1 member was changed", "1 stayed as it was", "User not found.", `href="` + list + `?q=m"`} {
			if got.status != 200 || !strings.Contains(got.text, want) {
				t.Errorf("%d, without %s: %.300s", got.status, want, got.text)
			}
		}
		form["user"], form["action"] = form["user"][:1], []string{"remove"}
		if at := olivia.follow(list+"/actions", form); at != list+"?q=m" {
			t.Errorf("it leads to %s", at)
		}
		if mia, err = a.Members.Find(t.Context(), apptest.Operator, home, "mia"); err != nil || len(mia.RoleIDs) != 0 {
			t.Errorf("%v %v", mia.RoleIDs, err)
		}
	})
}

func TestPreviewOfARoleShowsTheViewOfItsMembers(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, olivia := owner(t, a)
		command := actor.Actor{Kind: actor.Command}
		role, err := a.Access.CreateRole(t.Context(), command, home, access.RoleInput{Title: "Coach", Order: 5})
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range []chat.Input{{Topic: "open-to-all"}, {Topic: "for-coaches", Private: true}, {Topic: "for-the-board", Private: true}} {
			ch, err := a.Chat.CreateChannel(t.Context(), command, home, in)
			if err == nil && in.Topic == "for-coaches" {
				_, err = a.Chat.SetOverrides(t.Context(), command, home, ch.ID, []chat.OverrideInput{
					{RoleID: olivia.roleID(home, "@all"), Deny: []string{"view_message_history"}}, {RoleID: role.ID, Allow: []string{"view_message_history"}},
				})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		for title, seen := range map[string]string{"Coach": "open-to-all for-coaches", "@all": "open-to-all"} {
			got := olivia.get("/c/" + home + "/roles/" + olivia.roleID(home, title) + "/view")
			before, after, _ := strings.Cut(got.text, "Channels hidden from it")
			for _, topic := range []string{"open-to-all", "for-coaches", "for-the-board"} {
				if want := strings.Contains(seen, topic); strings.Contains(before, topic) != want || strings.Contains(after, topic) == want {
					t.Errorf("%s, %s: seen %v", title, topic, strings.Contains(before, topic))
				}
			}
		}
	})
}

func TestPermissionsOfAPrivateChannelKeepItPrivate(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, olivia := owner(t, a)
		everyone := "role:" + olivia.roleID(home, "@all")
		at := olivia.follow("/c/"+home+"/channels", url.Values{"topic": {"staff"}, "private": {"true"}})
		_, fields, _ := strings.Cut(olivia.get(at+"/permissions").text, `name="`+everyone+`:view_message_history"`)
		field, _, _ := strings.Cut(fields, "</select>")
		if !strings.Contains(field, `value="deny" selected`) || strings.Count(field, "<option") != 1 {
			t.Errorf("the choices for @all: %s", field)
		}
		for says, status := range map[string]int{"": http.StatusSeeOther, "deny": http.StatusSeeOther, "allow": http.StatusConflict} {
			form := url.Values{"subject": {everyone}, everyone + ":view_message_history": {says}, everyone + ":post_messages": {"deny"}}
			if got := olivia.post(at+"/permissions", form); got.status != status {
				t.Errorf("%q: %d %.300s", says, got.status, got.text)
			}
			all, err := a.Chat.Channels(t.Context(), actor.Actor{Kind: actor.Command}, home)
			if err != nil || len(all) != 1 || !all[0].Private {
				t.Errorf("%q: %+v %v", says, all, err)
			}
		}
	})
}

func TestIframeChannelShowsItsOriginOnly(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, olivia := owner(t, a)
		if _, err := a.Communities.Update(t.Context(), home, community.Change{AllowedFrameOrigins: &[]string{"https://board.example", "https://other.example"}}, actor.Actor{}); err != nil {
			t.Fatal(err)
		}
		at := olivia.follow("/c/"+home+"/channels", url.Values{"topic": {"Board"}, "channelType": {"iframe"}, "url": {"https://board.example/week?a=b#c"}})
		got := olivia.get(at + "/view")
		if policy := got.header.Get("Content-Security-Policy"); !strings.HasSuffix(policy, "frame-ancestors 'none'; frame-src https://board.example") || !strings.HasPrefix(policy, "default-src 'none'") {
			t.Errorf("policy %s", policy)
		}
		if !strings.Contains(got.text, `src="https://board.example/week?a=b#c"`) || !strings.Contains(got.text, "sandbox=") {
			t.Errorf("%.600s", got.text)
		}
		if policy := olivia.get(at).header.Get("Content-Security-Policy"); strings.Contains(policy, "frame-src") {
			t.Errorf("another page may frame: %s", policy)
		}
		olivia.follow("/c/"+home+"/channels/origins", url.Values{"origins": {"https://other.example"}})
		if got := olivia.get(at + "/view"); got.status != http.StatusConflict || strings.Contains(got.header.Get("Content-Security-Policy"), "frame-src") {
			t.Errorf("%d %s", got.status, got.header.Get("Content-Security-Policy"))
		}
		if got := olivia.post("/c/"+home+"/channels/origins", url.Values{"origins": {"http://evil.example"}}); got.status != 400 || !strings.Contains(got.text, "http://evil.example") {
			t.Errorf("%d %.300s", got.status, got.text)
		}
		for _, address := range []string{"javascript:alert(1)", "https://evil.example/", "https://u:p@other.example/"} {
			if got := olivia.post("/c/"+home+"/channels", url.Values{"topic": {"x"}, "channelType": {"iframe"}, "url": {address}}); got.status != 400 {
				t.Errorf("%s: %d", address, got.status)
			}
		}
	})
}

func TestRolesAndChannelsInTheBrowser(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	home := b.signIn()
	b.open("/c/" + home + "/roles/new")
	b.fill("title", "Coach")
	b.fill("order", "5")
	b.do("allow", chromedp.Click(`input[value="manage_channels"]`, chromedp.ByQuery))
	b.press("Create role")
	b.sees("Role Coach created", "No member has it yet.")
	b.fill("user", "nobody")
	b.press("Assign role")
	b.sees("User not found.")
	b.check("role")
	b.open("/c/" + home + "/roles/permissions")
	b.do("allow in the table", chromedp.Click(`//tr[th[normalize-space()="Warn members"]]//input[contains(@value, ":warn_members")][not(@disabled)]`, chromedp.BySearch))
	b.press("Save")
	b.sees("Saved")
	b.check("role-matrix")

	b.open("/c/" + home + "/channels")
	b.sees("No channels yet")
	b.fill("name", "Matches")
	b.press("Create category")
	b.sees("Category Matches created")
	for _, topic := range []string{"lobby", "news"} {
		b.open("/c/" + home + "/channels/new")
		b.fill("topic", topic)
		b.press("Create channel")
		b.sees("Channel " + topic + " created")
	}
	b.open("/c/" + home + "/channels")
	topics := func(want string) {
		t.Helper()
		b.until("the channels are "+want, `[...document.querySelectorAll("[data-category]")].map(g => g.dataset.category.slice(0, 1).replace(/./, "/") + [...g.querySelectorAll("[data-channel] a")].map(a => a.innerText).join(",")).join(" ") === "`+want+`"`)
	}
	topics("lobby,news /")
	b.do("go to the button by keyboard and press it", chromedp.Focus(`[aria-label="Move lobby down"]`, chromedp.ByQuery), chromedp.KeyEvent("\r"))
	topics("news,lobby /")
	b.until("the button keeps the focus", `document.activeElement.getAttribute("aria-label") === "Move lobby down"`)
	b.do("once more", chromedp.KeyEvent("\r"))
	topics("news /lobby")
	b.until("the new page handles drags", `customElements.get("channel-tree") !== undefined`)
	b.do("drag", chromedp.Evaluate(`(() => {
		const data = new DataTransfer(), event = (name, at) => at.dispatchEvent(new DragEvent(name, {bubbles: true, cancelable: true, dataTransfer: data}));
		const [news, lobby] = [...document.querySelectorAll("[data-channel]")];
		event("dragstart", lobby); event("dragover", news); event("drop", news);
	})()`, nil))
	topics("lobby,news /")
	b.check("channels")

	b.press("lobby")
	b.sees("Visible only to the roles and members that its permissions allow.", "Delete the channel")
	b.press("Permissions")
	b.sees("Add a column")
	b.press("For this role")
	b.until("the column of the role is there", `document.querySelector('select[aria-label="Coach: See the channel"]') !== null`)
	b.do("deny everybody", chromedp.SetValue(`select[aria-label="@all: See the channel"]`, "deny", chromedp.ByQuery), chromedp.SetValue(`select[aria-label="Coach: See the channel"]`, "allow", chromedp.ByQuery))
	b.press("Save")
	b.sees("Saved")
	b.fill("user", "olivia")
	b.press("Explain")
	b.sees("They own the community.")
	b.check("channel-permissions")
}

// TestFramedPageIsShownAndOthersAreBlocked lets a real page into a channel:
// the policy of the browser decides.
func TestFramedPageIsShownAndOthersAreBlocked(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	home := b.signIn()
	asked := make(chan string, 9)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path + " " + r.Referer()
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><title>x</title><p>The board</p>`)) // a recorder takes it
	}))
	t.Cleanup(site.Close)
	if _, err := b.app.Communities.Update(t.Context(), home, community.Change{AllowedFrameOrigins: &[]string{site.URL}}, actor.Actor{}); err != nil {
		t.Fatal(err)
	}
	ch, err := b.app.Chat.CreateChannel(t.Context(), actor.Actor{Kind: actor.Command}, home, chat.Input{Topic: "Board", Type: chat.Iframe, URL: site.URL + "/week"})
	if err != nil {
		t.Fatal(err)
	}
	b.open("/c/" + home + "/channels/" + ch.ID + "/view")
	if got := <-asked; got != "/week " {
		t.Errorf("the page was asked for as %q", got)
	}
	b.sees("Your input there is sent to that site.")
	CheckPage(t, b.ctx, "real-channel-frame", Appearance{Name: "light", Wide: 1440, High: 900, Theme: "light", Rules: "none"})
	b.do("leave the page around it", chromedp.Evaluate(`document.querySelector("iframe").remove()`, nil)) // axe would look into it
	b.check("channel-around-frame")
}
