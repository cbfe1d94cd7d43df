package bulk_test

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
)

func (f *fixture) stateOf(jobID string) bulk.Status {
	f.Helper()
	s, err := f.bulk.Status(f.Context(), command, f.community, jobID)
	f.ok(err)
	return s
}

// stopped is an import of stoppedRows rows that was cancelled after some batches.
func (f *fixture) stopped(o bulk.Options) bulk.Status {
	f.Helper()
	f.refuseMembers("NEW.last_name = 'Bad'")
	s, err := f.startUpload(f.Context(), f.input(bulk.Import, crew(stoppedRows, 17), o))
	f.ok(err)
	s = f.interrupt(s)
	s, err = f.bulk.Cancel(f.Context(), command, f.community, s.JobID)
	f.ok(err)
	return f.countUnread(s)
}

func TestTheRestOfACancelledImportIsImportedByItsSuccessor(t *testing.T) {
	eachOfSize(t, 4, func(f *fixture) {
		before := f.state()
		s := f.stopped(bulk.Options{})
		ids := make([]string, 4)
		var all sync.WaitGroup
		for i := range ids {
			all.Go(func() {
				rest, err := f.bulk.Continue(f.Context(), command, f.community, s.JobID, "")
				if err != nil {
					f.Error(err)
				}
				ids[i] = rest.JobID
			})
		}
		all.Wait()
		for _, other := range ids {
			if other != ids[0] {
				f.Fatalf("several successors: %v", ids)
			}
		}
		rest := f.work(f.stateOf(ids[0]))
		if rest.Counts.Read != *s.Unread || rest.Counts.Read+s.Counts.Read != stoppedRows || rest.Continues != s.JobID {
			f.Fatalf("%d rows were read before and %d after: %+v", s.Counts.Read, rest.Counts.Read, rest)
		}
		if got := f.stateOf(s.JobID); got.ContinuedBy != rest.JobID {
			f.Errorf("continued by %q", got.ContinuedBy)
		}
		if got := f.count(); got != stoppedRows-1 {
			f.Errorf("%d members of %d", got, stoppedRows-1)
		}
		if lines := f.details(rest, bulk.DetailFilter{}); lines[0].Line != int(s.Counts.Read)+2 || lines[len(lines)-1].Line != stoppedRows+1 {
			f.Errorf("lines %d to %d", lines[0].Line, lines[len(lines)-1].Line)
		}
		again, err := f.bulk.Continue(f.Context(), command, f.community, s.JobID, "")
		f.ok(err)
		if again.JobID != rest.JobID {
			f.Errorf("a second successor %s", again.JobID)
		}
		f.undo(rest)
		again, err = f.bulk.Continue(f.Context(), command, f.community, s.JobID, "")
		f.ok(err)
		if again.JobID == rest.JobID {
			f.Error("a successor that was undone is returned again")
		}
		f.undo(f.work(again))
		f.undo(s)
		f.same(before)
	})
}

func TestOnlyAStoppedImportWithUnreadRowsIsContinued(t *testing.T) {
	eachOfSize(t, 4, func(f *fixture) {
		refuse := func(s bulk.Status, code string) {
			f.Helper()
			if _, err := f.bulk.Continue(f.Context(), command, f.community, s.JobID, ""); !errs.Is(err, code) {
				f.Errorf("%v, want %s", err, code)
			}
		}
		done := f.run(bulk.Import, people, bulk.Options{})
		refuse(done, "not_stopped")
		refuse(f.run(bulk.Import, people, bulk.Options{DryRun: true}), "not_stopped")
		refuse(f.undo(done), "not_stopped")
		s := f.stopped(bulk.Options{})
		f.late = 100 * 24 * 60 * 60 * 1e9
		refuse(s, "expired")
	})
}

func TestTheRestNeedsTheFieldsOfTheStoppedImport(t *testing.T) {
	each(t, func(f *fixture) {
		s, err := f.startUpload(f.Context(), f.input(bulk.Import, shirts, bulk.Options{NewFields: shirtFields()}))
		f.ok(err)
		s, err = f.bulk.Cancel(f.Context(), command, f.community, s.JobID)
		f.ok(err)
		rest, err := f.bulk.Continue(f.Context(), command, f.community, s.JobID, "")
		f.ok(err)
		undo := f.undo(s)
		f.want(undo, bulk.Completed, 0, 0, 0, 0, 0)
		f.wantFields("t-shirt-size:single-line-text", "visits:numerical")
		rest = f.work(rest)
		f.want(rest, bulk.Completed, 4, 0, 0, 0, 0)

		s, err = f.startUpload(f.Context(), f.input(bulk.Import, shirts+"x@example.com,xx,X,X,M,1\n", bulk.Options{NewFields: shirtFields()}))
		f.ok(err)
		f.want(f.work(s), bulk.Completed, 1, 0, 4, 0, 0)
	})
}

func TestAnUndoCountsWhatItKept(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		clean := f.run(bulk.Update, "Email,Plan\nann@example.com,a\n", bulk.Options{})
		if undo := f.undo(clean); undo.Kept != 0 || f.stateOf(clean.JobID).UndoneBy != undo.JobID {
			f.Errorf("%+v %+v", undo, f.stateOf(clean.JobID))
		}
		s := f.run(bulk.Import, "Email,Username,First Name,Last Name,Plan,Tag\nann@example.com,ann,,,x,one\nbob@example.com,bob,,,y,two\nnew@example.com,new,New,Nut,z,two\n", bulk.Options{CreateTags: true})
		f.change("ann", "plan", "by hand")
		f.change("dee", "tag", []any{"one"})
		f.ok(f.members.Delete(f.Context(), command, f.community, []string{f.member("new").ID}))
		undo := f.undo(s)
		if undo.Kept != 3 {
			f.Errorf("%d rows: %+v", undo.Kept, f.details(undo, bulk.DetailFilter{}))
		}
		list, err := f.bulk.Kept(f.Context(), command, f.community, undo.JobID)
		f.ok(err)
		got := map[string]int{}
		for _, k := range list {
			got[k.Column+":"+k.Code] = k.FirstLine
		}
		if d := cmp.Diff(map[string]int{":changed_since": 4, "plan:changed_since": 2, "tag:used_elsewhere": 2}, got); d != "" {
			f.Error(d)
		}
	})
}

func TestADryRunNamesItsRunAndIsCheckedAgainIfStale(t *testing.T) {
	each(t, func(f *fixture) {
		plan := f.run(bulk.Import, people, bulk.Options{DryRun: true})
		f.ok(f.bulk.PlanProblem(f.Context(), command, f.community, plan.JobID))
		f.field(field.Input{Field: "more", Name: "More", Type: field.Boolean})
		if err := f.bulk.PlanProblem(f.Context(), command, f.community, plan.JobID); !errs.Is(err, "plan_stale") {
			f.Errorf("after a change: %v", err)
		}
		again, err := f.bulk.CheckAgain(f.Context(), command, f.community, plan.JobID)
		f.ok(err)
		again = f.work(again)
		done := f.apply(again)
		f.want(done, bulk.Completed, 4, 0, 0, 0, 0)
		if got := f.stateOf(again.JobID).AppliedBy; got != done.JobID {
			f.Errorf("applied by %q", got)
		}
		if _, err := f.bulk.CheckAgain(f.Context(), command, f.community, done.JobID); !errs.Is(err, "not_a_plan") {
			f.Errorf("an import is checked again: %v", err)
		}
		f.undo(done)
		if got := f.stateOf(again.JobID).AppliedBy; got != "" {
			f.Errorf("after the undo it is applied by %q", got)
		}
	})
}
