package uitest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

// lostRun is a job of the queue that works on a bulk job.
type lostRun struct {
	CommunityID string `json:"communityId"`
	JobID       string `json:"jobId"`
}

func (lostRun) Kind() string { return "bulk.run" }

// crashThreeTimes makes a bulk job one whose process ended three times, and returns the
// id of its job in the queue when that was given up.
func crashThreeTimes(t *testing.T, a *apptest.App, communityID, jobID string) (queueJobID string) {
	t.Helper()
	err := a.DB.Tx(t.Context(), func(tx *sqldb.Tx) (err error) {
		queueJobID, err = jobs.Insert(t.Context(), tx, lostRun{communityID, jobID}, jobs.Options{Lane: jobs.Large, RunAt: time.Now().Add(time.Hour)})
		if err != nil {
			return err
		}
		if _, err = tx.Exec(t.Context(), "UPDATE bulk_jobs SET status = 'running', finished_at = 0, queue_job_id = $2 WHERE id = $1", jobID, queueJobID); err != nil {
			return err
		}
		_, err = tx.Exec(t.Context(), "UPDATE jobs SET state = 'running', attempt = 1, node_id = 'lost', lease_token = 'lost', lease_until = 1, crashes = 2 WHERE id = $1", queueJobID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if s := a.Await(t, communityID, jobID); s.Error == nil || s.Error.Code != "gave_up" {
		t.Fatalf("%+v", s)
	}
	return queueJobID
}

func TestOwnerOfTheInstallationSeesDeadJobs(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		root := installationOwner(t, a)
		bulkJob := a.Import(t, communityID, a.Key(t, communityID), "Email,Username,First Name,Last Name\nmia@example.com,mia,Mia,M\n", nil).JobID
		if text := root.get("/-/jobs").text; !strings.Contains(text, "No failed jobs") {
			t.Errorf("%s", text)
		}
		jobID := crashThreeTimes(t, a, communityID, bulkJob)
		var retryable string
		err := a.DB.Tx(t.Context(), func(tx *sqldb.Tx) (err error) {
			retryable, err = jobs.Insert(t.Context(), tx, noReset{}, jobs.Options{RunAt: time.Now().Add(time.Hour)})
			if err == nil {
				_, err = tx.Exec(t.Context(), "UPDATE jobs SET state = 'dead', finished_at = 1, errors = $2 WHERE id = $1", retryable, `[{"attempt":1,"at":1,"error":"<secret detail>"}]`)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range []page{olivia.get("/-/jobs"), olivia.post("/-/jobs/"+jobID+"/dismiss", url.Values{}), olivia.post("/-/jobs/"+retryable+"/retry", url.Values{})} {
			if got.status != http.StatusNotFound {
				t.Errorf("the owner of a community is answered with %d", got.status)
			}
		}
		text := root.get("/-/jobs").text
		for _, want := range []string{"ended 3 times during this job", "There is nothing to retry", "&lt;secret detail&gt;", "/-/jobs/" + retryable + "/retry"} {
			if !strings.Contains(text, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
		if strings.Contains(text, jobID+"/retry") {
			t.Error("a job that has ended can be retried")
		}
		if text := root.get("/?all=1").text; !strings.Contains(text, "2 jobs of this server failed for good.") {
			t.Error("the first page does not show the failed jobs")
		}
		if text := olivia.get("/c/" + communityID + "/bulk-jobs/" + bulkJob).text; !strings.Contains(text, "ended three times during this job") || strings.Contains(text, "secret") {
			t.Errorf("%s", text)
		}
		if got := root.post("/-/jobs/"+retryable+"/retry", url.Values{}).status; got != http.StatusSeeOther {
			t.Errorf("retry: %d", got)
		}
		if got := root.post("/-/jobs/"+jobID+"/dismiss", url.Values{}).status; got != http.StatusSeeOther {
			t.Errorf("dismiss: %d", got)
		}
		if got := root.post("/-/jobs/"+jobID+"/dismiss", url.Values{}); got.status != http.StatusConflict {
			t.Errorf("dismissed twice: %d", got.status)
		}
	})
}

// noReset is a request for a password link of an address without an account.
type noReset struct{}

func (noReset) Kind() string { return "auth.reset" }

func TestJobPageShowsWhyAJobWaits(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, olivia := owner(t, a)
		jobID := a.Import(t, communityID, a.Key(t, communityID), "Email,Username,First Name,Last Name\nmia@example.com,mia,Mia,M\n", nil).JobID
		at := time.Now().Add(time.Hour)
		var queueJobID string
		err := a.DB.Tx(t.Context(), func(tx *sqldb.Tx) (err error) {
			queueJobID, err = jobs.Insert(t.Context(), tx, lostRun{communityID, jobID}, jobs.Options{Lane: jobs.Large, RunAt: at})
			if err == nil {
				_, err = tx.Exec(t.Context(), "UPDATE bulk_jobs SET status = 'running', finished_at = 0, queue_job_id = $2 WHERE id = $1", jobID, queueJobID)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for reason, want := range map[string]string{
			"retry": "The last attempt failed because of an error of the server. It is tried again.", "database": "Waiting for the database.",
			"field_change": "Waiting until a change of the community&#39;s fields is complete.", "": "Waiting to continue.",
		} {
			if _, err := a.DB.Exec(t.Context(), "UPDATE jobs SET wait_reason = $2 WHERE id = $1", queueJobID, reason); err != nil {
				t.Fatal(err)
			}
			text := olivia.get("/c/" + communityID + "/bulk-jobs/" + jobID).text
			if !strings.Contains(text, want) || !strings.Contains(text, "Next attempt: ") {
				t.Errorf("%q: the page does not say %q", reason, want)
			}
			status, answer := a.Do(t, http.MethodGet, "/v1/users/bulk-update/"+jobID+"/status", a.Key(t, communityID), nil)
			waiting, _ := answer["data"].(map[string]any)["waiting"].(map[string]any)
			if code := waiting["reason"]; status != http.StatusOK || code != reason && fmt.Sprint(code) != "later" || waiting["nextAttemptAt"] == nil || waiting["since"] == nil {
				t.Errorf("%d %v", status, waiting)
			}
		}
	})
}
