package source

import (
	"fmt"
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sheet"
)

// tableOf opens a text as a table whose columns are all fields of one type.
func tableOf(t *testing.T, text string, typ field.Type) (File, *Header) {
	t.Helper()
	table, err := sheet.Open(strings.NewReader(text), int64(len(text)), sheet.Options{Delimiter: ","})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = table.Close() })
	l := &Header{}
	for i, name := range table.Header() {
		l.Columns = append(l.Columns, Column{Header: name, Field: &field.Field{ID: name, Field: name, Name: fmt.Sprint("Field ", i), Type: typ}})
	}
	return File{Table: table}, l
}

func TestBatchOfManyCellsHasFewRows(t *testing.T) {
	const columns, rows = 1_000, 400
	header := make([]string, columns)
	for i := range header {
		header[i] = fmt.Sprint("c", i)
	}
	table, l := tableOf(t, strings.Join(header, ",")+"\n"+strings.Repeat(strings.Repeat("x,", columns-1)+"x\n", rows), field.SingleLine)
	p, err := NewReader(l, field.Formats{}, false).ReadBatch(table, rows)
	if err != nil || len(p.Rows) != maxBatchCells/columns {
		t.Errorf("%d rows, want %d, %v", len(p.Rows), maxBatchCells/columns, err)
	}
}

func TestBatchOfLongMessagesHasFewRows(t *testing.T) {
	const rows = 20_000
	table, l := tableOf(t, "a\n"+strings.Repeat(strings.Repeat("x", 200)+"\n", rows), field.Numerical)
	p, err := NewReader(l, field.Formats{}, false).ReadBatch(table, rows)
	if err != nil || len(p.Rows) > maxBatchBytes/400 {
		t.Errorf("%d rows, %v", len(p.Rows), err)
	}
}

func TestOnlyShortCellsAreCached(t *testing.T) {
	_, l := tableOf(t, "a\n", field.Country)
	rd, f := NewReader(l, field.Formats{}, false), l.Columns[0].Field
	long := strings.Repeat("x", MaxShown+1)
	for _, text := range []string{"DE", long, "FR"} {
		rd.value(f, text)
	}
	if known := rd.cells[f]; len(known) != 2 {
		t.Errorf("%d cells are cached, want the two short ones", len(known))
	}
}
