package uitest_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/xuri/excelize/v2"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/field"
)

// workbook is a workbook with some sheets whose 31st one has the members, and whose second
// one is hidden.
func workbook(t *testing.T, sheets int) string {
	t.Helper()
	f := excelize.NewFile()
	for i := 1; i <= sheets; i++ {
		name := fmt.Sprintf("Month %d", i)
		if i == 1 {
			name = "Sheet1"
		} else if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		rows := [][]any{{"Price", "Sum"}}
		if i == 31 || i == 40 {
			rows = [][]any{{"Email", "Username", "First Name", "Last Name"}}
		}
		for n := range i {
			rows = append(rows, []any{fmt.Sprintf("u%d@example.com", n), fmt.Sprintf("u%d", n), "First", "Last"})
		}
		for n, row := range rows {
			if err := f.SetSheetRow(name, fmt.Sprintf("A%d", n+1), &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.SetSheetVisible("Month 2", false); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSheetOfAWorkbookIsChosenFromAList(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		draft := olivia.uploadForm(communityID, "year.xlsx", workbook(t, 50))
		page := olivia.get(draft)
		olivia.seesOn(page, "Sheet1", "2 rows", "3 rows · hidden", "Month 50", "51 rows", "<dt>Rows</dt><dd>31</dd>", `value="Month 31" checked`, "u0@example.com")
		if n := strings.Count(page.text, `type="radio" name="sheet"`); n != 50 {
			t.Errorf("%d sheets", n)
		}
		page, _ = olivia.submit(olivia.form(page, "/reading"), "sheet", "Month 40")
		olivia.seesOn(page, `value="Month 40" checked`, "<dt>Rows</dt><dd>40</dd>")
		page, _ = olivia.submit(olivia.form(page, "/reading"), "sheet", "Month 3")
		olivia.seesOn(page, "<dt>Rows</dt><dd>3</dd>", "Price")

		short := olivia.get(olivia.uploadForm(communityID, "members.csv", wizardFile))
		olivia.seesOn(short, "<dt>Rows</dt><dd>1</dd>")
		if strings.Contains(short.text, "Sheet to import") {
			t.Error("a text has sheets")
		}
	})
}

func TestRejectedReadingIsInItsInputsAgain(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		draft := olivia.uploadForm(communityID, "years.xlsx", workbook(t, 103))
		form := olivia.form(olivia.get(draft), "/reading")
		form.values.Set("otherSheet", "Month 203")
		form.values.Set("headerLine", "2")
		form.values.Set("hiddenRows", "skip")
		got := olivia.post(form.action, form.values)
		if got.status != http.StatusBadRequest {
			t.Errorf("%d", got.status)
		}
		olivia.seesOn(got, `The workbook has no sheet "Month 203"`, `<details open>`)
		again := olivia.form(got, "/reading").values
		for _, name := range []string{"sheet", "otherSheet", "headerLine", "hiddenRows"} {
			if again.Get(name) != form.values.Get(name) {
				t.Errorf("%s is %q, was %q", name, again.Get(name), form.values.Get(name))
			}
		}
		text := olivia.uploadForm(communityID, "members.csv", wizardFile)
		form = olivia.form(olivia.get(text), "/reading")
		form.values.Set("encoding", "utf-16le")
		form.values.Set("delimiter", ";")
		form.values.Set("headerLine", "900")
		again = olivia.form(olivia.post(form.action, form.values), "/reading").values
		for _, name := range []string{"encoding", "delimiter", "headerLine"} {
			if again.Get(name) != form.values.Get(name) {
				t.Errorf("%s is %q, was %q", name, again.Get(name), form.values.Get(name))
			}
		}
	})
}

const operationsFile = "Email,Score,Score_op\nzoe@example.com,5,add\n"

func TestUpdateWithOperationsGoesThroughTheWizard(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		if _, err := a.Fields.Create(t.Context(), apptest.Operator, communityID, field.Input{Field: "score", Name: "Score", Type: field.Numerical}); err != nil {
			t.Fatal(err)
		}
		a.Import(t, communityID, a.Key(t, communityID), "Email,Username,First Name,Last Name,Score\nzoe@example.com,zoe,Zoe,Z,37\n", nil)
		draft := olivia.uploadForm(communityID, "points.csv", operationsFile)
		page := olivia.get(draft)
		olivia.seesOn(page, "Columns of an update: Score_op", "1 column needs your choice")
		form := olivia.form(page, "/columns")
		form.action = draft + "/choices"
		page, _ = olivia.submit(form, "kind", "update", "dateFormat", "DD/MM/YYYY")
		olivia.seesOn(page, `value="update" checked`, "3 columns, all of them settled", "Operation on Score", `value="DD/MM/YYYY" selected`)
		_, address := olivia.submit(olivia.form(page, "/columns"))
		a.Await(t, communityID, address[strings.LastIndex(address, "/")+1:])
		check := olivia.get(address)
		olivia.seesOn(check, "1 member would be updated.", "/v1/users/bulk-update")
		_, address = olivia.submit(olivia.form(check, "/apply"))
		a.Await(t, communityID, address[strings.LastIndex(address, "/")+1:])
		run := olivia.get(address)
		olivia.seesOn(run, "1 member was updated.")
		if zoe, err := a.Members.Find(t.Context(), apptest.Operator, communityID, "zoe"); err != nil || fmt.Sprint(zoe.Values.Get("score")) != "42" {
			t.Errorf("zoe: %+v %v", zoe.Values, err)
		}
		_, address = olivia.submit(olivia.form(run, "/undo"))
		a.Await(t, communityID, address[strings.LastIndex(address, "/")+1:])
		olivia.seesOn(olivia.get(address), "1 row was undone.")
	})
}

func TestRowsOfALargeFileAreCounted(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		var text strings.Builder
		text.WriteString("Email,Username,First Name,Last Name\n")
		for i := range 200_000 {
			fmt.Fprintf(&text, "u%d@example.com,u%d,First%d,Last\n", i, i, i)
		}
		draft := olivia.uploadForm(communityID, "large.csv", text.String())
		olivia.seesOn(olivia.get(draft), "<dt>Rows</dt><dd>200,000</dd>")
	})
}

func TestBrowserChoosesSheetAndKind(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID := b.signIn()
	b.open("/c/" + communityID + "/import")
	b.until("the script hides the input", `getComputedStyle(document.querySelector("#file").parentElement).display === "none"`)
	b.upload("year.xlsx", workbook(b.T, 50))
	b.sees("Sheet to import", "Month 50")
	b.checkLooks("sheets")
	b.do("choose a sheet", chromedp.Click(`input[name="sheet"][value="Month 40"]`, chromedp.ByQuery))
	b.press("Use this sheet")
	b.until("the sheet is read", `document.querySelector('input[name="sheet"]:checked').value === "Month 40"`)
	b.do("choose the update", chromedp.Click(`input[name="kind"][value="update"]`, chromedp.ByQuery))
	b.until("the file updates", `document.querySelector('input[name="kind"]:checked').value === "update" && document.querySelector('optgroup[label="Only in updates"]') !== null`)
	b.open("/c/" + communityID + "/import")
	b.sees("year.xlsx", "Step 2 of 4: Columns")
	b.checkLooks("unfinished")
}

// upload chooses a file in the first step.
func (b *browser) upload(name, content string) {
	b.Helper()
	path := filepath.Join(b.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		b.Fatal(err)
	}
	b.do("choose the file", chromedp.SetUploadFiles("#file", []string{path}, chromedp.ByQuery))
}

func TestMappingOfAnEarlierFileIsOffered(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		if _, err := a.Fields.Create(t.Context(), apptest.Operator, communityID, field.Input{Field: "shirt", Name: "Shirt", Type: field.SingleLine}); err != nil {
			t.Fatal(err)
		}
		const text = "Email,Username,First Name,Last Name,Größe\nzoe@example.com,zoe,Zoe,Z,M\n"
		draft := olivia.uploadForm(communityID, "march.csv", text)
		page := olivia.get(draft)
		olivia.seesOn(page, "1 column needs your choice")
		check, address := olivia.submit(olivia.form(page, "/columns"), "column-4", "shirt", "decimal", ",")
		olivia.seesOn(check, "march.csv")
		a.Await(t, communityID, address[strings.LastIndex(address, "/")+1:])

		page = olivia.get(olivia.uploadForm(communityID, "april.csv", text))
		olivia.seesOn(page, "Columns are matched as by <strong>olivia</strong>", "5 columns, all of them settled", `value="," selected`)
		page, _ = olivia.submit(olivia.form(page, "/scratch"))
		olivia.seesOn(page, "1 column needs your choice")
		if strings.Contains(page.text, "Columns are matched") || strings.Contains(page.text, `value="," selected`) {
			t.Error("the page still has the earlier choices")
		}
	})
}
