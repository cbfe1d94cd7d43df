package api_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

const day = 24 * time.Hour

// eachWithClock is apptest.Each with a clock that the test can advance.
func eachWithClock(t *testing.T, f func(t *testing.T, a *apptest.App, wait func(time.Duration))) {
	t.Helper()
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			var ahead atomic.Int64
			now := clock.At(func() time.Time { return clock.Clock{}.Now().Add(time.Duration(ahead.Load())) })
			a := apptest.New(t, engine, apptest.WithClock(now))
			f(t, a, func(d time.Duration) { ahead.Add(int64(d)) })
		})
	}
}

func TestPlanIsStaleAfterAChangeOfItsBasis(t *testing.T) {
	eachWithClock(t, func(t *testing.T, a *apptest.App, wait func(time.Duration)) {
		communityID := a.Community(t)
		key, under := a.Key(t, communityID), "/v1/communities/"+communityID
		made := func(path, body string) {
			if res := send(t, a, "POST", path, key, body); res.status/100 != 2 {
				t.Errorf("%d %s", res.status, res.text)
			}
		}
		for _, c := range []struct {
			name   string
			change func()
		}{
			{"a role", func() { made("/v1/roles", `{"title":"VIP"}`) }},
			{"a tag", func() { made(under+"/tags", `{"name":"news"}`) }},
			{"a field", func() { made(under+"/user-fields", `{"field":"points","name":"Points","type":"numerical"}`) }},
			{"a setting", func() {
				accent := "#123456"
				if _, err := a.Communities.Update(t.Context(), communityID, community.Change{Accent: &accent}, actor.Actor{}); err != nil {
					t.Error(err)
				}
			}},
			{"a day", func() { wait(day + time.Minute) }},
		} {
			planID, _ := importFile(t, a, key, members, "dryRun", "true")
			c.change()
			if res := send(t, a, "POST", "/v1/users/bulk-update/"+planID+"/apply", key, ""); res.status != 409 || res.code() != "plan_stale" {
				t.Errorf("%s: %d %s", c.name, res.status, res.text)
			}
		}
		if res := send(t, a, "GET", under+"/users", key, ""); res.at("meta.total") != 0.0 {
			t.Errorf("a stale plan made members: %s", res.text)
		}
	})
}

func TestExpiredFilesAndRowsAreGone(t *testing.T) {
	eachWithClock(t, func(t *testing.T, a *apptest.App, wait func(time.Duration)) {
		key := a.Key(t, a.Community(t))
		planID, _ := importFile(t, a, key, members, "dryRun", "true")
		jobID, _ := importFile(t, a, key, members+"Grace,Hopper,,no address\n")
		asked := []struct{ name, method, path string }{
			{"apply", "POST", "/" + planID + "/apply"},
			{"undo", "POST", "/" + jobID + "/undo"},
			{"failed rows", "GET", "/" + jobID + "/failed.csv"},
			{"details", "GET", "/" + jobID + "/details"},
		}
		wait(90*day + time.Minute)
		for _, state := range []string{"before the sweep", "after it"} {
			for _, c := range asked {
				if res := send(t, a, c.method, "/v1/users/bulk-update"+c.path, key, ""); res.status != 410 || res.code() != "expired" {
					t.Errorf("%s, %s: %d %s", c.name, state, res.status, res.text)
				}
			}
			if res := send(t, a, "GET", "/v1/users/bulk-update/"+jobID+"/status", key, ""); res.at("data.counts.created") != 2.0 {
				t.Errorf("the status, %s: %d %s", state, res.status, res.text)
			}
			if err := a.Bulk.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		left := 0
		_ = a.Files.List(t.Context(), func(string, int64, time.Time) error { left++; return nil })
		if left > 0 {
			t.Errorf("%d files are kept", left)
		}
	})
}

func TestUploadWithTheSameKeyIsTheSameJobWithoutExpiry(t *testing.T) {
	eachWithClock(t, func(t *testing.T, a *apptest.App, wait func(time.Duration)) {
		key, once := a.Key(t, a.Community(t)), []string{"Idempotency-Key", "spring"}
		first := sendForm(t, a, "/v1/users/bulk-import", key, members, once)
		jobID, _ := first.at("data.jobId").(string)
		finish(t, a, key, jobID)
		// The sweep of files uses the clock of the disk, which does not jump.
		if err := a.Jobs.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		wait(200 * day)
		if err := a.Once.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if again := sendForm(t, a, "/v1/users/bulk-import", key, members, once); again.status != 200 || again.at("data.jobId") != jobID {
			t.Errorf("the same file: %d %s", again.status, again.text)
		}
		for name, res := range map[string]reply{
			"another file":  sendForm(t, a, "/v1/users/bulk-import", key, members+"Grace,Hopper,grace,grace@example.com\n", once),
			"another field": sendForm(t, a, "/v1/users/bulk-import", key, members, once, "mode", "create"),
		} {
			if res.status != 409 || res.code() != "idempotency_mismatch" {
				t.Errorf("%s: %d %s", name, res.status, res.text)
			}
		}
		if res := sendForm(t, a, "/v1/users/bulk-update", key, "Email,First Name\nada@example.com,Augusta\n", once); res.status != 200 || res.at("data.jobId") == jobID {
			t.Errorf("the same key on another route: %d %s", res.status, res.text)
		}
		if res := sendForm(t, a, "/v1/users/bulk-import", a.Key(t, a.Community(t)), members, once); res.status != 200 || res.at("data.jobId") == jobID {
			t.Errorf("the same key of somebody else: %d %s", res.status, res.text)
		}
		left := 0
		_ = a.Files.List(t.Context(), func(string, int64, time.Time) error { left++; return nil })
		if left != 3 {
			t.Errorf("%d files for 3 jobs", left)
		}
	})
}

func TestQueuedJobHasNoProgress(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		key := a.Key(t, a.Community(t))
		if err := a.Jobs.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		res := sendForm(t, a, "/v1/users/bulk-import", key, members, nil, "dryRun", "true")
		jobID, _ := res.at("data.jobId").(string)
		base := "/v1/users/bulk-update/" + jobID
		status, _ := send(t, a, "GET", base+"/status", key, "").body["data"].(map[string]any)
		if status["status"] != "queued" {
			t.Errorf("%v", status)
		}
		for _, name := range []string{"percent", "etaSeconds", "startedAt", "finishedAt"} {
			if value, there := status[name]; !there || value != nil {
				t.Errorf("%s is %v (there: %v), want null", name, value, there)
			}
		}
		if res := send(t, a, "POST", base+"/apply", key, ""); res.status != 409 || res.code() != "plan_running" || res.header.Get("Retry-After") == "" {
			t.Errorf("apply: %d %v %s", res.status, res.header, res.text)
		}
		if res := send(t, a, "POST", base+"/cancel", key, ""); res.status != 200 || res.at("data.status") != "cancelled" {
			t.Errorf("cancel: %d %s", res.status, res.text)
		}
		if res := send(t, a, "GET", base+"/progress", key, ""); strings.Count(res.text, "event: progress\n") != 1 || !strings.Contains(res.text, "event: done\n") {
			t.Errorf("progress of what has ended: %s", res.text)
		}
	})
}
