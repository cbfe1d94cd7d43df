package bulk_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/record"
)

// workbook returns a workbook with one sheet of rows; numbers are numeric cells.
func (f *fixture) workbook(name string, rows ...[]any) string {
	f.Helper()
	file := excelize.NewFile()
	defer func() { _ = file.Close() }()
	f.ok(file.SetSheetName("Sheet1", name))
	for i, row := range rows {
		at, err := excelize.CoordinatesToCellName(1, i+1)
		f.ok(err)
		f.ok(file.SetSheetRow(name, at, &row))
	}
	var out bytes.Buffer
	f.ok(file.Write(&out))
	return out.String()
}

func (f *fixture) failedAs(s bulk.Status, format bulk.Format) string {
	f.Helper()
	var out bytes.Buffer
	f.ok(f.bulk.WriteFailed(f.Context(), command, f.community, s.JobID, format, bulk.ErrorFilter{}, &out))
	return out.String()
}

// tableOf returns the name of the sheet and all rows of a file.
func (f *fixture) tableOf(file string) (name string, rows []string) {
	f.Helper()
	table, err := sheet.Open(strings.NewReader(file), int64(len(file)), sheet.Options{})
	f.ok(err)
	defer func() { _ = table.Close() }()
	rows = []string{strings.Join(table.Header(), "|")}
	for {
		var row record.Row
		err := table.Next(&row)
		if errors.Is(err, io.EOF) {
			return table.Detected().Sheet, rows
		}
		f.ok(err)
		rows = append(rows, strings.Join(row.Cells, "|"))
	}
}

// failingWorkbook returns a workbook with three rows that fail, and one that does
// not.
func (f *fixture) failingWorkbook() string {
	f.Helper()
	f.field(field.Input{Field: "born", Name: "Born", Type: field.Date})
	return f.workbook("People & co",
		[]any{"First Name", "Last Name", "Username", "Email", "Score", "Plan", "Born", "Country"},
		[]any{"Ann", "One", "ann", "ann@example.com", 12.5, "01067", "05/04/2026", "Atlantis"},
		[]any{"Ben", "Two", "ben", "ben@example.com", 1250, "=1+1", "06/04/2026", "NO"},
		[]any{"'=x", "-3", "cleo", "cleo@example.com", -0.25, "'=1", "07/04/2026", "Utopia"},
		[]any{"Dee", "Four", "dee", "dee@example.com", "1.250", "a\nb", "2026-04-08", "Lemuria"},
	)
}

func TestFailedRowsOfAWorkbookAreAWorkbook(t *testing.T) {
	each(t, func(f *fixture) {
		o := bulk.Options{DateFormat: "DD/MM/YYYY", Decimal: ",", Sheet: "People & co"}
		done := f.run(bulk.Import, f.failingWorkbook(), o)
		f.want(done, bulk.CompletedWithErrors, 1, 0, 0, 0, 3)
		failed := f.failedAs(done, bulk.Workbook)
		name, rows := f.tableOf(failed)
		if name != "People & co" || len(rows) != 4 || rows[0] != "First Name|Last Name|Username|Email|Score|Plan|Born|Country|_line|_error_column|_error_code|_error_message" {
			f.Fatalf("sheet %q: %q", name, rows)
		}
		if want := "Ann|One|ann|ann@example.com|12.5|01067|05/04/2026|Atlantis|2|Country|unknown_country|"; !strings.HasPrefix(rows[1], want) {
			f.Errorf("%q, want %q", rows[1], want)
		}
		if got := job.FailedName(done.FileName, bulk.Workbook); got != "members-failed.xlsx" {
			f.Error(got)
		}
		for _, file := range []string{failed, f.failedAs(done, bulk.CSV)} {
			again := o
			if file != failed {
				again.Sheet = ""
			}
			f.want(f.run(bulk.Import, file, again), bulk.CompletedWithErrors, 0, 0, 0, 0, 3)
			corrected := strings.NewReplacer("Atlantis", "SE", "Utopia", "DK", "Lemuria", "FI")
			if file != failed {
				f.want(f.run(bulk.Import, corrected.Replace(file), again), bulk.Completed, 3, 0, 0, 0, 0)
			}
		}
		ann, cleo := f.member("ann"), f.member("cleo")
		if got := sprint(ann.Values.Map(), cleo.FirstName, cleo.LastName, cleo.Values.Map(), f.member("dee").Values.Map()); got != sprint(
			map[string]any{"score": json.Number("12.5"), "plan": "01067", "born": "2026-04-05"}, "=x", "-3", map[string]any{"score": json.Number("-0.25"), "plan": "=1", "born": "2026-04-07"},
			map[string]any{"score": json.Number("1.25"), "plan": "a b", "born": "2026-04-08"}) {
			f.Error(got)
		}
	})
}

func TestFailedRowsOfACSVFileAreNoWorkbook(t *testing.T) {
	each(t, func(f *fixture) {
		done := f.run(bulk.Import, people+"x,y,z,not an email\n", bulk.Options{})
		var out bytes.Buffer
		err := f.bulk.WriteFailed(f.Context(), command, f.community, done.JobID, bulk.Workbook, bulk.ErrorFilter{}, &out)
		if !errs.Is(err, "unknown_format") || out.Len() > 0 {
			f.Error(err, out.Len())
		}
	})
}

func TestFailedRowsFitTheSameNumberOfASheet(t *testing.T) {
	each(t, func(f *fixture) {
		file, err := excelize.OpenReader(strings.NewReader(f.failingWorkbook()))
		f.ok(err)
		_, err = file.NewSheet("Notes")
		f.ok(err)
		f.ok(file.SetCellStr("Notes", "A1", "Read this first"))
		f.ok(file.MoveSheet("Notes", "People & co"))
		var two bytes.Buffer
		f.ok(errors.Join(file.Write(&two), file.Close()))
		o := bulk.Options{Sheet: "2"}
		done := f.run(bulk.Import, two.String(), o)
		f.want(done, bulk.CompletedWithErrors, 0, 0, 0, 0, 4)
		failed := f.failedAs(done, bulk.Workbook)
		for _, name := range []string{"2", "People & co", ""} {
			f.want(f.run(bulk.Import, failed, bulk.Options{Sheet: name}), bulk.CompletedWithErrors, 0, 0, 0, 0, 4)
		}
	})
}

func TestFailedRowsHaveTheirHeaderOnTheSameLine(t *testing.T) {
	each(t, func(f *fixture) {
		rows := "First Name;Last Name;Username;Email;Score\nAnn;One;ann;ann@example.com;many\nBen;Two;ben;ben;2\n"
		for name, text := range map[string]string{"title": "Members\n\n" + rows, "sep": "sep=;\nMembers\n" + rows, "utf-16": utf16Text("Members\n\n" + rows)} {
			o := bulk.Options{HeaderLine: 3}
			done := f.run(bulk.Import, text, o)
			f.want(done, bulk.CompletedWithErrors, 0, 0, 0, 0, 2)
			failed := f.failedCSV(done)
			for range 2 { // failed rows of failed rows
				again := f.run(bulk.Import, failed, o)
				f.want(again, bulk.CompletedWithErrors, 0, 0, 0, 0, 2)
				if again.Detected.HeaderLine != 3 || again.Detected.Sep != (name == "sep") {
					f.Errorf("%s: %+v", name, again.Detected)
				}
				failed = f.failedCSV(again)
			}
		}
		workbook := f.workbook("S", []any{"Title"}, nil, []any{"First Name", "Last Name", "Username", "Email"}, []any{"Ann", "One", "ann", "no"})
		done := f.run(bulk.Import, workbook, bulk.Options{HeaderLine: 3})
		again := f.run(bulk.Import, f.failedAs(done, bulk.Workbook), bulk.Options{HeaderLine: 3})
		f.want(again, bulk.CompletedWithErrors, 0, 0, 0, 0, 1)
	})
}

// utf16Text is a text in UTF-16 with a byte order mark.
func utf16Text(text string) string {
	out := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return string(out)
}

func TestFailedRowsShowNumbersAsTheirFormat(t *testing.T) {
	each(t, func(f *fixture) {
		file := excelize.NewFile()
		format := "00000"
		style, err := file.NewStyle(&excelize.Style{CustomNumFmt: &format})
		f.ok(err)
		for i, row := range [][]any{{"First Name", "Last Name", "Username", "Email", "Plan", "Score"}, {"Ann", "One", "ann", "no", 1067, 1067}} {
			f.ok(file.SetSheetRow("Sheet1", "A"+strconv.Itoa(i+1), &row))
		}
		f.ok(file.SetCellStyle("Sheet1", "E2", "F2", style))
		var out bytes.Buffer
		f.ok(errors.Join(file.Write(&out), file.Close()))
		done := f.run(bulk.Import, out.String(), bulk.Options{})
		for _, format := range []bulk.Format{bulk.CSV, bulk.Workbook} {
			if _, rows := f.tableOf(f.failedAs(done, format)); len(rows) != 2 || !strings.HasPrefix(rows[1], "Ann|One|ann|no|01067|1067|2|") {
				f.Errorf("%s: %q", format, rows)
			}
		}
	})
}
