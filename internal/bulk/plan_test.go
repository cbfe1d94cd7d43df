package bulk_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// ugly has rows that depend on each other: people who repeat within and across
// batches, names that change their holder, colliding keys, new tags.
const ugly = "Email,Username,First Name,Last Name,Tag,Plan,Score\n" +
	"ann@example.com,anna,,,,silver,2\n" + // renamed
	"new@example.com,ann,New,Nut,one,p,1\n" + // takes the free name
	"new@example.com,,Newer,,,,\n" + // changed by a later row
	"ann@example.com,,,,\"beta, one\",,3\n" +
	"x@example.com,bob,X,Y,,,\n" + // somebody else's name
	"new@example.com,,,,two,q,\n" + // again, in a later batch
	",,,,,,\n" +
	"dee@example.com,dee,Dee,Dogwood,,,\n" + // unchanged
	"late@example.com,nut,Late,Leaf,two,,7\n" +
	"other@example.com,nut,O,O,,,\n" + // the name was taken by the row before
	"cem@example.com,,,,,gold,1e5\n"

func TestDryRunHasTheResultOfTheRun(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		before := f.dump()
		plan := f.run(bulk.Import, ugly, bulk.Options{DryRun: true, CreateTags: true})
		if !plan.DryRun || plan.Status != bulk.Completed {
			f.Fatalf("the dry run is %+v", plan)
		}
		if f.dump() != before {
			f.Fatal("the dry run changed something")
		}
		planned := f.details(plan, bulk.DetailFilter{})
		applied, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, "")
		f.ok(err)
		if applied.JobID == plan.JobID || applied.PlanJobID != plan.JobID {
			f.Fatalf("applied as %+v", applied)
		}
		done := f.work(applied)
		if !cmp.Equal(done.Counts, plan.Counts) {
			f.Fatalf("did %+v, planned %+v: %v", done.Counts, plan.Counts, f.codes(done))
		}
		got := f.details(done, bulk.DetailFilter{})
		for i := range got {
			if got[i].Outcome != planned[i].Outcome || len(got[i].Changes) != len(planned[i].Changes) {
				f.Errorf("line %d did %+v, planned %+v", got[i].Line, got[i], planned[i])
			}
		}
		f.want(done, bulk.CompletedWithErrors, 2, 4, 1, 1, 3)
		if m := f.member("new@example.com"); m.Username != "ann" || m.FirstName != "Newer" || m.Values.Get("plan") != "q" {
			f.Fatalf("the new member is %+v", m)
		}
	})
}

func TestTheDetailsOfAPlanShowOldAndNew(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		plan := f.run(bulk.Import, ugly, bulk.Options{DryRun: true, CreateTags: true})
		rows := f.details(plan, bulk.DetailFilter{Line: 2})
		want := []bulk.Detail{{Line: 2, Identifier: "ann@example.com", UserID: f.member("ann").ID, Outcome: "updated", Errors: []bulk.Problem{}, Changes: []bulk.Change{
			{Field: "username", Old: "ann", New: "anna"}, {Field: "plan", Old: "gold", New: "silver"}, {Field: "score", Old: json.Number("1.5"), New: json.Number("2")},
		}}}
		if !cmp.Equal(rows, want) {
			f.Fatal(cmp.Diff(want, rows))
		}
		if rows := f.details(plan, bulk.DetailFilter{Line: 3}); len(rows) != 1 || rows[0].Outcome != "created" || len(rows[0].Changes) != 7 {
			f.Fatalf("line 3: %+v", rows)
		}
		if rows := f.details(plan, bulk.DetailFilter{Line: 5}); len(rows) != 1 || !cmp.Equal(rows[0].Changes[0].New, []string{"beta", "one"}) {
			f.Fatalf("line 5 does not name the tags it would make: %+v", rows)
		}
		if rows := f.details(plan, bulk.DetailFilter{Outcome: "skipped"}); len(rows) != 1 || rows[0].Line != 8 {
			f.Fatalf("skipped: %+v", rows)
		}
	})
}

func TestAPlanIsAppliedOnlyWhileItHolds(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		text := "Email,Plan\nann@example.com,a\nbob@example.com,b\n"
		apply := func(s bulk.Status) error {
			_, err := f.bulk.Apply(f.Context(), command, f.community, s.JobID, "")
			return err
		}
		real := f.run(bulk.Import, "Email,Plan\ncem@example.com,c\n", bulk.Options{})
		if err := apply(real); !errs.Is(err, "not_a_plan") {
			f.Errorf("applying a real run: %v", err)
		}
		plan := f.run(bulk.Import, text, bulk.Options{DryRun: true})
		f.late = 25 * time.Hour
		if err := apply(plan); !errs.Is(err, "plan_stale") {
			f.Errorf("applying after a day: %v", err)
		}
		f.late = 0
		f.field(field.Input{Field: "more", Name: "More", Type: field.Boolean})
		if err := apply(plan); !errs.Is(err, "plan_stale") {
			f.Errorf("applying after a field was made: %v", err)
		}
		plan = f.run(bulk.Import, text, bulk.Options{DryRun: true})
		f.run(bulk.Import, "Email,Plan\nbob@example.com,changed\n", bulk.Options{})
		applied, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, "")
		f.ok(err)
		done := f.work(applied)
		f.want(done, bulk.CompletedWithErrors, 0, 1, 0, 0, 1)
		if got := f.codes(done)[3]; got != "plan_stale" {
			f.Errorf("the row that changed: %s", got)
		}
		if f.member("bob").Values.Get("plan") != "changed" || f.member("ann").Values.Get("plan") != "a" {
			f.Errorf("ann %v, bob %v", f.member("ann").Values.Map(), f.member("bob").Values.Map())
		}
	})
}

func TestUndoRestoresValuesThatDidNotChangeSince(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		text := header + "Ann,Ash,ann,ann@example.com,,FR,,,,bronze,9\nEve,Elm,eve,eve@example.com,,,,,beta,,\nFay,Fir,fay,fay@example.com,,,,,,,\n" +
			"Bob,Birke,bobby,bob@example.com,,,,,,x,\nEve,Elm,eve,eve@example.com,,,,,,twice,\n"
		s := f.run(bulk.Import, text, bulk.Options{})
		f.want(s, bulk.Completed, 2, 3, 0, 0, 0)
		f.run(bulk.Import, "Email,Plan\nfay@example.com,kept\nbob@example.com,mine\n", bulk.Options{})
		undo, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, "")
		f.ok(err)
		done := f.work(undo)
		f.want(done, bulk.Completed, 0, 4, 0, 1, 0)
		if done.Type != bulk.Undo || done.UndoOf != s.JobID {
			f.Fatalf("the undo is %+v", done)
		}
		if kept := f.details(done, bulk.DetailFilter{Outcome: "skipped"}); len(kept) != 1 || kept[0].Identifier != "fay@example.com" || kept[0].Errors[0].Code != "changed_since" {
			f.Fatalf("kept %+v", kept)
		}
		if got := f.member("bob"); got.Username != "bob" || got.LastName != "Birch" || got.Values.Get("plan") != "mine" {
			f.Fatalf("bob is %+v", got)
		}
		if _, err := f.members.Find(f.Context(), command, f.community, "eve"); errs.KindOf(err) != errs.NotFound {
			f.Fatalf("eve is still here: %v", err)
		}
		if ann := f.member("ann"); ann.Country != "DE" || ann.Values.Get("plan") != "gold" {
			f.Fatalf("ann is %+v", ann)
		}
		original, err := f.bulk.Status(f.Context(), command, f.community, s.JobID)
		f.ok(err)
		if original.Status != bulk.Undone {
			f.Fatalf("the original is %s", original.Status)
		}
		if _, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, ""); !errs.Is(err, "not_undoable") {
			f.Fatalf("undoing twice: %v", err)
		}
		if f.count() != 5 {
			f.Fatalf("%d members, want the 4 and fay", f.count())
		}
	})
}

func TestUndoOfAWholeImportLeavesNothing(t *testing.T) {
	each(t, func(f *fixture) {
		before := f.dump()
		s := f.run(bulk.Import, people, bulk.Options{})
		undo, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, "")
		f.ok(err)
		done := f.work(undo)
		f.want(done, bulk.Completed, 0, 4, 0, 0, 0)
		if f.dump() != before || f.count() != 0 {
			f.Fatalf("left: %s", f.dump())
		}
		for _, d := range f.details(done, bulk.DetailFilter{}) {
			if want := []bulk.Change{{Field: "state", Old: "active"}}; !cmp.Equal(d.Changes, want) {
				f.Errorf("line %d does not tell that its member was removed: %+v", d.Line, d)
			}
		}
		f.want(f.run(bulk.Import, people, bulk.Options{}), bulk.Completed, 4, 0, 0, 0, 0)
	})
}

func TestCancelKeepsWhatWasApplied(t *testing.T) {
	each(t, func(f *fixture) {
		s, err := f.startUpload(f.Context(), f.input(bulk.Import, people, bulk.Options{}))
		f.ok(err)
		s, err = f.bulk.Cancel(f.Context(), command, f.community, s.JobID)
		f.ok(err)
		if s.Status != bulk.Cancelled || f.count() != 0 {
			f.Fatalf("%s with %d members", s.Status, f.count())
		}
		if _, err := f.bulk.Cancel(f.Context(), command, f.community, s.JobID); !errs.Is(err, "job_finished") {
			f.Fatalf("cancelling twice: %v", err)
		}
		undo, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, "")
		f.ok(err)
		f.want(f.work(undo), bulk.Completed, 0, 0, 0, 0, 0)
	})
}

func TestAnUpdateAddsSubtractsAndOverwrites(t *testing.T) {
	each(t, func(f *fixture) {
		f.field(field.Input{Field: "card", Name: "Card", Type: field.SingleLine, Identifier: true})
		f.run(bulk.Import, people, bulk.Options{})
		f.run(bulk.Import, "Email,Card\nann@example.com,A-1\nbob@example.com,B-1\ncem@example.com,a-1\n", bulk.Options{})
		text := "Email,score_op,Score\nann@example.com,add,2.25\nann@example.com,ADD,1\nbob@example.com,subtract,4\ncem@example.com,overwrite,100\n" +
			"nobody@example.com,add,1\ndee@example.com,,1\ndee@example.com,multiply,2\ndee@example.com,add,\n"
		s := f.run(bulk.Update, text, bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 0, 4, 1, 0, 3)
		for name, want := range map[string]any{"ann": json.Number("4.75"), "bob": json.Number("-4"), "cem": json.Number("100"), "dee": nil} {
			if got := f.member(name).Values.Get("score"); got != want {
				f.Errorf("%s has %v, want %v", name, got, want)
			}
		}
		want := map[int]string{6: "user_not_found", 7: "missing_operation", 8: "unknown_operation"}
		if got := f.codes(s); !cmp.Equal(got, want) {
			f.Error(cmp.Diff(want, got))
		}
		ann := f.member("ann")
		byOther := fmt.Sprintf("user_id,Card,Plan\n%s,,by id\n%d,,by number\n,B-1,by card\n,Z-9,nobody\n%s,B-1,taken\n", ann.ID, f.member("cem").Number, ann.ID)
		s = f.run(bulk.Update, byOther, bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 0, 3, 0, 0, 2)
		if got := f.codes(s); got[5] != "user_not_found" || got[6] != "identifier_taken" {
			f.Errorf("codes %v", got)
		}
		for line, want := range map[int]bulk.Problem{
			5: {Column: "Card", Code: "user_not_found", Message: errs.NewSentence("No member of this community has this %s.", "Card"), Value: "Z-9"},
		} {
			if rows := f.details(s, bulk.DetailFilter{Line: line}); rows[0].Identifier != want.Value || !cmp.Equal(rows[0].Errors, []bulk.Problem{want}) {
				f.Errorf("line %d: %+v", line, rows)
			}
		}
		if rows := f.details(s, bulk.DetailFilter{Line: 4}); rows[0].Identifier != "B-1" {
			f.Errorf("a member found by card: %+v", rows)
		}
		if f.member("ann").Values.Get("plan") != "by id" || f.member("cem").Values.Get("plan") != "by number" || f.member("bob").Values.Get("plan") != "by card" {
			f.Error("an id, a number or a card did not find its member")
		}
	})
}

func TestADraftRemembersWhatWasChosen(t *testing.T) {
	each(t, func(f *fixture) {
		in := f.input(bulk.Import, "E-Mail Address;Login;Given Name;Surname;Notes\nann@example.com;ann;Ann;Ash;x\n", bulk.Options{})
		d, err := f.stage(f.Context(), in)
		f.ok(err)
		got := ""
		for _, c := range d.Columns {
			got += fmt.Sprint(c.Header, "=", c.Field, " ", c.Suggested, " ", !c.Problem.IsZero(), "; ")
		}
		want := "E-Mail Address=email true false; Login=username true false; Given Name=first_name true false; Surname=last_name true false; Notes= false true; "
		if got != want || d.Problem.IsZero() || d.Detected.Delimiter != ";" {
			f.Fatalf("%s\n%s\n%+v", got, want, d)
		}
		if _, err := f.bulk.StartDraft(f.Context(), command, f.community, d.ID, true); !errs.Is(err, "invalid_header") {
			f.Fatalf("started with an open column: %v", err)
		}
		o := d.Options
		o.Mapping = map[string]*string{"Notes": nil}
		d, err = f.bulk.Restage(f.Context(), command, f.community, d.ID, o)
		f.ok(err)
		if !d.Problem.IsZero() {
			f.Fatalf("the draft still says %s", d.Problem)
		}
		plan, err := f.bulk.StartDraft(f.Context(), command, f.community, d.ID, true)
		f.ok(err)
		f.want(f.work(plan), bulk.Completed, 1, 0, 0, 0, 0)
		applied, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, "")
		f.ok(err)
		f.want(f.work(applied), bulk.Completed, 1, 0, 0, 0, 0)
		if d, err = f.bulk.Draft(f.Context(), command, f.community, d.ID); err != nil || d.JobID != plan.JobID {
			f.Fatalf("the draft's job is %q (%v)", d.JobID, err)
		}
		_, total, err := f.bulk.List(f.Context(), command, f.community, bulk.ListFilter{Page: 1, Limit: 10})
		f.ok(err)
		if total != 2 {
			f.Fatalf("%d jobs in the log, want plan and run, not the draft", total)
		}
		f.late = 25 * time.Hour
		if _, err := f.bulk.Draft(f.Context(), command, f.community, d.ID); !errs.Is(err, "expired") {
			f.Fatalf("a draft after a day: %v", err)
		}
	})
}

func TestBatchesOfAnySizeEndInTheSameState(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var text strings.Builder
		text.WriteString("Email,Username,First Name,Last Name,Plan\n")
		for i := range 400 {
			fmt.Fprintf(&text, "u%d@example.com,n%d,F,L,p%d\n", i*7%97, i*7%97, i)
		}
		states := map[string]bool{}
		for _, size := range []int{1, 7, 50, 1000} {
			f := newFixture(t, db, size)
			plan := f.run(bulk.Import, text.String(), bulk.Options{DryRun: true})
			f.want(plan, bulk.Completed, 97, 303, 0, 0, 0)
			s := f.run(bulk.Import, text.String(), bulk.Options{})
			f.want(s, bulk.Completed, 97, 303, 0, 0, 0)
			states[f.dump()] = true
			undo, err := f.bulk.Undo(f.Context(), command, f.community, s.JobID, "")
			f.ok(err)
			f.want(f.work(undo), bulk.Completed, 0, 400, 0, 0, 0)
			if f.count() != 0 {
				f.Fatalf("pieces of %d: %d members left after undo", size, f.count())
			}
		}
		if len(states) != 1 {
			t.Fatalf("%d different states", len(states))
		}
	})
}
