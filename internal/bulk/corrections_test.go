package bulk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/source"
	"github.com/regulars/regulars/internal/errs"
)

// correct saves a corrected cell of a draft.
func (f *fixture) correct(draftID string, list ...source.Correction) {
	f.Helper()
	_, err := f.bulk.Correct(f.Context(), command, f.community, draftID, 0, list)
	f.ok(err)
}

func (f *fixture) check(draftID string) bulk.Status {
	f.Helper()
	s, err := f.bulk.StartDraft(f.Context(), command, f.community, draftID, true)
	f.ok(err)
	return f.work(s)
}

func (f *fixture) pending(draftID, jobID string) int64 {
	f.Helper()
	_, n, err := f.bulk.Corrections(f.Context(), command, f.community, draftID, jobID)
	f.ok(err)
	return n
}

func (f *fixture) corrections() (n int) {
	f.Helper()
	f.ok(f.db.QueryRow(f.Context(), "SELECT count(*) FROM bulk_corrections").Scan(&n))
	return n
}

func TestCorrectedCellsAreReadByTheCheckAndTheImport(t *testing.T) {
	each(t, func(f *fixture) {
		d, err := f.stage(f.Context(), f.input(bulk.Import, "Email,Username,First Name,Last Name,Score\n"+
			"ann@example.com,ann,Ann,A,lots\nbob@example.com,bob,Bob,B,2\nno-address,cem,Cem,C,many\ndan@example.com,dan,Dan\n", bulk.Options{}))
		f.ok(err)
		before := f.check(d.ID)
		f.want(before, bulk.Completed, 1, 0, 0, 0, 3)
		cells := f.details(before, bulk.DetailFilter{Line: 4})[0].Cells
		if fmt.Sprint(cells) != "[{0 Email no-address} {4 Score many}]" {
			f.Fatalf("cells with errors: %v", cells)
		}
		f.correct(d.ID, source.Correction{Line: 2, Cell: 4, Text: "7"}, source.Correction{Line: 4, Cell: 0, Text: "cem@example.com"}, source.Correction{Line: 4, Cell: 4, Text: "__CLEAR__"}, source.Correction{Line: 5, Cell: 3, Text: "D"})
		f.correct(d.ID, source.Correction{Line: 2, Cell: 4, Text: "8"}, source.Correction{Line: 4, Cell: 4, Text: "few"})
		if n := f.pending(d.ID, before.JobID); n != 4 {
			f.Errorf("%d corrections are pending", n)
		}
		plan := f.check(d.ID)
		f.want(plan, bulk.Completed, 3, 0, 0, 0, 1)
		if n := f.pending(d.ID, plan.JobID); n != 0 {
			f.Errorf("%d corrections are pending after the check", n)
		}
		if !strings.Contains(f.failedCSV(plan), "cem@example.com,cem,Cem,C,few,4,Score,invalid_number") {
			f.Errorf("failed rows: %s", f.failedCSV(plan))
		}
		if !strings.Contains(f.failedCSV(before), "no-address,cem,Cem,C,many,4,") {
			f.Errorf("failed rows of the check before: %s", f.failedCSV(before))
		}
		applied, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, "")
		f.ok(err)
		done := f.work(applied)
		f.want(done, bulk.CompletedWithErrors, 3, 0, 0, 0, 1)
		if ann := f.member("ann"); fmt.Sprint(ann.Values.Get("score")) != "8" {
			f.Errorf("ann has %v", ann.Values.Get("score"))
		}
		for _, c := range f.details(done, bulk.DetailFilter{Line: 2})[0].Changes {
			if c.Field == "score" && fmt.Sprint(c.New) != "8" {
				f.Errorf("the details have %v", c)
			}
		}
		undo, err := f.bulk.Undo(f.Context(), command, f.community, done.JobID, "")
		f.ok(err)
		f.work(undo)
		if d := f.details(undo, bulk.DetailFilter{}); len(d) != 3 {
			f.Errorf("details of the undo: %+v", d)
		}
		f.late = 120 * 24 * 3600 * 1e9
		f.ok(f.bulk.Sweep(f.Context()))
		if n := f.corrections(); n != 0 {
			f.Errorf("%d corrections of expired jobs remain", n)
		}
	})
}

func TestCorrectionsAreOfOneReadingOfTheFile(t *testing.T) {
	each(t, func(f *fixture) {
		d, err := f.stage(f.Context(), f.input(bulk.Import, "Email,Username,First Name,Last Name,Score\nann@example.com,ann,Ann,A,lots\n", bulk.Options{}))
		f.ok(err)
		f.correct(d.ID, source.Correction{Line: 2, Cell: 4, Text: "7"})
		o := d.Options
		o.Decimal = ","
		_, err = f.bulk.Restage(f.Context(), command, f.community, d.ID, o)
		f.ok(err)
		if f.corrections() != 1 {
			f.Error("another decimal sign deleted the corrections")
		}
		o.HeaderLine = 1
		_, err = f.bulk.Restage(f.Context(), command, f.community, d.ID, o)
		f.ok(err)
		if f.corrections() != 0 {
			f.Error("another header line keeps the corrections")
		}
	})
}

func TestCorrectionsAreBounded(t *testing.T) {
	each(t, func(f *fixture) {
		d, err := f.stage(f.Context(), f.input(bulk.Import, "Email,Username,First Name,Last Name\nann@example.com,ann,Ann,A\n", bulk.Options{}))
		f.ok(err)
		list := make([]source.Correction, 10_000)
		for i := range list {
			list[i] = source.Correction{Line: i + 2, Cell: 1, Text: "x"}
		}
		f.correct(d.ID, list...)
		f.correct(d.ID, list[:3]...)
		for code, c := range map[string]source.Correction{
			"too_many_corrections": {Line: 20_000, Cell: 1, Text: "x"}, "correction_too_long": {Line: 2, Cell: 1, Text: strings.Repeat("x", 1_001)}, "bad_text": {Line: 2, Cell: 1, Text: "a\x00"},
		} {
			if _, err := f.bulk.Correct(f.Context(), command, f.community, d.ID, 0, []source.Correction{c}); !errs.Is(err, code) {
				f.Errorf("%v: %v", c, err)
			}
		}
		if changed, err := f.bulk.Correct(f.Context(), command, f.community, d.ID, 1, list[:1]); changed || err != nil {
			f.Errorf("a form that is sent twice: %v", err)
		}
		if _, err := f.bulk.Correct(f.Context(), command, f.community, d.ID, 1, []source.Correction{{Line: 2, Cell: 1, Text: "y"}}); !errs.Is(err, "draft_changed") {
			f.Errorf("an older version: %v", err)
		}
		if saved, _, err := f.bulk.Corrections(f.Context(), command, f.community, d.ID, ""); err != nil || len(saved) != 10_000 || !slices.Equal(saved, list) {
			f.Errorf("%d corrections, %v", len(saved), err)
		}
	})
}
