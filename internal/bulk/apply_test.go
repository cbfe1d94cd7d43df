package bulk_test

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
)

func TestAPlanIsAppliedOnce(t *testing.T) {
	each(t, func(f *fixture) {
		apply := func(plan bulk.Status) (bulk.Status, error) {
			return f.bulk.Apply(f.Context(), command, f.community, plan.JobID, "")
		}
		plan := f.run(bulk.Import, people, bulk.Options{DryRun: true})
		first, err := apply(plan)
		f.ok(err)
		_, err = f.bulk.Cancel(f.Context(), command, f.community, first.JobID)
		f.ok(err)
		second, err := apply(plan) // the first did nothing
		f.ok(err)
		for _, state := range []string{"queued", "ended"} {
			_, err := apply(plan)
			if !errs.Is(err, "already_applied") || errs.KindOf(err) != errs.Conflict || !strings.Contains(errs.From(err).Message, second.JobID) {
				f.Fatalf("applying a plan again whose job is %s: %v, want the job %s", state, err, second.JobID)
			}
			if state == "queued" {
				f.want(f.work(second), bulk.Completed, 4, 0, 0, 0, 0)
			}
		}
		undo, err := f.bulk.Undo(f.Context(), command, f.community, second.JobID, "")
		f.ok(err)
		f.work(undo)
		third, err := apply(plan)
		f.ok(err)
		f.want(f.work(third), bulk.Completed, 4, 0, 0, 0, 0)
	})
}
