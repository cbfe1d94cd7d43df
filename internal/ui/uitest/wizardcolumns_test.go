package uitest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/app/apptest"
)

// wideFile has four columns that are fields, and others that are none.
func wideFile(others int) string {
	var header, row strings.Builder
	header.WriteString("Email,Username,First Name,Last Name")
	row.WriteString("zoe@example.com,zoe,Zoe,Z")
	for i := range others {
		fmt.Fprintf(&header, ",Answer %d", i+1)
		fmt.Fprintf(&row, ",value %d", i+1)
	}
	return header.String() + "\n" + row.String() + "\n"
}

func TestThousandColumnsAreShownInPages(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		draft := olivia.uploadForm(communityID, "survey.csv", wideFile(996))
		page := olivia.get(draft)
		olivia.seesOn(page, "996 columns need your choice", "Columns 951 to 1,000")
		if n := strings.Count(page.text, `<tr><td><span class="col-name"`); n != 50 || len(page.text) > 140<<10 {
			t.Errorf("%d columns on a page of %d bytes", n, len(page.text))
		}
		page = olivia.settle(draft, page)
		olivia.seesOn(page, "946 columns need your choice")
	})
}

// settle leaves out the columns of a page without a field, and saves that.
func (p person) settle(draft string, got page) page {
	p.Helper()
	form := p.form(got, "/columns")
	for i := range 1_000 {
		name := fmt.Sprintf("column-%d", i)
		if strings.Contains(got.text, `name="`+name+`"`) && form.values.Get(name) == "" {
			form.values.Set(name, "-")
		}
	}
	form.action = draft + "/choices"
	got, _ = p.submit(form)
	return got
}

func TestColumnsOfOtherPagesKeepTheirFields(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		draft := olivia.uploadForm(communityID, "survey.csv", wideFile(96))
		page := olivia.settle(draft, olivia.get(draft))
		olivia.seesOn(page, "46 columns need your choice")
		page = olivia.settle(draft, page)
		olivia.seesOn(page, "100 columns, all of them settled")
		check, address := olivia.submit(olivia.form(page, "/columns"))
		olivia.seesOn(check, "survey.csv")
		a.Await(t, communityID, address[strings.LastIndex(address, "/")+1:])
		olivia.seesOn(olivia.get(address), "1 member would be created.")
	})
}

func TestChoicesAreTriedWithoutSaving(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		draft := olivia.uploadForm(communityID, "members.csv", wideFile(1))
		page := olivia.get(draft)
		form := olivia.form(page, "/columns")
		form.values.Set("column-3", "first_name")
		tried := olivia.post(draft+"/try", form.values)
		if tried.status != http.StatusOK {
			t.Fatalf("%d %s", tried.status, tried.text)
		}
		olivia.seesOn(tried, "Last Name has no column", "2 columns need your choice", "Two columns cannot be the same field.", `id="column-state-4" hx-swap-oob="true"`)
		if strings.Contains(tried.text, "<html") || strings.Contains(tried.text, `id="column-state-0"`) {
			t.Errorf("more than what changed: %s", tried.text)
		}
		form.values.Set("column-3", "last_name")
		form.values.Set("column-4", "-")
		form.values["described"] = []string{"3", "4"}
		tried = olivia.post(draft+"/try", form.values)
		olivia.seesOn(tried, "5 columns, all of them settled", `id="column-state-3"`, `id="column-state-4"`)
		if strings.Contains(tried.text, `class="error"`) {
			t.Errorf("a solved problem: %s", tried.text)
		}
		if again := olivia.get(draft); again.formValue("version") != page.formValue("version") || !strings.Contains(again.text, "1 column needs your choice") {
			t.Error("a trial was saved")
		}
	})
}

func TestColumnsReactAtOnce(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID := b.signIn()
	b.open("/c/" + communityID + "/import")
	b.upload("members.csv", wideFile(1))
	b.sees("1 column needs your choice")
	b.do("choose a field twice", chromedp.SetValue(`select[name="column-3"]`, "first_name", chromedp.ByQuery),
		chromedp.Evaluate(`document.querySelector('select[name="column-3"]').dispatchEvent(new Event("change", {bubbles: true}))`, nil))
	b.sees("Two columns cannot be the same field.", "Last Name has no column", "2 columns need your choice")
	b.checkLooks("columns-twice")
	b.do("choose another one", chromedp.SetValue(`select[name="column-3"]`, "last_name", chromedp.ByQuery), chromedp.SetValue(`select[name="column-4"]`, "-", chromedp.ByQuery),
		chromedp.Evaluate(`document.querySelector('select[name="column-4"]').dispatchEvent(new Event("change", {bubbles: true}))`, nil))
	b.sees("5 columns, all of them settled")
	b.until("the problems are solved", `document.querySelector(".mapping .error") === null`)
	b.press("Check the file")
	b.sees("1 member would be created.")
}

func TestRejectedFormKeepsItsChoices(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		draft := olivia.uploadForm(communityID, "members.csv", wideFile(1))
		form := olivia.form(olivia.get(draft), "/columns")
		form.values.Set("column-4", "-")
		form.values.Set("dateFormat", "DD.MM.YYYY")
		form.values.Set("defaultCountry", "nowhere")
		got := olivia.post(form.action, form.values)
		if got.status != http.StatusBadRequest {
			t.Fatalf("%d", got.status)
		}
		olivia.seesOn(got, "Use the code of a country", "5 columns, all of them settled", `value="DD.MM.YYYY" selected`, `name="defaultCountry" type="text" value="nowhere"`)
		form = olivia.form(olivia.get(draft), "/reading")
		form.values.Set("headerLine", "first")
		got = olivia.post(form.action, form.values)
		olivia.seesOn(got, `name="headerLine" type="text" value="first"`, "<details open")
	})
}

func TestBrowserWithoutScriptUploadsAFile(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID := b.signIn()
	b.do("disable scripts", emulation.SetScriptExecutionDisabled(true))
	b.open("/c/" + communityID + "/import")
	b.until("the input is visible", `document.querySelector("#file").checkVisibility() && !document.querySelector("[data-choose]").checkVisibility()`)
	for _, l := range []Appearance{{"phone", 390, 844, "light", true, "none"}, {"light", 1440, 900, "light", false, "none"}} { // axe needs scripts
		CheckPage(b.T, b.ctx, "real-scriptless", l)
	}
	b.upload("members.csv", wideFile(1))
	b.press("Upload")
	b.sees("1 column needs your choice", "Change what the file does")
}
