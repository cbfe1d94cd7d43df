package sheet_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/record"
)

// cellGen draws cells, including everything that needs quoting. Its letters
// never make Windows-1252 look like UTF-8.
func cellGen() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[a-zA-Z0-9 .@_-]{0,12}`),
		rapid.StringOfN(rapid.RuneFrom([]rune("ab,;|\t\" \n'=éßö")), 0, 10, -1),
	)
}

// drawGrid draws rows of equal width; the first one is the header.
func drawGrid(t *rapid.T) [][]string {
	width := rapid.IntRange(2, 6).Draw(t, "width")
	header := make([]string, width)
	for i := range header {
		header[i] = "column " + string(rune('a'+i))
	}
	body := rapid.SliceOfN(rapid.SliceOfN(cellGen(), width, width), 0, 20).Draw(t, "rows")
	return append([][]string{header}, body...)
}

// encode encodes UTF-8 as d requires, independently of Writer.
func encode(t testing.TB, s string, d sheet.Detected) []byte {
	switch d.Encoding {
	case "utf-8-bom":
		return []byte("\ufeff" + s)
	case "utf-16le", "utf-16be":
		return []byte(encodeUTF16(s, d.Encoding == "utf-16be", true))
	case "windows-1252":
		return []byte(toWindows1252(t, s))
	}
	return []byte(s)
}

func drawDetected(t *rapid.T) sheet.Detected {
	return sheet.Detected{
		Format:     "csv",
		Encoding:   rapid.SampledFrom([]string{"utf-8", "utf-8-bom", "utf-16le", "utf-16be", "windows-1252"}).Draw(t, "encoding"),
		Delimiter:  rapid.SampledFrom([]string{",", ";", "\t", "|"}).Draw(t, "delimiter"),
		LineEnding: rapid.SampledFrom([]string{"lf", "crlf", "cr"}).Draw(t, "line ending"),
	}
}

// writeStandardCSV writes rows with encoding/csv. A bare CR is used outside
// quotes only.
func writeStandardCSV(rows [][]string, d sheet.Detected) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Comma = rune(d.Delimiter[0])
	w.UseCRLF = d.LineEnding == "crlf"
	_ = w.WriteAll(rows) // a strings.Builder never fails
	if d.LineEnding != "cr" {
		return b.String()
	}
	quoted := false
	return strings.Map(func(r rune) rune {
		if r == '"' {
			quoted = !quoted
		}
		if r == '\n' && !quoted {
			return '\r'
		}
		return r
	}, b.String())
}

func TestStandardLibraryCSVReadsBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rows, d := drawGrid(r), drawDetected(r)
		data := encode(t, writeStandardCSV(rows, d), d)
		table, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Options{Encoding: d.Encoding, Delimiter: d.Delimiter})
		if err != nil {
			r.Fatal(err)
		}
		want := rows[1:]
		if d.LineEnding == "crlf" {
			want = withCRLF(want)
		}
		if diff := cmp.Diff(want, cellsOf(r, table)); diff != "" {
			r.Fatalf("%q: %s", data, diff)
		}
	})
}

// withCRLF converts line feeds in cells as encoding/csv does.
func withCRLF(rows [][]string) [][]string {
	out := make([][]string, len(rows))
	for i, row := range rows {
		for _, cell := range row {
			out[i] = append(out[i], strings.ReplaceAll(cell, "\n", "\r\n"))
		}
	}
	return out
}

type fataler interface{ Fatal(args ...any) }

func cellsOf(t fataler, table *sheet.Table) [][]string {
	rows, err := readAll(table)
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	out := make([][]string, 0, len(rows))
	for _, row := range rows {
		if row.Problem != "" {
			t.Fatal(row)
		}
		out = append(out, row.Cells)
	}
	return out
}

func TestWriterOutputReadsBackAndIsDetected(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rows, d := drawGrid(r), drawDetected(r)
		d.Sep = rapid.Bool().Draw(r, "sep")
		var b bytes.Buffer
		w := sheet.NewWriter(&b, d)
		for _, row := range rows {
			if err := w.Write(row); err != nil {
				r.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			r.Fatal(err)
		}
		o := sheet.Options{}
		if d.Encoding == "windows-1252" {
			o.Encoding = d.Encoding // a few letters are too few for a guess
		}
		table, err := sheet.Open(bytes.NewReader(b.Bytes()), int64(b.Len()), o)
		if err != nil {
			r.Fatal(err)
		}
		got := cellsOf(r, table)
		if len(rows) == 1 {
			return // nothing to detect from
		}
		if diff := cmp.Diff(rows[1:], got); diff != "" {
			r.Fatalf("%q: %s", b.Bytes(), diff)
		}
		is := table.Detected()
		checkResume(r, b.Bytes(), is, rows[1:])
		if diff := cmp.Diff(d, is, ignoreHeaderLine); diff != "" {
			r.Fatalf("%q: %s", b.Bytes(), diff)
		}
	})
}

// checkResume opens a file with the options detected before, as a resumed job
// does.
func checkResume(r *rapid.T, data []byte, is sheet.Detected, want [][]string) {
	table, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Options{Encoding: is.Encoding, Delimiter: is.Delimiter})
	if err != nil {
		r.Fatal(err)
	}
	if diff := cmp.Diff(is, table.Detected()); diff != "" {
		r.Fatal(diff)
	}
	if diff := cmp.Diff(want, cellsOf(r, table)); diff != "" {
		r.Fatal(diff)
	}
}

// rowCopy is a copy of a row that outlives Next.
type rowCopy struct {
	Row   line
	Pos   record.Pos
	End   record.Pos
	Bytes string
}

func restOf(t fataler, table *sheet.Table) []rowCopy {
	var rows []rowCopy
	var row record.Row
	for {
		err := table.Next(&row)
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, rowCopy{line{row.Line, append([]string(nil), row.Cells...), row.Problem}, row.Pos, row.End, string(row.Raw)})
	}
}

func TestSeekToAnyRowReturnsTheSameRows(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := drawDetected(r)
		body := rapid.StringOfN(rapid.RuneFrom([]rune("ab,;\"\" \n\r\té\x00")), 0, 80, -1).Draw(r, "body")
		data := encode(t, "a,b,c\n"+body, d)
		switch rapid.IntRange(0, 2).Draw(r, "container") {
		case 1:
			data = gzipped(t, data)
		case 2:
			data = zipped(t, "t.csv", string(data))
		}
		checkSeek(r, data)
	})
}

func TestSeekInWorkbookReturnsTheSameRows(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rows := [][]any{{"a", "b"}}
		for range rapid.IntRange(0, 8).Draw(r, "rows") {
			rows = append(rows, []any{nil, rapid.SampledFrom([]any{nil, 1, "x"}).Draw(r, "cell")})
		}
		checkSeek(r, workbook(t, rows))
	})
}

func checkSeek(r *rapid.T, data []byte) {
	table, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Options{})
	if err != nil {
		r.Skip(err)
	}
	all := restOf(r, table)
	for i, row := range all {
		for _, to := range []struct {
			pos  record.Pos
			rest []rowCopy
		}{{row.Pos, all[i:]}, {row.End, all[i+1:]}} {
			if err := table.Seek(to.pos); err != nil {
				r.Fatal(err)
			}
			if got := restOf(r, table); len(got)+len(to.rest) > 0 && !cmp.Equal(to.rest, got) {
				r.Fatalf("from %v: %s", to.pos, cmp.Diff(to.rest, got))
			}
		}
	}
	if err := table.Seek(table.Start()); err != nil {
		r.Fatal(err)
	}
	if got := restOf(r, table); !cmp.Equal(all, got) {
		r.Fatal(cmp.Diff(all, got))
	}
	if err := table.Close(); err != nil {
		r.Fatal(err)
	}
}

func TestScanIsIndependentOfWriteSizes(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		data := rapid.OneOf(
			rapid.SliceOfN(rapid.Byte(), 0, 40),
			rapid.Map(rapid.StringN(0, 30, -1), func(s string) []byte { return []byte(s) }),
			rapid.SliceOfN(rapid.SampledFrom([]byte("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x00")), 0, 40),
		).Draw(r, "data")
		want := *scanResult(string(data))
		var s sheet.Scanner
		for rest := data; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(r, "piece")
			_, _ = s.Write(rest[:n]) // never fails
			rest = rest[n:]
		}
		if diff := cmp.Diff(want, s.Result()); diff != "" {
			r.Fatal(diff)
		}
		slow := sheet.ScanResult{Size: int64(len(data)), NUL: bytes.IndexByte(data, 0) >= 0, SHA256: fmt.Sprintf("%x", sha256.Sum256(data))}
		for i, c := range string(data) {
			if c == '\ufffd' && (len(data)-i < 3 || string(data[i:i+3]) != "\ufffd") {
				slow.Invalid++
				if slow.Places == nil {
					slow.Places = []int64{int64(i)} // the next one is far away
				}
			} else if c >= 0x80 {
				slow.Multibyte++
			}
		}
		slow.ValidUTF8 = slow.Invalid == 0
		if diff := cmp.Diff(slow, want); diff != "" {
			r.Fatal(diff)
		}
	})
}
