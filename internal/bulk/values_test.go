package bulk_test

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/field"
)

func TestMappedValuesAreReadByEveryStepOfAnImport(t *testing.T) {
	each(t, func(f *fixture) {
		f.field(field.Input{Field: "level", Name: "Level", Type: field.Select, Options: []string{"Pro", "Free"}})
		file := "Email,Username,First Name,Last Name,Level,Country,Tag\n" +
			"ann@example.com,ann,Ann,A,Gold,Preussen,\n" +
			"bob@example.com,bob,Bob,B,none,DE,old\n" +
			"cem@example.com,cem,Cem,C,Wood,DE,\n"
		o := bulk.Options{Values: map[string]map[string]string{"Level": {"Gold": "Pro", "none": ""}, "Country": {"Preussen": "Germany"}, "Tag": {"old": "beta"}}}
		planned := o
		planned.DryRun = true
		plan := f.run(bulk.Import, file, planned)
		f.want(plan, bulk.Completed, 2, 0, 0, 0, 1)
		applied, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, "")
		f.ok(err)
		s := f.work(applied)
		f.want(s, bulk.CompletedWithErrors, 2, 0, 0, 0, 1)
		f.want(f.run(bulk.Import, file, o), bulk.CompletedWithErrors, 0, 0, 2, 0, 1)
		if ann := f.member("ann"); ann.Values.Get("level") != "Pro" || ann.Country != "DE" {
			t.Errorf("ann: %v %s", ann.Values.Map(), ann.Country)
		}
		if bob := f.member("bob"); bob.Values.Get("level") != nil || len(bob.TagIDs) != 1 {
			t.Errorf("bob: %v %v", bob.Values.Map(), bob.TagIDs)
		}
		for _, c := range f.details(s, bulk.DetailFilter{Line: 2})[0].Changes {
			if c.Field == "level" && c.New != "Pro" {
				t.Errorf("the details have %v", c)
			}
		}
		failed := f.failedCSV(s)
		if !strings.Contains(failed, "cem@example.com,cem,Cem,C,Wood,DE,,4,Level,unknown_option") {
			t.Errorf("failed rows: %s", failed)
		}
		again, err := f.stage(f.Context(), f.input(bulk.Import, failed, bulk.Options{}))
		f.ok(err)
		if again.Options.Values["Level"]["Gold"] != "Pro" {
			t.Errorf("the options of the file of failed rows: %+v", again.Options)
		}
		again.Options.Values["Level"]["Wood"] = "Free"
		_, err = f.bulk.Restage(f.Context(), command, f.community, again.ID, again.Options)
		f.ok(err)
		last, err := f.bulk.StartDraft(f.Context(), command, f.community, again.ID, false)
		f.ok(err)
		f.want(f.work(last), bulk.Completed, 1, 0, 0, 0, 0)
	})
}

func TestFileOfFailedRowsHasTheTextsBeforeTheirMapping(t *testing.T) {
	each(t, func(f *fixture) {
		s := f.run(bulk.Import, "Email,Username,First Name,Last Name,Score\nann@example.com,ann,Ann,A,n/a\nbob@example.com,bob,Bob,B,lots\n",
			bulk.Options{Values: map[string]map[string]string{"Score": {"lots": "many", "n/a": ""}}})
		f.want(s, bulk.CompletedWithErrors, 1, 0, 0, 0, 1)
		if d := f.details(s, bulk.DetailFilter{Line: 3}); d[0].Errors[0].Value != "many" {
			t.Errorf("the error is about %q", d[0].Errors[0].Value)
		}
		if failed := f.failedCSV(s); !strings.Contains(failed, ",lots,") || strings.Contains(failed, "many") {
			t.Errorf("failed rows: %s", failed)
		}
	})
}
