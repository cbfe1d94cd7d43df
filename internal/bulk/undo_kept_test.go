package bulk_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
)

// wantWarnings compares the codes, counts and messages of the warnings of a job.
func (f *fixture) wantWarnings(s bulk.Status, want ...string) {
	f.Helper()
	got := []string{}
	for _, w := range s.Warnings {
		got = append(got, fmt.Sprintf("%s %d %s", w.Code, w.Count, w.Message))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		f.Errorf("warnings %q, want %q", got, want)
	}
}

func TestAnUndoWithoutRowsNamesTheFieldsThatItKept(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		done := f.run(bulk.Import, "Email,Username,First Name,Last Name,T-Shirt Size,Visits\nno-address,aa,A,A,M,3\n", bulk.Options{NewFields: shirtFields()})
		f.want(done, bulk.CompletedWithErrors, 0, 0, 0, 0, 1)
		f.change("ann", "visits", json.Number("7"))
		_, err := f.changes.UpdateField(f.Context(), command, f.community, "t-shirt-size", field.Update{Description: new("Sizes of shirts")})
		f.ok(err)
		undo := f.undo(done)
		f.want(undo, bulk.Completed, 0, 0, 0, 0, 0)
		f.wantFields("t-shirt-size:single-line-text", "visits:numerical")
		f.wantWarnings(undo, `field_kept 1 The field "T-Shirt Size" was created by the job and is kept, because its settings were changed since.`,
			`field_kept 1 The field "Visits" was created by the job and is kept, because members have other values in it now.`)
	})
}

func TestAnUndoWithExpiredRowsNamesTheFieldsAndTagsThatItKept(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, people, bulk.Options{})
		tags := ""
		for i := range 12 {
			tags += fmt.Sprintf("tag %02d,", i)
		}
		done := f.run(bulk.Import, "Email,Username,First Name,Last Name,Visits,Tag\na@example.com,aa,A,A,3,\""+tags+"unused\"\n", bulk.Options{CreateTags: true, NewFields: shirtFields()[1:]})
		f.want(done, bulk.Completed, 1, 0, 0, 0, 0)
		f.run(bulk.Update, "Username,Visits,Tag\nann,7,\""+tags+"\"\n", bulk.Options{})
		undo := f.undo(done)
		f.want(undo, bulk.Completed, 0, 1, 0, 0, 0)
		want := []string{
			"tags_kept 12 Tags that were created by the job and are kept, because other members have them now: tag 00, tag 01, tag 02, tag 03, tag 04, tag 05, tag 06, tag 07, tag 08, tag 09, ….",
			`field_kept 1 The field "Visits" was created by the job and is kept, because members have other values in it now.`,
		}
		f.wantWarnings(undo, want...)
		causes, err := f.bulk.Kept(f.Context(), command, f.community, undo.JobID)
		f.ok(err)
		for _, c := range causes {
			if !c.Created {
				f.Errorf("%+v is no cause of a created field or tag", c)
			}
		}
		if len(causes) != 2 {
			f.Errorf("causes: %+v", causes)
		}
		f.late = 91 * 24 * time.Hour
		f.ok(f.bulk.Sweep(f.Context()))
		if _, err := f.bulk.Kept(f.Context(), command, f.community, undo.JobID); !errs.Is(err, "expired") {
			f.Errorf("the rows have not expired: %v", err)
		}
		f.wantWarnings(f.status(undo), want...)
	})
}
