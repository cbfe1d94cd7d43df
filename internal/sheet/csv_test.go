package sheet

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/regulars/regulars/internal/sheet/record"
)

// shrinkBuffer makes every record cross the end of the buffer.
func shrinkBuffer(t *Table) {
	t.rows.(*csvRows).in.raw = make([]byte, 0, 8)
	t.rows.(*csvRows).in.units = nil
}

func rowsOf(t *rapid.T, data string, prepare func(*Table)) []record.Row {
	table, err := Open(strings.NewReader(data), int64(len(data)), Options{Delimiter: ","})
	if err != nil {
		t.Skip(err)
	}
	prepare(table)
	if err := table.Seek(table.Start()); err != nil {
		t.Fatal(err)
	}
	var rows []record.Row
	for {
		var row record.Row
		err := table.Next(&row)
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		row.Raw = bytes.Clone(row.Raw)
		rows = append(rows, row)
	}
}

func TestRecordsCrossTheBuffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mark := rapid.SampledFrom([]string{"", "\xff\xfe"}).Draw(t, "mark")
		body := "a,b\n" + rapid.StringOfN(rapid.RuneFrom([]rune("aab,,\"\"\" \n\n\ré")), 0, 120, -1).Draw(t, "body")
		if mark != "" {
			body = strings.Join(strings.Split(body, ""), "\x00") + "\x00"
		}
		want := rowsOf(t, mark+body, func(*Table) {})
		if diff := cmp.Diff(want, rowsOf(t, mark+body, shrinkBuffer)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestHugeCellUsesLittleMemory(t *testing.T) {
	data := "a\n\"" + strings.Repeat("x", 20<<20) + "\"\nb\n"
	table, err := Open(strings.NewReader(data), int64(len(data)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var row record.Row
	for err = table.Next(&row); err == nil; err = table.Next(&row) {
	}
	if !errors.Is(err, io.EOF) || row.Line != 3 {
		t.Fatal(row.Line, err)
	}
	if n := cap(table.rows.(*csvRows).in.raw); n > 4<<20 {
		t.Errorf("the buffer has %d bytes", n)
	}
}

func TestRecordOfMaximumSizeIsReadAtAnyOffset(t *testing.T) {
	long := strings.Repeat("x", record.MaxSize)
	for n := bufferSize - 24; n < bufferSize+4; n++ {
		data := "a\n" + strings.Repeat("y", n) + "\n" + long + "\r\n" + long + "\nb\n"
		table, err := Open(strings.NewReader(data), int64(len(data)), Options{})
		if err != nil {
			t.Fatal(err)
		}
		for line, want := range map[int]int{2: n, 3: record.MaxSize, 4: record.MaxSize, 5: 1} {
			row := record.Row{}
			_ = table.Seek(table.Start()) // never fails for text
			for row.Line < line {
				if err := table.Next(&row); err != nil || row.Problem != "" {
					t.Fatal(n, row.Line, row.Problem, err)
				}
			}
			if len(row.Cells) != 1 || len(row.Cells[0]) != want {
				t.Fatalf("line %d after %d bytes", line, n)
			}
		}
	}
}
