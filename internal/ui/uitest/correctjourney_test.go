package uitest_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestErrorsOfACheckAreCorrectedOnThePage walks from the errors of a check to an
// import, in light, dark and on a phone: create tags, map values, correct cells.
func TestErrorsOfACheckAreCorrectedOnThePage(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	b.open("/c/" + b.signIn() + "/import")
	b.upload("spring.csv", "Email,Username,First Name,Last Name,Tag,Country,Phone\n"+
		"mia@example.com,mia,Mia,M,gold,Preussen,030 901820\nnoa@example.com,noa,Noa,N,silver,,\nkim@example.com,kim,Kim,K,,DE,call me\n")
	b.press("Check the file")
	b.sees("3 rows cannot be imported", "These tags do not exist.", "gold", "silver", "Preussen")
	b.checkLooks("groups")
	b.press("Create these tags")
	b.sees("1 member would be created.", "Map these values")
	b.press("Map these values")
	b.sees("Values of the column Country", "Preussen")
	b.checkLooks("values")
	b.do("choose a country", chromedp.SetValue("#to-0", "DE", chromedp.ByQuery))
	b.press("Save and check again")
	b.sees("2 members would be created.", "call me")
	b.do("correct a cell", chromedp.SetValue(`[name="cell-4-6"]`, "+49 30 901820", chromedp.ByQuery))
	b.press("Save corrections")
	b.sees("1 correction is saved for the next check.")
	b.checkLooks("corrections")
	b.do("check again", chromedp.Click(`#corrections [name="check"]`, chromedp.ByQuery))
	b.sees("3 members would be created.", "Import 3 rows")
	b.press("Import 3 rows")
	b.sees("3 members were created.")
}
