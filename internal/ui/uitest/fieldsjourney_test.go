package uitest_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/roster"
)

func TestValuesAndFieldsAreChangedAndReverted(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID := b.signIn()
	for _, in := range []field.Input{
		{Field: "plan", Name: "Plan", Type: field.SingleLine, Description: "What they pay for"},
		{Field: "sizes", Name: "Sizes", Type: field.MultiSelect, Options: []string{"S", "M", "L"}},
	} {
		if _, err := b.app.Fields.Create(t.Context(), apptest.Operator, communityID, in); err != nil {
			t.Fatal(err)
		}
	}
	grace, err := b.app.Members.Create(t.Context(), apptest.Operator, communityID, roster.CreateInput{
		FirstName: "Grace", LastName: "Hopper", Username: "grace", Email: "grace@example.com",
		Fields: []member.FieldValue{{Field: "plan", Value: "gold"}, {Field: "sizes", Value: "S"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	profile := "/c/" + communityID + "/members/" + grace.ID
	b.open(profile)
	b.sees("Every change of every field", "gold", "Initial value")
	b.value("Plan", "#v-plan", "silver")
	b.sees("Plan updated", "silver")
	b.value("Country", "#v-country", "Atlantis")
	b.sees("Write the country's English name")
	b.check("profile-wrong")
	b.value("Country", "#v-country", "Germany")
	b.sees("Country updated", "Germany", "Changed in the console")
	b.do("open the sizes", chromedp.Click(`//dt[.="Sizes"]/following-sibling::dd[1]//summary`, chromedp.BySearch))
	b.do("choose a size", chromedp.Click(`input[value="L"]`, chromedp.ByQuery))
	b.check("profile-edit")
	b.do("save it", chromedp.Click(`//dt[.="Sizes"]/following-sibling::dd[1]//button`, chromedp.BySearch))
	b.sees("Sizes updated", "S, L")

	b.do("choose a field", chromedp.SetValue("#f-source", "console", chromedp.ByQuery))
	b.press("Filter")
	b.sees("Show all changes")
	b.until("the filter is in the address", `location.search.includes("source=console") && !document.querySelector(".timeline").innerText.includes("Initial value")`)
	b.check("profile-history")
	b.do("put the plan back", chromedp.Click(`//ol[contains(@class, "timeline")]/li[contains(., "silver")]//button`, chromedp.BySearch))
	b.sees("Plan reverted", "Revert")

	b.open("/c/" + communityID + "/fields")
	b.do("open the field", chromedp.Click(`//a[.="Plan"]`, chromedp.BySearch))
	b.sees("1 member has a value", "Delete the field")
	b.check("field")
	b.do("choose another type", chromedp.SetValue(`[name="type"]`, "numerical", chromedp.ByQuery))
	b.press("Save")
	b.sees("do not fit", "grace@example.com")
	b.check("field-refused")
	b.do("choose a list", chromedp.SetValue(`[name="type"]`, "select", chromedp.ByQuery))
	b.fill("options", "Gold\nBlack")
	b.do("make filters fast", chromedp.Click(`[name="filterable"]`, chromedp.ByQuery))
	b.press("Save")
	b.sees("Field Plan updated", "Gold, Black", "Filters are fast")
	b.do("open the field again", chromedp.Click(`//a[.="Plan"]`, chromedp.BySearch))
	b.fill("options", "Black\nWhite")
	b.press("Save")
	b.sees("has chosen an option that you remove", "Replacement for members with a removed option")
	b.check("field-options")
	b.do("choose what they get", chromedp.SetValue(`[name="replace.Gold"]`, "White", chromedp.ByQuery))
	b.press("Save")
	b.sees("Black, White")
	b.do("move it down", chromedp.Click(`[aria-label="Move Plan down"]`, chromedp.ByQuery))
	b.until("it stands below", `document.querySelector("#own tbody tr:last-child").innerText.includes("Plan")`)
	b.check("fields-own")
	b.do("open the field to delete it", chromedp.Click(`//a[.="Plan"]`, chromedp.BySearch))
	b.press("Delete")
	b.do("type its name", chromedp.SendKeys("#delete-field-word", "plan", chromedp.ByQuery))
	b.do("delete it", chromedp.Click("#delete-field [data-held]", chromedp.ByQuery))
	b.sees("Field Plan deleted")
	b.open(profile)
	b.sees("White", "The field was changed")
}

// value types a value into the profile and saves it.
func (b *browser) value(name, input, text string) {
	b.Helper()
	b.do("open "+name, chromedp.Evaluate(`document.querySelector("`+input+`").closest("details").open = true`, nil))
	b.do("type "+text, chromedp.SetValue(input, text, chromedp.ByQuery))
	b.do("save "+name, chromedp.Click(input+` ~ .row button, form:has(`+input+`) button`, chromedp.ByQuery))
}
