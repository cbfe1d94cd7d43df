package uitest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/app/apptest"
)

const sportsFile = "Email,Username,First Name,Last Name,Sports\nmia@example.com,mia,Mia,M,tennis;golf\nnoa@example.com,noa,Noa,N,Golf ; chess\n"

// TestWizardCreatesAFieldWithTheChoicesOfItsColumn chooses the type of a new field in
// light, dark and on a phone, checks the file, imports it and undoes that.
func TestWizardCreatesAFieldWithTheChoicesOfItsColumn(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID := b.signIn()
	b.open("/c/" + communityID + "/import")
	b.upload("sports.csv", sportsFile)
	b.sees("1 column needs your choice")
	choose := func(name, value string) chromedp.Action {
		return chromedp.Tasks{chromedp.SetValue(`[name="`+name+`"]`, value, chromedp.ByQuery), chromedp.Evaluate(`document.querySelector('[name="`+name+`"]').dispatchEvent(new Event("change", {bubbles: true}))`, nil)}
	}
	b.do("create a field with choices", choose("column-4", "+"), choose("type-4", "multi-select"))
	b.sees("2 choices will be created:", "tennis;golf")
	b.do("name the separator", choose("listSeparator", ";"))
	b.sees("3 choices will be created:")
	b.until("the choices are sorted", `[...document.querySelectorAll("#column-state-4 li")].map(e => e.textContent).join() === "chess,golf,tennis"`)
	b.checkLooks("newchoices")
	b.do("choose another type", choose("type-4", "single-line-text"))
	b.until("there are no choices", `document.querySelector(".choices") === null`)
	b.do("choose the type again", choose("type-4", "multi-select"))
	b.sees("3 choices will be created:")
	b.press("Check the file")
	b.sees("2 members would be created.", "The import will also create", "Multiple choice", "3 choices will be created:", "chess")
	b.checkLooks("creates-choices")
	b.press("Import 2 rows")
	b.sees("2 members were created.")
	sports, err := b.app.Fields.Get(t.Context(), apptest.Operator, communityID, "sports")
	if err != nil || strings.Join(sports.Options, ",") != "chess,golf,tennis" {
		t.Fatalf("%v %v", sports.Options, err)
	}
	b.press("Undo import")
	b.do("type the word", chromedp.SendKeys("#undo-job-word", "undo", chromedp.ByQuery))
	b.do("undo", chromedp.Click("#undo-job [data-held]", chromedp.ByQuery))
	b.sees("2 rows were undone.")
	if _, err := b.app.Fields.Get(t.Context(), apptest.Operator, communityID, "sports"); err == nil {
		t.Error("the undo kept the field")
	}
}

// TestChoicesOfANewFieldAreShownWithoutScript saves the type with the button for
// browsers without JavaScript.
func TestChoicesOfANewFieldAreShownWithoutScript(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		var rows strings.Builder
		rows.WriteString("Email,Username,First Name,Last Name,Code,Size\n")
		for i := range 600 {
			fmt.Fprintf(&rows, "m%[1]d@example.com,m%[1]d,M,M,%[1]d,%[2]d\n", i, i%12)
		}
		draft := olivia.uploadForm(communityID, "members.csv", rows.String())
		form := olivia.form(olivia.get(draft), "/columns")
		for _, number := range []string{"4", "5"} {
			form.values.Set("column-"+number, "+")
			form.values.Set("type-"+number, "select")
		}
		form.action = draft + "/choices"
		page, _ := olivia.submit(form)
		olivia.seesOn(page, "12 choices will be created:", "<li>7</li>", "and 4 more", "1 column needs your choice",
			`The column "Code" has 600 different values, and a field has at most 500 choices. Create the field with the type single-line-text instead.`)
		form = olivia.form(page, "/columns")
		form.values.Set("column-4", "-")
		_, address := olivia.submit(form)
		a.Await(t, communityID, lastPart(address))
		olivia.seesOn(olivia.get(address), "600 members would be created.", "12 choices will be created:", "Single choice", "and 4 more", "<li>11</li>")
	})
}
