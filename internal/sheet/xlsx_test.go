package sheet_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

// workbook returns an XLSX file with one sheet.
func workbook(t testing.TB, rows [][]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	fillSheet(t, f, "Sheet1", rows)
	return saveWorkbook(t, f)
}

func fillSheet(t testing.TB, f *excelize.File, name string, rows [][]any) {
	t.Helper()
	for i, row := range rows {
		if err := f.SetSheetRow(name, fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
}

func saveWorkbook(t testing.TB, f *excelize.File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWorkbookCellsOfEveryFormatAreText(t *testing.T) {
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		name   string
		value  any
		format string // custom, "" none
		id     int    // built in
		want   string
	}{
		{"text", "  José\n\"x\" ", "", 0, "  José\n\"x\" "},
		{"a whole number", 491234567890123, "", 0, "491234567890123"},
		{"a number with the noise of its binary form", 0.1 + 0.2, "", 0, "0.3"},
		{"a money format", 1234.5, `#,##0.00 [$€-407]`, 0, "1234.5"},
		{"per cent", 0.25, "", 9, "0.25"},
		{"an exponent", 1.5e12, "", 11, "1500000000000"},
		{"a negative number in red", -5, `0.00;[Red]-0.00`, 0, "-5"},
		{"true", true, "", 0, "TRUE"},
		{"false", false, "", 0, "FALSE"},
		{"a short date", day, "", 14, "2024-02-29"},
		{"a date with a time", day.Add(13*time.Hour + 5*time.Minute + 7*time.Second), "", 22, "2024-02-29T13:05:07Z"},
		{"a German date", 45351, `dd\.mm\.yyyy`, 0, "2024-02-29"},
		{"a date with text in it", 45351, `[$-407]d". "mmmm yyyy;@`, 0, "2024-02-29"},
		{"a month", 45351, `mmm`, 0, "2024-02-29"},
		{"a time of day", 0.5625, `hh:mm`, 0, "13:30:00"},
		{"a duration is a number", 1.5, `[h]:mm:ss`, 0, "1.5"},
		{"a number with days in quotes", 12, `0" days"`, 0, "12"},
		{"a day before the leap day that was none", 59, "", 14, "1900-02-28"},
		{"the leap day that was none", 60, "", 14, "1900-02-29"},
		{"a time of the leap day that was none", 60.5, "", 22, "1900-02-29T12:00:00Z"},
		{"the day after the leap day that was none", 61, "", 14, "1900-03-01"},
		{"the first day", 1, "", 14, "1900-01-01"},
		{"a time that is shown as a date", 0.5, "", 14, "12:00:00"},
		{"a time that is shown as a date and a time", 0.25, "", 22, "06:00:00"},
		{"no day that is shown as a date", 0, "", 14, "00:00:00"},
		{"a number no date can show", -1, "", 14, "-1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := excelize.NewFile()
			fillSheet(t, f, "Sheet1", [][]any{{"a", "b"}, {test.value, "end"}})
			if test.format != "" || test.id != 0 {
				style := &excelize.Style{NumFmt: test.id}
				if test.format != "" {
					style = &excelize.Style{CustomNumFmt: &test.format}
				}
				id, err := f.NewStyle(style)
				if err != nil {
					t.Fatal(err)
				}
				if err := f.SetCellStyle("Sheet1", "A2", "A2", id); err != nil {
					t.Fatal(err)
				}
			}
			rows, err := readAll(open(t, saveWorkbook(t, f), sheet.Options{}))
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]line{{2, []string{test.want, "end"}, ""}}, rows); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDatesOfA1904Workbook(t *testing.T) {
	f := excelize.NewFile()
	yes := true
	if err := f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &yes}); err != nil {
		t.Fatal(err)
	}
	fillSheet(t, f, "Sheet1", [][]any{{"a"}, {time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)}})
	rows, err := readAll(open(t, saveWorkbook(t, f), sheet.Options{}))
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]line{{2, []string{"2024-02-29"}, ""}}, rows); diff != "" {
		t.Error(diff)
	}
}

// multiSheetWorkbook returns a workbook with a hidden, an empty and two
// visible sheets; the third has its header on row 3 and a gap after row 4.
func multiSheetWorkbook(t testing.TB) []byte {
	t.Helper()
	f := excelize.NewFile()
	for _, name := range []string{"Empty", "Members", "Fees & more"} {
		if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
	}
	fillSheet(t, f, "Sheet1", [][]any{{"hidden"}, {"x"}})
	fillSheet(t, f, "Members", [][]any{nil, nil, {"a", "b"}, {"1", nil, "3"}, nil, nil, {nil, "2"}})
	fillSheet(t, f, "Fees & more", [][]any{{"fee"}, {7}})
	f.SetActiveSheet(2)
	if err := f.SetSheetVisible("Sheet1", false); err != nil {
		t.Fatal(err)
	}
	return saveWorkbook(t, f)
}

func TestFirstVisibleSheetWithValuesOrTheRequestedOneIsRead(t *testing.T) {
	data := multiSheetWorkbook(t)
	members := []line{{4, []string{"1", "", "3"}, ""}, {7, []string{"", "2"}, ""}}
	fees := []line{{2, []string{"7"}, ""}}
	tests := []struct {
		sheet, want string
		rows        []line
	}{
		{"", "Members", members},
		{"members", "Members", members},
		{"3", "Members", members},
		{"Fees & more", "Fees & more", fees},
		{"4", "Fees & more", fees},
		{"1", "Sheet1", []line{{2, []string{"x"}, ""}}},
	}
	for _, test := range tests {
		t.Run("asked for "+test.sheet, func(t *testing.T) {
			table := open(t, data, sheet.Options{Sheet: test.sheet})
			rows, err := readAll(table)
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.rows, rows); diff != "" {
				t.Error(diff)
			}
			if got := table.Detected().Sheet; got != test.want {
				t.Errorf("sheet %q", got)
			}
		})
	}
	for want, code := range map[string]string{"Nobody": "no_sheet", "5": "no_sheet", "Empty": "no_header"} {
		if _, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Options{Sheet: want}); !errs.Is(err, code) {
			t.Errorf("sheet %q: %v", want, err)
		}
	}
}

func TestWorkbookWithTooManyColumnsIsRejected(t *testing.T) {
	row := make([]any, 1001)
	row[0], row[1000] = "a", "b"
	data := workbook(t, [][]any{row})
	if _, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Options{}); !errs.Is(err, "too_many_columns") {
		t.Fatal(err)
	}
}

// rewritePart changes one part of a workbook.
func rewritePart(t testing.TB, data []byte, part string, change func(string) string) []byte {
	t.Helper()
	var files []string
	for name, text := range partsOf(t, data) {
		if name == part {
			text = change(text)
		}
		files = append(files, name, text)
	}
	return zipped(t, files...)
}

// partsOf iterates over the names and texts of the parts of a workbook.
func partsOf(t testing.TB, data []byte) iter.Seq2[string, string] {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(string, string) bool) {
		for _, f := range r.File {
			in, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(in)
			if err != nil {
				t.Fatal(err)
			}
			if !yield(f.Name, string(b)) {
				return
			}
		}
	}
}

func TestBrokenSheetIsDamageNotTheEnd(t *testing.T) {
	var rows [][]any
	for i := range 1000 {
		rows = append(rows, []any{fmt.Sprint("name ", i), i})
	}
	good := workbook(t, rows)
	for name, change := range map[string]func(string) string{
		"cut":               func(s string) string { return s[:len(s)*3/4] },
		"cut between rows":  func(s string) string { return s[:strings.LastIndex(s, "</row>")+6] },
		"no XML":            func(s string) string { return s[:len(s)*3/4] + "<<<>" + s[len(s)*3/4:] },
		"a string too many": func(s string) string { return strings.Replace(s, "<v>1999</v>", "<v>7777</v>", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			data := rewritePart(t, good, "xl/worksheets/sheet1.xml", change)
			if name == "a string too many" {
				data = rewritePart(t, good, "xl/sharedStrings.xml", func(s string) string {
					return s[:strings.Index(s, "name 800")-len("<si><t xml:space=\"preserve\">")] + "</sst>"
				})
			}
			table, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Options{})
			if err != nil {
				if !errs.Is(err, "damaged_file") {
					t.Fatal(err)
				}
				return
			}
			defer func() { _ = table.Close() }() // the rows are what is tested
			if rows, err := readAll(table); !errors.Is(err, unpack.ErrDamaged) || len(rows) < 600 {
				t.Fatalf("%d rows, then %v", len(rows), err)
			}
		})
	}
}

func TestRichAndPhoneticText(t *testing.T) {
	data := workbook(t, [][]any{{"a"}, {"plain"}})
	data = rewritePart(t, data, "xl/sharedStrings.xml", func(s string) string {
		return strings.Replace(s, "<si><t>plain</t></si>", `<si><r><t>ri</t></r><r><rPr><b/></rPr><t>ch</t></r><rPh sb="0" eb="1"><t>no</t></rPh></si>`, 1)
	})
	rows, err := readAll(open(t, data, sheet.Options{}))
	if !errors.Is(err, io.EOF) || len(rows) != 1 || rows[0].Cells[0] != "rich" {
		t.Fatal(rows, err)
	}
}

func TestEscapesInWorkbookText(t *testing.T) {
	data := workbook(t, [][]any{{"a"}, {"here"}})
	data = rewritePart(t, data, "xl/sharedStrings.xml", func(s string) string {
		return strings.Replace(s, "here", "1_x000D_2 _x005F_x0041_ _x_ _xZZZZ_ _xd800_ _x0000_", 1)
	})
	rows, err := readAll(open(t, data, sheet.Options{}))
	if !errors.Is(err, io.EOF) || len(rows) != 1 || rows[0].Cells[0] != "1\r2 _x0041_ _x_ _xZZZZ_ _xd800_ _x0000_" {
		t.Fatalf("%+v %v", rows, err)
	}
}
