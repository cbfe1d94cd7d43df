package bulk

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/sheet"
)

// tableOf opens a text as a table whose columns are all fields of one type.
func tableOf(t *testing.T, text string, typ field.Type) (openFile, *layout) {
	t.Helper()
	table, err := sheet.Open(strings.NewReader(text), int64(len(text)), sheet.Options{Delimiter: ","})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = table.Close() })
	l := &layout{}
	for i, name := range table.Header() {
		l.columns = append(l.columns, column{header: name, field: &field.Field{ID: name, Field: name, Name: fmt.Sprint("Field ", i), Type: typ}})
	}
	return openFile{Table: table}, l
}

func TestAPieceOfManyCellsHasFewRows(t *testing.T) {
	const columns, rows = 1_000, 400
	header := make([]string, columns)
	for i := range header {
		header[i] = fmt.Sprint("c", i)
	}
	table, l := tableOf(t, strings.Join(header, ",")+"\n"+strings.Repeat(strings.Repeat("x,", columns-1)+"x\n", rows), field.SingleLine)
	p, err := nextPiece(table, newReader(l, field.Formats{}, false), 0, rows)
	if err != nil || len(p.rows) != maxPieceSets/columns {
		t.Errorf("%d rows, want %d, %v", len(p.rows), maxPieceSets/columns, err)
	}
}

func TestAPieceOfLongMessagesHasFewRows(t *testing.T) {
	const rows = 20_000
	table, l := tableOf(t, "a\n"+strings.Repeat(strings.Repeat("x", 200)+"\n", rows), field.Numerical)
	p, err := nextPiece(table, newReader(l, field.Formats{}, false), 0, rows)
	if err != nil || len(p.rows) > maxPieceBytes/400 {
		t.Errorf("%d rows, %v", len(p.rows), err)
	}
}

func TestOnlyShortCellsAreCached(t *testing.T) {
	_, l := tableOf(t, "a\n", field.Country)
	rd, f := newReader(l, field.Formats{}, false), l.columns[0].field
	long := strings.Repeat("x", maxShown+1)
	for _, text := range []string{"DE", long, "FR"} {
		rd.value(f, text)
	}
	if known := rd.cells[f]; len(known) != 2 {
		t.Errorf("%d cells are cached, want the two short ones", len(known))
	}
}

func TestASampleCellIsShort(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, strings.Repeat("ä", maxShown): maxShown, strings.Repeat("ä", 1<<20): maxShown + 1} {
		if got := shortened(text); utf8.RuneCountInString(got) != want || !utf8.ValidString(got) {
			t.Errorf("%d characters of %d", utf8.RuneCountInString(got), utf8.RuneCountInString(text))
		}
	}
}

func TestAConvoyHasAThirdOfTheRowsBeforeIt(t *testing.T) {
	l := Limits{}.withDefaults()
	most := convoyPieces * l.PieceRows
	for read, want := range map[int64]int{0: 2_500, 7_500: 2_500, 30_000: 10_000, int64(3 * most): most, 1_000_000: most} {
		if got := l.convoyAfter(read); got != want {
			t.Errorf("after %d rows: %d, want %d", read, got, want)
		}
	}
}
