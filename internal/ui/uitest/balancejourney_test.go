package uitest_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/app/apptest"
)

// TestBalancesChangeInTheWizard walks through a file of premium currency and an update
// of coins, in light, dark and on a phone.
func TestBalancesChangeInTheWizard(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	home := "/c/" + b.signIn()
	b.app.Import(t, home[3:], b.app.Key(t, home[3:]), miaRow+"ned@example.com,ned,Ned,N\n", nil)
	b.open(home + "/import")
	b.press("Premium currency")
	b.sees("Drop a file with amounts of premium currency here", "amount_op")
	b.checkLooks("premium-file")
	b.upload("bonus.csv", "email,amount_op,amount,reason\nmia@example.com,add,50,Spring bonus\nned@example.com,subtract,5,Correction\n")
	b.sees("Operation on Amount", "Change premium currency, one entry for each row")
	b.checkLooks("premium-columns")
	b.press("Check the file")
	b.sees("1 member would be updated.", "1 row cannot be imported", "Premium currency", "The balance is not sufficient: 0 are available.")
	b.checkLooks("premium-check")
	b.press("Import 1 row")
	b.sees("1 member was updated.", "Undo update")
	b.checkLooks("premium-run")
	b.open(home + "/bulk-jobs?kind=premium_currency")
	b.sees("bonus.csv", "Premium currency")
	b.checkLooks("premium-jobs")

	b.open(home + "/import")
	b.upload("coins.csv", "Email,XP,Coins,Coins_op\nmia@example.com,7,20,add\nned@example.com,7,1,subtract\n")
	b.sees("Columns of an update: Coins_op")
	b.do("choose the update", chromedp.Click(`input[name="kind"][value="update"]`, chromedp.ByQuery))
	b.sees("Operation on Coins", "Left out: a balance changes only with operations, in a column of their own.")
	b.checkLooks("coins-columns")
	b.press("Check the file")
	b.sees("1 member would be updated.", "Columns that are not imported: XP.", "Coins")
	b.checkLooks("coins-check")
	b.press("Import 1 row")
	b.sees("1 member was updated.")
	mia, err := b.app.Members.Find(t.Context(), apptest.Operator, home[3:], "mia")
	if err != nil {
		t.Fatal(err)
	}
	b.open(home + "/members/" + mia.ID)
	b.checkLooks("coins-member")
}
