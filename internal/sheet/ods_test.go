package sheet_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

const odsType = "application/vnd.oasis.opendocument.spreadsheet"

// odsOf returns a spreadsheet with XML tables.
func odsOf(t testing.TB, tables string) []byte {
	t.Helper()
	content := `<?xml version="1.0" encoding="UTF-8"?><office:document-content><office:automatic-styles>` +
		`<style:style style:name="shown" style:family="table"><style:table-properties table:display="true"/></style:style>` +
		`<style:style style:name="hidden" style:family="table"><style:table-properties table:display="false"/></style:style>` +
		`</office:automatic-styles><office:body><office:spreadsheet><table:calculation-settings/>` + tables + `</office:spreadsheet></office:body></office:document-content>`
	return zipped(t, "mimetype", odsType, "content.xml", content, "META-INF/manifest.xml", "<manifest/>")
}

// odsTable is a table with a column and rows of XML.
func odsTable(name, style string, rows ...string) string {
	return fmt.Sprintf(`<table:table table:name=%q table:style-name=%q><table:table-column table:number-columns-repeated="16384"/>%s</table:table>`, name, style, strings.Join(rows, ""))
}

func odsText(texts ...string) string {
	var b strings.Builder
	b.WriteString("<table:table-row>")
	for _, text := range texts {
		b.WriteString(`<table:table-cell office:value-type="string"><text:p>` + text + `</text:p></table:table-cell>`)
	}
	b.WriteString("</table:table-row>")
	return b.String()
}

// odsCells is a sheet with the header a and a row of XML cells.
func odsCells(t testing.TB, cells string) []byte {
	t.Helper()
	return odsOf(t, odsTable("One", "shown", odsText("a"), `<table:table-row>`+cells+`</table:table-row>`,
		`<table:table-row table:number-rows-repeated="1048574"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>`))
}

func TestSpreadsheetCellsOfEveryTypeAreText(t *testing.T) {
	value := func(kind, attr, text string) string {
		return fmt.Sprintf(`<table:table-cell office:value-type=%q %s calcext:value-type=%q><text:p>%s</text:p></table:table-cell>`, kind, attr, kind, text)
	}
	tests := []struct{ name, cell, want, shown string }{
		{"a text", value("string", "", "José &amp; <text:span>Ada</text:span>"), "José & Ada", ""},
		{"paragraphs", `<table:table-cell office:value-type="string"><text:p>one</text:p><text:p>two</text:p></table:table-cell>`, "one\ntwo", ""},
		{"spaces", value("string", "", "a<text:s text:c=\"2\"/>b<text:s/>c \n d<text:tab/>e<text:line-break/>f"), "a  b c d\te\nf", ""},
		{"a link", value("string", "", `<text:a xlink:href="mailto:a@example.org">a@example.org</text:a>`), "a@example.org", ""},
		{"a comment", `<table:table-cell office:value-type="string"><office:annotation><text:p>note</text:p></office:annotation><text:p>x</text:p></table:table-cell>`, "x", ""},
		{"a picture", `<table:table-cell office:value-type="string"><draw:frame><draw:text-box><text:p>no</text:p></draw:text-box></draw:frame><text:p>x</text:p></table:table-cell>`, "x", ""},
		{"a value other than the text", value("string", `office:string-value="value"`, "text"), "value", ""},
		{"a number", value("float", `office:value="1234.5"`, "1.234,50"), "1234.5", ""},
		{"a number with the noise of its binary form", value("float", `office:value="0.30000000000000004"`, "0.3"), "0.3", ""},
		{"an exponent", value("float", `office:value="1.5E12"`, "1.5E+12"), "1500000000000", ""},
		{"a number without a text", `<table:table-cell office:value-type="float" office:value="7"/>`, "7", ""},
		{"leading zeros", value("float", `office:value="1067"`, "01067"), "1067", "01067"},
		{"a prefix", value("float", `office:value="7"`, "A-0007"), "7", "A-0007"},
		{"a suffix", value("float", `office:value="7"`, "7 kg"), "7", "7 kg"},
		{"a phone number", value("float", `office:value="5551234567"`, "(555) 123-4567"), "5551234567", "(555) 123-4567"},
		{"zero with leading zeros", value("float", `office:value="0"`, "0000"), "0", "0000"},
		{"a negative number with leading zeros", value("float", `office:value="-7"`, "-007"), "-7", "-007"},
		{"a negative number in red", value("float", `office:value="-7"`, "7"), "-7", ""},
		{"thousands", value("float", `office:value="1234567"`, "1,234,567"), "1234567", ""},
		{"German thousands", value("float", `office:value="1234567"`, "1.234.567"), "1234567", ""},
		{"French thousands", value("float", `office:value="1234567"`, "1\u202f234\u202f567"), "1234567", ""},
		{"decimals", value("float", `office:value="7"`, "7.00"), "7", ""},
		{"a percentage", value("percentage", `office:value="0.25"`, "25 %"), "0.25", ""},
		{"money", value("currency", `office:currency="EUR" office:value="5"`, "5 €"), "5", ""},
		{"a date", value("date", `office:date-value="2024-02-29"`, "29.02.24"), "2024-02-29", ""},
		{"a date with a time", value("date", `office:date-value="2024-02-29T13:05:07"`, "29.02.24"), "2024-02-29T13:05:07Z", ""},
		{"a date with a fraction", value("date", `office:date-value="2024-02-29T13:05:07.500000000"`, ""), "2024-02-29T13:05:07.5Z", ""},
		{"midnight", value("date", `office:date-value="2024-02-29T00:00:00"`, ""), "2024-02-29", ""},
		{"a time of day", value("time", `office:time-value="PT13H30M00S"`, "13:30"), "13:30:00", ""},
		{"a duration is a number", value("time", `office:time-value="PT36H00M00S"`, "36:00"), "1.5", ""},
		{"true", value("boolean", `office:boolean-value="true"`, "WAHR"), "TRUE", ""},
		{"false", value("boolean", `office:boolean-value="false"`, "FALSCH"), "FALSE", ""},
		{"a formula", `<table:table-cell table:formula="of:=1+1" office:value-type="float" office:value="2"><text:p>2</text:p></table:table-cell>`, "2", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			row := onlyRow(t, odsCells(t, test.cell+odsText("end")[len("<table:table-row>"):len(odsText("end"))-len("</table:table-row>")]))
			want := record.Row{Line: 2, Pos: record.Pos{Offset: 2, Line: 2}, End: record.Pos{Offset: 3, Line: 3}, Cells: []string{test.want, "end"}}
			if test.shown != "" {
				want.Shown = []record.ShownText{{Index: 0, Text: test.shown}}
			}
			if diff := cmp.Diff(want, row); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSpreadsheetCellsWithoutAValueAreMarked(t *testing.T) {
	tests := []struct{ name, cell, want, code string }{
		{"an error", `<table:table-cell table:formula="of:=NA()" office:value-type="string" office:string-value="" calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>`, "#N/A", record.CellError},
		{"an error without a text", `<table:table-cell table:formula="of:=NA()" calcext:value-type="error"/>`, "#ERROR!", record.CellError},
		{"an error of an old program", `<table:table-cell table:formula="oooc:=1/0" office:value-type="float" office:value="0"><text:p>#DIV/0!</text:p></table:table-cell>`, "#DIV/0!", record.CellError},
		{"an error with a number", `<table:table-cell table:formula="of:=x" office:value-type="float" office:value="0"><text:p>Err:508</text:p></table:table-cell>`, "Err:508", record.CellError},
		{"a formula", `<table:table-cell table:formula="of:=[.C3]&amp;&quot;x&quot;"/>`, `=[.C3]&"x"`, record.FormulaValue},
		{"a formula of a number", `<table:table-cell table:formula="of:=1+1" office:value-type="float"/>`, "=1+1", record.FormulaValue},
		{"a formula with an empty text", `<table:table-cell table:formula="of:=&quot;&quot;" office:value-type="string" office:string-value="" calcext:value-type="string"/>`, "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			row := onlyRow(t, odsCells(t, test.cell+`<table:table-cell office:value-type="float" office:value="7"/>`))
			var want []record.CellProblem
			if test.code != "" {
				want = []record.CellProblem{{Index: 0, Code: test.code}}
			}
			if diff := cmp.Diff(want, row.CellProblems); diff != "" || row.Cells[0] != test.want {
				t.Error(row.Cells, diff)
			}
		})
	}
}

func TestSpreadsheetRowsAndColumnsRepeat(t *testing.T) {
	data := odsOf(t, odsTable("One", "shown",
		`<table:table-row table:number-rows-repeated="2"><table:table-cell table:number-columns-repeated="3"/></table:table-row>`,
		`<table:table-header-rows>`+odsText("a", "b", "c")+`</table:table-header-rows>`,
		`<table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="2" office:value-type="string"><text:p>x</text:p></table:table-cell><table:covered-table-cell><text:p>under</text:p></table:covered-table-cell><table:table-cell office:value-type="string"><text:p>y</text:p></table:table-cell></table:table-row>`,
		`<table:table-row-group><table:table-row table:visibility="collapse" table:number-rows-repeated="2"><table:table-cell table:number-columns-repeated="2"/><table:table-cell office:value-type="string"><text:p>z</text:p></table:table-cell></table:table-row></table:table-row-group>`,
		`<table:table-row table:visibility="filter"><table:table-cell office:value-type="string"><text:p>f</text:p></table:table-cell></table:table-row>`,
		`<table:shapes><draw:frame><table:table table:name="no">`+odsText("no")+`</table:table></draw:frame></table:shapes>`,
		`<table:table-row table:number-rows-repeated="1000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>`,
		odsText("end")))
	x := []string{"x", "x", "", "y"}
	want := []line{{4, x, ""}, {5, x, ""}, {6, x, ""}, {7, []string{"", "", "z"}, ""}, {8, []string{"", "", "z"}, ""}, {9, []string{"f"}, ""}, {1010, []string{"end"}, ""}}
	table := open(t, data, sheet.Options{})
	rows, err := readAll(table)
	if diff := cmp.Diff(want, rows); diff != "" || !errors.Is(err, io.EOF) {
		t.Fatal(err, diff)
	}
	for i := range want { // backward, then forward
		for _, at := range []int{len(want) - 1 - i, i} {
			if err := table.Seek(record.Pos{Offset: int64(want[at].Line), Line: want[at].Line}); err != nil {
				t.Fatal(err)
			}
			if rest, err := readAll(table); !errors.Is(err, io.EOF) || !cmp.Equal(rest, want[at:]) {
				t.Fatalf("from line %d: %v, %v", want[at].Line, rest, err)
			}
		}
	}
	if rows, err = readAll(open(t, data, sheet.Options{SkipHidden: true})); len(rows) != 4 || rows[3].Line != 1010 {
		t.Error(rows, err)
	}
}

func TestSheetOfASpreadsheetIsSelected(t *testing.T) {
	members := []string{odsText("Members"), odsText("Email", "Name"), odsText("a@example.org", "Ada")}
	data := odsOf(t, odsTable("Hidden", "hidden", members...)+odsTable("Read me", "shown", odsText("Read this"))+odsTable("Members", "shown", members...)+odsTable("Prices", "", odsText("Price"), odsText("7")))
	for _, test := range []struct {
		opts     sheet.Options
		want     string
		line     int
		warnings int
	}{
		{fitting, "Members", 2, 2},
		{sheet.Options{}, "Read me", 1, 0},
		{sheet.Options{Sheet: "prices"}, "Prices", 1, 0},
		{sheet.Options{Sheet: "1", Fits: namesMembers}, "Hidden", 2, 1},
		{sheet.Options{Sheet: "Members", HeaderLine: 2}, "Members", 2, 0},
	} {
		table := open(t, data, test.opts)
		if d := table.Detected(); d.Format != "ods" || d.Sheet != test.want || d.HeaderLine != test.line || len(table.Warnings()) != test.warnings {
			t.Errorf("%+v, warnings %+v", d, table.Warnings())
		}
		checkReopened(t, data, table)
	}
	if _, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Options{Sheet: "None"}); !errs.Is(err, "no_sheet") || !strings.Contains(err.Error(), `"Prices"`) {
		t.Error(err)
	}
	packed := open(t, gzipped(t, data), sheet.Options{Fits: namesMembers, Scratch: scratch(t)})
	if d := packed.Detected(); d.Sheet != "Members" || d.Container != "gzip" {
		t.Errorf("%+v", d)
	}
	if packed = open(t, zipped(t, "m.ods", string(data)), sheet.Options{Scratch: scratch(t)}); packed.Detected().Entry != "m.ods" {
		t.Errorf("%+v", packed.Detected())
	}
}

func TestOtherOpenDocumentFilesAreNamed(t *testing.T) {
	for name, test := range map[string]struct {
		data []byte
		code string
	}{
		"text document": {zipped(t, "mimetype", "application/vnd.oasis.opendocument.text", "content.xml", "<x/>"), "unsupported_type"},
		"presentation":  {zipped(t, "mimetype", "application/vnd.oasis.opendocument.presentation-template", "content.xml", "<x/>"), "unsupported_type"},
		"OpenOffice":    {zipped(t, "mimetype", "application/vnd.sun.xml.calc", "content.xml", "<x/>"), "unsupported_type"},
		"without a":     {zipped(t, "META-INF/manifest.xml", "<m/>", "content.xml", "<office:body><office:text/></office:body>"), "unsupported_type"},
		"encrypted":     {zipped(t, "mimetype", odsType, "content.xml", "\x01\x02", "META-INF/manifest.xml", `<m:file-entry><m:encryption-data/></m:file-entry>`), "encrypted_file"},
		"damaged":       {odsOf(t, "<table:table><<"), "damaged_file"},
	} {
		if _, err := sheet.Open(bytes.NewReader(test.data), int64(len(test.data)), sheet.Options{}); !errs.Is(err, test.code) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRepeatedRowsOfASpreadsheetAreBounded(t *testing.T) {
	cell := `<table:table-cell table:number-columns-repeated="%d" office:value-type="string"><text:p>%s</text:p></table:table-cell>`
	for _, test := range []struct {
		name, rows, cell string
		want             error
	}{
		{"rows", "1000000000", fmt.Sprintf(cell, 1, "x"), unpack.ErrDamaged},
		{"rows and columns", "1048576", fmt.Sprintf(cell, 16384, "xy"), unpack.ErrDamaged},
		{"beyond any number", "99999999999999999999", fmt.Sprintf(cell, 1, strings.Repeat("x", 1000)), io.EOF},
		{"few rows", "1000", fmt.Sprintf(cell, 2, "x"), io.EOF},
	} {
		t.Run(test.name, func(t *testing.T) {
			data := odsOf(t, odsTable("One", "", odsText("a"), `<table:table-row table:number-rows-repeated="`+test.rows+`">`+test.cell+`</table:table-row>`))
			table, row, read := open(t, data, sheet.Options{}), record.Row{}, 0
			err := table.Next(&row)
			for ; err == nil; err = table.Next(&row) {
				read += len(row.Cells)
			}
			if !errors.Is(err, test.want) || read > 20<<20 {
				t.Errorf("%d cells, then %v", read, err)
			}
		})
	}
}

// FuzzSpreadsheet replaces the tables of a spreadsheet with data.
func FuzzSpreadsheet(f *testing.F) {
	f.Add(odsTable("One", "hidden", odsText("a", "b"), `<table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="2" office:value-type="float" office:value="7"><text:p>007</text:p></table:table-cell></table:table-row>`))
	f.Add(odsTable("One", "", odsText("a"), `<table:table-row><table:table-cell table:formula="of:=1/0" office:value-type="float"><text:p>#DIV/0!</text:p></table:table-cell><table:covered-table-cell/></table:table-row>`))
	f.Add(odsTable("One", "", odsText("a"), `<table:table-row><table:table-cell office:value-type="time" office:time-value="PT36H"/><table:table-cell office:value-type="date" office:date-value="2024-02-29"/></table:table-row>`))
	f.Fuzz(func(t *testing.T, tables string) {
		readOrReject(t, odsOf(t, tables), sheet.Options{MaxUnpacked: 1 << 20})
	})
}
