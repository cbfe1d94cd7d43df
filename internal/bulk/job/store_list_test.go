package job_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

const day = int64(24 * time.Hour / time.Millisecond)

// insertJobs stores jobs of one community, one a day.
func insertJobs(t *testing.T, db *sqldb.DB, communityID string, list []job.Job) {
	t.Helper()
	if _, err := db.Exec(t.Context(), "INSERT INTO communities (id, name, settings, created_at, updated_at) VALUES ($1, 'one', '{}', 1, 1)", communityID); err != nil {
		t.Fatal(err)
	}
	for i, j := range list {
		j.CommunityID, j.CreatedAt = communityID, 1_700_000_000_000+int64(i)*day
		j.ID = id.New(time.UnixMilli(j.CreatedAt))
		if err := job.Insert(t.Context(), db, j); err != nil {
			t.Fatal(err)
		}
	}
}

func TestJobsAreFilteredByEveryProperty(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		communityID, other := id.New(time.Now()), id.New(time.Now())
		insertJobs(t, db, other, []job.Job{{Type: job.Import, Status: job.Completed, FileName: "other", Actor: "account:other"}})
		insertJobs(t, db, communityID, []job.Job{
			{Type: job.Import, Status: job.Completed, FileName: "a", Actor: "account:ada", ActorName: "Lovelace"},
			{Type: job.Import, Status: job.Failed, FileName: "b", Actor: "key:k", ActorName: "Nightly", DryRun: true},
			{Type: job.Update, Status: job.Completed, FileName: "c", Actor: "command"},
			{Type: job.Undo, Status: job.Completed, FileName: "d", Actor: "account:ada", ActorName: "Ada"},
			{Type: job.Import, Status: job.Draft, FileName: "e", Actor: "account:draft"},
			{Type: job.Import, Status: job.Running, FileName: "f", Actor: "open"},
		})
		start := int64(1_700_000_000_000)
		for _, c := range []struct {
			filter job.Filter
			want   string
			total  int64
		}{
			{job.Filter{Limit: 10}, "fdcba", 5},
			{job.Filter{Limit: 2}, "fd", 5},
			{job.Filter{Limit: 2, CountTo: 3}, "fd", 3},
			{job.Filter{Limit: 2, Page: 3}, "a", 5},
			{job.Filter{Limit: 10, Type: "import"}, "fba", 3},
			{job.Filter{Limit: 10, Type: "import", DryRun: new(false)}, "fa", 2},
			{job.Filter{Limit: 10, DryRun: new(true)}, "b", 1},
			{job.Filter{Limit: 10, Status: job.Completed}, "dca", 3},
			{job.Filter{Limit: 10, Actor: "account:ada"}, "da", 2},
			{job.Filter{Limit: 10, Actor: "account:ada", Type: "undo"}, "d", 1},
			{job.Filter{Limit: 10, Actor: "account:a"}, "", 0},
			{job.Filter{Limit: 10, From: start + day}, "fdcb", 4},
			{job.Filter{Limit: 10, From: start + 1, To: start + 3*day}, "cb", 2},
			{job.Filter{Limit: 10, To: start + 1}, "a", 1},
			{job.Filter{Limit: 10, To: start}, "", 0},
			{job.Filter{Limit: 10, From: start + 6*day}, "", 0},
		} {
			list, total, err := job.List(t.Context(), db, communityID, c.filter)
			got := ""
			for _, j := range list {
				got += j.FileName
			}
			if err != nil || got != c.want || total != c.total {
				t.Errorf("%+v: %q of %d, %v; want %q of %d", c.filter, got, total, err, c.want, c.total)
			}
		}
		starters, err := job.ListStarters(t.Context(), db, communityID, 3)
		if want := []job.Starter{{"open", ""}, {"account:ada", "Ada"}, {"command", ""}}; err != nil || !cmp.Equal(starters, want) {
			t.Errorf("%v\n%s", err, cmp.Diff(want, starters))
		}
	})
}
