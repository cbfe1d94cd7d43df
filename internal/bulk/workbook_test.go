package bulk_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
)

// sheetXML are the rows of a worksheet. A cell is a text, or XML if it starts
// with <.
func sheetXML(rows ...[]string) string {
	var b strings.Builder
	b.WriteString("<worksheet><sheetData>")
	for _, row := range rows {
		b.WriteString("<row>")
		for _, cell := range row {
			if !strings.HasPrefix(cell, "<") {
				cell = "<c t=\"inlineStr\"><is><t>" + cell + "</t></is></c>"
			}
			b.WriteString(cell)
		}
		b.WriteString("</row>")
	}
	b.WriteString("</sheetData></worksheet>")
	return b.String()
}

// workbookOf is a workbook with the sheets S1, S2 and so on. The styles 1 to 3 are
// 00000, "A-"0000 and per cent.
func workbookOf(t *testing.T, sheets ...string) string {
	t.Helper()
	parts := map[string]string{
		"[Content_Types].xml": "<Types/>",
		"_rels/.rels":         `<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="book.xml"/></Relationships>`,
		"styles.xml":          `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="00000"/><numFmt numFmtId="165" formatCode="&quot;A-&quot;0000"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="9"/></cellXfs></styleSheet>`,
	}
	var list, rels strings.Builder
	for i, text := range sheets {
		fmt.Fprintf(&list, `<sheet name="S%d" sheetId="%d" r:id="s%d"/>`, i+1, i+1, i+1)
		fmt.Fprintf(&rels, `<Relationship Id="s%d" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="s%d.xml"/>`, i+1, i+1)
		parts[fmt.Sprintf("s%d.xml", i+1)] = text
	}
	parts["book.xml"] = "<workbook><sheets>" + list.String() + "</sheets></workbook>"
	parts["_rels/book.xml.rels"] = "<Relationships>" + rels.String() + "</Relationships>"
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range parts {
		part, err := w.Create(name)
		if err == nil {
			_, err = part.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

var bookHeader = []string{"First Name", "Last Name", "Username", "Email", "Plan", "Score", "Notes"}

// ignoreNotes maps the last column of bookHeader.
func ignoreNotes() bulk.Options { return bulk.Options{Mapping: map[string]*string{"Notes": nil}} }

func person(name string, more ...string) []string {
	return append([]string{"Ada", "L", name, name + "@example.org"}, more...)
}

func TestCellsWithoutAValueFailTheirRows(t *testing.T) {
	each(t, func(f *fixture) {
		failing := map[string]string{
			`<c t="e"><v>#N/A</v></c>`:        "cell_error",
			`<c t="e"><v>#NEW!</v></c>`:       "cell_error",
			"#REF!":                           "cell_error",
			"#BEZUG!":                         "cell_error",
			"Err:502":                         "cell_error",
			`<c><f>"go"&amp;"ld"</f></c>`:     "formula_without_value",
			`<c t="str"><f>x</f></c>`:         "formula_without_value",
			`<c><f>1+1</f><v></v></c>`:        "formula_without_value",
			`<c t="str"><f>""</f><v/></c>`:    "",
			`<c t="str"><f>x</f><v>y</v></c>`: "",
			"Err:or":                          "",
			"#1":                              "",
		}
		rows, want := [][]string{bookHeader}, map[int]string{}
		for cell, code := range failing {
			rows = append(rows, person(fmt.Sprint("m", len(rows)), cell, "", `<c t="e"><v>#N/A</v></c>`))
			if code != "" {
				want[len(rows)] = code
			}
		}
		s := f.run(bulk.Import, workbookOf(f.T, sheetXML(rows...)), ignoreNotes())
		f.want(s, bulk.CompletedWithErrors, 4, 0, 0, 0, 8)
		if got := f.codes(s); fmt.Sprint(got) != fmt.Sprint(want) {
			f.Errorf("%v, want %v", got, want)
		}
		again := f.run(bulk.Import, f.failedCSV(s), ignoreNotes())
		f.want(again, bulk.CompletedWithErrors, 0, 0, 0, 0, 8)
		for _, d := range f.details(again, bulk.DetailFilter{}) {
			if len(d.Errors) != 1 || d.Errors[0].Column != "Plan" || d.Errors[0].Value == "" || !strings.Contains(d.Errors[0].Message.English, ". ") {
				f.Errorf("%+v", d.Errors)
			}
		}
	})
}

func TestNumbersAreStoredAsShownExceptInNumberFields(t *testing.T) {
	each(t, func(f *fixture) {
		f.field(field.Input{Field: "number", Name: "Member No", Type: field.SingleLine, Identifier: true})
		padded, prefixed, percent := `<c s="1"><v>1067</v></c>`, `<c s="2"><v>7</v></c>`, `<c s="3"><v>0.19</v></c>`
		header := []string{"First Name", "Last Name", "Username", "Email", "Plan", "Score", "Member No"}
		s := f.run(bulk.Import, workbookOf(f.T, sheetXML(header, person("ada", padded, padded, prefixed), person("ben", prefixed, percent, padded), person("cleo", percent))), bulk.Options{})
		f.want(s, bulk.Completed, 3, 0, 0, 0, 0)
		for name, want := range map[string]string{
			"ada": "map[number:A-0007 plan:01067 score:1067]", "ben": "map[number:01067 plan:A-0007 score:0.19]", "cleo": "map[plan:0.19]",
		} {
			if got := fmt.Sprint(f.member(name).Values.Map()); got != want {
				f.Errorf("%s has %s, want %s", name, got, want)
			}
		}
		failing := person("dora", padded, padded, prefixed)
		failing[3] = "nowhere"
		text := workbookOf(f.T, sheetXML(header, failing))
		s = f.run(bulk.Import, text, bulk.Options{})
		if got := f.failedCSV(s); !strings.Contains(got, "dora,nowhere,01067,1067,A-0007,") {
			f.Errorf("failed rows %q", got)
		}
		d, err := f.stage(f.Context(), f.input(bulk.Import, text, bulk.Options{}))
		f.ok(err)
		if got := d.Columns[4].Samples; fmt.Sprint(got) != "[01067]" {
			f.Errorf("samples %v", got)
		}
		update := workbookOf(f.T, sheetXML([]string{"Member No", "Score"}, []string{prefixed, "5"}))
		f.want(f.run(bulk.Update, update, bulk.Options{}), bulk.Completed, 0, 1, 0, 0, 0)
	})
}

func TestSheetAndHeaderThatFitAreReadByEveryStep(t *testing.T) {
	each(t, func(f *fixture) {
		notes := sheetXML([]string{"Read this first"}, []string{"Email", "the address of the member"})
		members := sheetXML([]string{"Members"}, nil, bookHeader, person("ada", "x"), person("ben", "#N/A"), person("cleo"), person("dora"), person("ed"))
		in := f.input(bulk.Import, workbookOf(f.T, notes, members), ignoreNotes())
		d, err := f.stage(f.Context(), in)
		f.ok(err)
		if d.Detected.Sheet != "S2" || d.Detected.HeaderLine != 3 || len(d.Columns) != len(bookHeader) || d.Columns[3].Samples[0] != "ada@example.org" {
			f.Errorf("%+v %+v", d.Detected, d.Columns)
		}
		for _, dry := range []bool{true, false} {
			in.Options.DryRun = dry
			s, err := f.startUpload(f.Context(), in)
			f.ok(err)
			if !dry { // a line of the first sheet fits now
				f.field(field.Input{Field: "address", Name: "the address of the member", Type: field.SingleLine})
			}
			f.want(f.work(s), map[bool]string{true: bulk.Completed, false: bulk.CompletedWithErrors}[dry], 4, 0, 0, 0, 1)
			if s.Detected.Sheet != "S2" || s.Detected.HeaderLine != 3 || fmt.Sprint(f.codes(s)) != "map[5:cell_error]" {
				f.Errorf("%+v %v", s.Detected, f.codes(s))
			}
			if got := f.failedCSV(s); !strings.HasPrefix(got, "\ufeffFirst Name,Last Name,") || !strings.Contains(got, "ben@example.org") {
				f.Errorf("%q", got)
			}
		}
	})
}

func TestHeaderBelowATitleIsFoundInText(t *testing.T) {
	each(t, func(f *fixture) {
		text := "Members, exported on 7 April\n\nFirst Name;\"Last\nName\";User name;E-Mail\nAda;L;ada;ada@example.org\nBen;M;ben;nowhere\n"
		mapping := map[string]*string{"User name": new("Username"), "E-Mail": new("Email")}
		s := f.run(bulk.Import, text, bulk.Options{Mapping: mapping})
		f.want(s, bulk.CompletedWithErrors, 1, 0, 0, 0, 1)
		if s.Detected.HeaderLine != 3 || s.Detected.Delimiter != ";" || fmt.Sprint(f.codes(s)) != "map[6:invalid_email]" {
			f.Errorf("%+v %v", s.Detected, f.codes(s))
		}
		_, err := f.startUpload(f.Context(), f.input(bulk.Import, "Members\nVorname,Nachname,Benutzername,Mail\nAda,L,ada,ada@example.org\n", bulk.Options{}))
		if e := errs.From(err); e == nil || len(e.Fields) != 4 || e.Fields[0].Field != "Vorname" {
			f.Errorf("the title is read as the header: %+v", err)
		}
	})
}

// spreadsheet is an .ods file with the sheets Notes and Members.
func spreadsheet(t *testing.T, rows ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, part := range [][2]string{
		{"mimetype", "application/vnd.oasis.opendocument.spreadsheet"},
		{"content.xml", `<office:document-content><office:body><office:spreadsheet><table:table table:name="Notes"><table:table-row><table:table-cell office:value-type="string"><text:p>Read this first</text:p></table:table-cell></table:table-row></table:table>` +
			`<table:table table:name="Members">` + strings.Join(rows, "") + `</table:table></office:spreadsheet></office:body></office:document-content>`},
	} {
		f, err := w.Create(part[0])
		if err == nil {
			_, err = f.Write([]byte(part[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// odsRow is a row of texts, or of XML if they start with <.
func odsRow(attrs string, cells ...string) string {
	row := "<table:table-row " + attrs + ">"
	for _, cell := range cells {
		if !strings.HasPrefix(cell, "<") {
			cell = `<table:table-cell office:value-type="string"><text:p>` + cell + `</text:p></table:table-cell>`
		}
		row += cell
	}
	return row + "</table:table-row>"
}

func TestOpenDocumentSpreadsheetIsImported(t *testing.T) {
	each(t, func(f *fixture) {
		padded := `<table:table-cell office:value-type="float" office:value="7"><text:p>0007</text:p></table:table-cell>`
		failing := `<table:table-cell table:formula="of:=NA()" office:value-type="string" office:string-value="" calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>`
		text := spreadsheet(f.T, odsRow("", "Members of the club"), odsRow("", bookHeader...), odsRow("", person("ada", padded, padded)...),
			odsRow(`table:visibility="filter"`, person("ben")...), odsRow(`table:number-rows-repeated="2"`, person("cleo", failing)...), odsRow("", person("dora", "x")...))
		o := ignoreNotes()
		s := f.run(bulk.Import, text, o)
		f.want(s, bulk.CompletedWithErrors, 3, 0, 0, 0, 2)
		if d := s.Detected; d.Format != "ods" || d.Sheet != "Members" || d.HeaderLine != 2 || fmt.Sprint(f.codes(s)) != "map[5:cell_error 6:cell_error]" {
			f.Errorf("%+v %v", d, f.codes(s))
		}
		if got := fmt.Sprint(f.member("ada").Values.Map()); got != "map[plan:0007 score:7]" {
			f.Error(got)
		}
		var codes []string
		for _, w := range s.Warnings {
			codes = append(codes, w.Code)
		}
		if fmt.Sprint(codes) != "[sheet_chosen lines_before_header columns_ignored hidden_rows]" {
			f.Error(codes)
		}
		f.want(f.run(bulk.Import, f.failedCSV(s), o), bulk.CompletedWithErrors, 0, 0, 0, 0, 2)
		o.HiddenRows = "skip"
		f.want(f.run(bulk.Import, text, o), bulk.CompletedWithErrors, 0, 0, 2, 0, 2)
	})
}
