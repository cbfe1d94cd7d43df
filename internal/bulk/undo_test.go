package bulk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
)

// undo undoes a job and runs the undo to its end.
func (f *fixture) undo(s bulk.Status) bulk.Status {
	f.Helper()
	undo, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, "")
	f.ok(err)
	return f.work(undo)
}

// same compares the state of the community's members with an earlier one.
func (f *fixture) same(before []string) {
	f.Helper()
	if d := cmp.Diff(before, f.state()); d != "" {
		f.Fatal(d)
	}
}

// causes are the codes of values that an undo kept, by line.
func (f *fixture) causes(undo bulk.Status) map[int]string {
	f.Helper()
	codes := map[int]string{}
	for _, d := range f.details(undo, bulk.DetailFilter{}) {
		for _, p := range d.Errors {
			codes[d.Line] = strings.TrimSpace(codes[d.Line] + " " + p.Column + ":" + p.Code)
		}
	}
	return codes
}

func (f *fixture) change(username, field string, value any) []member.HistoryRow {
	f.Helper()
	rows, err := f.members.Change(f.Context(), command, f.community, f.member(username).ID, []member.FieldValue{{Field: field, Value: value}}, member.Source{Type: "console"})
	f.ok(err)
	return rows
}

func TestUndoOfAnUpdateAndThenOfTheImportRestoresTheFirstState(t *testing.T) {
	each(t, func(f *fixture) {
		before := f.state()
		created := f.run(bulk.Import, people, bulk.Options{})
		imported := f.state()
		updated := f.run(bulk.Update, "Email,Plan,Country,Tag,Score_op,Score,Username\nann@example.com,x,FR,beta,add,1,ann\nbob@example.com,y,FR,beta,add,2,bobby\ncem@example.com,z,FR,beta,add,3,cem\ndee@example.com,,,,,,dd\n", bulk.Options{})
		f.want(updated, bulk.Completed, 0, 4, 0, 0, 0)
		f.want(f.undo(updated), bulk.Completed, 0, 4, 0, 0, 0)
		f.same(imported)
		f.want(f.undo(created), bulk.Completed, 0, 4, 0, 0, 0)
		f.same(before)
	})
}

func TestAValueThatWasChangedAndRevertedDoesNotKeepItsMember(t *testing.T) {
	each(t, func(f *fixture) {
		before := f.state()
		created := f.run(bulk.Import, people, bulk.Options{})
		updated := f.run(bulk.Update, "Email,Plan\nann@example.com,x\nbob@example.com,y\n", bulk.Options{})
		for _, row := range f.change("ann", "plan", "by hand") {
			_, err := f.members.Revert(f.Context(), command, f.community, row.ID)
			f.ok(err)
		}
		f.change("bob", "username", "bobby")
		f.change("bobby", "username", "bob")
		f.want(f.undo(updated), bulk.Completed, 0, 2, 0, 0, 0)
		f.change("cem", "plan", "other")
		f.change("cem", "plan", "silver")
		f.want(f.undo(created), bulk.Completed, 0, 4, 0, 0, 0)
		f.same(before)
	})
}

func TestValueWrittenSinceIsKeptEvenIfAnEarlierRowWroteIt(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		s := f.run(bulk.Update, "Email,Plan\nann@example.com,one\nann@example.com,two\n", bulk.Options{})
		f.change("ann", "plan", "one")
		f.want(f.undo(s), bulk.Completed, 0, 0, 1, 1, 0)
		if got := f.member("ann").Values.Get("plan"); got != "one" {
			f.Fatalf("the plan is %v", got)
		}
	})
}

func TestANameThatPassedToANewMemberReturnsToItsOwner(t *testing.T) {
	each(t, func(f *fixture) {
		f.field(field.Input{Field: "card", Name: "Card", Type: field.SingleLine, Identifier: true})
		f.run(bulk.Import, people, bulk.Options{})
		f.run(bulk.Update, "Email,Card\nann@example.com,c1\nbob@example.com,c2\n", bulk.Options{})
		before := f.state()
		s := f.run(bulk.Import, "Email,Username,First Name,Last Name,Card\nann@example.com,anna,,,__CLEAR__\nnew@example.com,ann,New,Nut,c1\nbob@example.com,bobby,,,c9\nnewer@example.com,bob,Newer,Nut,c2\n", bulk.Options{})
		f.want(s, bulk.Completed, 2, 2, 0, 0, 0)
		f.want(f.undo(s), bulk.Completed, 0, 4, 0, 0, 0)
		f.same(before)
	})
}

func TestExchangedNamesReturnToTheirOwners(t *testing.T) {
	each(t, func(f *fixture) {
		f.field(field.Input{Field: "card", Name: "Card", Type: field.SingleLine, Identifier: true})
		f.run(bulk.Import, people, bulk.Options{})
		f.run(bulk.Update, "Email,Card\nann@example.com,c1\nbob@example.com,c2\ncem@example.com,c3\n", bulk.Options{})
		before := f.state()
		round := "Email,Username,Card\nann@example.com,cem,c3\nbob@example.com,ann,c1\ncem@example.com,bob,c2\n"
		for _, size := range []int{3, 50} {
			f.bulk = f.withBatchRows(size)
			s := f.run(bulk.Import, round, bulk.Options{})
			f.want(s, bulk.Completed, 0, 3, 0, 0, 0)
			f.want(f.undo(s), bulk.Completed, 0, 3, 0, 0, 0)
			f.same(before)
		}
	})
}

func TestNameOfAnotherMemberIsNotRestored(t *testing.T) {
	each(t, func(f *fixture) {
		f.field(field.Input{Field: "card", Name: "Card", Type: field.SingleLine, Identifier: true})
		f.run(bulk.Import, people, bulk.Options{})
		f.run(bulk.Update, "Email,Card\nann@example.com,c1\nbob@example.com,c2\n", bulk.Options{})
		s := f.run(bulk.Import, "Email,Username,Card,Plan\nann@example.com,anna,c7,x\nbob@example.com,ann,c1,y\n", bulk.Options{})
		f.want(s, bulk.Completed, 0, 2, 0, 0, 0)
		f.change("dee", "username", "bob")
		f.change("bob", "card", "c2")
		undo := f.undo(s)
		if d := cmp.Diff(map[int]string{2: "card:taken_since username:taken_since", 3: "card:taken_since username:taken_since"}, f.causes(undo)); d != "" {
			f.Fatal(d)
		}
		if ann, bob := f.member("anna"), f.member("ann"); ann.Values.Get("plan") != "gold" || bob.Values.Get("plan") != nil || bob.Values.Get("card") != "c1" {
			f.Fatalf("ann %+v, bob %+v", ann, bob)
		}
	})
}

func TestTagsOfAJobAreDeletedWithItUnlessAnotherMemberHasThem(t *testing.T) {
	each(t, func(f *fixture) {
		before := f.state()
		s := f.run(bulk.Import, "Email,Username,First Name,Last Name,Tag\na@example.com,aa,A,A,one\nb@example.com,bb,B,B,\"one,two\"\nc@example.com,cc,C,C,three\nd@example.com,dd,D,D,four\n", bulk.Options{CreateTags: true})
		f.want(s, bulk.Completed, 4, 0, 0, 0, 0)
		later := f.run(bulk.Import, "Email,Username,First Name,Last Name,Tag\nx@example.com,xx,X,X,\"two,four\"\n", bulk.Options{})
		undo := f.undo(s)
		f.want(undo, bulk.Completed, 0, 4, 0, 0, 0)
		if d := cmp.Diff(map[int]string{3: "tag:used_elsewhere", 5: "tag:used_elsewhere"}, f.causes(undo)); d != "" {
			f.Fatal(d)
		}
		tags, err := f.members.Tags(f.Context(), command, f.community)
		f.ok(err)
		names := []string{}
		for _, tag := range tags {
			names = append(names, tag.Name)
		}
		if d := cmp.Diff([]string{"beta", "four", "two"}, names); d != "" {
			f.Fatal(d)
		}
		f.undo(later)
		for _, tag := range tags {
			if tag.Name != "beta" {
				f.ok(f.members.DeleteTag(f.Context(), command, f.community, tag.ID))
			}
		}
		f.same(before)
	})
}

func TestAPlanWithNewTagsCanBeAppliedAgainOnceItsRunIsUndone(t *testing.T) {
	each(t, func(f *fixture) {
		plan := f.run(bulk.Import, "Email,Username,First Name,Last Name,Tag\na@example.com,aa,A,A,one\n", bulk.Options{CreateTags: true, DryRun: true})
		for range 2 {
			applied, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, "")
			f.ok(err)
			applied = f.work(applied)
			f.want(applied, bulk.Completed, 1, 0, 0, 0, 0)
			if _, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, ""); !errs.Is(err, "already_applied") {
				f.Fatalf("applied twice: %v", err)
			}
			f.want(f.undo(applied), bulk.Completed, 0, 1, 0, 0, 0)
		}
	})
}

func TestRolesTagsAndOptionsThatWereDeletedSinceAreNotRestored(t *testing.T) {
	each(t, func(f *fixture) {
		f.field(field.Input{Field: "level", Name: "Level", Type: field.Select, Options: []string{"Low", "High"}})
		fan, err := f.auth.CreateRole(f.Context(), command, f.community, access.RoleInput{Title: "Fan", Class: "#112233"})
		f.ok(err)
		gone, err := f.members.CreateTag(f.Context(), command, f.community, "gone")
		f.ok(err)
		f.run(bulk.Import, "Email,Username,First Name,Last Name,Tag,Role,Level\na@example.com,aa,A,A,\"beta,gone\",Fan,Low\n", bulk.Options{})
		s := f.run(bulk.Update, "Email,Tag,Role,Level\na@example.com,__CLEAR__,@all,High\n", bulk.Options{})
		f.want(s, bulk.Completed, 0, 1, 0, 0, 0)
		f.ok(f.members.DeleteTag(f.Context(), command, f.community, gone.ID))
		f.ok(f.members.DeleteRole(f.Context(), command, f.community, fan.ID))
		_, err = f.changes.UpdateField(f.Context(), command, f.community, "level", field.Update{Options: []string{"High"}})
		f.ok(err)
		undo := f.undo(s)
		if d := cmp.Diff(map[int]string{2: "level:field_gone role:already_gone tag:already_gone"}, f.causes(undo)); d != "" {
			f.Error(d)
		}
		if a := f.member("aa"); len(a.TagIDs) != 1 || len(a.RoleIDs) != 0 || a.Values.Get("level") != "High" {
			f.Errorf("the member is %+v", a)
		}
	})
}

func TestOnlyOneUndoOfAJobRunsAndNoneOfAnUndo(t *testing.T) {
	each(t, func(f *fixture) {
		s := f.run(bulk.Import, people, bulk.Options{})
		plan := f.run(bulk.Import, people, bulk.Options{DryRun: true})
		undo, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, "")
		f.ok(err)
		for id, code := range map[string]string{s.JobID: "undo_running", undo.JobID: "not_undoable", plan.JobID: "not_undoable"} {
			if _, err := f.bulk.Undo(f.Context(), command, f.community, id, ""); !errs.Is(err, code) || errs.KindOf(err) != errs.Conflict {
				f.Errorf("want %s, got %v", code, err)
			}
		}
		_, err = f.bulk.Cancel(f.Context(), command, f.community, undo.JobID)
		f.ok(err)
		f.want(f.undo(s), bulk.Completed, 0, 4, 0, 0, 0)
		old := f.run(bulk.Import, people, bulk.Options{})
		f.late += 91 * 24 * time.Hour
		if _, err := f.bulk.Undo(f.Context(), command, f.community, old.JobID, ""); !errs.Is(err, "expired") || errs.KindOf(err) != errs.Gone {
			f.Errorf("want expired, got %v", err)
		}
	})
}

func TestUndoOfACancelledJobRemovesWhatItApplied(t *testing.T) {
	each(t, func(f *fixture) {
		before := f.state()
		s := f.run(bulk.Import, people, bulk.Options{CreateTags: true})
		_, err := f.db.Exec(f.Context(), "UPDATE bulk_jobs SET status = 'cancelled' WHERE id = $1", s.JobID)
		f.ok(err)
		f.want(f.undo(s), bulk.Completed, 0, 4, 0, 0, 0)
		f.same(before)
	})
}
