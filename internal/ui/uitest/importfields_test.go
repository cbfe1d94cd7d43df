package uitest_test

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/field"
)

// stage uploads a file to the wizard and returns the address of the next step.
func (p person) stage(t *testing.T, base, name, text string) string {
	t.Helper()
	body, kind := apptest.Form(t, name, []byte(text), nil)
	got := p.send(http.MethodPost, base+"/import/files", bytes.NewReader(body), map[string]string{"Content-Type": kind})
	if got.status != http.StatusSeeOther {
		t.Fatalf("upload: %d %.600s", got.status, got.text)
	}
	return got.header.Get("Location")
}

// customFields are the names and types of a community's custom fields.
func customFields(t *testing.T, a *apptest.App, communityID string) (list []string) {
	t.Helper()
	fields, err := a.Fields.List(t.Context(), apptest.Operator, communityID)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		if !f.Default {
			list = append(list, f.Name+":"+string(f.Type))
		}
	}
	return list
}

// jobOf waits for the job of a page of the wizard.
func jobOf(t *testing.T, a *apptest.App, communityID, page string) bulk.Status {
	t.Helper()
	return a.Await(t, communityID, page[strings.LastIndex(page, "/")+1:])
}

func TestFieldsOfAnImportAreCreatedByTheRun(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		base := "/c/" + communityID
		draft := olivia.stage(t, base, "spring.csv", "Email,Username,First Name,Last Name,Points,Level,Tag\nmia@example.com,mia,Mia,M,12,3,gold\n")
		form := url.Values{"mode": {"upsert"}, "createTags": {"true"}, "column-4": {"+"}, "type-4": {string(field.SingleLine)}, "column-5": {"+"}, "type-5": {string(field.Numerical)}}
		check := olivia.follow(draft+"/columns", form)
		if done := jobOf(t, a, communityID, check); done.Counts.Created != 1 {
			t.Fatalf("check: %+v", done)
		}
		if got := customFields(t, a, communityID); len(got) > 0 {
			t.Errorf("the check created %v", got)
		}
		if got := olivia.get(check); !strings.Contains(got.text, "The import will also create") || !strings.Contains(got.text, `Level <span class="field-name">`) || !strings.Contains(got.text, `gold <span class="field-name">1 row`) {
			t.Errorf("check: %s", got.text)
		}
		if columns := olivia.get(draft); !strings.Contains(columns.text, `<option value="+" selected>Create a field: Points<`) || strings.Count(columns.text, `<option value="numerical" selected>`) != 1 {
			t.Errorf("columns after the check: %s", columns.text)
		}
		run := olivia.follow(check+"/apply", nil)
		if done := jobOf(t, a, communityID, run); done.Counts.Created != 1 {
			t.Fatalf("run: %+v", done)
		}
		if got := customFields(t, a, communityID); !slices.Equal(got, []string{"Points:single-line-text", "Level:numerical"}) {
			t.Errorf("the run created %v", got)
		}
		draft = olivia.stage(t, base, "summer.csv", "Email,Points,Shirt\nmia@example.com,12,M\n")
		form = url.Values{"mode": {"upsert"}, "column-1": {"points"}, "column-2": {"+"}, "type-2": {"teapot"}}
		if got := olivia.post(draft+"/columns", form); got.status != http.StatusBadRequest || !strings.Contains(got.text, "The type of a new field is one of") {
			t.Errorf("an unknown type: %d %s", got.status, got.text)
		}
	})
}

const springFile = "Email,Username,First Name,Last Name\nmia@example.com,mia,Mia,M\nnoa@example.com,noa,Noa,N\n"

func TestAnAppliedCheckLinksToItsJobAndAStaleOneIsRepeated(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		base := "/c/" + communityID
		draft := olivia.stage(t, base, "spring.csv", springFile)
		check := olivia.follow(draft+"/columns", url.Values{"mode": {"upsert"}})
		jobOf(t, a, communityID, check)
		if _, err := a.Fields.Create(t.Context(), apptest.Operator, communityID, field.Input{Field: "late", Name: "Late", Type: field.Boolean}); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{check, base + "/bulk-jobs/" + check[strings.LastIndex(check, "/")+1:]} {
			if got := olivia.get(path); !strings.Contains(got.text, "changed since the dry run") || !strings.Contains(got.text, "Check again") || strings.Contains(got.text, "Import 2 rows") {
				t.Errorf("%s of a stale check: %s", path, got.text)
			}
		}
		jobID := check[strings.LastIndex(check, "/")+1:]
		again := olivia.follow(base+"/bulk-jobs/"+jobID+"/check", url.Values{"back": {strings.TrimPrefix(draft, base+"/")}})
		if again == check || !strings.HasPrefix(again, draft+"/jobs/") {
			t.Fatalf("checking again leads to %s", again)
		}
		jobOf(t, a, communityID, again)
		run := olivia.follow(again+"/apply", nil)
		if twice := olivia.follow(again+"/apply", nil); twice != run {
			t.Errorf("a second submit leads to %s, not to %s", twice, run)
		}
		done := jobOf(t, a, communityID, run)
		if got := olivia.get(again); !strings.Contains(got.text, "This was imported.") || !strings.Contains(got.text, `href="`+run+`"`) || strings.Contains(got.text, "Import 2 rows") {
			t.Errorf("an applied check: %s", got.text)
		}

		a.Import(t, communityID, a.Key(t, communityID), "Email,First Name\nmia@example.com,Maria\n", nil)
		undo := olivia.follow(base+"/bulk-jobs/"+done.JobID+"/undo", nil)
		undone := jobOf(t, a, communityID, undo)
		for _, path := range []string{run, base + "/bulk-jobs/" + done.JobID} {
			got := olivia.get(path)
			if strings.Contains(got.text, "All of this was undone") || !strings.Contains(got.text, "1 row was undone. In 1 row something was kept.") || !strings.Contains(got.text, "What the undo kept") ||
				!strings.Contains(got.text, "/bulk-jobs/"+undone.JobID+"?line=2#rows") {
				t.Errorf("%s after the undo: %s", path, got.text)
			}
		}
	})
}

func TestAStoppedJobOffersItsRest(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		base := "/c/" + communityID
		draft := olivia.stage(t, base, "spring.csv", springFile)
		check := olivia.follow(draft+"/columns", url.Values{"mode": {"upsert"}})
		jobOf(t, a, communityID, check)
		run := olivia.follow(check+"/apply", nil)
		jobID := jobOf(t, a, communityID, run).JobID
		if _, err := a.DB.Exec(t.Context(), "UPDATE bulk_jobs SET status = 'cancelled', unread_rows = 7 WHERE id = $1", jobID); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{run, base + "/bulk-jobs/" + jobID} {
			if got := olivia.get(path); !strings.Contains(got.text, "Cancelled. 2 rows were written before that, and stay. 7 rows were not read.") || !strings.Contains(got.text, "Import the rest") {
				t.Errorf("%s: %s", path, got.text)
			}
		}
		back := url.Values{"back": {strings.TrimPrefix(draft, base+"/")}}
		rest := olivia.follow(base+"/bulk-jobs/"+jobID+"/continue", back)
		if twice := olivia.follow(base+"/bulk-jobs/"+jobID+"/continue", back); twice != rest || !strings.HasPrefix(rest, draft+"/jobs/") {
			t.Errorf("two submits lead to %s and %s", rest, twice)
		}
		restID := jobOf(t, a, communityID, rest).JobID
		if got := olivia.get(base + "/bulk-jobs/" + restID); !strings.Contains(got.text, "Imports the rest of the job") || !strings.Contains(got.text, jobID) {
			t.Errorf("the rest: %s", got.text)
		}
		if got := olivia.get(run); strings.Contains(got.text, "Import the rest") || !strings.Contains(got.text, "See the import of the rest") {
			t.Errorf("continued: %s", got.text)
		}
	})
}
