package api_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/app/apptest"
)

func TestJobOfAnotherCommunityIsNotFound(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		mine, theirs := a.Key(t, a.Community(t)), a.Key(t, a.Community(t))
		planID, _ := importFile(t, a, mine, members, "dryRun", "true")
		jobID, before := importFile(t, a, mine, members+"Grace,Hopper,,no address\n")
		for _, c := range []struct{ name, method, path string }{
			{"status", "GET", "/" + jobID + "/status"},
			{"details", "GET", "/" + jobID + "/details"},
			{"failed rows", "GET", "/" + jobID + "/failed.csv"},
			{"progress", "GET", "/" + jobID + "/progress"},
			{"cancel", "POST", "/" + jobID + "/cancel"},
			{"apply", "POST", "/" + planID + "/apply"},
			{"undo", "POST", "/" + jobID + "/undo"},
		} {
			there := send(t, a, c.method, "/v1/users/bulk-update"+c.path, theirs, "")
			missing := send(t, a, c.method, "/v1/users/bulk-update/000000000000000000000000/"+c.path[26:], theirs, "")
			if there.status != 404 || there.code() != "job_not_found" {
				t.Errorf("%s: %d %s", c.name, there.status, there.text)
			}
			if there.status != missing.status || there.body["message"] != missing.body["message"] {
				t.Errorf("%s can be told from a missing one: %s and %s", c.name, there.text, missing.text)
			}
		}
		if res := send(t, a, "GET", "/v1/users/bulk-update", theirs, ""); res.at("meta.total") != 0.0 {
			t.Errorf("it is listed: %s", res.text)
		}
		if d := cmp.Diff(before, send(t, a, "GET", "/v1/users/bulk-update/"+jobID+"/status", mine, "").body["data"]); d != "" {
			t.Errorf("it has changed: %s", d)
		}
		if res := send(t, a, "GET", "/v1/users/bulk-update", mine, ""); res.at("meta.total") != 2.0 {
			t.Errorf("it has a successor: %s", res.text)
		}
	})
}
