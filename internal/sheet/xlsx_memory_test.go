package sheet_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

var padding = strings.Repeat("0", 1998)

// workbookOfTexts returns a workbook whose strings unpack to that many MiB.
func workbookOfTexts(t testing.TB, mebibytes int) []byte {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, part := range []struct{ name, content string }{
		{"[Content_Types].xml", "<Types/>"},
		{"xl/workbook.xml", `<workbook><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>`},
		{"xl/worksheets/sheet1.xml", `<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2" t="s"><v>1</v></c></row></sheetData></worksheet>`},
	} {
		w, err := archive.Create(part.name)
		if err == nil {
			_, err = io.WriteString(w, part.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w, err := archive.Create("xl/sharedStrings.xml")
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same texts every time
	_, err = io.WriteString(w, "<sst>")
	for range mebibytes << 9 {
		if err == nil { // noise, to stay below the limit of the ratio
			_, err = fmt.Fprintf(w, "<si><t>%016x%016x%s</t></si>", random.Uint64(), random.Uint64(), padding)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "</sst>"); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestMain reads the workbook named in the environment instead of running
// tests, so that a test can measure the memory of a separate process.
func TestMain(m *testing.M) {
	path := os.Getenv("SHEET_TEST_WORKBOOK")
	if path == "" {
		os.Exit(m.Run())
	}
	if err := readWorkbookFile(path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func readWorkbookFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	table, err := sheet.Open(file, info.Size(), sheet.Options{Scratch: func() (unpack.Scratch, error) { return os.CreateTemp(filepath.Dir(path), "scratch-") }})
	if err != nil {
		return err
	}
	var row record.Row
	for err == nil {
		err = table.Next(&row)
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	fmt.Print(string(status))
	return table.Close()
}

// peakMemory returns the peak memory in MiB of a process that reads the
// workbook.
func peakMemory(t *testing.T, book []byte) int {
	t.Helper()
	dir, tempDir := t.TempDir(), t.TempDir()
	path := filepath.Join(dir, "book.xlsx")
	if err := os.WriteFile(path, book, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this test again
	cmd.Env = append(os.Environ(), "SHEET_TEST_WORKBOOK="+path, "TMPDIR="+tempDir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	status, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	if left, err := os.ReadDir(tempDir); err != nil || len(left) != 0 {
		t.Errorf("temporary files are left: %v, %v", left, err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			if err != nil {
				t.Fatal(err)
			}
			return kib >> 10
		}
	}
	t.Fatal("the system does not report peak memory")
	return 0
}

func TestMemoryDoesNotGrowWithTheStringsOfAWorkbook(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Log("left out: this system does not report the peak of memory")
		return
	}
	small, large := peakMemory(t, workbookOfTexts(t, 1)), peakMemory(t, workbookOfTexts(t, 160))
	t.Logf("%d MiB for 1 MiB of texts, %d MiB for 160 MiB", small, large)
	if large-small > 64 { // twice 32 MiB: garbage may grow as large as the live heap
		t.Errorf("a workbook of 160 MiB takes %d MiB more than one of 1 MiB", large-small)
	}
}

// rowsOfMembers writes rows of 12 columns, of which the first three are unique
// texts.
func rowsOfMembers(t testing.TB, w io.Writer, rows int, row, text, number, end string) {
	t.Helper()
	out := bufio.NewWriter(w)
	for n := range rows {
		fmt.Fprintf(out, row, n+1)
		for c := range 12 {
			if c > 2 && n > 0 {
				fmt.Fprintf(out, number, n*7919%10_000+c)
			} else {
				fmt.Fprintf(out, text, fmt.Sprintf("text %x of column %d", n*2654435761%(1<<32), c))
			}
		}
		fmt.Fprint(out, end)
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
}

// largeBook returns a workbook with rows of members in a format.
func largeBook(t testing.TB, format string, rows int) []byte {
	t.Helper()
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	write := func(name, before, after string, body bool) {
		w, err := archive.Create(name)
		if err == nil {
			_, err = io.WriteString(w, before)
		}
		switch {
		case err != nil || !body:
		case format == "ods":
			rowsOfMembers(t, w, rows, `<table:table-row table:style-name="ro%d">`, `<table:table-cell office:value-type="string"><text:p>%s</text:p></table:table-cell>`,
				`<table:table-cell office:value-type="float" office:value="%[1]d"><text:p>%[1]d</text:p></table:table-cell>`, "</table:table-row>")
		default:
			rowsOfMembers(t, w, rows, `<row r="%d">`, `<c t="inlineStr"><is><t>%s</t></is></c>`, `<c s="1"><v>%d</v></c>`, "</row>")
		}
		if err == nil {
			_, err = io.WriteString(w, after)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if format == "ods" {
		write("mimetype", odsType, "", false)
		write("content.xml", `<office:document-content><office:body><office:spreadsheet><table:table table:name="s">`, "</table:table></office:spreadsheet></office:body></office:document-content>", true)
	} else {
		write("[Content_Types].xml", "<Types/>", "", false)
		write("xl/workbook.xml", `<workbook><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>`, "", false)
		write("xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>`, "", false)
		write("xl/styles.xml", `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="00000"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>`, "", false)
		write("xl/worksheets/sheet1.xml", "<worksheet><sheetData>", "</sheetData></worksheet>", true)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestMemoryDoesNotGrowWithTheRowsOfAWorkbook(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Log("left out: this system does not report the peak of memory")
		return
	}
	for _, format := range []string{"xlsx", "ods"} {
		small, large := peakMemory(t, largeBook(t, format, 100)), peakMemory(t, largeBook(t, format, 100_000))
		t.Logf("%s: %d MiB for 100 rows, %d MiB for 100,000 rows", format, small, large)
		if large-small > 32 || large > 200 {
			t.Errorf("%s: 100,000 rows take %d MiB, 100 rows %d MiB", format, large, small)
		}
	}
}

func BenchmarkLargeWorkbook(b *testing.B) {
	for _, test := range []struct {
		format string
		rows   int
	}{{"xlsx", 1_000_000}, {"ods", 100_000}} {
		b.Run(test.format, func(b *testing.B) {
			data := largeBook(b, test.format, test.rows)
			for b.Loop() {
				t, row, n := open(b, data, sheet.Options{}), record.Row{}, 1
				for t.Next(&row) == nil {
					n++
				}
				if n != test.rows {
					b.Fatal(n)
				}
			}
			b.ReportMetric(float64(test.rows*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
