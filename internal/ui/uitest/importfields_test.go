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
		draft := olivia.stage(t, base, "spring.csv", "Email,Username,First Name,Last Name,Points,Level\nmia@example.com,mia,Mia,M,12,3\n")
		form := url.Values{"mode": {"upsert"}, "column-4": {"+"}, "type-4": {string(field.SingleLine)}, "column-5": {"+"}, "type-5": {string(field.Numerical)}}
		check := olivia.follow(draft+"/columns", form)
		if done := jobOf(t, a, communityID, check); done.Counts.Created != 1 {
			t.Fatalf("check: %+v", done)
		}
		if got := customFields(t, a, communityID); len(got) > 0 {
			t.Errorf("the check created %v", got)
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
		form = url.Values{"mode": {"upsert"}, "column-1": {"points"}, "column-2": {"+"}, "type-2": {"select"}}
		if got := olivia.post(draft+"/columns", form); got.status != http.StatusBadRequest || !strings.Contains(got.text, "The type of a new field is one of") {
			t.Errorf("a choice: %d %s", got.status, got.text)
		}
	})
}
