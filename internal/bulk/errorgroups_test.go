package bulk_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/field"
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
		if g := groups[0]; g.Column != "Tag" || g.Rows != 8 || g.FirstLine != 2 || g.Same || fmt.Sprint(g.Values) != "[{gold 6} {silver 2}]" || g.OtherValues != 0 {
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
		if len(groups) != 1 || groups[0].Rows != rows || len(groups[0].Values) != 20 || groups[0].Values[0].Rows != 60 || groups[0].OtherValues != 80 || groups[0].MoreValues {
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

func TestEachUnknownNameOfACellIsAnError(t *testing.T) {
	each(t, func(f *fixture) {
		f.field(field.Input{Field: "colours", Name: "Colours", Type: field.MultiSelect, Options: []string{"Red", "Blue"}})
		many := make([]string, 30)
		for n := range many {
			many[n] = fmt.Sprint("t", n)
		}
		s := f.run(bulk.Import, "Email,Username,First Name,Last Name,Tag,Colours,Role\n"+
			"ann@example.com,ann,A,B,\"gold,beta,silver,gold\",\"Red,Pink,Gold,Pink\",\"Boss,Chief\"\n"+
			"bea@example.com,bea,A,B,silver,Pink,\ncal@example.com,cal,A,B,,\"Blue,Red\",\ndan@example.com,dan,A,B,\""+strings.Join(many, ",")+"\",,\n", bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 1, 0, 0, 0, 3)
		got := map[string]string{}
		for _, g := range f.groups(s) {
			got[g.Column] = fmt.Sprint(g.Code, " ", g.Rows, " ", g.Values[:min(len(g.Values), 2)], " ", g.OtherValues+max(len(g.Values)-2, 0))
		}
		for column, want := range map[string]string{
			"Tag": "unknown_tag 3 [{silver 2} {gold 1}] 20", "Colours": "unknown_option 2 [{Pink 2} {Gold 1}] 0", "Role": "unknown_role 1 [{Boss 1} {Chief 1}] 0",
		} {
			if got[column] != want {
				t.Errorf("%s: %s, want %s", column, got[column], want)
			}
		}
		details := f.details(s, bulk.DetailFilter{Outcome: "failed"})
		if errors := details[0].Errors; len(errors) != 6 || errors[0].Value != "Pink" || errors[2].Value != "gold" {
			t.Errorf("errors of the first row: %+v", errors)
		}
		if cells := details[0].Cells; len(cells) != 3 {
			t.Errorf("cells with errors: %+v", cells)
		}
		if last := details[2].Errors; len(last) != 21 || last[20].Value != "" || last[20].Code != "unknown_tag" {
			t.Errorf("%d errors of one cell, the last is %+v", len(last), last[len(last)-1])
		}
		of := bulk.ErrorFilter{Code: "unknown_option", Value: new("Gold")}
		if rows := f.details(s, bulk.DetailFilter{Errors: of}); len(rows) != 1 || rows[0].Line != 2 {
			t.Errorf("rows with the second option: %+v", rows)
		}
		s = f.run(bulk.Import, "Email,Username,First Name,Last Name,Tag\nann@example.com,ann,A,B,\"gold,silver\"\n", bulk.Options{CreateTags: true})
		f.want(s, bulk.Completed, 1, 0, 0, 0, 0)
		if n := len(f.member("ann").TagIDs); n != 2 {
			t.Errorf("%d tags are created at once", n)
		}
	})
}
