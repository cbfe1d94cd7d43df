package sheet_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/record"
)

// writeWorkbook returns a workbook with rows.
func writeWorkbook(t testing.TB, o sheet.WorkbookOptions, rows ...[]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := sheet.NewWorkbookWriter(&out, o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	for _, row := range rows {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if out.Len() > 0 {
		t.Error("bytes before Flush")
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// textsOfRows returns the cells of all rows after the header.
func textsOfRows(t testing.TB, table *sheet.Table) [][]string {
	t.Helper()
	var rows [][]string
	var row record.Row
	for {
		err := table.Next(&row)
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil || row.Problem != "" {
			t.Fatal(err, row.Problem)
		}
		rows = append(rows, slices.Clone(row.Cells))
	}
}

func TestWorkbooksReadBackAsWritten(t *testing.T) {
	rows := [][]string{
		{"Name", "Text"},
		{"01067", "1.50"},
		{"+49 151 1", "=1+1"},
		{"'=1", "-5"},
		{"a\nb", " spaced "},
		{"_x000D_", "_x005F_x000D_"},
		{"tab\there", "<&>\"'"},
		{"Zoë 日本語 🪙", "true"},
		{"", "2026-04-07"},
		{"#N/A", "1e5"},
		{"x"},
	}
	data := writeWorkbook(t, sheet.WorkbookOptions{Sheet: "Members & more"}, rows...)
	table, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = table.Close() }()
	if d := table.Detected(); d.Format != "xlsx" || d.Sheet != "Members & more" {
		t.Errorf("detected %+v", d)
	}
	got := append([][]string{table.Header()}, textsOfRows(t, table)...)
	for i := range rows {
		if !slices.Equal(got[i], rows[i]) {
			t.Errorf("row %d: %q, want %q", i, got[i], rows[i])
		}
	}
}

func TestAnyTextOfAWorkbookReadsBack(t *testing.T) {
	letters := []rune("ab0159Fx_XD=+-@'\"<>& \n\t.,;éß日🪙")
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same texts every time
	rows := [][]string{{"header"}}
	for range 2_000 {
		cells := []string{"", "", "", "end"} // empty cells at the end are not stored
		for i := range 3 {
			for range random.IntN(12) {
				cells[i] += string(letters[random.IntN(len(letters))])
			}
		}
		rows = append(rows, cells)
	}
	data := writeWorkbook(t, sheet.WorkbookOptions{}, rows...)
	table, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = table.Close() }()
	for i, got := range textsOfRows(t, table) {
		if !slices.Equal(got, rows[i+1]) {
			t.Errorf("%q, want %q", got, rows[i+1])
		}
	}
}

func TestAWorkbookHasItsSheetAndHeaderAtTheirPlaces(t *testing.T) {
	data := writeWorkbook(t, sheet.WorkbookOptions{Sheet: "People", Number: 3, FirstLine: 4}, []string{"Name"}, []string{"Ada"})
	for _, name := range []string{"", "3", "People"} {
		table, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Options{Sheet: name})
		if err != nil {
			t.Fatal(name, err)
		}
		if table.Detected().Sheet != "People" || table.HeaderLine() != 4 || len(textsOfRows(t, table)) != 1 {
			t.Errorf("%q: sheet %q, header on line %d", name, table.Detected().Sheet, table.HeaderLine())
		}
		_ = table.Close()
	}
	for _, name := range []string{"", "a/b", "[x]", strings.Repeat("long", 20)} {
		data := writeWorkbook(t, sheet.WorkbookOptions{Sheet: name}, []string{"Name"}, []string{"Ada"})
		table, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Options{})
		if err != nil {
			t.Fatal(name, err)
		}
		if got := table.Detected().Sheet; got != "Sheet1" {
			t.Errorf("%q: sheet %q", name, got)
		}
		_ = table.Close()
	}
}

func TestAWorkbookRejectsRowsThatItCannotStore(t *testing.T) {
	for name, test := range map[string]struct {
		o    sheet.WorkbookOptions
		row  []string
		code string
	}{
		"last row":       {sheet.WorkbookOptions{FirstLine: sheet.MaxSheetRows}, []string{"x"}, ""},
		"too many rows":  {sheet.WorkbookOptions{FirstLine: sheet.MaxSheetRows + 1}, []string{"x"}, "too_many_rows"},
		"longest cell":   {sheet.WorkbookOptions{}, []string{strings.Repeat("é", sheet.MaxCellUnits)}, ""},
		"too long":       {sheet.WorkbookOptions{}, []string{"a", strings.Repeat("é", sheet.MaxCellUnits+1)}, "cell_too_long"},
		"too many pairs": {sheet.WorkbookOptions{}, []string{strings.Repeat("🪙", sheet.MaxCellUnits/2+1)}, "cell_too_long"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			w, err := sheet.NewWorkbookWriter(&out, test.o)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = w.Close() }()
			switch err := w.Write(test.row); {
			case test.code == "" && err != nil, test.code != "" && !errs.Is(err, test.code):
				t.Error(err)
			case out.Len() > 0:
				t.Error("bytes before Flush")
			}
		})
	}
}

func TestALargeWorkbookUsesATemporaryFileUntilClose(t *testing.T) {
	folder := t.TempDir()
	w, err := sheet.NewWorkbookWriter(io.Discard, sheet.WorkbookOptions{TmpDir: folder})
	if err != nil {
		t.Fatal(err)
	}
	cell := strings.Repeat("x", 30_000)
	for range 1_000 {
		if err := w.Write([]string{cell}); err != nil {
			t.Fatal(err)
		}
	}
	if files, _ := os.ReadDir(folder); len(files) != 1 {
		t.Errorf("%d temporary files", len(files))
	}
	if err := errors.Join(w.Flush(), w.Close()); err != nil {
		t.Fatal(err)
	}
	if files, _ := os.ReadDir(folder); len(files) != 0 {
		t.Errorf("%d temporary files after Close", len(files))
	}
}
