package uitest_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/ui"
	uitag "github.com/regulars/regulars/internal/ui/tag"
)

func TestTagPagesAreAccessible(t *testing.T) {
	checkGallery(t, tagFixtures())
}

func tagFixtures() map[string]templ.Component {
	rows := []uitag.Row{
		{ID: "t1", Name: "early bird", Members: 3, CreatedAt: seenAt.UnixMilli()},
		{ID: "t2", Name: "News letter", Members: 1, CreatedAt: seenAt.UnixMilli(), Similar: "newsletter"},
		{ID: "t3", Name: "newsletter", Members: 12480, CreatedAt: seenAt.UnixMilli()},
		{ID: "t4", Name: "Volunteers of the spring marathon at the harbour", CreatedAt: seenAt.UnixMilli()},
	}
	list := uitag.TagsView{Page: fixturePage("Tags", "tags", "Labels on members, without permissions."), Rows: rows, Range: ui.NewRange(1, 100, len(rows), int64(len(rows)), false, nil)}
	tag := uitag.TagView{Page: fixturePage("News letter", "tags", ""), Row: rows[1], Name: "News letter", Into: "newsletter", Others: []string{"early bird", "newsletter"}}
	wrong := tag
	wrong.Errors = map[string]string{"name": "A tag has 1 to 50 characters, and none of , ; | or [.", "into": "There is no tag \"x\"; names are compared with their case."}
	return map[string]templ.Component{
		"tags": uitag.TagsPage(list), "tags-empty": uitag.TagsPage(uitag.TagsView{Page: list.Page, Empty: true}), "tags-none": uitag.TagsPage(uitag.TagsView{Page: list.Page}),
		"tag": uitag.TagPage(tag), "tag-wrong": uitag.TagPage(wrong),
		"tag-new":   uitag.NewTagPage(uitag.NewTagView{Page: fixturePage("New tag", "tags", ""), Name: "a,b", Errors: map[string]string{"name": "A tag has 1 to 50 characters, and none of , ; | or [."}}),
		"tag-merge": uitag.MergePage(uitag.MergeView{Page: fixturePage("Merge News letter into newsletter?", "tags", ""), Row: rows[1], Into: rows[2]}),
	}
}

// tagIn creates a tag.
func tagIn(t *testing.T, a *apptest.App, communityID, name string) string {
	t.Helper()
	created, err := a.Members.CreateTag(t.Context(), apptest.Operator, communityID, name)
	if err != nil {
		t.Fatal(err)
	}
	return created.ID
}

func TestTagsAreManagedWithoutScript(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		base := "/c/" + communityID
		if got := olivia.get(base + "/tags"); got.status != 200 || !strings.Contains(got.text, "No tags yet") {
			t.Fatalf("%d %s", got.status, got.text)
		}
		if to := olivia.follow(base+"/tags", url.Values{"name": {" VIP "}}); to != base+"/tags" {
			t.Errorf("led to %s", to)
		}
		rows := "Email,Username,First Name,Last Name,Tag\n"
		for i := range 3 {
			rows += fmt.Sprintf("a%d@example.com,user%d,A,B,Vip\n", i, i)
		}
		vip, more := tagIn(t, a, communityID, "Vip"), tagIn(t, a, communityID, "100% <b>")
		if s := a.Import(t, communityID, a.Key(t, communityID), rows+"z@example.com,zoe,Z,Z,VIP\n", nil); s.Counts.Created != 4 {
			t.Fatalf("%+v", s.Counts)
		}
		saved := olivia.follow(base+"/members/views", url.Values{"view": {"Very important"}, "query": {"tag=" + vip}})
		for _, c := range []struct {
			name, path string
			form       url.Values // nil: GET
			status     int
			want       []string
		}{
			{"the list", "/tags", nil, 200, []string{base + "/tags/" + vip, base + "/members?tag=" + vip, `aria-label="3 members">3<`, "Merge into Vip", "100% &lt;b&gt;"}},
			{"sorted", "/tags?sort=-members", nil, 200, []string{`aria-sort="descending"`}},
			{"a search", "/tags?q=100%25", nil, 200, []string{"100% &lt;b&gt;"}},
			{"a search without result", "/tags?q=nothing", nil, 200, []string{"No tag found"}},
			{"a page behind the last", "/tags?page=99", nil, 200, []string{"No tag found"}},
			{"the form", "/tags/new", nil, 200, []string{"Create tag"}},
			{"a taken name", "/tags", url.Values{"name": {"Vip"}}, 400, []string{`The tag &#34;Vip&#34; already exists.`}},
			{"an invalid name", "/tags", url.Values{"name": {"a,b"}}, 400, []string{"A tag has 1 to 50 characters"}},
			{"a tag", "/tags/" + vip, nil, 200, []string{"Show 3 members", "3 members lose this tag", `value="VIP"`}},
			{"a tag with markup", "/tags/" + more, nil, 200, []string{"<h1>100% &lt;b&gt;</h1>"}},
			{"a missing tag", "/tags/665f1a2b3c4d5e6f70819201", nil, 404, []string{"Tag not found"}},
			{"an invalid rename", "/tags/" + vip, url.Values{"name": {" "}}, 400, []string{"A tag has 1 to 50 characters"}},
			{"a rename to a taken name", "/tags/" + vip, url.Values{"name": {"VIP"}}, 409, []string{"Merge Vip into VIP?", "already exists", "3 members get the other tag.", "The tag VIP has 1 member so far."}},
			{"a rename of a missing tag", "/tags/665f1a2b3c4d5e6f70819201", url.Values{"name": {"x"}}, 404, []string{"Tag not found"}},
			{"a merge into nothing", "/tags/" + vip + "/merge?into=x", nil, 404, []string{"There is no tag"}},
			{"a posted merge into nothing", "/tags/" + vip + "/merge", url.Values{"into": {"x"}}, 404, []string{"There is no tag"}},
			{"a merge into itself", "/tags/" + vip + "/merge?into=Vip", nil, 400, []string{"Choose another tag."}},
			{"the confirmation", "/tags/" + vip + "/merge?into=VIP", nil, 200, []string{"Merge Vip into VIP?", "3 members get the other tag.", `name="into" value="VIP"`}},
			{"the palette", "/palette?q=vip", nil, 200, []string{base + "/tags/" + vip}},
			{"the palette, an action", "/palette?q=new+tag", nil, 200, []string{base + "/tags/new"}},
		} {
			got := olivia.get(base + c.path)
			if c.form != nil {
				got = olivia.post(base+c.path, c.form)
			}
			if got.status != c.status {
				t.Errorf("%s: %d %s", c.name, got.status, got.text)
			}
			for _, text := range c.want {
				if !strings.Contains(got.text, text) {
					t.Errorf("%s lacks %s: %s", c.name, text, got.text)
				}
			}
		}
		olivia.follow(base+"/tags/"+more, url.Values{"name": {"Regular"}})
		merged := olivia.follow(base+"/tags/"+vip+"/merge", url.Values{"into": {"VIP"}})
		if got := olivia.get(merged); !strings.Contains(got.text, "Show 4 members") {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := olivia.get(saved); strings.Count(got.text, "@example.com") < 4 || !strings.Contains(got.text, "VIP") {
			t.Errorf("the saved view: %d %s", got.status, got.text)
		}
		olivia.follow(base+"/tags/"+more+"/delete", url.Values{})
		got := olivia.get(base + "/audit-log")
		for _, text := range []string{"The tag ", "was renamed", "was merged into another one", "Merged into", "was deleted"} {
			if !strings.Contains(got.text, text) {
				t.Errorf("the audit log lacks %q: %d", text, got.status)
			}
		}
	})
}

func TestTagsNeedThePermission(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		vip := tagIn(t, a, communityID, "Vip")
		base := "/c/" + communityID + "/tags"
		elsewhere := a.Community(t)
		foreign := tagIn(t, a, elsewhere, "Vip")
		a.Import(t, communityID, a.Key(t, communityID), people, nil)
		_, token := a.Claim(t, communityID, "mia")
		for _, c := range []struct {
			who    person
			base   string
			status int
		}{{person{t, a, token}, base, 403}, {person{t, a, ""}, base, 303}, {olivia, "/c/" + elsewhere + "/tags", 404}} {
			for _, path := range []string{"", "/new", "/" + vip, "/" + vip + "/merge?into=x"} {
				if got := c.who.get(c.base + path); got.status != c.status {
					t.Errorf("%s: %d", c.base+path, got.status)
				}
			}
			for _, path := range []string{"", "/" + vip, "/" + vip + "/merge", "/" + vip + "/delete"} {
				if got := c.who.post(c.base+path, url.Values{"name": {"x"}, "into": {"x"}}); got.status != c.status {
					t.Errorf("POST %s: %d", c.base+path, got.status)
				}
			}
		}
		for _, path := range []string{"/", "/merge", "/delete"} {
			if got := olivia.post(base+"/"+foreign+strings.TrimSuffix(path, "/"), url.Values{"name": {"x"}, "into": {"Vip"}}); got.status != 404 {
				t.Errorf("a tag of another community, %s: %d", path, got.status)
			}
		}
	})
}

func TestTagsAreMergedInTheBrowser(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID := b.signIn()
	base := "/c/" + communityID
	b.open(base + "/tags")
	b.sees("No tags yet")
	b.checkLooks("tags-empty")
	b.press("New tag")
	b.fill("name", "newsletter")
	b.press("Create tag")
	b.sees("Tag newsletter created")
	tagIn(t, b.app, communityID, "News Letter")
	tagIn(t, b.app, communityID, "early bird")
	b.app.Import(t, communityID, b.app.Key(t, communityID), "Email,Username,First Name,Last Name,Tag\na@example.com,ann,A,A,News Letter\nb@example.com,bob,B,B,News Letter\nc@example.com,cem,C,C,newsletter\n", nil)
	b.open(base + "/tags")
	b.sees("Merge into News Letter", "early bird")
	b.checkLooks("tags")
	b.fill("q", "news")
	b.until("the search", `!document.body.innerText.includes("early bird") && location.search.includes("q=news")`)
	b.press("newsletter")
	b.sees("Rename tag", "1 member loses this tag")
	b.checkLooks("tag")
	b.press("Continue")
	b.sees("Merge newsletter into News Letter?", "1 member gets the other tag.", "The tag News Letter has 2 members so far.")
	b.checkLooks("tag-merge")
	b.press("Merge tags")
	b.sees("Tags merged into News Letter", "Show 3 members")
	b.fill("name", "Newsletter")
	b.press("Rename tag")
	b.sees("Tag renamed to Newsletter")
	b.press("Newsletter")
	b.press("Delete")
	b.sees("Delete the tag Newsletter?")
	b.press("Delete tag")
	b.sees("Tag Newsletter deleted", "early bird")
}
