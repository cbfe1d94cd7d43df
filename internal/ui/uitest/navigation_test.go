package uitest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

const people = "Email,Username,First Name,Last Name\nmia@example.com,mia,Mia,M\nmax@example.com,max,Max,M\n"

var (
	railLinks   = regexp.MustCompile(`class="rail-link" href="([^"]+)"( aria-current="[a-z]+")?[^>]*><span aria-hidden="true" title="([^"]+)"`)
	secondLevel = regexp.MustCompile(`(?s)<nav class="second".*?</nav>`)
	pageLinks   = regexp.MustCompile(`<a href="([^"]+)"( aria-current="page")?>([^<]+)</a>`)
)

// link is a link of the navigation.
type link struct{ address, current, name string }

func linksOf(pattern *regexp.Regexp, text string) (links []link) {
	for _, found := range pattern.FindAllStringSubmatch(text, -1) {
		links = append(links, link{found[1], strings.Trim(strings.TrimPrefix(strings.TrimSpace(found[2]), "aria-current="), `"`), found[3]})
	}
	return links
}

// navigation opens all pages of both levels, and returns their names by noun.
func (p person) navigation(start string) (nouns []string, pages map[string][]string) {
	p.Helper()
	pages = map[string][]string{}
	first := p.get(start)
	if first.status != http.StatusOK {
		p.Fatalf("%s: %d", start, first.status)
	}
	for _, noun := range linksOf(railLinks, first.text) {
		nouns = append(nouns, noun.name)
		got := p.get(noun.address)
		if got.status != http.StatusOK {
			p.Errorf("%s: %s: %d", noun.name, noun.address, got.status)
		}
		p.currentNoun(got, noun.name)
		for _, page := range linksOf(pageLinks, secondLevel.FindString(got.text)) {
			pages[noun.name] = append(pages[noun.name], page.name)
			shown := p.get(page.address)
			if shown.status != http.StatusOK {
				p.Errorf("%s > %s: %s: %d", noun.name, page.name, page.address, shown.status)
			}
			if strings.HasPrefix(page.address, "/c/") {
				p.currentNoun(shown, noun.name)
				p.currentPage(shown, page.name)
			}
		}
	}
	return nouns, pages
}

// currentNouns are the marked nouns.
func (p page) currentNouns() (marked []string) {
	for _, noun := range linksOf(railLinks, p.text) {
		if noun.current != "" {
			marked = append(marked, noun.name)
		}
	}
	return marked
}

// currentNoun checks which noun is marked.
func (p person) currentNoun(got page, want string) {
	p.Helper()
	if marked := got.currentNouns(); !slices.Equal(marked, []string{want}) {
		p.Errorf("the current nouns are %v, want %s", marked, want)
	}
}

// currentPage checks which page of the second level is marked.
func (p person) currentPage(got page, want string) {
	p.Helper()
	var marked []string
	for _, page := range linksOf(pageLinks, secondLevel.FindString(got.text)) {
		if page.current != "" {
			marked = append(marked, page.name)
		}
	}
	if !slices.Equal(marked, []string{want}) {
		p.Errorf("the current pages are %v, want %s", marked, want)
	}
}

// staff assigns a role with server permissions to a member and signs them in.
func staff(t *testing.T, a *apptest.App, communityID, username string, permissions ...string) person {
	t.Helper()
	in := access.RoleInput{Title: "Role of " + username, Order: 2, ServerPermissions: map[string]bool{}}
	for _, permission := range permissions {
		in.ServerPermissions[permission] = true
	}
	role, err := a.Access.CreateRole(t.Context(), apptest.Operator, communityID, in)
	if err != nil {
		t.Fatal(err)
	}
	found, err := a.Members.Find(t.Context(), apptest.Operator, communityID, username)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Members.AddRole(t.Context(), apptest.Operator, communityID, found.ID, role.ID, member.Source{Type: "api"}); err != nil {
		t.Fatal(err)
	}
	_, token := a.Claim(t, communityID, username)
	return person{t, a, token}
}

func TestNavigationHasOnlyPagesThePersonMayOpen(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		base := "/c/" + communityID
		a.Import(t, communityID, a.Key(t, communityID), people+"zoe@example.com,zoe,Zoe,Z\n", nil)
		olivia.follow(base+"/members/views", url.Values{"view": {"Named 100% <Mia>"}, "query": {"q=mia"}})

		nouns, pages := olivia.navigation(base + "/overview")
		if want := []string{"Overview", "Members", "Chat", "Rewards", "Integrations", "Settings"}; !slices.Equal(nouns, want) {
			t.Errorf("the owner has %v", nouns)
		}
		for noun, want := range map[string][]string{
			"Overview":     {"Numbers", "Home"},
			"Members":      {"All members", "Named 100% &lt;Mia&gt;", "Invites", "Import", "Bulk jobs", "Reports", "Penalties", "Tags"},
			"Chat":         nil, // one page needs no second level
			"Rewards":      {"My rewards", "Badges", "Applications", "Milestones", "Economy", "XP rules", "Tiers", "Automations"},
			"Integrations": {"API keys", "API reference"},
			"Settings":     {"Appearance", "Fields", "Roles", "Languages and currencies", "Joining", "Messages", "Audit log", "Danger zone"},
		} {
			if !slices.Equal(pages[noun], want) {
				t.Errorf("the owner has %s: %v", noun, pages[noun])
			}
		}

		rewards := []string{"My rewards", "Badges", "Milestones"} // of all members
		mia := staff(t, a, communityID, "mia", permission.WarnMembers, permission.CreateInvite, permission.ManageChannelsPermission)
		nouns, pages = mia.navigation(base + "/home")
		if !slices.Equal(nouns, []string{"Overview", "Members", "Chat", "Rewards"}) || !slices.Equal(pages["Members"], []string{"Invites", "Penalties"}) || !slices.Equal(pages["Rewards"], rewards) || len(pages) != 2 {
			t.Errorf("a moderator has %v %v", nouns, pages)
		}
		max := staff(t, a, communityID, "max", permission.ManageRolesPermission)
		if nouns, pages = max.navigation(base + "/home"); !slices.Equal(nouns, []string{"Overview", "Chat", "Rewards", "Settings"}) || !slices.Equal(pages["Rewards"], rewards) || len(pages) != 1 {
			t.Errorf("a manager of roles has %v %v", nouns, pages)
		}
		_, token := a.Claim(t, communityID, "zoe")
		zoe := person{t, a, token}
		if nouns, pages = zoe.navigation(base + "/home"); !slices.Equal(nouns, []string{"Overview", "Chat", "Rewards"}) || !slices.Equal(pages["Rewards"], rewards) || len(pages) != 1 {
			t.Errorf("a member has %v %v", nouns, pages)
		}
		for who, is := range map[string]struct {
			person
			landing string
			status  int
		}{"the owner": {olivia, "/overview", 200}, "a moderator": {mia, "/home", 403}, "a member": {zoe, "/home", 403}} {
			if got := is.get(base + "/").header.Get("Location"); got != base+is.landing {
				t.Errorf("%s lands on %s", who, got)
			}
			if got := is.get(base + "/overview").status; got != is.status {
				t.Errorf("%s sees the overview: %d", who, got)
			}
		}
	})
}

func TestInstallationIsInTheSwitcherOfItsOwner(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		root := installationOwner(t, a)
		switcher := regexp.MustCompile(`(?s)<details class="switcher".*?</details>`)
		address := regexp.MustCompile(`href="(/-/[^"]+)"`)
		for _, from := range []string{"/c/" + communityID + "/overview", "/?all=1"} {
			text := root.get(from).text
			if strings.HasPrefix(from, "/c/") {
				text = switcher.FindString(text)
			}
			if found := address.FindStringSubmatch(text); found == nil || root.get(found[1]).status != http.StatusOK {
				t.Errorf("%s does not lead to the installation: %v", from, found)
			}
			if strings.Contains(olivia.get(from).text, `href="/-/`) {
				t.Errorf("%s leads others to the installation", from)
			}
		}
		first := address.FindStringSubmatch(root.get("/c/" + communityID + "/overview").text)[1]
		links := linksOf(railLinks, root.get(first).text)
		if len(links) < 2 {
			t.Fatalf("the installation has %v", links)
		}
		for _, l := range links {
			got := root.get(l.address)
			if got.status != http.StatusOK {
				t.Errorf("%s: %d", l.address, got.status)
			}
			root.currentNoun(got, l.name)
		}
		root.currentNoun(root.get("/-/jobs"), "Health")
		root.currentNoun(root.get("/-/mail/"+writeMail(t, a)), "Mail")
	})
}

func TestErrorPagesKeepRailAndCommunity(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		base := "/c/" + communityID
		root := installationOwner(t, a)
		a.Import(t, communityID, a.Key(t, communityID), people, nil)
		_, token := a.Claim(t, communityID, "mia")
		mia := person{t, a, token}
		other := a.Community(t)
		const unknown = "/65a000000000000000000001"
		for _, c := range []struct {
			who    person
			path   string
			status int
			frame  string // label of the rail; "": none
			nouns  []string
			back   string
		}{
			{olivia, base + "/members" + unknown, 404, "Community", []string{"Members"}, base + "/members"},
			{olivia, base + "/nothing", 404, "Community", nil, base + "/"},
			{mia, base + "/members", 403, "Community", nil, base + "/"},
			{root, base + "/roles" + unknown, 404, "Community", []string{"Settings"}, base + "/roles"},
			{root, "/-/mail" + unknown, 404, "Installation", []string{"Mail"}, "/-/communities"},
			{root, "/-/nothing", 404, "Installation", nil, "/-/communities"},
			{olivia, "/-/mail" + unknown, 404, "", nil, "/?all=1"},
			{olivia, "/c/" + other + "/members", 404, "", nil, "/?all=1"},
			{olivia, "/c" + unknown + "/members", 404, "", nil, "/?all=1"},
			{olivia, "/nothing", 404, "", nil, "/?all=1"},
			{person{t, a, ""}, base + "/nothing", 404, "", nil, "/?all=1"},
		} {
			got := c.who.get(c.path)
			if got.status != c.status || !strings.Contains(got.text, `<a class="button primary" href="`+c.back+`"`) || !strings.Contains(got.text, "Request ") {
				t.Errorf("%s: %d %s", c.path, got.status, got.text)
			}
			if strings.Contains(got.text, `id="rail"`) != (c.frame != "") || c.frame != "" && !strings.Contains(got.text, `aria-label="`+c.frame+`"`) || !slices.Equal(got.currentNouns(), c.nouns) {
				t.Errorf("%s has the nouns %v: %s", c.path, got.currentNouns(), got.text)
			}
		}
	})
}

func TestPaletteFindsEachKind(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		base := "/c/" + communityID
		a.Import(t, communityID, a.Key(t, communityID), people, nil)
		if _, err := a.Fields.Create(t.Context(), apptest.Operator, communityID, field.Input{Field: "berth", Name: "Harbour berth", Type: field.SingleLine}); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Chat.CreateChannel(t.Context(), apptest.Operator, communityID, chat.Input{Topic: "Harbour talk"}); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Access.CreateRole(t.Context(), apptest.Operator, communityID, access.RoleInput{Title: "Harbour master", Order: 1}); err != nil {
			t.Fatal(err)
		}
		olivia.follow(base+"/members/views", url.Values{"view": {"Harbour people"}, "query": {"q=mia"}})
		root := installationOwner(t, a)
		for _, c := range []struct {
			who     person
			text    string
			want    []string
			without []string
		}{
			{olivia, "harbour", []string{"Harbour berth", "Harbour talk", "Harbour master", "Harbour people"}, []string{"Installation"}},
			{olivia, "mia", []string{"mia@example.com", "Mia M"}, nil},
			{olivia, "members.c", []string{"members.csv", base + "/bulk-jobs/"}, nil},
			{olivia, "MEMBERS%", []string{"Nothing found"}, nil},
			{olivia, "danger", []string{base + "/settings/danger"}, nil},
			{olivia, "settings rol", []string{base + "/roles"}, []string{base + "/channels"}},
			{olivia, "api ref", []string{"/docs/api"}, nil},
			{olivia, "docu", []string{`"/docs"`}, nil},
			{olivia, "account sess", []string{"/account/sessions"}, []string{"/account/security"}},
			{olivia, "new", []string{base + "/fields/new", base + "/api-keys/new", base + "/roles/new", base + "/channels/new"}, nil},
			{olivia, "", []string{base + "/overview", base + "/home", base + "/import"}, []string{"/-/"}},
			{root, "storage", []string{"/-/storage", "Installation"}, nil},
		} {
			got := c.who.get(base + "/palette?q=" + url.QueryEscape(c.text))
			for _, text := range c.want {
				if !strings.Contains(got.text, text) {
					t.Errorf("%q does not find %s: %d %s", c.text, text, got.status, got.text)
				}
			}
			for _, text := range c.without {
				if strings.Contains(got.text, text) {
					t.Errorf("%q finds %s", c.text, text)
				}
			}
		}
	})
}

func TestReferenceShowsEachOperationOfTheAPI(t *testing.T) {
	a := apptest.New(t, sqldb.SQLite)
	nobody := person{t, a, ""}
	index := nobody.get("/docs/api").text
	var shown strings.Builder
	for _, m := range regexp.MustCompile(`<h2><a href="(/docs/api/[a-z-]+)"`).FindAllStringSubmatch(index, -1) {
		shown.WriteString(nobody.get(m[1]).text)
	}
	var document struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	if err := json.Unmarshal([]byte(nobody.get("/openapi.json").text), &document); err != nil {
		t.Fatal(err)
	}
	operations := 0
	for path, item := range document.Paths {
		for method, o := range item {
			operations++
			method = strings.ToUpper(method)
			if !strings.Contains(index, "#"+o.OperationID+`"`) || !strings.Contains(shown.String(), `<h2 id="`+o.OperationID+`"`) || !strings.Contains(shown.String(), "<code>"+method+" "+path+"</code>") {
				t.Errorf("%s is missing", o.OperationID)
			}
		}
	}
	if text := shown.String(); operations < 80 || !strings.Contains(text, "One of the permissions: ") || !strings.Contains(text, a.URL()+"/v1/") {
		t.Errorf("%d operations, %d bytes", operations, len(text))
	}
	if got := nobody.get("/docs?q=createUserNote"); !strings.Contains(got.text, "/docs/api/users#createUserNote") {
		t.Errorf("the search does not find an operation: %s", got.text)
	}
	if got := nobody.get("/docs/api/nothing"); got.status != http.StatusNotFound {
		t.Errorf("an unknown tag: %d", got.status)
	}
}

func TestPaletteOutsideOfCommunities(t *testing.T) {
	a := apptest.New(t, sqldb.SQLite)
	communityID, olivia := owner(t, a)
	root, nobody := installationOwner(t, a), person{t, a, ""}
	for _, c := range []struct {
		who           person
		text          string
		want, without []string
	}{
		{root, "", []string{"/-/storage", "/account/sessions", "/c/" + communityID + "/", `"/docs"`}, nil},
		{root, "backup", []string{"/-/storage", "/docs/operations#"}, []string{"/account"}},
		{olivia, "backup", []string{"/docs/operations#"}, []string{"/-/"}},
		{olivia, "sess", []string{"/account/sessions"}, nil},
		{nobody, "createUserNote", []string{"/docs/api/users#createUserNote"}, nil},
		{nobody, "", []string{`"/docs"`}, []string{"/account", "/-/", "/c/"}},
		{nobody, "backup", []string{"/docs/operations#"}, []string{"/-/"}},
		{nobody, "no-such-word", []string{"Nothing found"}, nil},
	} {
		got := c.who.get("/palette?q=" + url.QueryEscape(c.text))
		for _, text := range c.want {
			if got.status != http.StatusOK || !strings.Contains(got.text, text) {
				t.Errorf("%q does not find %s: %d %s", c.text, text, got.status, got.text)
			}
		}
		for _, text := range c.without {
			if strings.Contains(got.text, text) {
				t.Errorf("%q finds %s: %s", c.text, text, got.text)
			}
		}
	}
	for address, who := range map[string]person{"/-/storage": root, "/account": olivia, "/account/security": olivia, "/account/api-keys": olivia, "/docs": nobody, "/docs/members": nobody, "/?all=1": olivia} {
		got := who.get(address)
		if !strings.Contains(got.text, `id="palette" data-src="/palette"`) || !strings.Contains(got.text, `commandfor="palette"`) {
			t.Errorf("%s has no palette: %d", address, got.status)
		}
	}
	if got := olivia.get("/c/" + communityID + "/palette?q=backup"); !strings.Contains(got.text, "/docs/operations#") {
		t.Errorf("the palette of a community does not find the documentation: %s", got.text)
	}
}

func TestOverviewHasTheNumbersOfTheCommunity(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		base := "/c/" + communityID
		fresh := olivia.get(base + "/overview")
		for _, text := range []string{"First steps", "Import members", base + "/fields", base + "/invites", base + "/api-keys", "Members per day"} {
			if !strings.Contains(fresh.text, text) {
				t.Errorf("a new community lacks %s: %d", text, fresh.status)
			}
		}
		a.Import(t, communityID, a.Key(t, communityID), people, nil)
		deadline := time.After(30 * time.Second)
		want := regexp.MustCompile(`(?s)<dd>3</dd>.*30 days ago: 0.*<dd>3</dd>.*Previous 30 days: 0.*<dd>0</dd>`)
		for got := olivia.get(base + "/overview"); !want.MatchString(got.text); got = olivia.get(base + "/overview") {
			select {
			case <-time.After(50 * time.Millisecond):
			case <-deadline:
				t.Fatalf("the numbers are not there: %s", got.text)
			}
		}
		for query, days := range map[string]int{"": 30, "?days=90": 90, "?days=365": 365, "?days=7": 30, "?days=x": 30} {
			got := olivia.get(base + "/overview" + query)
			if rows := strings.Count(got.text, `<th scope="row"`); rows != days || strings.Count(got.text, "<title>") != days+1 {
				t.Errorf("%s has %d days", query, rows)
			}
		}
		if got := olivia.get(base + "/overview?days=365"); len(got.text) > 200_000 {
			t.Errorf("a year is %d bytes", len(got.text))
		}
	})
}

func TestRailFitsEveryScreen(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID, olivia := owner(t, b.app)
	base := "/c/" + communityID
	b.do("sign in", chromedp.Navigate(b.app.URL()+"/sign-in"), network.SetCookie("regulars", olivia.token).WithURL(b.app.URL()))
	shown := func(selector string) string {
		return `(e => e !== null && e.checkVisibility() && e.getBoundingClientRect().width > 30)(document.querySelector("` + selector + `"))`
	}
	const label, rail = ".rail-link[aria-current] .label", `document.querySelector("#rail").getBoundingClientRect()`

	b.do("a wide screen", Appearance{Wide: 1440, High: 900}.put())
	b.open(base + "/settings/joining")
	b.until("labels in the rail", shown(label))
	b.until("the second level beside the page", `document.querySelector(".second").getBoundingClientRect().right <= document.querySelector("#main").getBoundingClientRect().left`)

	b.do("a narrow screen", Appearance{Wide: 1024, High: 768, Theme: "light"}.put())
	b.until("icons only", rail+`.width === 60 && document.querySelector("`+label+`").getBoundingClientRect().width < 5`)
	b.until("tooltips", `[...document.querySelectorAll(".rail-link > [title]")].every(e => e.title === e.nextElementSibling.firstChild.textContent)`)
	b.until("tabs above the page", `document.querySelector(".second").getBoundingClientRect().bottom <= document.querySelector("#main").getBoundingClientRect().top`)
	var before float64
	b.do("hover", chromedp.Evaluate(`document.querySelector(".rail-link .icon").getBoundingClientRect().left`, &before), chromedp.MouseEvent("mouseMoved", 30, 200))
	b.until("the rail opens under the pointer", rail+`.width > 200 && `+shown(label))
	var after float64
	b.do("compare", chromedp.Evaluate(`document.querySelector(".rail-link .icon").getBoundingClientRect().left`, &after), chromedp.MouseEvent("mouseMoved", 800, 600))
	if before != after {
		t.Errorf("the icons move from %v to %v", before, after)
	}
	b.until("it closes", rail+`.width === 60`)
	b.do("go to the first control", chromedp.Evaluate(`document.activeElement.blur()`, nil), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab))
	b.until("it opens for the keyboard", rail+`.width > 200 && document.querySelector("#rail").contains(document.activeElement)`)
	CheckPage(t, b.ctx, "rail-open", Appearance{Name: "tablet", Wide: 1024, High: 768, Theme: "light"})

	phone := Appearance{Name: "sheet", Wide: 320, High: 640, Theme: "light", Touch: true}
	b.do("a phone", phone.put())
	b.open(base + "/settings/joining")
	b.until("no rail", `!document.querySelector("#rail").checkVisibility()`)
	b.until("the tab in view", `(e => e.left >= 0 && e.right <= innerWidth)(document.querySelector(".second [aria-current]").getBoundingClientRect())`)
	b.do("open the sheet", chromedp.Click(".topbar [popovertarget]", chromedp.ByQuery))
	b.until("labels in the sheet", shown(label))
	b.until("targets of 44 px", `[...document.querySelectorAll("#rail :is(.rail-link, summary), .second a, .topbar button")].every(e => e.getBoundingClientRect().height >= 44)`)
	CheckPage(t, b.ctx, "rail", phone)
	b.do("close it", chromedp.KeyEvent(kb.Escape))
	b.until("no rail", `!document.querySelector("#rail").checkVisibility()`)
}

func TestTabsOfAnAccountBeginWithTheProfile(t *testing.T) {
	a := apptest.New(t, sqldb.SQLite)
	_, olivia := owner(t, a)
	var tabs []string
	for _, found := range regexp.MustCompile(`<a href="(/account[^"]*)"`).FindAllStringSubmatch(olivia.get("/account").text, -1) {
		tabs = append(tabs, found[1])
	}
	if want := []string{"/account", "/account/security", "/account/sessions", "/account/api-keys"}; !slices.Equal(tabs, want) {
		t.Errorf("the tabs are %v", tabs)
	}
}
