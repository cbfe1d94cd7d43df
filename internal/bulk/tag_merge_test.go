package bulk_test

import (
	"log/slog"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
)

// tag returns the id of a tag, which is created if necessary.
func (f *fixture) tag(name string) string {
	f.Helper()
	tag, err := member.TagByName(f.Context(), f.db, f.community, name)
	if errs.KindOf(err) == errs.NotFound {
		tag, err = f.members.CreateTag(f.Context(), command, f.community, name)
	}
	f.ok(err)
	return tag.ID
}

// merge renames a tag, or merges it into another one.
func (f *fixture) merge(from, name string) {
	f.Helper()
	_, err := f.members.UpdateTag(f.Context(), command, f.community, f.tag(from), name, true)
	f.ok(err)
}

// replaceTags runs the jobs of merged and deleted tags.
func (f *fixture) replaceTags() {
	f.Helper()
	engine := jobs.New(f.db, clock.Clock{}, slog.New(slog.DiscardHandler), jobs.EngineOptions{})
	f.members.RegisterJobs(engine)
	waiting, err := sqldb.All(f.Context(), f.db, sqldb.Value[string], "SELECT id FROM jobs WHERE kind = 'member.remove_tag' AND finished_at = 0 ORDER BY id")
	f.ok(err)
	for _, jobID := range waiting {
		f.ok(engine.RunUntilDone(f.Context(), jobID))
	}
}

const tagHeader = "Email,Username,First Name,Last Name,Tag\n"

// TestUndoIgnoresMergesOfTags undoes an import before and after the job of the
// merge.
func TestUndoIgnoresMergesOfTags(t *testing.T) {
	for _, replaced := range []bool{false, true} {
		each(t, func(f *fixture) {
			f.tag("Vip")
			f.tag("VIP")
			f.run(bulk.Import, tagHeader+"a@example.com,aa,A,A,VIP\nb@example.com,bb,B,B,beta\nc@example.com,cc,C,C,Vip\nd@example.com,dd,D,D,beta\n", bulk.Options{})
			s := f.run(bulk.Import, tagHeader+"a@example.com,,,,Vip\nb@example.com,,,,\"Vip,VIP\"\nc@example.com,,,,beta\nd@example.com,,,,Vip\ne@example.com,ee,E,E,Vip\n", bulk.Options{})
			f.want(s, bulk.Completed, 1, 4, 0, 0, 0)
			f.merge("Vip", "VIP")
			if replaced {
				f.replaceTags()
			}
			f.change("dd", "tag", "VIP,beta") // a change of the member after the job
			undo := f.undo(s)
			if d := cmp.Diff(map[int]string{5: "tag:changed_since"}, f.causes(undo)); d != "" {
				f.Error(d)
			}
			f.replaceTags()
			for who, want := range map[string][]string{"aa": {"VIP"}, "bb": {"beta"}, "cc": {"VIP"}, "dd": {"VIP", "beta"}} {
				if got := f.tagNames(who); !slices.Equal(got, want) {
					f.Errorf("%s has %v, want %v", who, got, want)
				}
			}
			if _, err := f.members.Find(f.Context(), command, f.community, "ee"); !errs.Is(err, "user_not_found") {
				f.Errorf("the created member: %v", err)
			}
		})
	}
}

// TestUndoKeepsATagThatOthersWereMergedInto undoes the job that created the tag.
func TestUndoKeepsATagThatOthersWereMergedInto(t *testing.T) {
	each(t, func(f *fixture) {
		f.tag("Vip")
		f.run(bulk.Import, tagHeader+"a@example.com,aa,A,A,Vip\n", bulk.Options{})
		s := f.run(bulk.Import, tagHeader+"b@example.com,bb,B,B,VIP\nc@example.com,cc,C,C,unused\n", bulk.Options{CreateTags: true})
		f.merge("Vip", "VIP")
		undo := f.undo(s) // before the job of the merge
		if d := cmp.Diff(map[int]string{2: "tag:used_elsewhere"}, f.causes(undo)); d != "" {
			f.Error(d)
		}
		f.replaceTags()
		if got := f.tagNames("aa"); !slices.Equal(got, []string{"VIP"}) {
			f.Errorf("tags %v", got)
		}
	})
}

// TestUndoDeletesNoTagThatWasMergedAway undoes the job that created the merged
// tag.
func TestUndoDeletesNoTagThatWasMergedAway(t *testing.T) {
	each(t, func(f *fixture) {
		f.tag("VIP")
		s := f.run(bulk.Import, tagHeader+"b@example.com,bb,B,B,Vip\n", bulk.Options{CreateTags: true})
		f.merge("Vip", "VIP")
		undo := f.undo(s)
		if got := f.causes(undo); len(got) != 0 {
			f.Errorf("kept %v", got)
		}
		f.tag("VIP")
	})
}

func TestPlanIsStaleOnceItsTagIsRenamedOrMerged(t *testing.T) {
	for what, update := range map[string]func(f *fixture){
		"rename": func(f *fixture) { f.merge("Vip", "Regular") },
		"merge":  func(f *fixture) { f.merge("Vip", "beta") },
	} {
		t.Run(what, func(t *testing.T) {
			each(t, func(f *fixture) {
				f.tag("Vip")
				file := tagHeader + "a@example.com,aa,A,A,Vip\nb@example.com,bb,B,B,\n"
				early := f.run(bulk.Import, file, bulk.Options{DryRun: true})
				late := f.run(bulk.Import, file, bulk.Options{DryRun: true})
				applied, err := f.bulk.Apply(f.Context(), command, f.community, late.JobID, "")
				f.ok(err)
				update(f)
				if _, err := f.bulk.Apply(f.Context(), command, f.community, early.JobID, ""); !errs.Is(err, "plan_stale") {
					f.Errorf("applied: %v", err)
				}
				done := f.work(applied)
				f.want(done, bulk.CompletedWithErrors, 1, 0, 0, 0, 1)
				if d := cmp.Diff(map[int]string{2: "plan_stale"}, f.codes(done)); d != "" {
					f.Error(d)
				}
			})
		})
	}
}

// TestImportSeesAMergeBetweenItsBatches merges the tag of a file while its job
// waits: rows with the previous name fail, or create the tag again.
func TestImportSeesAMergeBetweenItsBatches(t *testing.T) {
	for _, create := range []bool{false, true} {
		each(t, func(f *fixture) {
			f.tag("Vip")
			f.tag("VIP")
			s, err := f.startUpload(f.Context(), f.input(bulk.Import, tagHeader+"a@example.com,aa,A,A,Vip\nb@example.com,bb,B,B,VIP\n", bulk.Options{CreateTags: create}))
			f.ok(err)
			f.merge("Vip", "VIP")
			done := f.work(s)
			f.replaceTags()
			if got := f.tagNames("bb"); !slices.Equal(got, []string{"VIP"}) {
				f.Errorf("tags %v", got)
			}
			if create {
				f.want(done, bulk.Completed, 2, 0, 0, 0, 0)
				if got := f.tagNames("aa"); !slices.Equal(got, []string{"Vip"}) {
					f.Errorf("tags %v", got)
				}
				return
			}
			if d := cmp.Diff(map[int]string{2: "unknown_tag"}, f.codes(done)); d != "" {
				f.Error(d)
			}
		})
	}
}
