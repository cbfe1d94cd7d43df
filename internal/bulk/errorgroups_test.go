package bulk_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/bulk"
)

const groupHead = "Email,Username,First Name,Last Name,Tag,Score\n"

func (f *fixture) groups(s bulk.Status) []bulk.ErrorGroup {
	f.Helper()
	groups, err := f.bulk.ErrorGroups(f.Context(), command, f.community, s.JobID)
	f.ok(err)
	if groups.Counted != s.Counts.Failed {
		f.Errorf("%d of %d failed rows are grouped", groups.Counted, s.Counts.Failed)
	}
	return groups.List
}

// linesOf are the lines that a filter selects, by details and by the file of failed
// rows, which must agree.
func (f *fixture) linesOf(s bulk.Status, of bulk.ErrorFilter) []string {
	f.Helper()
	lines := []string{}
	for _, d := range f.details(s, bulk.DetailFilter{Outcome: "failed", Errors: of}) {
		lines = append(lines, fmt.Sprint(d.Line))
	}
	var file bytes.Buffer
	f.ok(f.bulk.WriteFailed(f.Context(), command, f.community, s.JobID, bulk.CSV, of, &file))
	inFile := []string{}
	for i, record := range strings.Split(strings.TrimSpace(file.String()), "\n") {
		if cells := strings.Split(record, ","); i > 0 {
			inFile = append(inFile, cells[6])
		}
	}
	if !slices.Equal(lines, inFile) {
		f.Errorf("details have the lines %v, the file %v", lines, inFile)
	}
	return lines
}

func TestGroupsOfErrorsOpenExactlyTheirRows(t *testing.T) {
	each(t, func(f *fixture) {
		var file strings.Builder
		file.WriteString(groupHead)
		row := func(n int, tag, score string) {
			fmt.Fprintf(&file, "m%d@example.com,m%d,A,B,%s,%s\n", n, n, tag, score)
		}
		for n := range 6 {
			row(n, "gold", "1")
		}
		row(6, "silver", "x")
		row(7, "beta", "x")
		row(8, "beta", `"say ""hi"" <b>"`)
		row(9, "silver", "1")
		s := f.run(bulk.Import, file.String(), bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 0, 0, 0, 0, 10)
		groups := f.groups(s)
		if len(groups) != 2 || groups[0].Code != "unknown_tag" || groups[1].Code != "invalid_number" {
			t.Fatalf("groups: %+v", groups)
		}
		if g := groups[0]; g.Column != "Tag" || g.Rows != 8 || g.FirstLine != 2 || g.Same || fmt.Sprint(g.Values) != "[{gold 6} {silver 2}]" || g.OtherRows != 0 {
			t.Errorf("tags: %+v", g)
		}
		for _, test := range []struct{ code, value, lines string }{
			{"unknown_tag", "", "2 3 4 5 6 7 8 11"},
			{"unknown_tag", "gold", "2 3 4 5 6 7"},
			{"unknown_tag", "silver", "8 11"},
			{"invalid_number", "", "8 9 10"},
			{"invalid_number", "x", "8 9"},
			{"invalid_number", `say "hi" <b>`, "10"},
			{"invalid_number", "gold", ""},
			{"no_code", "", ""},
		} {
			of := bulk.ErrorFilter{Code: test.code}
			if test.value != "" {
				of.Value = &test.value
			}
			if got := strings.Join(f.linesOf(s, of), " "); got != test.lines {
				t.Errorf("%+v: lines %s", test, got)
			}
		}
		column := "Score"
		if got := f.linesOf(s, bulk.ErrorFilter{Code: "unknown_tag", Column: &column}); len(got) != 0 {
			t.Errorf("a code in another column: %v", got)
		}
	})
}

func TestGroupsOfManyFailedRowsAreCountedAfterTheJob(t *testing.T) {
	each(t, func(f *fixture) {
		f.bulk = f.withBatchRows(4_000)
		var file strings.Builder
		file.WriteString(groupHead)
		const rows = 6_000
		for n := range rows {
			fmt.Fprintf(&file, "m%d@example.com,m%d,A,B,tag %d,1\n", n, n, n/3%100)
		}
		s, err := f.startUpload(f.Context(), f.input(bulk.Import, file.String(), bulk.Options{DryRun: true}))
		f.ok(err)
		s = f.work(s)
		first, err := f.bulk.ErrorGroups(f.Context(), command, f.community, s.JobID)
		f.ok(err)
		if first.Counted != 5_000 || first.List[0].Rows != 5_000 {
			t.Errorf("before the count: %d rows", first.Counted)
		}
		f.runQueued("bulk.group_errors")
		groups := f.groups(s)
		if len(groups) != 1 || groups[0].Rows != rows || len(groups[0].Values) != 20 || groups[0].Values[0].Rows != 60 || groups[0].OtherRows != 80*60 {
			t.Errorf("groups: %+v", groups)
		}
		if groups[0].Message.English != first.List[0].Message.English {
			t.Errorf("the stored message is %q", groups[0].Message.English)
		}
		f.late = 120 * 24 * 3600 * 1e9
		f.ok(f.bulk.Sweep(f.Context()))
		var left int
		f.ok(f.db.QueryRow(f.Context(), "SELECT count(*) FROM bulk_error_groups").Scan(&left))
		if left != 0 {
			t.Error("the groups of an expired job remain")
		}
	})
}
