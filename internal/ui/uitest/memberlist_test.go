package uitest_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/field"
)

// furnish gives a community people, a field, a role and a tag.
func furnish(t *testing.T, a *apptest.App, communityID string) {
	t.Helper()
	if _, err := a.Fields.Create(t.Context(), apptest.Operator, communityID, field.Input{Field: "points", Name: "Points", Type: field.Numerical, Filterable: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Members.CreateTag(t.Context(), apptest.Operator, communityID, "founder"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Access.CreateRole(t.Context(), apptest.Operator, communityID, access.RoleInput{Title: "VIP", Order: 3}); err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	rows.WriteString("Email,Username,First Name,Last Name,Country,Points\n")
	for i, name := range []string{"Ada", "Grace", "Linus", "Margaret", "Katherine"} {
		fmt.Fprintf(&rows, "%[1]s@example.com,%[1]s,%[2]s,Example,%[3]s,%[4]d\n", strings.ToLower(name), name, []string{"GB", "US"}[i%2], i*10)
	}
	if s := a.Import(t, communityID, a.Key(t, communityID), rows.String(), nil); s.Counts.Created != 5 {
		t.Fatalf("import: %+v", s.Counts)
	}
}

// checkLooks looks at the page in light, dark and on a phone.
func (b *browser) checkLooks(name string) {
	b.Helper()
	for _, l := range []Appearance{
		{Name: "dark", Wide: 1440, High: 900, Theme: "dark", Rules: "color-contrast"},
		{Name: "phone", Wide: 390, High: 844, Theme: "light", Touch: true},
		{Name: "light", Wide: 1440, High: 900, Theme: "light"},
	} {
		CheckPage(b.T, b.ctx, "real-"+name, l)
	}
}

func (b *browser) tick(names ...string) {
	b.Helper()
	for _, name := range names {
		b.do("select "+name, chromedp.Click(`input[aria-label="Select `+name+`"]`, chromedp.ByQuery))
	}
}

func TestMembersAreFilteredSavedAsAViewDeletedAndRestored(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID := b.signIn()
	furnish(t, b.app, communityID)
	list := "/c/" + communityID + "/members"

	b.open(list)
	b.do("open the filters", chromedp.Click("#filter-menu summary", chromedp.ByQuery))
	b.do("choose the field", chromedp.Evaluate(`[...document.querySelectorAll('#f-field option')].find(o => o.text === "Points").selected = true`, nil), chromedp.SetValue("#f-compare", "min", chromedp.ByQuery))
	b.fill("value", "20")
	b.checkLooks("filter-menu")
	b.press("Add the filter")
	b.sees("Points: ≥ 20", "Linus Example", "Katherine Example", "3 members")

	b.do("open the views", chromedp.Click("#view-menu summary", chromedp.ByQuery))
	b.fill("view", "Keen ones")
	b.press("Save the view")
	b.sees("View saved", "Points: ≥ 20")
	b.open(list)
	b.sees("6 members")
	b.do("open the views", chromedp.Click("#view-menu summary", chromedp.ByQuery))
	b.checkLooks("views")
	b.press("Keen ones")
	b.sees("3 members", "Points: ≥ 20")

	b.tick("Linus Example", "Margaret Example")
	b.checkLooks("chosen")
	b.fill("label", "founder")
	b.press("Assign")
	b.sees("2 members were changed", "founder")
	b.do("choose all", chromedp.Click("[data-all]", chromedp.ByQuery))
	b.fill("label", "VIP")
	b.press("Assign")
	b.sees("3 members were changed", "VIP")

	b.tick("Linus Example")
	b.press("Delete selected")
	b.sees("1 member will be hidden:", "30 days")
	b.checkLooks("delete-members")
	b.press("Delete")
	b.sees("1 member was changed", "2 members")
	b.open(list + "?state=deleted")
	b.sees("Membership: Deleted", "Linus Example")
	b.tick("Linus Example")
	b.checkLooks("deleted")
	b.press("Restore selected")
	b.sees("1 member was changed")
	b.open(list + "?q=linus")
	b.sees("Linus Example", "VIP", "founder")
}

func TestPictureOfAMemberIsSetAndRemoved(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID := b.signIn()
	furnish(t, b.app, communityID)
	m := image.NewNRGBA(image.Rect(0, 0, 80, 80))
	for i := range m.Pix {
		m.Pix[i] = []byte{30, 120, 220, 255}[i%4]
	}
	m.Set(40, 40, color.White)
	var picture bytes.Buffer
	if err := png.Encode(&picture, m); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "me.png")
	if err := os.WriteFile(path, picture.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	b.open("/c/" + communityID + "/members?q=ada")
	b.press("Ada Example")
	b.do("choose the picture", chromedp.SetUploadFiles(`[name="avatar"]`, []string{path}, chromedp.ByQuery))
	b.press("Replace picture")
	b.sees("Picture replaced", "Remove the picture")
	b.until("the picture is shown", `document.querySelector("img.avatar")?.naturalWidth === 80`)
	b.checkLooks("avatar")
	b.press("Remove the picture")
	b.sees("Picture removed")
}

// byForm is somebody with a session cookie and no script.
func byForm(t *testing.T, a *apptest.App, token string) func(method, path, form string) (int, http.Header, string) {
	return func(method, path, form string) (int, http.Header, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, a.URL()+path, strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(&http.Cookie{Name: "regulars", Value: token})
		status, header, body := a.Send(t, r)
		return status, header, string(body)
	}
}

func TestFilteredListIsExportedAndImported(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID := a.Community(t)
		_, token := a.Owner(t, communityID, "olivia")
		furnish(t, a, communityID)
		visit := byForm(t, a, token)
		list := "/c/" + communityID + "/members"
		status, header, all := visit("GET", list+"/export.csv", "")
		if status != 200 || !strings.HasPrefix(header.Get("Content-Disposition"), "attachment") || strings.Count(all, "\r\n") != 7 {
			t.Fatalf("%d %v\n%s", status, header, all)
		}
		if s := a.Import(t, communityID, a.Key(t, communityID), all, nil); s.Counts != (bulk.Counts{Read: 6, Unchanged: 6}) {
			t.Errorf("imported again: %+v", s.Counts)
		}
		status, header, workbook := visit("GET", list+"/export.xlsx", "")
		if status != 200 || !strings.Contains(header.Get("Content-Disposition"), "members.xlsx") || header.Get("Content-Type") != bulk.Workbook.ContentType() {
			t.Errorf("%d %v", status, header)
		}
		if s := a.Import(t, communityID, a.Key(t, communityID), workbook, nil); s.Counts != (bulk.Counts{Read: 6, Unchanged: 6}) || s.Detected.Sheet != "Members" {
			t.Errorf("workbook imported again: %+v %+v", s.Counts, s.Detected)
		}
		if _, _, one := visit("GET", list+"/export.csv?q=ada", ""); strings.Count(one, "\r\n") != 2 {
			t.Errorf("one: %s", one)
		}
		_, _, page := visit("GET", list+"?q=ada&sort=username", "")
		if _, results, _ := strings.Cut(page, `id="results"`); !strings.Contains(results, `form="member-export" name="q" value="ada"`) || strings.Contains(results, `form="member-export" name="sort"`) {
			t.Error("the results, which are replaced without the page, do not set the filter of the export")
		}
		if status, _, page := visit("GET", list+"?f=min+points+many", ""); status != 200 || !strings.Contains(page, "A filter cannot be used.") {
			t.Errorf("a wrong filter: %d", status)
		}
	})
}

func TestNonMemberCannotChangeMembers(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID := a.Community(t)
		furnish(t, a, communityID)
		ada, err := a.Members.Find(t.Context(), apptest.Operator, communityID, "ada")
		if err != nil {
			t.Fatal(err)
		}
		_, token := a.Owner(t, a.Community(t), "mallory")
		visit := byForm(t, a, token)
		list := "/c/" + communityID + "/members"
		for path, form := range map[string]string{
			list + "/actions": "action=delete&confirmed=yes&user=" + ada.ID, list + "/views": "view=x&query=", list + "/" + ada.ID + "/avatar": "remove=yes", list + "/views/" + ada.ID + "/delete": "",
		} {
			if status, _, _ := visit("POST", path, form); status != 404 {
				t.Errorf("%s: %d", path, status)
			}
		}
		if status, _, _ := visit("GET", list+"/export.csv", ""); status != 404 {
			t.Errorf("export: %d", status)
		}
		if n, err := a.Members.Count(t.Context(), apptest.Operator, communityID); n != 5 || err != nil {
			t.Fatalf("%d members (%v)", n, err)
		}
	})
}
