package bulk_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
)

func TestEmptyColumnsBehindTheNamedOnesDoNoHarm(t *testing.T) {
	each(t, func(f *fixture) {
		text := "Email,First Name,Last Name,Username,,\nz1@e.co,A,B,zed,,\nz2@e.co,A,B,zoe,,stray\n,,,,,stray\nz3@e.co,A,B,zac\n"
		s := f.run(bulk.Import, text, bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 2, 0, 0, 0, 2)
		if got, want := f.codes(s), map[int]string{3: "value_without_header", 4: "value_without_header"}; !cmp.Equal(got, want) {
			f.Error(cmp.Diff(want, got))
		}
		if p := f.details(s, bulk.DetailFilter{Line: 3})[0].Errors[0]; !strings.Contains(p.Message.English, "Column 6 (F)") || p.Value != "stray" {
			f.Errorf("the problem is %+v", p)
		}
		again := f.failedCSV(s)
		s = f.run(bulk.Import, again, bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 0, 0, 0, 0, 2)
		f.want(f.run(bulk.Import, strings.ReplaceAll(again, "stray", ""), bulk.Options{}), bulk.Completed, 1, 0, 0, 1, 0)
	})
}

func TestDraftOmitsEmptyColumnsOfSpreadsheets(t *testing.T) {
	each(t, func(f *fixture) {
		d, err := f.stage(f.Context(), f.input(bulk.Import, "Email,First Name,Last Name,Username,,\nz1@e.co,A,B,zed,,\n", bulk.Options{}))
		f.ok(err)
		if !d.Problem.IsZero() || len(d.Columns) != 4 {
			f.Fatalf("%q: %+v", d.Problem, d.Columns)
		}
		s, err := f.bulk.StartDraft(f.Context(), command, f.community, d.ID, false)
		f.ok(err)
		f.want(f.work(s), bulk.Completed, 1, 0, 0, 0, 0)
	})
}

func TestAColumnWithoutAHeaderIsNamedByItsPlace(t *testing.T) {
	each(t, func(f *fixture) {
		refused := func(text string) *errs.Error {
			f.Helper()
			_, err := f.startUpload(f.Context(), f.input(bulk.Import, text, bulk.Options{}))
			if !errs.Is(err, "invalid_header") {
				f.Fatalf("%.40q: %v", text, err)
			}
			return errs.From(err)
		}
		fields := refused("Email,First Name,,Plan, \nz1@e.co,A,,p,\n").Fields
		if len(fields) != 1 || fields[0].Field != "column 3 (C)" || !strings.Contains(fields[0].Message, "Column 3 (C)") {
			f.Errorf("errors are %+v", fields)
		}
		if fields = refused("Email" + strings.Repeat(",", 30) + "Plan,Colour\n").Fields; len(fields) != 21 || fields[19].Field != "column 21 (U)" || fields[20].Field != "Colour" {
			f.Errorf("%d errors: %+v", len(fields), fields)
		}
		if err := refused("Ann,Ash,ann,ann@example.com,gold\n"); !strings.Contains(err.Message, "looks like data") || len(err.Fields) != 5 {
			f.Errorf("a file without a header: %+v", err)
		}
		if err := refused("Ann,Email,ann@example.com\n"); strings.Contains(err.Message, "data") {
			f.Errorf("a header with a typo: %+v", err)
		}
	})
}
