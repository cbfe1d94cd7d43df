package bulk_test

import (
	"testing"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

// A process may be killed right after the last commit of a bulk job, and its
// successors too: an entry of the queue left behind would be dead after the third
// crash, although the job had completed.
func TestBulkJobAndItsQueueEntryEndTogether(t *testing.T) {
	each(t, func(f *fixture) {
		engine := jobs.New(f.db, f.deps.Clock, f.deps.Log, jobs.EngineOptions{Workers: 2})
		ended := ""
		bulk.Observe(engine, f.bulk, func(jobID string) {
			left, err := sqldb.One(f.Context(), f.db, "count", sqldb.Value[int], "SELECT count(*) FROM jobs WHERE kind = 'bulk.run'")
			s := f.status(bulk.Status{JobID: jobID})
			if f.ok(err); s.Finished() && left != 0 {
				f.Errorf("%s, dry run %v: the job is %s and has an entry in the queue", s.Type, s.DryRun, s.Status)
			}
			ended += string(s.Type) + " " + s.Status + ", "
		})
		work := func(s bulk.Status, err error) bulk.Status {
			f.ok(err)
			f.ok(f.bulk.RunHere(f.Context(), engine, f.community, s.JobID))
			return s
		}
		work(f.start(bulk.Import, people, bulk.Options{DryRun: true}, command), nil)
		done := work(f.start(bulk.Import, people, bulk.Options{}, command), nil)
		work(f.bulk.Undo(f.Context(), command, f.community, done.JobID, ""))
		damaged := f.start(bulk.Import, people, bulk.Options{}, command)
		_, err := f.db.Exec(f.Context(), "UPDATE bulk_jobs SET file_id = 'missing' WHERE id = $1", damaged.JobID)
		f.ok(err)
		work(damaged, nil)
		if want := "import completed, import completed, undo completed, import failed, "; ended != want {
			f.Errorf("ended as %q, want %q", ended, want)
		}
	})
}
