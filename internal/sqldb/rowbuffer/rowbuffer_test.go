package rowbuffer_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/rowbuffer"
)

func TestRowBufferReturnsRowsUnchanged(t *testing.T) {
	want := [][]any{
		{"c", "gamma", int64(-7), true, nil},
		{"c", "alpha", int64(1) << 60, false, "x"},
		{"d", "", int64(-7), true, strings.Repeat("long", 200_000)},
		{"c", "beta", int64(0), false, nil},
	}
	var p rowbuffer.Buffer
	p.Add(sqldb.Rows{Table: "t", Columns: []string{"a"}, N: 1, Fill: func(_ int, row []any) { row[0] = "discarded" }})
	p.Reset()
	for _, part := range [][][]any{want[:1], want[1:]} {
		p.Add(sqldb.Rows{Table: "t", Columns: []string{"a", "b", "c", "d", "e"}, N: len(part), Fill: func(i int, row []any) { copy(row, part[i]) }})
	}
	if got := filledRows(p.Rows()); cmp.Diff(want, got) != "" {
		t.Fatal(cmp.Diff(want, got))
	}
	sorted := [][]any{want[2], want[1], want[3], want[0]}
	if got := filledRows(p.SortedBy("b")); cmp.Diff(sorted, got) != "" {
		t.Fatal(cmp.Diff(sorted, got))
	}
}

func filledRows(r sqldb.Rows) (list [][]any) {
	for i := range r.N {
		row := make([]any, len(r.Columns))
		r.Fill(i, row)
		list = append(list, row)
	}
	return list
}
