package sheet_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zipped returns an archive of pairs of name and content.
func zipped(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		f, err := w.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, files[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPackedTablesReadLikePlainOnes(t *testing.T) {
	want := []line{{2, []string{"José", "2"}, ""}}
	text := "a,b\nJosé,2\n"
	book := workbook(t, [][]any{{"a", "b"}, {"José", 2}})
	tests := []struct {
		name     string
		in       []byte
		detected sheet.Detected
	}{
		{"gzip", gzipped(t, []byte(text)), sheet.Detected{Format: "csv", Container: "gzip", Encoding: "utf-8", Delimiter: ",", LineEnding: "lf"}},
		{"gzip of several members", append(gzipped(t, []byte("a,b\nJo")), gzipped(t, []byte("sé,2\n"))...), sheet.Detected{Format: "csv", Container: "gzip", Encoding: "utf-8", Delimiter: ",", LineEnding: "lf"}},
		{"zip", zipped(t, "t.csv", text), sheet.Detected{Format: "csv", Container: "zip", Encoding: "utf-8", Delimiter: ",", LineEnding: "lf", Entry: "t.csv"}},
		{
			"zip with what archivers add", zipped(t, "__MACOSX/._t.csv", "?", "d/", "", "d/.DS_Store", "?", "d/.t.csv", "?", "readme.md", "?", "d/T.CSV", text),
			sheet.Detected{Format: "csv", Container: "zip", Encoding: "utf-8", Delimiter: ",", LineEnding: "lf", Entry: "d/T.CSV"},
		},
		{"a workbook in gzip", gzipped(t, book), sheet.Detected{Format: "xlsx", Container: "gzip", Sheet: "Sheet1"}},
		{"a workbook in zip", zipped(t, "w.xlsx", string(book)), sheet.Detected{Format: "xlsx", Container: "zip", Sheet: "Sheet1", Entry: "w.xlsx"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			table := open(t, test.in, sheet.Options{Scan: scanResult(string(test.in))})
			rows, err := readAll(table)
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, rows); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.detected, table.Detected(), ignoreHeaderLine); diff != "" {
				t.Error(diff)
			}
			if done, total := table.Progress(); done != total || total != int64(len(test.in)) {
				t.Errorf("progress %d of %d, the file has %d", done, total, len(test.in))
			}
		})
	}
}

func TestPackedFilesWithoutASingleTableAreRejected(t *testing.T) {
	secret := zipped(t, "t.csv", "a,b\n")
	for _, at := range [][]byte{[]byte("PK\x03\x04"), []byte("PK\x01\x02")} {
		flag := bytes.Index(secret, at) + map[byte]int{3: 6, 1: 8}[at[2]]
		secret[flag] |= 1
	}
	zeros := strings.Repeat("0,0\n", 4<<20)
	tests := []struct {
		name string
		in   []byte
		code string
		kind errs.Kind
	}{
		{"two tables", zipped(t, "a.csv", "a\n", "b.csv", "b\n"), "several_tables", errs.Invalid},
		{"no table", zipped(t, "a.pdf", "a\n"), "no_table", errs.Unsupported},
		{"an empty archive", zipped(t), "no_table", errs.Unsupported},
		{"an empty table in zip", zipped(t, "a.csv", ""), "empty_file", errs.Invalid},
		{"an empty table in gzip", gzipped(t, nil), "empty_file", errs.Invalid},
		{"an encrypted archive", secret, "encrypted_file", errs.Unsupported},
		{"a bomb that the archive admits", zipped(t, "a.csv", zeros), "zip_bomb", errs.TooLarge},
		{"a document of another kind", zipped(t, "[Content_Types].xml", "<Types/>", "word/document.xml", "<x/>"), "unsupported_type", errs.Unsupported},
		{"an OpenDocument file", zipped(t, "mimetype", "application/vnd.oasis.opendocument.spreadsheet"), "unsupported_type", errs.Unsupported},
		{"gzip in gzip", gzipped(t, gzipped(t, []byte("a\n"))), "unsupported_type", errs.Unsupported},
		{"zip in gzip", gzipped(t, zipped(t, "a.csv", "a\n")), "unsupported_type", errs.Unsupported},
		{"a cut gzip", gzipped(t, members(100))[:200], "damaged_file", errs.Invalid},
		{"a cut gzip header", gzipped(t, members(1))[:5], "damaged_file", errs.Invalid},
		{"a cut zip", zipped(t, "a.csv", "a,b\n")[:40], "damaged_file", errs.Invalid},
		{"a directory of too many entries", manyEntries(t), "unsupported_type", errs.Unsupported},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := sheet.Open(bytes.NewReader(test.in), int64(len(test.in)), sheet.Options{Scratch: scratch(t)})
			if !errs.Is(err, test.code) || errs.KindOf(err) != test.kind {
				t.Fatalf("got %v, want %s", err, test.code)
			}
		})
	}
}

func manyEntries(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for range 60_000 {
		if _, err := w.Create(strings.Repeat("n", 40)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestHiddenBombIsStoppedWhileUnpacking(t *testing.T) {
	bomb := gzipped(t, append(members(2000), strings.Repeat(strings.Repeat("0", 1023)+"\n", 40<<10)...))
	rows, err := readAll(open(t, bomb, sheet.Options{}))
	if !errs.Is(err, "zip_bomb") || !errors.Is(err, unpack.ErrDamaged) || !strings.Contains(err.Error(), "more than 200 times") {
		t.Errorf("%d rows, then %v", len(rows), err)
	}
	rows, err = readAll(open(t, gzipped(t, members(100_000)), sheet.Options{MaxUnpacked: 2 << 20}))
	if !errs.Is(err, "zip_bomb") || !strings.Contains(err.Error(), "the limit of 2097152 bytes") {
		t.Errorf("over the limit: %d rows, then %v", len(rows), err)
	}
}

func TestDamagedFileReturnsItsGoodRowsFirst(t *testing.T) {
	data := members(50_000)
	packed := gzipped(t, data)
	broken := append([]byte(nil), packed...)
	broken[len(broken)-5] ^= 1 // checksum
	tests := map[string][]byte{
		"gzip, cut":        packed[:len(packed)*3/4],
		"gzip, wrong sum":  broken,
		"zip, overwritten": corrupt(zipped(t, "t.csv", string(data))),
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			rows, err := readAll(open(t, in, sheet.Options{}))
			if !errors.Is(err, unpack.ErrDamaged) || len(rows) < 10_000 {
				t.Fatalf("%d rows, then %v", len(rows), err)
			}
			for i, row := range rows {
				if row.Line != i+2 || len(row.Cells) != 12 || row.Problem != "" {
					t.Fatalf("row %d is %v", i, row)
				}
			}
		})
	}
}

// corrupt overwrites some bytes at two thirds of an archive.
func corrupt(archive []byte) []byte {
	copy(archive[len(archive)*2/3:], bytes.Repeat([]byte{0xff}, 64))
	return archive
}
