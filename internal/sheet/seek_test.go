package sheet_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/sheet"
	"github.com/regulars/regulars/internal/sheet/record"
)

// manyRows returns one table in every format. The texts exceed the buffer; the
// workbook has gaps and a row that is too long.
func manyRows(t testing.TB, n int) map[string][]byte {
	t.Helper()
	text := members(n)
	cells := [][]any{{"name", "number"}}
	for i := range n {
		row := []any{"José", i}
		if i%7 == 3 {
			row = nil
		}
		cells = append(cells, row)
	}
	for range 40 {
		cells[n/2] = append(cells[n/2], string(bytes.Repeat([]byte("x"), 32_000)))
	}
	book := workbook(t, append(cells, nil, nil))
	return map[string][]byte{
		"csv":          text,
		"utf-16":       []byte(encodeUTF16(string(text), false, true)),
		"gzip":         gzipped(t, text),
		"utf-16 gzip":  gzipped(t, []byte(encodeUTF16(string(text), true, true))),
		"zip":          zipped(t, "t.csv", string(text)),
		"xlsx":         book,
		"xlsx in gzip": gzipped(t, book),
	}
}

// rowAt copies the next row.
func rowAt(t fataler, table *sheet.Table) (rowCopy, bool) {
	var row record.Row
	err := table.Next(&row)
	if errors.Is(err, io.EOF) {
		return rowCopy{}, false
	}
	if err != nil {
		t.Fatal(err)
	}
	return rowCopy{line{row.Line, slices.Clone(row.Cells), row.Problem}, row.Pos, row.End, string(row.Raw)}, true
}

func TestSeeksInAnyOrderReturnTheRowsOfASequentialRead(t *testing.T) {
	for name, data := range manyRows(t, 5_000) {
		t.Run(name, func(t *testing.T) {
			all := restOf(t, open(t, data, sheet.Options{}))
			table := open(t, data, sheet.Options{})
			rapid.Check(t, func(r *rapid.T) {
				places := rapid.SliceOfN(rapid.IntRange(0, len(all)-1), 1, 6).Draw(r, "rows")
				if rapid.Bool().Draw(r, "ascending") {
					slices.Sort(places)
				}
				for _, i := range places {
					pos := all[i].Pos
					if rapid.Bool().Draw(r, "after the row before") && i > 0 {
						pos = all[i-1].End
					}
					if err := table.Seek(pos); err != nil {
						r.Fatal(err)
					}
					for range rapid.IntRange(0, 3).Draw(r, "rows read") {
						got, ok := rowAt(r, table)
						if ok != (i < len(all)) || ok && !cmp.Equal(all[i], got) {
							r.Fatalf("row %d of %d is %v (%t)", i, len(all), got.Row.Line, ok)
						}
						i = min(i+1, len(all))
					}
				}
			})
		})
	}
}

// countingReader counts the bytes read.
type countingReader struct {
	*bytes.Reader
	bytes int64
}

func (c *countingReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.Reader.ReadAt(p, off)
	c.bytes += int64(n)
	return n, err
}

func TestForwardSeeksReadTheFileOnce(t *testing.T) {
	for name, data := range manyRows(t, 10_000) {
		t.Run(name, func(t *testing.T) {
			all := restOf(t, open(t, data, sheet.Options{}))
			src := &countingReader{Reader: bytes.NewReader(data)}
			table, err := sheet.Open(src, int64(len(data)), sheet.Options{Scratch: scratch(t)})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = table.Close() }() // the reads are what is tested
			src.bytes = 0
			for i, want := range all {
				if i%10 == 5 { // the same row again, then skip one
					continue
				}
				for range 1 + i%2 {
					if err := table.Seek(want.Pos); err != nil {
						t.Fatal(err)
					}
					if got, ok := rowAt(t, table); !ok || got.Row.Line != want.Row.Line {
						t.Fatalf("row %d is on line %d", i, got.Row.Line)
					}
				}
			}
			if src.bytes > int64(len(data)) {
				t.Errorf("read %d bytes of a file of %d", src.bytes, len(data))
			}
		})
	}
}

func TestSeekAfterErrorReadsAgain(t *testing.T) {
	broken := errors.New("disk on fire")
	for name, data := range manyRows(t, 10_000) {
		if name == "xlsx in gzip" {
			continue // reads a copy
		}
		t.Run(name, func(t *testing.T) {
			all := restOf(t, open(t, data, sheet.Options{}))
			src := &failingReader{Reader: bytes.NewReader(data), after: int64(len(data)), err: broken}
			table, err := sheet.Open(src, int64(len(data)), sheet.Options{Scratch: scratch(t)})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = table.Close() }() // the rows are what is tested
			src.after /= 3
			last := table.Start()
			var row record.Row
			for err = table.Next(&row); err == nil; err = table.Next(&row) {
				last = row.End
			}
			if !errors.Is(err, broken) {
				t.Fatal(err)
			}
			src.after = int64(len(data))
			if err := table.Seek(last); err != nil {
				t.Fatal(err)
			}
			rest := restOf(t, table)
			if len(rest) < 1000 || rest[0].Pos.Offset < last.Offset {
				t.Fatalf("%d rows from %v", len(rest), last)
			}
			if diff := cmp.Diff(all[len(all)-len(rest):][:100], rest[:100]); diff != "" {
				t.Fatalf("from %v: %.2000s", last, diff)
			}
		})
	}
}
