package sheet_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

func FuzzTable(f *testing.F) {
	for _, s := range []string{
		"a,b\n1,2\n", "sep=;\r\na;b\r\n\"x\ny\";2\r\n", "a\tb\r\"1\n2\"\t3\r", "a,b\n\"open\nc,d\n", "\ufeffa|b\n\"\"\"|\"\n",
		encodeUTF16("a,b\nJosé,\"x\ny\"\n", false, true), encodeUTF16("a,b\n1,2\n", true, false), "a,b\nJos\xe9,\x81\n\x00,1\n",
		strings.Repeat(",", 1001), "a\n" + strings.Repeat(",", 3000) + "x\n",
	} {
		f.Add([]byte(s))
	}
	f.Add(gzipped(f, []byte("a,b\n1,2\n")))
	f.Add(zipped(f, "t.csv", "a,b\n1,2\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Options{MaxUnpacked: 1 << 20})
		if err != nil {
			if errs.From(err) == nil {
				t.Fatalf("rejected without a reason: %v", err)
			}
			return
		}
		checkRows(t, table)
		if err := table.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzSheetRows replaces the rows of a workbook with data.
func FuzzSheetRows(f *testing.F) {
	good := workbook(f, [][]any{{"a", "b"}, {"x", 1}})
	f.Add(`<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="3"><c r="B3"><v>1.5</v></c></row></sheetData></worksheet>`)
	f.Add(`<sheetData><row><c t="inlineStr"><is><t>x</t></is></c></row><row r="1"><c t="b"><v>1</v></c><c t="d"><v>2024-01-01</v></c></row></sheetData>`)
	f.Fuzz(func(t *testing.T, data string) {
		book := rewritePart(t, good, "xl/worksheets/sheet1.xml", func(string) string { return data })
		table, err := sheet.Open(bytes.NewReader(book), int64(len(book)), sheet.Options{})
		if err != nil {
			if errs.From(err) == nil {
				t.Fatalf("rejected without a reason: %v", err)
			}
			return
		}
		checkRows(t, table)
		if err := table.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// checkRows reads to the end and checks the invariants of every row.
func checkRows(t *testing.T, table *sheet.Table) {
	last := table.HeaderLine()
	pos := table.Start()
	isText := table.Detected().Format == "csv"
	var row record.Row
	for {
		err := table.Next(&row)
		if errors.Is(err, io.EOF) || errors.Is(err, unpack.ErrDamaged) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if row.Line <= last || row.Line != row.Pos.Line || row.End.Line <= row.Line || row.End.Offset <= row.Pos.Offset {
			t.Fatalf("line %d after %d, from %v to %v", row.Line, last, row.Pos, row.End)
		}
		if isText && row.Pos != pos {
			t.Fatalf("a gap from %v to %v", pos, row.Pos)
		}
		if len(row.Cells) > len(table.Header())+sheet.MaxColumns {
			t.Fatalf("%d cells", len(row.Cells))
		}
		last, pos = row.Line, row.End
		if isText && row.Problem == "" {
			checkRaw(t, table.Detected(), row)
		}
	}
}

// checkRaw reads the original bytes of a row as a file of its own.
func checkRaw(t *testing.T, d sheet.Detected, row record.Row) {
	var b bytes.Buffer
	switch d.Encoding {
	case "utf-16le":
		b.WriteString("\xff\xfe" + string(row.Raw) + "\n\x00")
	case "utf-16be":
		b.WriteString("\xfe\xff" + string(row.Raw) + "\x00\n")
	default:
		b.WriteString(string(row.Raw) + "\n")
	}
	again, err := sheet.Open(bytes.NewReader(b.Bytes()), int64(b.Len()), sheet.Options{Encoding: d.Encoding, Delimiter: d.Delimiter})
	// Other line endings, byte order marks and sep lines are special at the
	// start of a file only.
	if err != nil || again.Detected().LineEnding != "lf" || d.LineEnding == "cr" || again.Detected().Sep || again.Detected().Encoding != strings.TrimSuffix(d.Encoding, "-bom") {
		return
	}
	if !slices.Equal(again.Header(), row.Cells) {
		t.Fatalf("%q reads %q first and %q again", row.Raw, row.Cells, again.Header())
	}
}

// FuzzPart replaces a part other than the rows with data.
func FuzzPart(f *testing.F) {
	good := workbook(f, [][]any{{"a", "b"}, {"x", 1}})
	parts := []string{"xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml", "xl/_rels/workbook.xml.rels", "[Content_Types].xml"}
	f.Add(uint8(0), `<workbook><workbookPr date1904="1"/><sheets><sheet name="a" sheetId="1" id="rId1"/></sheets></workbook>`)
	f.Add(uint8(1), `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy\-mm"/></numFmts><cellXfs><xf numFmtId="164"/></cellXfs></styleSheet>`)
	f.Add(uint8(2), `<sst count="1"><si><t>x</t></si><si><r><t>y</t></r><rPh><t>z</t></rPh></si></sst>`)
	f.Add(uint8(3), `<Relationships><Relationship Id="rId1" Type="worksheet" Target="../../x.xml"/></Relationships>`)
	f.Fuzz(func(t *testing.T, part uint8, data string) {
		book := rewritePart(t, good, parts[int(part)%len(parts)], func(string) string { return data })
		readOrReject(t, book, sheet.Options{MaxUnpacked: 1 << 20})
	})
}

// FuzzDialect reads text with arbitrary delimiters and encodings.
func FuzzDialect(f *testing.F) {
	f.Add("a;b\n\"1;\n\"\"2\";3\n", uint8(1), uint8(0))
	f.Add("sep=|\r\na|b\r\n\"x\"y|z\r\n", uint8(3), uint8(1))
	f.Add("a\tb\r\xff\xfe\t\x00\r", uint8(2), uint8(2))
	delimiters, encodings := []string{"", ",", ";", "\t", "|"}, []string{"", "utf-8", "windows-1252", "utf-16le"}
	f.Fuzz(func(t *testing.T, data string, delimiter, encoding uint8) {
		readOrReject(t, []byte(data), sheet.Options{
			Delimiter: delimiters[int(delimiter)%len(delimiters)], Encoding: encodings[int(encoding)%len(encodings)], MaxUnpacked: 1 << 20,
		})
	})
}

// readOrReject reads a file that is either rejected with a reason or read to its end.
func readOrReject(t *testing.T, data []byte, o sheet.Options) {
	t.Helper()
	table, err := sheet.Open(bytes.NewReader(data), int64(len(data)), o)
	if err != nil {
		if errs.From(err) == nil {
			t.Fatalf("rejected without a reason: %v", err)
		}
		return
	}
	checkRows(t, table)
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
}
