package app_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/sqldb"
)

// largeWorkbook returns a workbook with strings of the given unpacked size and an
// invalid header.
func largeWorkbook(t *testing.T, mebibytes int) []byte {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same texts every time
	padding := strings.Repeat("0", 1998)
	var shared strings.Builder
	shared.WriteString("<sst>")
	for range mebibytes << 9 {
		fmt.Fprintf(&shared, "<si><t>%016x%016x%s</t></si>", random.Uint64(), random.Uint64(), padding)
	}
	shared.WriteString("</sst>")
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, part := range [][2]string{
		{"[Content_Types].xml", "<Types/>"},
		{"xl/workbook.xml", `<workbook><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>`},
		{"xl/worksheets/sheet1.xml", `<worksheet><sheetData><row><c t="s"><v>0</v></c></row></sheetData></worksheet>`},
		{"xl/sharedStrings.xml", shared.String()},
	} {
		w, err := archive.Create(part[0])
		if err == nil {
			_, err = w.Write([]byte(part[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestConcurrentWorkbooksHaveBoundedMemory uploads one workbook, then eight
// concurrently. Leftovers of crashes are removed, and no other files are written.
func TestConcurrentWorkbooksHaveBoundedMemory(t *testing.T) {
	elsewhere := t.TempDir()
	n := newNode(t, sqldb.SQLite, "TMPDIR="+elsewhere, "REGULARS_UPLOADS_PER_ACCOUNT=0", "REGULARS_FILES_WAIT=1s")
	scratch := filepath.Join(n.config.Data, "files", "scratch")
	if err := os.WriteFile(filepath.Join(scratch, "left"), []byte("of a crash"), 0o600); err != nil {
		t.Fatal(err)
	}
	n.Stop()
	n.Restart()
	book := largeWorkbook(t, 96)
	body, kind := apptest.Form(t, "book.xlsx", book, nil)
	send := func() uploaded {
		return n.send(t.Context(), formBody{bytes.NewReader(body), int64(len(body)), kind}, fmt.Sprint(rand.Uint64()))
	}
	if got := send(); got.status != http.StatusBadRequest || got.code != "invalid_header" {
		t.Fatalf("a workbook alone: %+v", got)
	}
	one := n.PeakMiB()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			switch got := send(); {
			case got.status == http.StatusBadRequest && got.code == "invalid_header":
			case got.status == http.StatusServiceUnavailable && got.code == "files_busy":
			default:
				t.Errorf("%+v", got)
			}
		})
	}
	all.Wait()
	eight := n.PeakMiB()
	t.Logf("%d MiB after one workbook, %d MiB after eight at a time", one, eight)
	if eight-one > 96 { // one more place of 32 MiB, the collector's share, and the uploads themselves
		t.Errorf("eight workbooks at a time take %d MiB more than one", eight-one)
	}
	for _, folder := range []string{elsewhere, scratch, filepath.Join(n.config.Data, "files", "unfinished")} {
		if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
			t.Errorf("%s has %v, %v", folder, left, err)
		}
	}
}
