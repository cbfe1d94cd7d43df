package sheet_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/record"
)

// bookOf returns a workbook with the header a and rows of XML cells.
func bookOf(t testing.TB, rows ...string) []byte {
	t.Helper()
	var xml strings.Builder
	xml.WriteString(`<worksheet><sheetData><row r="1"><c t="inlineStr"><is><t>a</t></is></c></row>`)
	for _, row := range rows {
		xml.WriteString("<row>" + row + "</row>")
	}
	xml.WriteString("</sheetData></worksheet>")
	return rewritePart(t, workbook(t, [][]any{{"a"}}), "xl/worksheets/sheet1.xml", func(string) string { return xml.String() })
}

func onlyRow(t *testing.T, data []byte) record.Row {
	t.Helper()
	table := open(t, data, sheet.Options{})
	var row, none record.Row
	if err := table.Next(&row); err != nil {
		t.Fatal(err)
	}
	if err := table.Next(&none); !errors.Is(err, io.EOF) {
		t.Fatal(none, err)
	}
	if err := table.Seek(row.Pos); err != nil {
		t.Fatal(err)
	}
	var again record.Row
	if err := table.Next(&again); err != nil || !cmp.Equal(row, again) {
		t.Fatalf("%+v is %+v when it is read again, %v", row, again, err)
	}
	return row
}

func TestCellsWithoutAValueAreMarked(t *testing.T) {
	tests := []struct{ name, cells, want, code string }{
		{"an error", `<c t="e"><v>#N/A</v></c>`, "#N/A", record.CellError},
		{"an error of a formula", `<c t="e"><f>1/0</f><v>#DIV/0!</v></c>`, "#DIV/0!", record.CellError},
		{"an unknown error", `<c t="e"><v>#NEW!</v></c>`, "#NEW!", record.CellError},
		{"an error without a text", `<c t="e"><f>NA()</f></c>`, "=NA()", record.FormulaValue},
		{"a formula", `<c><f>1+1</f></c>`, "=1+1", record.FormulaValue},
		{"a formula with an empty result of a number", `<c><f>1+1</f><v></v></c>`, "=1+1", record.FormulaValue},
		{"a formula with an empty element", `<c><f>A1&amp;"x"</f><v/></c>`, `=A1&"x"`, record.FormulaValue},
		{"a formula of a text", `<c t="str"><f>"x"</f></c>`, `="x"`, record.FormulaValue},
		{"a shared formula", `<c><f t="shared" si="0"/></c>`, "=", record.FormulaValue},
		{"a formula with a result", `<c><f>1+1</f><v>2</v></c>`, "2", ""},
		{"a formula with a text", `<c t="str"><f>"go"</f><v>go</v></c>`, "go", ""},
		{"a formula with an empty text", `<c t="str"><f>""</f><v></v></c>`, "", ""},
		{"a formula with 0", `<c><f>1-1</f><v>0</v></c>`, "0", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			row := onlyRow(t, bookOf(t, test.cells+`<c><v>7</v></c>`))
			want := record.Row{Line: 2, Pos: record.Pos{Offset: 2, Line: 2}, End: record.Pos{Offset: 3, Line: 3}, Cells: []string{test.want, "7"}}
			if test.code != "" {
				want.CellProblems = []record.CellProblem{{Index: 0, Code: test.code}}
			}
			if diff := cmp.Diff(want, row); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Libraries that calculate nothing store 0 and ask programs to calculate.
func TestZeroOfAFormulaIsNoResultIfTheWorkbookMustBeCalculated(t *testing.T) {
	data := bookOf(t, `<c><f>1+1</f><v>0</v></c><c><f>1+1</f><v>2</v></c><c><v>0</v></c>`)
	data = rewritePart(t, data, "xl/workbook.xml", func(s string) string {
		return strings.Replace(s, "</workbook>", `<calcPr calcId="124519" fullCalcOnLoad="1"/></workbook>`, 1)
	})
	row := onlyRow(t, data)
	if diff := cmp.Diff([]record.CellProblem{{Index: 0, Code: record.FormulaValue}}, row.CellProblems); diff != "" || row.Cells[1] != "2" || row.Cells[2] != "0" {
		t.Error(diff, row.Cells)
	}
}

func TestNumberFormatsThatPadOrAddTextAreShown(t *testing.T) {
	tests := []struct {
		format string
		value  any
		shown  string
	}{
		{"00000", 1067, "01067"},
		{"[$-409]00000", 1067, "01067"},
		{"00000", 123456, ""},
		{"00000", -67, "-00067"},
		{"00000", 1067.5, ""},
		{"000000;[Red]-000000", -67, "-000067"},
		{`"A-"0000`, 7, "A-0007"},
		{`\A\-0000`, 7, "A-0007"},
		{`0000"/26"`, 7, "0007/26"},
		{"000-00-0000", 12345678, "012-34-5678"},
		{"(000) 000-0000", 5551234567, "(555) 123-4567"},
		{"[<=9999999]###-####;(###) ###-####", 5551234, "555-1234"},
		{"[<=9999999]###-####;(###) ###-####", 5551234567, "(555) 123-4567"},
		{`"+"0`, 491511234567, "+491511234567"},
		{`0" kg"`, 12, "12 kg"},
		{`General" kg"`, 1.5, "1.5 kg"},
		{`_(000_);_(\(000\)`, 7, "007"},
		{`"No. "00;;"none"`, 3, "No. 03"},
		{"00 00", 123, "01 23"},
		{"0", 7, ""},
		{"0", 1234.5, ""},
		{"#", 0, ""},
		{"#,##0", 1234, ""},
		{"0.00", 7, ""},
		{"000.0", 7, ""},
		{"00%", 1, ""},
		{"00E+00", 7, ""},
		{"@", 7, ""},
		{`"yes";"yes";"no"`, 1, ""},
		{"[h]:mm", 2, ""},
		{"yyyy", 2026, ""},
		{"# ?/?", 3, ""},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.value, " as ", test.format), func(t *testing.T) {
			f := excelize.NewFile()
			fillSheet(t, f, "Sheet1", [][]any{{"a"}, {test.value}})
			id, err := f.NewStyle(&excelize.Style{CustomNumFmt: &test.format})
			if err != nil {
				t.Fatal(err)
			}
			if err := f.SetCellStyle("Sheet1", "A2", "A2", id); err != nil {
				t.Fatal(err)
			}
			row := onlyRow(t, saveWorkbook(t, f))
			got := ""
			if len(row.Shown) > 0 {
				got = row.Shown[0].Text
			}
			if got != test.shown {
				t.Errorf("%q is shown as %q, want %q", row.Cells[0], got, test.shown)
			}
			if want := fmt.Sprint(test.value); test.shown != "" && row.Cells[0] != want {
				t.Errorf("the number is %q, want %q", row.Cells[0], want)
			}
		})
	}
}

// renamed renames parts of a workbook.
func renamed(t testing.TB, data []byte, names map[string]string) []byte {
	t.Helper()
	var files []string
	for name, text := range partsOf(t, data) {
		if other := names[name]; other != "" {
			name = other
		}
		files = append(files, name, text)
	}
	return zipped(t, files...)
}

func TestPartsOfAWorkbookAreFoundByTheirRelationships(t *testing.T) {
	book := workbook(t, [][]any{{"a"}, {"x"}})
	replace := func(part, old, new string) func([]byte) []byte {
		return func(data []byte) []byte {
			return rewritePart(t, data, part, func(s string) string {
				if !strings.Contains(s, old) {
					t.Fatalf("%s has no %s: %s", part, old, s)
				}
				return strings.ReplaceAll(s, old, new)
			})
		}
	}
	rels := "xl/_rels/workbook.xml.rels"
	tests := []struct {
		name   string
		change func([]byte) []byte
		names  map[string]string
	}{
		{"workbook", replace("_rels/.rels", "xl/workbook.xml", "xl/book7.xml"), map[string]string{"xl/workbook.xml": "xl/book7.xml", rels: "xl/_rels/book7.xml.rels"}},
		{"workbook in the root", func(data []byte) []byte {
			data = replace("_rels/.rels", "xl/workbook.xml", "wb.xml")(data)
			return replace(rels, `Target="`, `Target="xl/`)(replace(rels, `Target="/xl/`, `Target="`)(data))
		}, map[string]string{"xl/workbook.xml": "wb.xml", rels: "_rels/wb.xml.rels"}},
		{"strings", replace(rels, "sharedStrings.xml", "strings2.xml"), map[string]string{"xl/sharedStrings.xml": "xl/strings2.xml"}},
		{"sheet with a space", replace(rels, "worksheets/sheet1.xml", "worksheets/my%20sheet.xml"), map[string]string{"xl/worksheets/sheet1.xml": "xl/worksheets/my sheet.xml"}},
		{"sheet outside of its folder", replace(rels, "worksheets/sheet1.xml", "../data/one.xml"), map[string]string{"xl/worksheets/sheet1.xml": "data/one.xml"}},
		{"strict", func(data []byte) []byte {
			for _, part := range []string{"_rels/.rels", rels} {
				data = replace(part, "http://schemas.openxmlformats.org/officeDocument/2006/relationships", "http://purl.oclc.org/ooxml/officeDocument/relationships")(data)
			}
			return data
		}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rows, err := readAll(open(t, renamed(t, test.change(book), test.names), sheet.Options{}))
			if !errors.Is(err, io.EOF) || len(rows) != 1 || rows[0].Cells[0] != "x" {
				t.Error(rows, err)
			}
		})
	}
}
