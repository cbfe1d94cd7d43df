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
)

func FuzzTable(f *testing.F) {
	for _, s := range []string{
		"a,b\n1,2\n", "sep=;\r\na;b\r\n\"x\ny\";2\r\n", "a\tb\r\"1\n2\"\t3\r", "a,b\n\"open\nc,d\n", "\ufeffa|b\n\"\"\"|\"\n",
		wide("a,b\nJosé,\"x\ny\"\n", false, true), wide("a,b\n1,2\n", true, false), "a,b\nJos\xe9,\x81\n\x00,1\n",
		strings.Repeat(",", 1001), "a\n" + strings.Repeat(",", 3000) + "x\n",
	} {
		f.Add([]byte(s))
	}
	f.Add(gz(f, []byte("a,b\n1,2\n")))
	f.Add(zipped(f, "t.csv", "a,b\n1,2\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Options{MaxUnpacked: 1 << 20})
		if err != nil {
			if errs.From(err) == nil {
				t.Fatalf("refused without a reason: %v", err)
			}
			return
		}
		checkRows(t, table)
		if err := table.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzSheet puts data where a workbook has its rows.
func FuzzSheet(f *testing.F) {
	good := workbook(f, [][]any{{"a", "b"}, {"x", 1}})
	f.Add(`<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="3"><c r="B3"><v>1.5</v></c></row></sheetData></worksheet>`)
	f.Add(`<sheetData><row><c t="inlineStr"><is><t>x</t></is></c></row><row r="1"><c t="b"><v>1</v></c><c t="d"><v>2024-01-01</v></c></row></sheetData>`)
	f.Fuzz(func(t *testing.T, data string) {
		book := rewrite(t, good, "xl/worksheets/sheet1.xml", func(string) string { return data })
		table, err := sheet.Open(bytes.NewReader(book), int64(len(book)), sheet.Options{})
		if err != nil {
			if errs.From(err) == nil {
				t.Fatalf("refused without a reason: %v", err)
			}
			return
		}
		checkRows(t, table)
		if err := table.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// checkRows reads to the end and asks of every row what a job relies on.
func checkRows(t *testing.T, table *sheet.Table) {
	last := table.HeaderLine()
	pos := table.Start()
	isText := table.Detected().Format == "csv"
	var row sheet.Row
	for {
		err := table.Next(&row)
		if errors.Is(err, io.EOF) || errors.Is(err, sheet.ErrDamaged) {
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

// checkRaw reads the original bytes of a row as a file of their own.
func checkRaw(t *testing.T, d sheet.Detected, row sheet.Row) {
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
	// A line end of another kind, a mark or a sep line mean something at the
	// start of a file that they do not in the middle.
	if err != nil || again.Detected().LineEnding != "lf" || d.LineEnding == "cr" || again.Detected().Sep || again.Detected().Encoding != strings.TrimSuffix(d.Encoding, "-bom") {
		return
	}
	if !slices.Equal(again.Header(), row.Cells) {
		t.Fatalf("%q reads %q first and %q again", row.Raw, row.Cells, again.Header())
	}
}
