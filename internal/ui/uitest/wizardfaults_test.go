package uitest_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/field"
)

func TestFileThatIsLostUnderItsDraftIsNamedAtEachStep(t *testing.T) {
	eachWithData(t, func(t *testing.T, a *apptest.App, data string) {
		communityID, olivia := owner(t, a)
		for what, change := range map[string]func(path string) error{
			"deleted":  os.Remove,
			"replaced": func(path string) error { return os.WriteFile(path, []byte("Email\nother@example.com\n"), 0o600) },
		} {
			draft := olivia.stageFile(communityID, what+".csv", wizardFile)
			columns := wizardColumns(olivia.get(draft).formValue("version"))
			check := olivia.follow(draft+"/columns", columns)
			a.Await(t, communityID, lastPart(check))
			before := jobCount(t, a, communityID)
			for _, path := range storedFiles(t, data) {
				if err := change(path); err != nil {
					t.Fatal(err)
				}
			}
			columns.Set("dateFormat", "DD/MM/YYYY") // another request
			for step, got := range map[string]page{
				"columns": olivia.get(draft), "check": olivia.post(draft+"/columns", columns), "reading": olivia.post(draft+"/reading", columns), "run": olivia.post(check+"/apply", nil),
				"check again": olivia.post("/c/"+communityID+"/bulk-jobs/"+lastPart(check)+"/check", nil),
			} {
				if got.status < 400 || got.status >= 500 || !strings.Contains(got.text, "pload it again") {
					t.Errorf("%s, %s: %d %.200s", what, step, got.status, got.text)
				}
			}
			if got := olivia.get(check); got.status != http.StatusOK && got.status != http.StatusSeeOther {
				t.Errorf("%s: the check is %d", what, got.status)
			}
			if after := jobCount(t, a, communityID); after != before {
				t.Errorf("%s: %d jobs instead of %d", what, after, before)
			}
			olivia.follow(draft+"/discard", nil)
			for _, path := range storedFiles(t, data) {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// storedFiles are the paths of all stored files in a data folder.
func storedFiles(t *testing.T, data string) (files []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(data, "files"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Type().IsRegular() {
			files = append(files, filepath.Join(data, "files", e.Name()))
		}
	}
	return files
}

func TestExpiredDraftIsNamedAtEachStep(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		draft := olivia.stageFile(communityID, "expired.csv", wizardFile)
		columns := wizardColumns(olivia.get(draft).formValue("version"))
		check := olivia.follow(draft+"/columns", columns)
		a.Await(t, communityID, lastPart(check))
		if _, err := a.DB.Exec(t.Context(), "UPDATE bulk_jobs SET expires_at = 1 WHERE status = 'draft'"); err != nil {
			t.Fatal(err)
		}
		for step, got := range map[string]page{"columns": olivia.get(draft), "check": olivia.post(draft+"/columns", columns), "reading": olivia.post(draft+"/reading", columns)} {
			if got.status != http.StatusGone || !strings.Contains(got.text, "pload it again") {
				t.Errorf("%s: %d %.300s", step, got.status, got.text)
			}
		}
		job := "/c/" + communityID + "/bulk-jobs/" + lastPart(check)
		if got := olivia.get(check); got.status != http.StatusSeeOther || got.header.Get("Location") != job {
			t.Errorf("the check: %d %s", got.status, got.header.Get("Location"))
		}
		if got := olivia.get("/c/" + communityID + "/import"); got.status != http.StatusOK || strings.Contains(got.text, "expired.csv") {
			t.Errorf("the file step: %d, or lists the expired draft", got.status)
		}
		if got := olivia.follow(check+"/apply", nil); !strings.Contains(got, "/bulk-jobs/") { // the check has its own copy of the time
			t.Errorf("apply leads to %s", got)
		}
	})
}

func TestMappingToADeletedFieldIsChosenAgain(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		shirt, err := a.Fields.Create(t.Context(), apptest.Operator, communityID, field.Input{Name: "Shirt", Field: "shirt", Type: field.SingleLine})
		if err != nil {
			t.Fatal(err)
		}
		draft := olivia.stageFile(communityID, "members.csv", "Email,Username,First Name,Last Name,Garment\nzoe@example.com,zoe,Zoe,Z,XL\n")
		columns := wizardColumns(olivia.get(draft).formValue("version"))
		columns.Set("column-4", "shirt")
		check := olivia.follow(draft+"/columns", columns)
		a.Await(t, communityID, lastPart(check))
		if _, err := a.FieldChanges.DeleteField(t.Context(), apptest.Operator, communityID, shirt.ID, "shirt"); err != nil {
			t.Fatal(err)
		}
		if got := olivia.get(draft); got.status != http.StatusOK || !strings.Contains(got.text, `id="column-problem-4"`) || strings.Contains(got.text, `id="column-problem-0"`) {
			t.Errorf("columns: %d %.300s", got.status, got.text)
		}
		columns.Set("version", olivia.get(draft).formValue("version"))
		if got := olivia.post(draft+"/columns", columns); got.status != http.StatusBadRequest || !strings.Contains(got.text, `id="column-problem-4"`) {
			t.Errorf("the deleted field again: %d", got.status)
		}
		if got := olivia.post(check+"/apply", nil); got.status != http.StatusConflict || !strings.Contains(got.text, `role="alert"`) {
			t.Errorf("run of a check with a deleted field: %d %.300s", got.status, got.text)
		}
		columns.Set("column-4", "-")
		check = olivia.follow(draft+"/columns", columns)
		if done := a.Await(t, communityID, lastPart(check)); done.Counts.Created != 1 {
			t.Errorf("%+v", done.Counts)
		}
	})
}

func TestFileOfAThousandColumnsPassesTheWizard(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		header, row := "Email,Username,First Name,Last Name", "zoe@example.com,zoe,Zoe,Z"
		for i := range 996 {
			header += fmt.Sprintf(",Column %d", i)
			row += ",x"
		}
		draft := olivia.stageFile(communityID, "wide.csv", header+"\n"+row+"\n")
		got := olivia.get(draft)
		if got.status != http.StatusOK || len(got.text) > 140<<10 {
			t.Fatalf("columns: %d, %d bytes", got.status, len(got.text))
		}
		half := wizardColumns(got.formValue("version"))
		for i := range 450 {
			half.Set(fmt.Sprintf("column-%d", i+4), "+")
		}
		saved := olivia.get(olivia.follow(draft+"/choices", half))
		if !strings.Contains(saved.text, "1,000 columns, 546 of them need your choice") && !strings.Contains(saved.text, "546 columns need your choice") {
			t.Errorf("half of the columns: %.6000s", saved.text)
		}
		got = saved
		columns := wizardColumns(got.formValue("version"))
		for i := range 996 {
			columns.Set(fmt.Sprintf("column-%d", i+4), "-")
		}
		check := olivia.follow(draft+"/columns", columns)
		if done := a.Await(t, communityID, lastPart(check)); done.Counts.Created != 1 {
			t.Errorf("%+v", done.Counts)
		}
		if got := olivia.get(check); got.status != http.StatusOK || len(got.text) > 200<<10 {
			t.Errorf("check: %d, %d bytes", got.status, len(got.text))
		}
		body, kind := apptest.Form(t, "wider.csv", []byte(header+",Column 996\n"+row+",x\n"), nil)
		wider := olivia.send(http.MethodPost, "/c/"+communityID+"/import/files", bytes.NewReader(body), map[string]string{"Content-Type": kind})
		if wider.status != http.StatusBadRequest || !strings.Contains(wider.text, "1,000") && !strings.Contains(wider.text, "1000") {
			t.Errorf("1,001 columns: %d %.300s", wider.status, wider.text)
		}
	})
}
