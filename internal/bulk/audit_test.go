package bulk_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/member/directory"
)

func TestStartsCancelsAndExportsAreInTheAuditLog(t *testing.T) {
	each(t, func(f *fixture) {
		file := "Email,Username\nada@example.com,ada\n"
		plan := f.run(bulk.Import, file, bulk.Options{DryRun: true})
		applied, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, "")
		f.ok(err)
		f.work(applied)
		taken, err := f.bulk.Undo(f.Context(), command, f.community, applied.JobID, "")
		f.ok(err)
		grace := actor.Actor{Kind: actor.Session, AccountID: "a", Name: "grace", InstallationOwner: true}
		_, err = f.bulk.Cancel(f.Context(), grace, f.community, taken.JobID)
		f.ok(err)
		f.ok(f.bulk.Export(f.Context(), grace, f.community, bulk.CSV, f.Output(), directory.Filter{}))

		type entry struct {
			Action, By, JobID, Name string
			Type, DryRun            any
		}
		var got []entry
		log, _, err := audit.List(f.Context(), f.db, f.community, audit.Filter{Limit: 50})
		f.ok(err)
		for _, e := range log {
			if e.Target.Type != "bulk_job" && e.Target.Type != "member" {
				continue
			}
			one := entry{Action: string(e.Action), By: e.Actor, JobID: e.Target.ID, Name: e.Target.Name}
			if len(e.Changes) == 2 {
				one.Type, one.DryRun = e.Changes[0].New, e.Changes[1].New
			}
			got = append(got, one)
		}
		want := []entry{
			{"member.export", "account:a", "", "", nil, nil},
			{"bulk_job.cancel", "account:a", taken.JobID, "members.csv", nil, nil},
			{"bulk_job.start", "command", taken.JobID, "members.csv", "undo", false},
			{"bulk_job.start", "command", applied.JobID, "members.csv", "import", false},
			{"bulk_job.start", "command", plan.JobID, "members.csv", "import", true},
		}
		if d := cmp.Diff(want, got); d != "" {
			f.Errorf("%q %s", "members.csv", d)
		}
	})
}
