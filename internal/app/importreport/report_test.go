package importreport

import (
	"strconv"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/errorgroup"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/bulk/newfield"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
)

func TestStoppedImportNamesItsUnreadRowsAndTheCommandForTheRest(t *testing.T) {
	stoppedJob := bulk.Status{JobID: "j", Status: bulk.Cancelled, Options: &bulk.Options{Mode: bulk.Upsert, Decimal: ","}, Counts: bulk.Counts{Read: 10, Created: 10}, Unread: new(int64(5))}
	for _, c := range []struct {
		command Command
		unread  *int64
		want    string
		next    string
	}{
		{Command{File: "a b.csv", Community: "c"}, new(int64(5)), "5 rows were not read.", "regulars import --rest-of j --community c"},
		{Command{File: "a.csv", Community: "c", Data: "d d", Type: bulk.Update}, nil, "The rows that were not read are not counted yet.", "regulars import --rest-of j --community c --data 'd d'"},
		{Command{File: "a.csv", Community: "c"}, new(int64(0)), "0 rows were not read.", ""},
	} {
		stoppedJob.Unread = c.unread
		var out strings.Builder
		if err := (Report{Job: stoppedJob}).Write(&out); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "Job j: cancelled.\n10 rows read: 10 created") || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s", out.String())
		}
		next := ""
		for _, step := range c.command.Next(stoppedJob, bulk.ErrorGroups{}) {
			next += step.Command
		}
		if next != c.next {
			t.Errorf("next is %q, want %q", next, c.next)
		}
	}
}

func TestMessagesOfErrorsAreWithheldAfterAnErasure(t *testing.T) {
	groups := bulk.ErrorGroups{Counted: 1_000, List: []bulk.ErrorGroup{
		{Column: "Tag", Code: "unknown_tag", Message: errs.Constant("There is no tag of Ann."), Same: true, Rows: 900, FirstLine: 2, OtherValues: 30, MoreValues: true, Values: []errorgroup.Value{{Text: "gold", Rows: 20}}},
		{Code: "bad_quoting", Message: errs.Constant("A quote is not closed."), Rows: 1, FirstLine: 7, Same: true},
	}}
	write := func(out *strings.Builder, groups bulk.ErrorGroups, failed int64) {
		if err := (Report{Job: bulk.Status{Counts: bulk.Counts{Failed: failed}}, Groups: groups}).Write(out); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	write(&out, groups, 2_000)
	for _, want := range []string{"  Tag: unknown_tag, 900 rows, first on line 2\n    There is no tag of Ann.\n    \"gold\": 20 rows, 30 other values, and more\n", "first 1000 of 2000 failed rows"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
	groups.HideValues()
	out.Reset()
	if write(&out, groups, 1_000); strings.Contains(out.String(), "Ann") || strings.Contains(out.String(), "gold") || strings.Contains(out.String(), "quote") {
		t.Errorf("data of an erased person: %s", out.String())
	}
}

func TestReportOfACheckListsTheFirstChoicesOfANewField(t *testing.T) {
	size := job.NewFieldOf("Size", field.Select)
	for i := range 12 {
		size.Options = append(size.Options, strconv.Itoa(i))
	}
	var out strings.Builder
	if err := (Report{Job: bulk.Status{Creates: &newfield.Creates{Fields: []job.NewField{size, job.NewFieldOf("Born", field.Date)}}}}).Write(&out); err != nil {
		t.Fatal(err)
	}
	want := `The import will create the field "Size" of the type select with 12 choices: "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", 2 more.` + "\n" + `The import will create the field "Born" of the type date.` + "\n"
	if !strings.Contains(out.String(), want) {
		t.Errorf("%s", out.String())
	}
}
