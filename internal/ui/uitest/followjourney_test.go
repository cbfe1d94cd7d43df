package uitest_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/field"
)

// TestWizardSaysWhatARunCreatesKeepsAndLeavesUnread walks through the notices of a
// check, a run and an undo, in light, dark and on a phone.
func TestWizardSaysWhatARunCreatesKeepsAndLeavesUnread(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID := b.signIn()
	base := "/c/" + communityID
	b.open(base + "/import")
	b.upload("spring.csv", "Email,Username,First Name,Last Name,Points,Tag\nmia@example.com,mia,Mia,M,12,gold\nnoa@example.com,noa,Noa,N,7,silver\n")
	b.sees("Fields of the columns", "1 column needs your choice")
	b.until("the type is hidden", `document.querySelector('[name="type-4"]').checkVisibility() === false`)
	b.do("create a field for a column", chromedp.SetValue(`select[name="column-4"]`, "+", chromedp.ByQuery), chromedp.Click(`input[name="createTags"]`, chromedp.ByQuery))
	b.until("the type is shown", `document.querySelector('[name="type-4"]').checkVisibility() && document.querySelector('[name="type-4"]').value === "numerical"`)
	b.checkLooks("newfield")
	b.press("Check the file")
	b.sees("2 members would be created.", "The import will also create", "gold")
	b.checkLooks("creates")

	if _, err := b.app.Fields.Create(t.Context(), apptest.Operator, communityID, field.Input{Field: "late", Name: "Late", Type: field.Boolean}); err != nil {
		t.Fatal(err)
	}
	check := b.path()
	b.open(check)
	b.sees("changed since the dry run")
	b.checkLooks("stale")
	b.press("Check again")
	b.sees("2 members would be created.", "Import 2 rows")
	again := b.path()
	b.press("Import 2 rows")
	b.sees("2 members were created.")
	run := b.path()
	b.open(again)
	b.sees("This was imported.")
	b.checkLooks("applied")
	b.press("See the job")
	b.sees("2 members were created.")

	if s := b.app.Import(t, communityID, b.app.Key(t, communityID), "Email,First Name,Points\nmia@example.com,Maria,13\n", nil); s.Counts.Updated != 1 {
		t.Fatalf("%+v", s)
	}
	b.press("Undo import")
	b.do("type the word", chromedp.SendKeys("#undo-job-word", "undo", chromedp.ByQuery))
	b.do("undo", chromedp.Click("#undo-job [data-held]", chromedp.ByQuery))
	b.sees("1 row was undone. In 1 row something was kept.", "What the undo kept")
	b.checkLooks("undo-kept")
	b.open(run)
	b.sees("1 row was undone. In 1 row something was kept.", "What the undo kept", `The field "Points" was created by the job and is kept, because`, "How it was undone")
	b.checkLooks("undone-kept")

	if _, err := b.app.DB.Exec(t.Context(), "UPDATE bulk_jobs SET status = 'cancelled', unread_rows = 7 WHERE status = 'undone'"); err != nil {
		t.Fatal(err)
	}
	b.open(run)
	b.sees("7 rows were not read.", "Import the rest")
	b.checkLooks("stopped")
}
