package uitest_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/field"
)

// lacks fails if a page has one of the texts.
func (p person) lacks(got page, texts ...string) {
	p.Helper()
	for _, text := range texts {
		if strings.Contains(got.text, text) {
			p.Errorf("the page has %q", text)
		}
	}
}

func TestUndoWithoutRowsNamesTheFieldsThatItKept(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		jobs := "/c/" + communityID + "/bulk-jobs/"
		done := a.Import(t, communityID, a.Key(t, communityID), "Email,Username,First Name,Last Name,Visits\nnowhere,zoe,Zoe,Z,3\n", map[string]string{"createFields": `{"Visits":"numerical"}`})
		page := olivia.get(jobs + done.JobID)
		olivia.seesOn(page, "No member was changed. 1 field was created. 1 row was not imported.", "This deletes the fields that it created")
		if _, err := a.FieldChanges.UpdateField(t.Context(), apptest.Operator, communityID, "visits", field.Update{Description: new("Of the shop")}); err != nil {
			t.Fatal(err)
		}
		undo := olivia.follow(jobs+done.JobID+"/undo", nil)
		a.Await(t, communityID, lastPart(undo))
		for _, address := range []string{undo, jobs + done.JobID} {
			olivia.seesOn(olivia.get(address), "No row had to be undone. 1 field or tag that it created was kept.", "What the undo kept",
				`The field "Visits" was created by the job and is kept, because its settings were changed since.`)
		}
	})
}

func TestJobWithExpiredRowsOffersNothingThatNeedsThem(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		job := a.Import(t, communityID, a.Key(t, communityID), wizardFile, map[string]string{"createTags": "true"})
		address := "/c/" + communityID + "/bulk-jobs/" + job.JobID
		olivia.seesOn(olivia.get(address), "Undo import", "This deletes the tags that it created, unless other members have them.")
		if _, err := a.DB.Exec(t.Context(), "UPDATE bulk_jobs SET status = 'cancelled', unread_rows = 7 WHERE id = $1", job.JobID); err != nil {
			t.Fatal(err)
		}
		olivia.seesOn(olivia.get(address), "Import the rest", "Undo import")
		if _, err := a.DB.Exec(t.Context(), "UPDATE bulk_jobs SET expires_at = 1 WHERE id = $1", job.JobID); err != nil {
			t.Fatal(err)
		}
		expired := olivia.get(address)
		olivia.seesOn(expired, "The rows of this job have expired; its counts remain.")
		olivia.lacks(expired, "Import the rest", "Undo import")
	})
}

func TestFailedRowsOfACheckNameWhatCanBeDone(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		jobs, key := "/c/"+communityID+"/bulk-jobs/", a.Key(t, communityID)
		failed := "Email,Username,First Name,Last Name\nnowhere,max,Max,M\n"
		check := a.Import(t, communityID, key, failed, map[string]string{"dryRun": "true"})
		page := olivia.get(jobs + check.JobID)
		olivia.seesOn(page, "Correct your file and start again.")
		olivia.lacks(page, "Correct them below", "Import the others now")

		mixed := a.Import(t, communityID, key, failed+"zoe@example.com,zoe,Zoe,Z\n", map[string]string{"dryRun": "true"})
		olivia.seesOn(olivia.get(jobs+mixed.JobID), "Import the others now and these later")
		a.Await(t, communityID, lastPart(olivia.follow(jobs+mixed.JobID+"/apply", nil)))
		page = olivia.get(jobs + mixed.JobID)
		olivia.seesOn(page, "This was imported.", "The other rows need not be uploaded again.")
		olivia.lacks(page, "Import the others now")

		draft := olivia.stageFile(communityID, "failed.csv", failed)
		address := olivia.follow(draft+"/columns", wizardColumns(olivia.get(draft).formValue("version")))
		a.Await(t, communityID, lastPart(address))
		olivia.seesOn(olivia.get(address), "Correct them below")
	})
}

func TestFormOfValuesSaysThatTextsAreLeftOut(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		var rows strings.Builder
		rows.WriteString("Email,Username,First Name,Last Name,Country\n")
		for i := range 25 { // a group has the 20 most frequent texts
			fmt.Fprintf(&rows, "m%[1]d@example.com,mm%[1]d,A,B,Nowhere %[1]d\n", i)
		}
		draft := olivia.stageFile(communityID, "countries.csv", rows.String())
		form := wizardColumns(olivia.get(draft).formValue("version"))
		form.Set("column-4", "country")
		check := lastPart(olivia.follow(draft+"/columns", form))
		a.Await(t, communityID, check)
		values := draft + "/values?" + url.Values{"column": {"Country"}, "job": {check}}.Encode()
		olivia.seesOn(olivia.get(values), "Nowhere 0", "Some texts of the file are not listed.")
		few := olivia.stageFile(communityID, "few.csv", "Email,Username,First Name,Last Name,Country\nm@example.com,mm,A,B,Nowhere\n")
		olivia.lacks(olivia.get(few+"/values?column=Country"), "Some texts of the file are not listed.")
	})
}
