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

func TestEmptyColumnsBetweenTheNamedOnesAreIgnoredUntilTheyHaveAValue(t *testing.T) {
	each(t, func(f *fixture) {
		text := ",Email,,First Name,Last Name,\u200b,Username,\n,z1@e.co,,A,B,,zed,\n,z2@e.co,stray,A,B,,zoe,\nx,z3@e.co,,A,B,,zac,y\n"
		s := f.run(bulk.Import, text, bulk.Options{})
		f.want(s, bulk.CompletedWithErrors, 1, 0, 0, 0, 2)
		f.wantFindings(s, map[int][]string{3: {" value_without_header"}, 4: {" value_without_header", " value_without_header"}})
		if len(s.Warnings) != 1 || s.Warnings[0].Code != "columns_ignored" || s.Warnings[0].Count != 3 || s.Warnings[0].FirstLine != 1 || !strings.Contains(s.Warnings[0].Message.English, "A, C, F.") {
			f.Errorf("warnings %+v", s.Warnings)
		}
		d, err := f.stage(f.Context(), f.input(bulk.Import, "Email,,First Name,Last Name,Username\nz1@e.co,,A,B,zed\n", bulk.Options{}))
		f.ok(err)
		if !d.Problem.IsZero() || len(d.Columns) != 4 {
			f.Errorf("%q: %+v", d.Problem, d.Columns)
		}
	})
}

func TestColumnsThatTheMappingIgnoresAreAWarning(t *testing.T) {
	each(t, func(f *fixture) {
		file := "Email,Shoe,First Name,Last Name,Username,Fax\nz1@e.co,44,A,B,zed,5\n"
		s := f.run(bulk.Import, file, bulk.Options{Mapping: map[string]*string{"Shoe": nil, "Fax": nil}})
		f.want(s, bulk.Completed, 1, 0, 0, 0, 0)
		if len(s.Warnings) != 1 || s.Warnings[0].Code != "columns_ignored" || s.Warnings[0].Count != 2 || !strings.Contains(s.Warnings[0].Message.English, "Shoe, Fax") {
			f.Errorf("warnings %+v", s.Warnings)
		}
		s = f.run(bulk.Import, "Email,First Name,Last Name,Username,,\nz1@e.co,A,B,zed,,\n", bulk.Options{})
		if len(s.Warnings) != 0 {
			f.Errorf("empty columns of a spreadsheet: %+v", s.Warnings)
		}
	})
}

func TestUnknownHeadersAreNamedWithASuggestion(t *testing.T) {
	each(t, func(f *fixture) {
		refused := func(text string) *errs.Error {
			f.Helper()
			_, err := f.startUpload(f.Context(), f.input(bulk.Import, text, bulk.Options{}))
			if !errs.Is(err, "invalid_header") {
				f.Fatalf("%.40q: %v", text, err)
			}
			return errs.From(err)
		}
		fields := refused("Vorname,Фамилия,ユーザー名,Kontakt,Footwear\nA,L,aa,a@example.org,44\nB,L,bb,b@example.org,45\n").Fields
		for i, want := range []string{`"First Name"`, `"Last Name"`, `"Username"`, `"Email"`, "Create a field"} {
			if len(fields) != 5 || !strings.Contains(fields[i].Message, want) {
				f.Errorf("errors are %+v, want %s", fields, want)
			}
		}
		if err := refused("Ann,Ash,ann,ann@example.com,gold\n"); !strings.Contains(err.Message, "looks like data") || len(err.Fields) != 5 {
			f.Errorf("a file without a header: %+v", err)
		}
		if err := refused("Ann,Email,ann@example.com\n"); strings.Contains(err.Message, "data") {
			f.Errorf("a header with a typo: %+v", err)
		}
		d, err := f.stage(f.Context(), f.input(bulk.Import, "Vorname,Nachname,Benutzername,Kontakt\nA,L,aa,a@example.org\n", bulk.Options{}))
		f.ok(err)
		for i, want := range []string{"first_name", "last_name", "username", "email"} {
			if c := d.Columns[i]; c.Field != want || !c.Suggested {
				f.Errorf("%s is preselected as %q", c.Header, c.Field)
			}
		}
	})
}
