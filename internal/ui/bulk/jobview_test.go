package bulk

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/ui"
)

func TestHeadlineSummarisesAJob(t *testing.T) {
	for _, row := range []struct {
		name string
		job  JobView
		want string
	}{
		{"nothing to do", JobView{Status: "completed", Counts: Counts{Read: 2, Unchanged: 2}}, "Nothing was changed."},
		{"one of each", JobView{Status: "completed_with_errors", Counts: Counts{Read: 3, Created: 1, Updated: 1, Failed: 1}}, "1 member was created and 1 updated. 1 row was not imported."},
		{"a check", JobView{Status: "completed", DryRun: true, Counts: Counts{Read: 1200, Updated: 1200}}, "1,200 members would be updated."},
		{"an empty file", JobView{Status: "completed"}, "The file has no rows."},
		{"a cancelled import", JobView{Status: "cancelled", Unread: new(int64(30)), Counts: Counts{Read: 10, Created: 9, Skipped: 1}}, "Cancelled. 9 rows were written before that, and stay. 30 rows were not read."},
		{"a failed import with an unreadable rest", JobView{Status: "failed"}, "The job could not continue. Nothing was changed. The rest of the file was not read."},
		{"a cancelled check", JobView{Status: "cancelled", DryRun: true, Unread: new(int64(0)), Counts: Counts{Read: 10, Created: 10}}, "Cancelled. Nothing was changed."},
		{"an undo", JobView{Type: "undo", Status: "completed", Kept: 1, Counts: Counts{Read: 3, Updated: 2, Skipped: 1}}, "2 rows were undone. In 1 row something was kept."},
		{"an undo without rows", JobView{Type: "undo", Status: "completed", KeptCreated: 2}, "No row had to be undone. 2 fields or tags that it created were kept."},
		{"a cancelled undo", JobView{Type: "undo", Status: "cancelled", Unread: new(int64(4)), Counts: Counts{Read: 3, Updated: 3}}, "Cancelled. 3 rows were undone before that. 4 rows are not undone."},
		{"an import that created fields only", JobView{Status: "completed_with_errors", NewFields: make([]job.NewField, 2), Counts: Counts{Read: 1, Failed: 1}}, "No member was changed. 2 fields were created. 1 row was not imported."},
		{"a check with new fields and errors only", JobView{Status: "completed", DryRun: true, NewFields: make([]job.NewField, 2), Counts: Counts{Read: 1, Failed: 1}}, "Nothing would be changed. 1 row cannot be imported."},
		{"a cancelled check with new fields", JobView{Status: "cancelled", DryRun: true, Unread: new(int64(0)), NewFields: make([]job.NewField, 2)}, "Cancelled. Nothing was changed."},
		{"a cancelled import that created fields", JobView{Status: "cancelled", Unread: new(int64(5)), NewFields: make([]job.NewField, 1)}, "Cancelled. No member was changed. 1 field was created. 5 rows were not read."},
		{"an undone job with a kept field", JobView{Status: "undone", Undo: &JobView{Type: "undo", KeptCreated: 1}}, "No row had to be undone. 1 field or tag that it created was kept."},
		{"a job whose undo runs", JobView{Status: "completed", UndoneBy: "u", Counts: Counts{Read: 1, Created: 1}}, "This is being undone."},
		{"an undone job", JobView{Status: "undone", Undo: &JobView{Type: "undo", Counts: Counts{Read: 1, Updated: 1}}}, "All of this was undone."},
		{"a job that was undone in part", JobView{Status: "undone", Undo: &JobView{Type: "undo", Kept: 2, Counts: Counts{Read: 4, Updated: 3, Skipped: 1}}}, "3 rows were undone. In 2 rows something was kept."},
	} {
		if got := row.job.Headline(ui.Reader{}); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

func TestMeterShowsTheProgressOfAJob(t *testing.T) {
	percent := 50.0
	got := JobView{Status: "running", Percent: &percent, Counts: Counts{Read: 100, Created: 80, Failed: 20}}.Segments()
	want := []Segment{{"m-created", 0, 40}, {"m-updated", 40, 0}, {"m-unchanged", 40, 0}, {"m-skipped", 40, 0}, {"m-failed", 40, 10}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = JobView{Status: "cancelled", Percent: &percent, Unread: new(int64(300)), Counts: Counts{Read: 100, Created: 100}}.Segments()
	want = []Segment{{"m-created", 0, 25}, {"m-updated", 25, 0}, {"m-unchanged", 25, 0}, {"m-skipped", 25, 0}, {"m-failed", 25, 0}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows that were not read: %s", diff)
	}
}
