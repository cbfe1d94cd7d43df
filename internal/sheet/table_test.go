package sheet_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/text/encoding/charmap"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

// line is an expected row.
type line struct {
	Line    int
	Cells   []string
	Problem string
}

// scratch creates temporary files in a directory of the test.
func scratch(t testing.TB) func() (unpack.Scratch, error) {
	t.Helper()
	dir := t.TempDir()
	return func() (unpack.Scratch, error) { return os.CreateTemp(dir, "") }
}

func open(t testing.TB, data []byte, opts sheet.Options) *sheet.Table {
	t.Helper()
	opts.Scratch = scratch(t)
	table, err := sheet.Open(bytes.NewReader(data), int64(len(data)), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := table.Close(); err != nil {
			t.Error(err)
		}
	})
	return table
}

// readAll returns the rows and the error at the end.
func readAll(table *sheet.Table) ([]line, error) {
	var rows []line
	var row record.Row
	for {
		if err := table.Next(&row); err != nil {
			return rows, err
		}
		rows = append(rows, line{row.Line, append([]string(nil), row.Cells...), row.Problem})
	}
}

func encodeUTF16(s string, bigEndian, mark bool) string {
	if mark {
		s = "\ufeff" + s
	}
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		if bigEndian {
			b.WriteString(string([]byte{byte(u >> 8), byte(u)}))
			continue
		}
		b.WriteString(string([]byte{byte(u), byte(u >> 8)}))
	}
	return b.String()
}

func toWindows1252(t testing.TB, s string) string {
	t.Helper()
	out, err := charmap.Windows1252.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func plain(delimiter, eol string) sheet.Detected {
	return sheet.Detected{Format: "csv", Encoding: "utf-8", Delimiter: delimiter, LineEnding: eol}
}

func encoded(encoding string) sheet.Detected {
	d := plain(",", "lf")
	d.Encoding = encoding
	return d
}

func TestMessyFilesAreReadAsIntended(t *testing.T) {
	ab := []string{"a", "b"}
	tests := []struct {
		name     string
		in       string
		opts     sheet.Options
		header   []string
		rows     []line
		detected sheet.Detected
	}{
		{
			name: "a plain file", in: "a,b\n1,2\n", header: ab,
			rows: []line{{2, []string{"1", "2"}, ""}}, detected: plain(",", "lf"),
		},
		{
			name: "the last line end may be missing", in: "a,b\n1,2", header: ab,
			rows: []line{{2, []string{"1", "2"}, ""}}, detected: plain(",", "lf"),
		},
		{
			name: "a header alone is a table without rows", in: "a,b", header: ab,
			detected: plain(",", "lf"),
		},
		{
			name: "CR LF", in: "a;b\r\n1;2\r\n\"3\r\n4\";5\r\n6;7\r\n", header: ab,
			rows:     []line{{2, []string{"1", "2"}, ""}, {3, []string{"3\r\n4", "5"}, ""}, {5, []string{"6", "7"}, ""}},
			detected: plain(";", "crlf"),
		},
		{
			name: "line endings converted twice", in: "a,b\r\r\n\"1\n2\",3\r\r\n\r\r\n4,\"5\"\r\r\n", header: ab,
			rows:     []line{{2, []string{"1\n2", "3"}, ""}, {4, nil, ""}, {5, []string{"4", "5"}, ""}},
			detected: plain(",", "crlf"),
		},
		{
			name: "bare CR with line feeds inside cells", in: "a,b\r\"1\n2\",3\r4,5\r", header: ab,
			rows:     []line{{2, []string{"1\n2", "3"}, ""}, {3, []string{"4", "5"}, ""}},
			detected: plain(",", "cr"),
		},
		{
			name: "one CR LF at the end of a file of CR", in: "a,b\r1,2\r3,4\r\n", header: ab,
			rows: []line{{2, []string{"1", "2"}, ""}, {3, []string{"3", "4"}, ""}}, detected: plain(",", "cr"),
		},
		{
			name: "one CR LF after the header of a file of CR", in: "a,b\r\n1,2\r3,4\r5,6", header: ab,
			rows: []line{{2, []string{"1", "2"}, ""}, {3, []string{"3", "4"}, ""}, {4, []string{"5", "6"}, ""}}, detected: plain(",", "cr"),
		},
		{
			name: "one CR in a file of CR LF", in: "a,b\r\n1,2\r\n3,x\ry\r\n", header: ab,
			rows: []line{{2, []string{"1", "2"}, ""}, {3, []string{"3", "x\ry"}, ""}}, detected: plain(",", "crlf"),
		},
		{
			name: "one LF at the end of a file of CR LF", in: "a,b\r\n1,2\r\n3,4\n", header: ab,
			rows: []line{{2, []string{"1", "2"}, ""}, {3, []string{"3", "4"}, ""}}, detected: plain(",", "crlf"),
		},
		{
			name: "a bare CR in a file of line feeds is part of a cell", in: "a,b\n1,x\ry\n", header: ab,
			rows: []line{{2, []string{"1", "x\ry"}, ""}}, detected: plain(",", "lf"),
		},
		{
			name: "doubled quotes and quotes inside cells", in: "a,b\n\"say \"\"hi\"\"\",5\" pipe\n\"\",\"\"\"\"\n", header: ab,
			rows: []line{{2, []string{`say "hi"`, `5" pipe`}, ""}, {3, []string{"", `"`}, ""}}, detected: plain(",", "lf"),
		},
		{
			name: "text after a closing quote is a problem of its cell", in: "a,b\n\"x\"y,1\n2,\"x \\\"y\\\", z\"\n\"5\\\"\",3\nz,4\n", header: ab,
			rows: []line{
				{2, []string{`"x"y`, "1"}, record.BadQuoting},
				{3, []string{"2", `"x \"y\"`, ` z"`}, record.BadQuoting},
				{4, []string{`"5\"",3`}, record.BadQuoting},
				{5, []string{"z", "4"}, ""},
			},
			detected: plain(",", "lf"),
		},
		{
			name: "spaces around a quoted cell are ignored", in: "a, \"b\"\n \"x, y\" ,\t\"1\n2\"\t\n3, \"\"\n", header: []string{"a", "b"},
			rows:     []line{{2, []string{"x, y", "1\n2"}, ""}, {4, []string{"3", ""}, ""}},
			detected: plain(",", "lf"),
		},
		{
			name: "quoted newlines count as physical lines", in: "a,b\n\"1\n\n2\",3\n4,5\n", header: ab,
			rows:     []line{{2, []string{"1\n\n2", "3"}, ""}, {5, []string{"4", "5"}, ""}},
			detected: plain(",", "lf"),
		},
		{
			name: "a cell may reopen on the line another one closed on", in: "a,b\n\"1\n2\",\"3\n4\"\n5,6\n", header: ab,
			rows:     []line{{2, []string{"1\n2", "3\n4"}, ""}, {5, []string{"5", "6"}, ""}},
			detected: plain(",", "lf"),
		},
		{
			name: "a stray quote affects its own line only", in: "a,b\n1,\"x\n2,y\n3,z\n", header: ab,
			rows: []line{
				{2, []string{"1", "x\n"[:1]}, record.OpenQuote},
				{3, []string{"2", "y"}, ""},
				{4, []string{"3", "z"}, ""},
			},
			detected: plain(",", "lf"),
		},
		{
			name: "a stray quote does not pair with a later quoted cell", in: "a,b\n1,\"x\n2,y\n3,\"z, zz\"\n4,w\n", header: ab,
			rows: []line{
				{2, []string{"1", "x"}, record.OpenQuote},
				{3, []string{"2", "y"}, ""},
				{4, []string{"3", "z, zz"}, ""},
				{5, []string{"4", "w"}, ""},
			},
			detected: plain(",", "lf"),
		},
		{
			name: "missing and extra cells are unchanged", in: "a,b\n1\n1,2,3,4\n,\n", header: ab,
			rows:     []line{{2, []string{"1"}, ""}, {3, []string{"1", "2", "3", "4"}, ""}, {4, []string{"", ""}, ""}},
			detected: plain(",", "lf"),
		},
		{
			name: "blank lines are rows without cells, and ignored before the header", in: "\n\na,b\n\n1,2\n\n", header: ab,
			rows:     []line{{4, nil, ""}, {5, []string{"1", "2"}, ""}, {6, nil, ""}},
			detected: plain(",", "lf"),
		},
		{
			name: "a sep line counts and sets the delimiter", in: "sep=;\r\na,b;c\r\n1;2\r\n", header: []string{"a,b", "c"},
			rows:     []line{{3, []string{"1", "2"}, ""}},
			detected: sheet.Detected{Format: "csv", Encoding: "utf-8", Delimiter: ";", LineEnding: "crlf", Sep: true},
		},
		{
			name: "a declared delimiter wins", in: "a,b;c\n1,2;3\n", opts: sheet.Options{Delimiter: "semicolon"},
			header: []string{"a,b", "c"}, rows: []line{{2, []string{"1,2", "3"}, ""}}, detected: plain(";", "lf"),
		},
		{
			name: "lists in cells do not hide the delimiter", in: "name\troles, tags\nann\tx, y, z\nbob\tu; v; w\n",
			header: []string{"name", "roles, tags"},
			rows:   []line{{2, []string{"ann", "x, y, z"}, ""}, {3, []string{"bob", "u; v; w"}, ""}}, detected: plain("\t", "lf"),
		},
		{
			name: "one column", in: "email\na@b.c\n", header: []string{"email"},
			rows: []line{{2, []string{"a@b.c"}, ""}}, detected: plain(",", "lf"),
		},
		{
			name: "pipes", in: "a|b\n1|2\n", header: ab, rows: []line{{2, []string{"1", "2"}, ""}}, detected: plain("|", "lf"),
		},
		{
			name: "UTF-8 with a byte order mark", in: "\xef\xbb\xbfa,b\nJosé,Łódź\n", header: ab,
			rows: []line{{2, []string{"José", "Łódź"}, ""}}, detected: encoded("utf-8-bom"),
		},
		{
			name: "UTF-16 little endian", in: encodeUTF16("a,b\n\"José\n😀\",東\nx,y\n", false, true), header: ab,
			rows: []line{{2, []string{"José\n😀", "東"}, ""}, {4, []string{"x", "y"}, ""}}, detected: encoded("utf-16le"),
		},
		{
			name: "UTF-16 big endian", in: encodeUTF16("a,b\nJosé,Ċ\n", true, true), header: ab,
			rows: []line{{2, []string{"José", "Ċ"}, ""}}, detected: encoded("utf-16be"),
		},
		{
			name: "UTF-16 without a mark", in: encodeUTF16("a,b\nJosé,x\n", false, false), header: ab,
			rows: []line{{2, []string{"José", "x"}, ""}}, detected: encoded("utf-16le"),
		},
		{
			name: "half a surrogate pair and half a unit fail their rows", in: encodeUTF16("a,b\n1,\xed", false, true) + "\x00\xd8" + encodeUTF16("\n2,3\n", false, false) + "x", header: ab,
			rows: []line{
				{2, []string{"1", "\ufffd\ufffd"}, record.BadEncoding},
				{3, []string{"2", "3"}, ""},
				{4, []string{"\ufffd"}, record.BadEncoding},
			},
			detected: encoded("utf-16le"),
		},
		{
			name: "Windows-1252 where the bytes are not UTF-8", in: toWindows1252(t, "a,b\nJosé,€5 – “ok”\n"), header: ab,
			rows: []line{{2, []string{"José", "€5 – “ok”"}, ""}}, detected: encoded("windows-1252"),
		},
		{
			name: "a byte that Windows-1252 leaves undefined fails its row", in: toWindows1252(t, "a,b\nJosé,Muñoz\nFrançois,Müller\n") + "y\x81,1\n", header: ab,
			rows:     []line{{2, []string{"José", "Muñoz"}, ""}, {3, []string{"François", "Müller"}, ""}, {4, []string{"y\ufffd", "1"}, record.BadEncoding}},
			detected: encoded("windows-1252"),
		},
		{
			name: "a stray byte in a UTF-8 file fails its row", in: "a,b\nJosé,ü\nx\xff,2\n", header: ab,
			rows:     []line{{2, []string{"José", "ü"}, ""}, {3, []string{"x\ufffd", "2"}, record.BadEncoding}},
			detected: encoded("utf-8"),
		},
		{
			name: "a zero byte fails its row", in: "a,b\nx\x00,2\n3,4\n", header: ab,
			rows:     []line{{2, []string{"x\ufffd", "2"}, record.BadEncoding}, {3, []string{"3", "4"}, ""}},
			detected: encoded("utf-8"),
		},
		{
			name: "a declared encoding wins", in: "a,b\nJos\xc3\xa9,x\n", opts: sheet.Options{Encoding: "CP1252"}, header: ab,
			rows: []line{{2, []string{"JosÃ©", "x"}, ""}}, detected: encoded("windows-1252"),
		},
		{
			name: "other single-byte encodings can be declared", in: "a,b\n\xcf\xf0\xe8,x\n", opts: sheet.Options{Encoding: "Windows-1251"}, header: ab,
			rows: []line{{2, []string{"При", "x"}, ""}}, detected: encoded("windows-1251"),
		},
		{
			name: "the end-of-file character of DOS is not a row", in: "a,b\r\n1,2\r\n\x1a", header: ab,
			rows: []line{{2, []string{"1", "2"}, ""}}, detected: plain(",", "crlf"),
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.opts.Scan = scanResult(test.in)
			table := open(t, []byte(test.in), test.opts)
			if diff := cmp.Diff(test.header, table.Header()); diff != "" {
				t.Errorf("header: %s", diff)
			}
			rows, err := readAll(table)
			if !errors.Is(err, io.EOF) {
				t.Errorf("ends with %v", err)
			}
			if diff := cmp.Diff(test.rows, rows); diff != "" {
				t.Errorf("rows: %s", diff)
			}
			detected := table.Detected()
			detected.EncodingConfidence = 0
			if diff := cmp.Diff(test.detected, detected, ignoreHeaderLine); diff != "" {
				t.Errorf("detected: %s", diff)
			}
		})
	}
}

// ignoreHeaderLine: the line of the header has its own tests.
var ignoreHeaderLine = cmpopts.IgnoreFields(sheet.Detected{}, "HeaderLine")

func scanResult(s string) *sheet.ScanResult {
	var scan sheet.Scanner
	_, _ = scan.Write([]byte(s)) // never fails
	v := scan.Result()
	return &v
}

func TestNonTablesAreRejected(t *testing.T) {
	columns := strings.Repeat("x,", 1000) + "x\n"
	tests := []struct {
		name, in, code string
		opts           sheet.Options
		kind           errs.Kind
	}{
		{name: "an empty file", in: "", code: "empty_file", kind: errs.Invalid},
		{name: "blank lines only", in: "\n\r\n\n", code: "no_header", kind: errs.Invalid},
		{name: "a byte order mark only", in: "\xef\xbb\xbf", code: "no_header", kind: errs.Invalid},
		{name: "a header of empty cells", in: ", ,\n1,2,3\n", code: "no_header", kind: errs.Invalid},
		{name: "a sep line only", in: "sep=,\n", code: "no_header", kind: errs.Invalid},
		{name: "a header with an open quote", in: "a,\"b\n1,2\n", code: "bad_header", kind: errs.Invalid},
		{name: "a header that does not decode", in: "a\x00,b\n1,2\n", code: "bad_header", kind: errs.Invalid},
		{name: "an endless header", in: strings.Repeat("x", 2<<20), code: "bad_header", kind: errs.Invalid},
		{name: "1001 columns", in: columns, code: "too_many_columns", kind: errs.Invalid},
		{name: "an image", in: "\x89PNG\r\n\x1a\n\x00\x00", code: "not_text", kind: errs.Unsupported},
		{name: "a document", in: "%PDF-1.7\nstream of things", code: "not_text", kind: errs.Unsupported},
		{name: "an old workbook", in: "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", code: "unsupported_type", kind: errs.Unsupported},
		{name: "noise", in: strings.Repeat("\x01\x02a\xff\x00", 100), code: "not_text", kind: errs.Unsupported},
		{name: "a web page", in: "\n<!DOCTYPE html><html>", code: "not_a_table", kind: errs.Unsupported},
		{name: "JSON", in: "[{\"email\":\"a@b.c\"}]", code: "not_a_table", kind: errs.Unsupported},
		{name: "an unknown encoding", in: "a\n", opts: sheet.Options{Encoding: "klingon"}, code: "bad_encoding_name", kind: errs.Invalid},
		{name: "an encoding that browsers refuse", in: "a\n", opts: sheet.Options{Encoding: "iso-2022-kr"}, code: "bad_encoding_name", kind: errs.Invalid},
		{name: "a delimiter of two characters", in: "a\n", opts: sheet.Options{Delimiter: ",,"}, code: "bad_delimiter", kind: errs.Invalid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := sheet.Open(strings.NewReader(test.in), int64(len(test.in)), test.opts)
			if !errs.Is(err, test.code) || errs.KindOf(err) != test.kind {
				t.Fatalf("got %v, want %s", err, test.code)
			}
		})
	}
}

func TestRecordOverOneMiBFailsAndReadingResumesAtTheNextLine(t *testing.T) {
	long := strings.Repeat("x", record.MaxSize)
	tests := []struct {
		name, in string
		want     []line
	}{
		{"exactly the limit is read", "a\n" + long + "\nb\n", []line{{2, []string{long}, ""}, {3, []string{"b"}, ""}}},
		{"exactly the limit with CR LF is read", "a\r\n" + long + "\r\nb\r\n", []line{{2, []string{long}, ""}, {3, []string{"b"}, ""}}},
		{"one more is not", "a\n" + long + "y\nb\n", []line{{2, nil, record.TooLong}, {3, []string{"b"}, ""}}},
		{"many more are not", "a\n" + strings.Repeat(long, 9) + "\nb\n", []line{{2, nil, record.TooLong}, {3, []string{"b"}, ""}}},
		{"at the end of the file", "a\n" + long + long, []line{{2, nil, record.TooLong}}},
		{"in quotes on one line", "a\n\"" + long + "\"\nb\n", []line{{2, nil, record.TooLong}, {3, []string{"b"}, ""}}},
		{
			"a quoted cell of many lines is read up to the limit", "a\n\"x\n" + long[:1<<19] + "\ny\"\nb\n",
			[]line{{2, []string{"x\n" + long[:1<<19] + "\ny"}, ""}, {5, []string{"b"}, ""}},
		},
		{
			"a quote that is open beyond the limit was a stray one", "a\n\"x\n" + long[:1<<19] + "\n" + long[:1<<19] + "\ny\"\nb\n",
			[]line{
				{2, []string{"x"}, record.OpenQuote},
				{3, []string{long[:1<<19]}, ""},
				{4, []string{long[:1<<19]}, ""},
				{5, []string{`y"`}, ""},
				{6, []string{"b"}, ""},
			},
		},
		{
			"a record that grows too long after its quote closed", "a\n\"x\ny\",1" + long + "\nb\n",
			[]line{{2, []string{"x"}, record.TooLong}, {3, nil, record.TooLong}, {4, []string{"b"}, ""}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rows, err := readAll(open(t, []byte(test.in), sheet.Options{}))
			if !errors.Is(err, io.EOF) {
				t.Errorf("ends with %v", err)
			}
			if diff := cmp.Diff(test.want, rows); diff != "" {
				t.Errorf("%.2000s", diff)
			}
		})
	}
}

func TestRowHasAtMostAThousandCellsMoreThanTheHeader(t *testing.T) {
	in := "a,b\n" + strings.Repeat("x,", 5000) + "\n" + strings.Repeat(",", 5000) + "\n"
	rows, err := readAll(open(t, []byte(in), sheet.Options{Delimiter: ","}))
	if !errors.Is(err, io.EOF) || len(rows) != 2 {
		t.Fatal(len(rows), err)
	}
	if n := len(rows[0].Cells); n != 1002 || !strings.HasPrefix(rows[0].Cells[1001], "x,x,") {
		t.Errorf("%d cells, the last is %.10q", n, rows[0].Cells[n-1])
	}
	if n := len(rows[1].Cells); n != 1001 {
		t.Errorf("%d cells of an empty row", n)
	}
}

func TestReadErrorIsNotDamage(t *testing.T) {
	broken := errors.New("disk on fire")
	data := members(100_000)
	src := &failingReader{Reader: bytes.NewReader(data), after: int64(len(data) / 2), err: broken}
	table, err := sheet.Open(src, int64(len(data)), sheet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := readAll(table)
	if !errors.Is(err, broken) || errors.Is(err, unpack.ErrDamaged) || len(rows) == 0 {
		t.Fatalf("%d rows, then %v", len(rows), err)
	}
}

// failingReader fails after a number of bytes.
type failingReader struct {
	*bytes.Reader
	after int64
	err   error
}

func (f *failingReader) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.after {
		return 0, f.err
	}
	return f.Reader.ReadAt(p, off)
}
