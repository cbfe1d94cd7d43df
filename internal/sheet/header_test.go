package sheet_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/record"
)

// namesMembers fits a header with the columns Email and Name.
func namesMembers(header []string) bool {
	return slices.Contains(header, "Email") && slices.Contains(header, "Name")
}

var fitting = sheet.Options{Fits: namesMembers}

func TestHeaderIsFoundBelowOtherLines(t *testing.T) {
	data := "a@example.org,Ada\n"
	tests := []struct {
		name, in  string
		opts      sheet.Options
		line      int
		delimiter string
		above     int64
		first     int
	}{
		{"on the first line", "Email,Name\n" + data, fitting, 1, ",", 0, 0},
		{"below a title", "Members of the club\nEmail,Name\n" + data, fitting, 2, ",", 1, 1},
		{"below a title and blank lines", "\nMembers\n\n\nEmail,Name\n" + data, fitting, 5, ",", 1, 2},
		{"below a title in quotes over two lines", "\"Members,\n2026\"\nEmail,Name\n" + data, fitting, 3, ",", 1, 1},
		{"below empty cells", ",\n,\nEmail,Name\n" + data, fitting, 3, ",", 0, 0},
		{"below a title with another delimiter", "Members, exported, today\nAll, really, all\nEmail;Name\na@example.org;Ada\n", fitting, 3, ";", 2, 1},
		{"in a file with tabs", "Export; 1; 2; 3\nEmail\tName\na@example.org\tAda, B\n", fitting, 2, "\t", 1, 1},
		{"on line 20", strings.Repeat("note\n", 19) + "Email,Name\n" + data, fitting, 20, ",", 19, 1},
		{"not on line 21", strings.Repeat("note\n", 20) + "Email,Name\n" + data, fitting, 1, ",", 0, 0},
		{"not without a fitting line", "title\nMail,Name\n" + data, fitting, 1, ",", 0, 0},
		{"below a line with an open quote", "Members of \"the\n\" club\nEmail,Name\n" + data, fitting, 3, ",", 2, 1},
		{"not without a function", "title\nEmail,Name\n" + data, sheet.Options{}, 1, ",", 0, 0},
		{"with CR LF", "Members\r\n\r\nEmail;Name\r\na;b\r\n", fitting, 3, ";", 1, 1},
		{"with CR", "Members\rEmail;Name\ra;b\r", fitting, 2, ";", 1, 1},
		{"in UTF-16", encodeUTF16("Members\nEmail;Name\na;b\n", false, true), fitting, 2, ";", 1, 1},
		{"after a sep line", "sep=;\nMembers\nEmail;Name\na;b\n", fitting, 3, ";", 1, 2},
		{"on a requested line", "Members\nMail,Name\n" + data, sheet.Options{HeaderLine: 2}, 2, ",", 0, 0},
		{"on a requested line instead of a fitting one", "Email,Name\nMail;First\n" + data, sheet.Options{HeaderLine: 2, Fits: namesMembers}, 2, ";", 0, 0},
		{"on a requested line inside a quoted cell", "\"Members\nMail;First\n\"\n" + data, sheet.Options{HeaderLine: 2}, 2, ";", 0, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			table := open(t, []byte(test.in), test.opts)
			d := table.Detected()
			if d.HeaderLine != test.line || d.Delimiter != test.delimiter {
				t.Errorf("header %q on line %d, delimiter %q", table.Header(), d.HeaderLine, d.Delimiter)
			}
			checkLinesAbove(t, table, test.above, test.first)
			checkReopened(t, []byte(test.in), table)
		})
	}
}

func checkLinesAbove(t *testing.T, table *sheet.Table, count int64, first int) {
	t.Helper()
	for _, w := range table.Warnings() {
		if w.Code == "lines_before_header" && (w.Count != count || w.FirstLine != first || count == 0) {
			t.Errorf("warning %+v", w)
		}
	}
	if count > 0 && len(table.Warnings()) == 0 {
		t.Error("no warning")
	}
}

// checkReopened reads the rows, the rows after seeking to each, and those of the
// file opened with the detected header.
func checkReopened(t *testing.T, data []byte, table *sheet.Table) {
	t.Helper()
	rows, err := readAll(table)
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	d := table.Detected()
	again := open(t, data, sheet.Options{HeaderLine: d.HeaderLine, Delimiter: d.Delimiter, Sheet: d.Sheet})
	if again.Start() != table.Start() || !slices.Equal(again.Header(), table.Header()) || len(again.Warnings()) != 0 {
		t.Errorf("opened again: header %q at %v, warnings %v", again.Header(), again.Start(), again.Warnings())
	}
	other, err := readAll(again)
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rows, other); diff != "" {
		t.Error(diff)
	}
	if err := table.Seek(table.Start()); err != nil {
		t.Fatal(err)
	}
	if other, _ = readAll(table); !cmp.Equal(rows, other) {
		t.Errorf("after Seek: %v", other)
	}
}

func TestRequestedHeaderMustExist(t *testing.T) {
	book := workbook(t, [][]any{{"Members"}, nil, {"Email", "Name"}})
	for _, test := range []struct {
		in   []byte
		line int
	}{{[]byte("a,b\n1,2\n"), 3}, {[]byte("a,b\n\n1,2\n"), 2}, {[]byte("sep=,\na,b\n"), 1}, {book, 2}, {book, 4}} {
		_, err := sheet.Open(bytes.NewReader(test.in), int64(len(test.in)), sheet.Options{HeaderLine: test.line})
		if !errs.Is(err, "no_header") || !strings.Contains(err.Error(), fmt.Sprint("Line ", test.line)) {
			t.Errorf("line %d: %v", test.line, err)
		}
	}
}

// chosenBook has a chart or a dialog instead of the sheets named Chart.
func chosenBook(t *testing.T, names ...string) []byte {
	t.Helper()
	f := excelize.NewFile()
	members := [][]any{{"List of members"}, nil, {"Email", "Name"}, {"a@example.org", "Ada"}}
	for i, name := range names {
		plain := strings.TrimRight(name, "*")
		if i == 0 {
			if err := f.SetSheetName("Sheet1", plain); err != nil {
				t.Fatal(err)
			}
		} else if _, err := f.NewSheet(plain); err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.HasPrefix(plain, "Members"):
			fillSheet(t, f, plain, members)
		case plain != "Empty":
			fillSheet(t, f, plain, [][]any{{"Read this first"}, {"Email", "the address"}})
		}
	}
	f.SetActiveSheet(len(names) - 1)
	for _, name := range names {
		if plain, hidden := strings.CutSuffix(name, "*"); hidden {
			if err := f.SetSheetVisible(plain, false); err != nil {
				t.Fatal(err)
			}
		}
	}
	return saveWorkbook(t, f)
}

func TestSheetWithAFittingHeaderIsChosen(t *testing.T) {
	tests := []struct {
		name, want, code string
		sheets           []string
		opts             sheet.Options
		line             int
	}{
		{"the only one", "Members", "", []string{"Members"}, fitting, 3},
		{"the second", "Members", "sheet_chosen", []string{"Read me", "Members"}, fitting, 3},
		{"the fourth", "Members", "sheet_chosen", []string{"Read me", "Empty", "Prices", "Members"}, fitting, 3},
		{"the first of two", "Members 1", "", []string{"Members 1", "Members 2"}, fitting, 3},
		{"the first that is visible", "Members 2", "", []string{"Members 1*", "Members 2"}, fitting, 3},
		{"no hidden one", "Read me", "", []string{"Read me", "Members*", "Prices"}, fitting, 1},
		{"the requested one", "Prices", "", []string{"Members", "Prices"}, sheet.Options{Fits: namesMembers, Sheet: "prices"}, 1},
		{"a hidden one if requested", "Members", "", []string{"Read me", "Members*", "Prices"}, sheet.Options{Fits: namesMembers, Sheet: "2"}, 3},
		{"the first with values if none fits", "Prices", "sheet_chosen", []string{"Empty", "Prices"}, fitting, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			data := chosenBook(t, test.sheets...)
			table := open(t, data, test.opts)
			if d := table.Detected(); d.Sheet != test.want || d.HeaderLine != test.line || len(table.Sheets()) != len(test.sheets) {
				t.Errorf("sheet %q of %q, header %q on line %d", d.Sheet, table.Sheets(), table.Header(), d.HeaderLine)
			}
			chosen := slices.IndexFunc(table.Warnings(), func(w sheet.Warning) bool { return w.Code == "sheet_chosen" })
			if (chosen >= 0) != (test.code != "") {
				t.Errorf("warnings %+v", table.Warnings())
			} else if chosen >= 0 && !strings.Contains(table.Warnings()[chosen].Message.English, test.want) {
				t.Errorf("the warning does not name the sheet: %q", table.Warnings()[chosen].Message)
			}
			checkReopened(t, data, table)
		})
	}
}

func TestChartAndDialogSheetsAreSkipped(t *testing.T) {
	for _, kind := range []string{"chartsheet", "dialogsheet", "xlMacrosheet"} {
		data := rewritePart(t, chosenBook(t, "Read me", "Members"), "xl/_rels/workbook.xml.rels", func(s string) string {
			return strings.Replace(s, "relationships/worksheet\"", "relationships/"+kind+"\"", 1)
		})
		table := open(t, data, sheet.Options{})
		if got := table.Detected().Sheet; got != "Members" || len(table.Warnings()) != 0 || !slices.Equal(table.Sheets(), []string{"Members"}) {
			t.Errorf("%s: sheet %q of %q, warnings %v", kind, got, table.Sheets(), table.Warnings())
		}
		if _, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Options{Sheet: "Read me"}); !errs.Is(err, "no_sheet") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestHiddenRowsCanBeSkipped(t *testing.T) {
	f := excelize.NewFile()
	fillSheet(t, f, "Sheet1", [][]any{{"a"}, {"1"}, {"2"}, {"3"}, {"4"}})
	for _, n := range []int{2, 4} {
		if err := f.SetRowVisible("Sheet1", n, false); err != nil {
			t.Fatal(err)
		}
	}
	data := saveWorkbook(t, f)
	hidden, row := "", record.Row{}
	for table := open(t, data, sheet.Options{}); table.Next(&row) == nil; {
		hidden += fmt.Sprint(row.Cells[0], row.Hidden, " ")
	}
	if hidden != "1true 2false 3true 4false " {
		t.Error(hidden)
	}
	rows, err := readAll(open(t, data, sheet.Options{SkipHidden: true}))
	if !errors.Is(err, io.EOF) || len(rows) != 2 || rows[0].Cells[0] != "2" || rows[1].Cells[0] != "4" {
		t.Error(rows, err)
	}
}
