package uitest_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/regulars/regulars/internal/app/apptest"
)

// wizardCheck uploads a file to the wizard and checks it. It returns the address
// of the Check step.
func wizardCheck(t *testing.T, p person, communityID, fileName, rows string) string {
	t.Helper()
	body, kind := apptest.Form(t, fileName, []byte(rows), nil)
	got := p.send(http.MethodPost, "/c/"+communityID+"/import/files", bytes.NewReader(body), map[string]string{"Content-Type": kind})
	if got.status != http.StatusSeeOther {
		t.Fatalf("upload: %d %.600s", got.status, got.text)
	}
	check := p.follow(got.header.Get("Location")+"/columns", url.Values{"mode": {"upsert"}})
	p.app.Await(t, communityID, lastPart(check))
	return check
}

func lastPart(address string) string { return address[strings.LastIndex(address, "/")+1:] }

const miaRow = "Email,Username,First Name,Last Name\nmia@example.com,mia,Mia,M\n"

func TestBulkJobsAreFilteredAndOpenTheirStep(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		base := "/c/" + communityID + "/bulk-jobs"
		key := a.Key(t, communityID)
		imported := a.Import(t, communityID, key, miaRow, nil).JobID
		failed := a.Import(t, communityID, key, "Email,Username,First Name,Last Name\nbad,bad,B,B\n", map[string]string{"dryRun": "true"}).JobID
		undo, err := a.Bulk.Undo(t.Context(), apptest.Operator, communityID, imported, "")
		if err != nil {
			t.Fatal(err)
		}
		a.Await(t, communityID, undo.JobID)
		check := wizardCheck(t, olivia, communityID, "spring.csv", miaRow)
		run := olivia.follow(check+"/apply", nil)
		a.Await(t, communityID, lastPart(run))
		checked, applied := lastPart(check), lastPart(run)
		unfinished := wizardCheck(t, olivia, communityID, "unfinished.csv", miaRow)
		if got := olivia.get(base).text; !strings.Contains(got, "Your unfinished imports") || !strings.Contains(got, `href="`+unfinished+`" aria-label="Continue with unfinished.csv"`) {
			t.Error("the draft has no link to its step")
		}
		if got := olivia.get(base + "?kind=undo").text; strings.Contains(got, "unfinished") {
			t.Error("a filtered list has drafts")
		}
		olivia.follow(strings.TrimSuffix(unfinished, "/jobs/"+lastPart(unfinished))+"/discard", nil)

		starters, err := a.Bulk.Starters(t.Context(), apptest.Operator, communityID, 10)
		if err != nil || len(starters) != 3 || starters[1].Ref != "command" {
			t.Fatalf("%+v %v", starters, err)
		}
		account, keyRef := url.QueryEscape(starters[0].Ref), url.QueryEscape(starters[2].Ref)
		now := time.Now().UTC()
		today, tomorrow := now.Format(time.DateOnly), now.AddDate(0, 0, 1).Format(time.DateOnly)
		all := []string{imported, failed, undo.JobID, checked, applied, lastPart(unfinished)}
		for query, want := range map[string][]string{
			"": all, "?kind=import": {imported, applied}, "?kind=dryRun": {failed, checked, lastPart(unfinished)}, "?kind=undo": {undo.JobID}, "?kind=update": nil,
			"?status=undone": {imported}, "?status=completed": {failed, undo.JobID, checked, applied, lastPart(unfinished)}, "?by=command": {undo.JobID}, "?by=" + account: {checked, applied, lastPart(unfinished)}, "?by=" + keyRef + "&kind=import": {imported},
			"?from=" + now.AddDate(0, 0, -1).Format(time.DateOnly) + "&to=" + tomorrow: all, "?from=" + tomorrow: nil, "?to=" + now.AddDate(0, 0, -2).Format(time.DateOnly): nil, "?from=x&to=2026-13-01": all,
			"?page=99999999": nil, "?by=nobody": nil,
		} {
			got := olivia.get(base + query)
			for _, id := range all {
				if got.status != 200 || strings.Contains(got.text, `id="job-`+id+`"`) != strings.Contains(strings.Join(want, " "), id) {
					t.Errorf("%q: %d, wrong for job %s", query, got.status, id)
				}
			}
		}
		if got := olivia.get(base + "?kind=nothing"); got.status != 400 {
			t.Errorf("an unknown kind: %d", got.status)
		}

		list := olivia.get(base + "?kind=import&by=" + account + "&from=" + today).text
		for _, want := range []string{
			`href="` + base + "?by=" + account + "&amp;from=" + today + `"`, `href="` + base + "?from=" + today + "&amp;kind=import" + `"`, `href="` + base + "?by=" + account + "&amp;kind=import" + `"`, // chips
			`name="kind" value="import"`, `name="from" type="date"`, "the command line", starters[2].Name,
		} {
			if !strings.Contains(list, want) {
				t.Errorf("%s is missing", want)
			}
		}
		list = olivia.get(base).text
		draft := strings.TrimSuffix(check, "/jobs/"+checked)
		for id, link := range map[string]string{applied: draft + "/jobs/" + applied, checked: base + "/" + checked, imported: base + "/" + imported, undo.JobID: base + "/" + undo.JobID} {
			_, row, _ := strings.Cut(list, `id="job-`+id+`"`)
			if _, row, _ = strings.Cut(row, `href="`); !strings.HasPrefix(row, link+`"`) {
				t.Errorf("job %s opens %.80s, want %s", id, row, link)
			}
		}
	})
}

func TestFiltersOfBulkJobsLookRight(t *testing.T) {
	b := startBrowser(t)
	if b == nil {
		return
	}
	communityID := b.signIn()
	key := b.app.Key(t, communityID)
	b.app.Import(t, communityID, key, miaRow, map[string]string{"dryRun": "true"})
	b.app.Import(t, communityID, key, miaRow, nil)
	b.open("/c/" + communityID + "/bulk-jobs")
	b.sees("2 jobs", "Dry run")
	b.do("open the kinds", chromedp.Click(`//summary[contains(., "Kind")]`, chromedp.BySearch))
	b.press("Dry run")
	b.sees("Kind: Dry run", "1 job")
	b.do("open the days", chromedp.Click("#days summary", chromedp.ByQuery), chromedp.SetValue(`#days [name="to"]`, "2020-01-31", chromedp.ByQuery))
	b.check("days")
	b.do("filter", chromedp.Click("#days button", chromedp.ByQuery))
	b.sees("No matching jobs", "Kind: Dry run", "Until: ")
	b.check("no-jobs")
	b.do("remove the day", chromedp.Click(`.filter-chip a[aria-label^="Remove the filter Until"]`, chromedp.ByQuery))
	b.sees("1 job", "Kind: Dry run")
	b.checkLooks("filtered-jobs")
	b.until("the address has the filter", `location.search === "?kind=dryRun"`)
}
