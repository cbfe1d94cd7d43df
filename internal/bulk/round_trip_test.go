package bulk_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/field"
)

const retryHeader = "First Name,Last Name,Username,Email,Score,Born,Tag,Phone\n"

// roundTrips are files with failed rows for each option.
var roundTrips = map[string]struct {
	file    string
	options bulk.Options
}{
	"nothing":        {retryHeader + "Ann,One,ann,no,1,,,\n", bulk.Options{}},
	"mode":           {retryHeader + "Ann,One,ann,no,1,,,\n", bulk.Options{Mode: bulk.CreateOnly}},
	"createTags":     {retryHeader + "Ann,One,ann,no,1,,new,\n", bulk.Options{CreateTags: true}},
	"mapping":        {strings.Replace(retryHeader, "Email", "Correo;Mail", 1) + "Ann,One,ann,no,1,,,\n", bulk.Options{Mapping: map[string]*string{"Correo;Mail": new("email"), "Score": nil}}},
	"encoding":       {"", bulk.Options{Encoding: "koi8-r"}},
	"wide encoding":  {"", bulk.Options{Encoding: "shift_jis"}},
	"delimiter":      {strings.ReplaceAll(retryHeader, ",", "|") + "Ann|One, the|ann|no,no|1|||\n", bulk.Options{Delimiter: "|"}},
	"tab":            {strings.ReplaceAll(retryHeader, ",", "\t") + "Ann\tOne, a; b\tann\tno\t1\t\t\t\n", bulk.Options{Delimiter: "\t"}},
	"headerLine":     {"Members,of,our,club\n\n" + retryHeader + "Ann,One,ann,no,1,,,\n", bulk.Options{HeaderLine: 3}},
	"listSeparator":  {retryHeader + "Ann,One,ann,no,1,,beta|beta,\n", bulk.Options{ListSeparator: "|"}},
	"defaultCountry": {retryHeader + "Ann,One,ann,no,1,,,030 123456\n", bulk.Options{DefaultCountry: "DE"}},
	"decimal":        {strings.ReplaceAll(retryHeader, ",", ";") + "Ann;One;ann;no;1,250;;;\n", bulk.Options{Decimal: ","}},
	"dateFormat":     {retryHeader + "Ann,One,ann,no,1,05/04/2026 08:00,,\n", bulk.Options{DateFormat: "DD/MM/YYYY"}},
	"sheet":          {"", bulk.Options{Sheet: "Members"}},
	"hiddenRows":     {"", bulk.Options{HiddenRows: "skip", Decimal: ","}},
}

func (f *fixture) roundTripFile(name string) string {
	f.Helper()
	switch name {
	case "encoding":
		text, err := charmap.KOI8R.NewEncoder().String(retryHeader + "Анна,Жук,anna,no,1,,,\n")
		f.ok(err)
		return text
	case "wide encoding":
		text, err := japanese.ShiftJIS.NewEncoder().String(retryHeader + "表|ソ,能,hyo,no,1,,,\n")
		f.ok(err)
		return text
	case "sheet", "hiddenRows":
		file := excelize.NewFile()
		defer func() { _ = file.Close() }()
		for i, sheet := range []string{"Sheet1", "Members"} {
			_, err := file.NewSheet(sheet)
			f.ok(err)
			for j, row := range [][]any{{"First Name", "Last Name", "Username", "Email", "Score"}, {"Ann", "One", "ann", "no", 1.25}, {"Ben", "Two", "ben", "no", 2}} {
				at, err := excelize.CoordinatesToCellName(1, j+1)
				f.ok(err)
				if i == 1 && j > 0 {
					row[0] = "M" + row[0].(string)
				}
				f.ok(file.SetSheetRow(sheet, at, &row))
			}
			f.ok(file.SetRowVisible(sheet, 3, false))
		}
		var out bytes.Buffer
		f.ok(file.Write(&out))
		return out.String()
	}
	return roundTrips[name].file
}

func TestAFileOfFailedRowsIsStagedWithTheOptionsOfItsJob(t *testing.T) {
	each(t, func(f *fixture) {
		f.field(field.Input{Field: "born", Name: "Born", Type: field.Date})
		for _, name := range slices.Sorted(maps.Keys(roundTrips)) {
			in := f.input(bulk.Import, f.roundTripFile(name), roundTrips[name].options)
			in.FileName = strings.ReplaceAll(name, " ", "-") + ".csv"
			queued, err := f.startUpload(f.Context(), in)
			f.ok(err)
			done := f.work(queued)
			if done.Counts.Failed == 0 || done.Counts.Failed != done.Counts.Read {
				f.Fatalf("%s: %+v", name, done.Counts)
			}
			formats := []bulk.Format{bulk.CSV}
			if done.Detected.IsWorkbook() {
				formats = []bulk.Format{bulk.Workbook}
			}
			for _, format := range formats {
				f.checkRoundTrip(name, done, f.failedAs(done, format))
			}
		}
	})
}

// checkRoundTrip stages a file of failed rows and runs it again.
func (f *fixture) checkRoundTrip(name string, done bulk.Status, failed string) {
	f.Helper()
	in := f.input(bulk.Import, failed, bulk.Options{})
	in.FileName = "corrected.csv" // rows and errors identify the job, not the name
	d, err := f.stage(f.Context(), in)
	f.ok(err)
	want := *done.Options
	want.FailedOf = done.JobID
	if d.Type != done.Type || cmp.Diff(d.Options, want) != "" {
		f.Errorf("%s: %s", name, cmp.Diff(d.Options, want))
	}
	queued, err := f.bulk.StartDraft(f.Context(), command, f.community, d.ID, false)
	f.ok(err)
	again := f.work(queued)
	if again.Counts != done.Counts || again.Options.FailedOf != done.JobID {
		f.Errorf("%s: %+v, want %+v", name, again.Counts, done.Counts)
	}
	before, after := f.details(done, bulk.DetailFilter{Outcome: "failed"}), f.details(again, bulk.DetailFilter{Outcome: "failed"})
	for i := range before {
		if sprint(before[i].Errors) != sprint(after[i].Errors) {
			f.Errorf("%s: %+v, want %+v", name, after[i].Errors, before[i].Errors)
		}
	}
}

func TestOptionsThatNoLongerFitAFileOfFailedRowsAreDropped(t *testing.T) {
	each(t, func(f *fixture) {
		f.field(field.Input{Field: "born", Name: "Born", Type: field.Date})
		text, err := charmap.Windows1252.NewEncoder().String(strings.ReplaceAll(retryHeader, ",", ";") + "Zoë;Núñez;zoe;no;1,5;;;\n")
		f.ok(err)
		done := f.run(bulk.Import, text, bulk.Options{Encoding: "windows-1252", Delimiter: ";", Decimal: ",", Mode: bulk.CreateOnly})
		failed, err := charmap.Windows1252.NewDecoder().String(f.failedCSV(done))
		f.ok(err)
		d, err := f.stage(f.Context(), f.input(bulk.Import, strings.ReplaceAll(strings.ReplaceAll(failed, "1,5", `"1,5"`), ";", ","), bulk.Options{}))
		f.ok(err)
		if o := d.Options; o.Encoding != "" || o.Delimiter != "" || o.Decimal != "," || o.Mode != bulk.CreateOnly || o.FailedOf != done.JobID {
			f.Errorf("%+v", o)
		}
		if !slices.Contains(d.Columns[0].Samples, "Zoë") {
			f.Errorf("%+v", d.Columns[0])
		}
		// A workbook of the rows, as a spreadsheet program saves it.
		var rows [][]any
		for line := range strings.Lines(failed) {
			var row []any
			for cell := range strings.SplitSeq(strings.TrimSpace(line), ";") {
				row = append(row, cell)
			}
			rows = append(rows, row)
		}
		d, err = f.stage(f.Context(), f.input(bulk.Import, f.workbook("members-failed", rows...), bulk.Options{}))
		f.ok(err)
		if d.Options.FailedOf != done.JobID || d.Options.Decimal != "," {
			f.Errorf("%+v", d.Options)
		}
	})
}

func TestOnlyAFileOfFailedRowsHasTheOptionsOfAJob(t *testing.T) {
	each(t, func(f *fixture) {
		f.field(field.Input{Field: "born", Name: "Born", Type: field.Date})
		o := bulk.Options{Mode: bulk.CreateOnly, DateFormat: "DD/MM/YYYY"}
		first := f.run(bulk.Import, retryHeader+"Ann,One,ann,no,1,,,\nBen,Two,ben,ben@example.com,many,,,\n", o)
		failed := f.failedCSV(first)
		for name, text := range map[string]string{
			"the original file": retryHeader + "Ann,One,ann,no,1,,,\nBen,Two,ben,ben@example.com,many,,,\n",
			"another line":      strings.Replace(failed, ",2,Email,", ",9,Email,", 1),
			"other errors":      failed + "Cleo,Three,cleo,no,1,,,,4,Email,unknown_tag,x\n",
		} {
			d, err := f.stage(f.Context(), f.input(bulk.Import, text, bulk.Options{}))
			f.ok(err)
			if d.Options.FailedOf != "" || d.Options.DateFormat != "" {
				f.Errorf("%s: %+v", name, d.Options)
			}
		}
		// Of two jobs with the same failed rows, the one with the name of the file.
		in := f.input(bulk.Import, retryHeader+"Ann,One,ann,no,1,,,\nBen,Two,ben,ben@example.com,many,,,\n", bulk.Options{})
		in.FileName = "later.csv"
		queued, err := f.startUpload(f.Context(), in)
		f.ok(err)
		second := f.work(queued)
		for name, want := range map[string]string{"members-failed (1).csv": first.JobID, "later-failed.csv": second.JobID, "x.csv": second.JobID} {
			in := f.input(bulk.Import, failed, bulk.Options{})
			in.FileName = name
			d, err := f.stage(f.Context(), in)
			f.ok(err)
			if d.Options.FailedOf != want {
				f.Errorf("%s: %s, want %s", name, d.Options.FailedOf, want)
			}
		}
		// An update stays an update.
		update := f.run(bulk.Update, "Email,Score_op,Score\nnobody@example.com,add,5\n", bulk.Options{})
		d, err := f.stage(f.Context(), f.input(bulk.Import, f.failedCSV(update), bulk.Options{}))
		f.ok(err)
		if d.Type != bulk.Update || d.Options.FailedOf != update.JobID || !d.Problem.IsZero() {
			f.Errorf("%s %+v %v", d.Type, d.Options, d.Problem)
		}
	})
}
