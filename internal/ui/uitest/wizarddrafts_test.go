package uitest_test

import (
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
)

const wizardFile = "Email,Username,First Name,Last Name\nzoe@example.com,zoe,Zoe,Z\n"

// stageFile uploads a file in the wizard and returns the address of its draft.
func (p person) stageFile(communityID, name, content string) string {
	p.Helper()
	body, kind := apptest.Form(p.T, name, []byte(content), nil)
	got := p.send(http.MethodPost, "/c/"+communityID+"/import/files", bytes.NewReader(body), map[string]string{"Content-Type": kind})
	if got.status != http.StatusSeeOther {
		p.Fatalf("upload of %s: %d %.600s", name, got.status, got.text)
	}
	return got.header.Get("Location")
}

// formValue is the value of a hidden input of a page.
func (p page) formValue(name string) string {
	found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(p.text)
	if found == nil {
		return ""
	}
	return found[1]
}

// wizardColumns are the choices for wizardFile.
func wizardColumns(version string) url.Values {
	return url.Values{"version": {version}, "column-0": {"email"}, "column-1": {"username"}, "column-2": {"first_name"}, "column-3": {"last_name"}, "mode": {"upsert"}}
}

func TestUnfinishedImportsAreListedForTheirUploader(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		a.Import(t, communityID, a.Key(t, communityID), people, nil)
		mia := staff(t, a, communityID, "mia", "server_administrator")
		home := "/c/" + communityID
		first, second := olivia.stageFile(communityID, "first.csv", wizardFile), olivia.stageFile(communityID, "second.csv", wizardFile)
		check := olivia.follow(second+"/columns", wizardColumns(olivia.get(second).formValue("version")))
		a.Await(t, communityID, check[strings.LastIndex(check, "/")+1:])

		list := olivia.get(home + "/import")
		for _, part := range []string{"first.csv", "second.csv", "Step 2 of 4: Columns", "Step 3 of 4: Check", `href="` + first + `"`, `href="` + check + `"`} {
			if !strings.Contains(list.text, part) {
				t.Errorf("the uploader does not see %s", part)
			}
		}
		if list.header.Get("Set-Cookie") != "" {
			t.Errorf("a cookie: %s", list.header.Get("Set-Cookie"))
		}
		if got := mia.get(home + "/import"); got.status != 200 || strings.Contains(got.text, "first.csv") {
			t.Errorf("a colleague: %d, sees the draft of another person", got.status)
		}
		if got := mia.get(first); got.status != http.StatusForbidden || !strings.Contains(got.text, "olivia uploaded this file") {
			t.Errorf("a colleague opens a draft: %d %.300s", got.status, got.text)
		}
		for path, form := range map[string]url.Values{first + "/columns": wizardColumns(""), first + "/reading": {"delimiter": {";"}}, first + "/discard": nil} {
			if got := mia.post(path, form); got.status != http.StatusForbidden {
				t.Errorf("POST %s by a colleague: %d", path, got.status)
			}
		}
		if got := mia.get(check); got.status != http.StatusSeeOther || !strings.HasPrefix(got.header.Get("Location"), home+"/bulk-jobs/") {
			t.Errorf("a colleague opens a check: %d %s", got.status, got.header.Get("Location"))
		}
		for range 2 {
			if got := olivia.follow(first+"/discard", nil); got != home+"/import" {
				t.Errorf("discard leads to %s", got)
			}
		}
		if got := olivia.get(first).status; got != http.StatusNotFound {
			t.Errorf("a discarded draft: %d", got)
		}
		olivia.follow(check+"/apply", nil)
		if got := olivia.get(home + "/import"); strings.Contains(got.text, "second.csv") {
			t.Error("an imported file is listed as unfinished")
		}
	})
}

func TestOlderFormOfADraftIsRefused(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		draft := olivia.stageFile(communityID, "members.csv", wizardFile)
		version := olivia.get(draft).formValue("version")
		first, second := wizardColumns(version), wizardColumns(version)
		first.Set("dateFormat", "DD/MM/YYYY")
		second.Set("dateFormat", "MM/DD/YYYY")
		check := olivia.follow(draft+"/columns", first)
		if again := olivia.follow(draft+"/columns", first); again != check {
			t.Errorf("the same form again leads to %s, not to %s", again, check)
		}
		for path, form := range map[string]url.Values{"/columns": second, "/reading": {"version": {version}, "delimiter": {";"}}} {
			got := olivia.post(draft+path, form)
			if got.status != http.StatusConflict || !strings.Contains(got.text, "changed in another window") || !strings.Contains(got.text, `value="DD/MM/YYYY" selected`) {
				t.Errorf("POST %s with an older form: %d %.500s", path, got.status, got.text)
			}
		}
	})
}

func TestStepShowsOnlyJobsOfItsFile(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		check := wizardCheck(t, olivia, communityID, "first.csv", miaRow)
		other := olivia.stageFile(communityID, "second.csv", wizardFile)
		joined, page := other+"/jobs/"+lastPart(check), "/c/"+communityID+"/bulk-jobs/"+lastPart(check)
		if got := olivia.get(joined); got.status != http.StatusSeeOther || got.header.Get("Location") != page {
			t.Errorf("the check of another file: %d %s", got.status, got.header.Get("Location"))
		}
		if run := olivia.follow(joined+"/apply", nil); run != page {
			t.Errorf("the run leads to %s", run)
		}
		s, err := a.Bulk.Status(t.Context(), apptest.Operator, communityID, lastPart(check))
		if err != nil || s.AppliedBy != "" {
			t.Errorf("the check of another file was applied by %s, %v", s.AppliedBy, err)
		}
		run := olivia.follow(page+"/apply", nil)
		a.Await(t, communityID, lastPart(run))
		if list := olivia.body("/c/" + communityID + "/import"); !strings.Contains(list, `href="`+other+`"`) || strings.Contains(list, lastPart(run)) {
			t.Error("the draft has the job of another file")
		}
	})
}
