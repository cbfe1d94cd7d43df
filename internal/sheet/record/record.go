// Package record defines the records that tables consist of.
package record

import "slices"

// MaxSize is the maximum size in bytes of a CSV record without its line
// ending, and of all cells of a workbook row. Longer rows have the Problem
// TooLong.
const MaxSize = 1 << 20

// Values of Row.Problem.
const (
	BadEncoding = "bad_encoding"    // invalid bytes in the encoding; Cells have U+FFFD in their place
	TooLong     = "record_too_long" // over MaxSize; Cells is empty if the first line alone is too long, and truncated in a workbook
	BadQuoting  = "bad_quoting"     // text after the closing quote of Cells[BadCell], which has its quotes; the other cells are as usual
	OpenQuote   = "open_quote"      // a quote that is never closed; Cells come from the first line only
)

// Values of CellProblem.Code.
const (
	CellError    = "cell_error"            // an error such as #N/A, which is the cell
	FormulaValue = "formula_without_value" // a formula without a stored result; the cell is the formula
)

// Pos is a position between two records, for Table.Seek.
type Pos struct {
	Offset int64 `json:"offset"` // byte offset in the unpacked, still encoded text; the row number in a workbook
	Line   int   `json:"line"`   // physical line from 1; the row number in a workbook
}

// Row is one record. Its slices are valid until the next call of Next; the
// strings in them stay valid.
type Row struct {
	Line     int      // physical line of the start of the record; the row number in a workbook
	Pos, End Pos      // start of the record, and start of the next one
	Cells    []string // untrimmed; empty for a blank line
	Raw      []byte   // original bytes without the line ending; nil in a workbook or if the first line is too long
	Problem  string   // "", BadEncoding, TooLong, BadQuoting or OpenQuote
	BadCell  int      // index of the cell of BadQuoting

	// Only in workbooks; both lists are in the order of the columns.
	Hidden       bool
	Shown        []ShownText
	CellProblems []CellProblem
}

// ShownText is the text of a number as its format shows it, with leading zeros
// or more text. Cells has the number.
type ShownText struct {
	Index int
	Text  string
}

// Set copies from to r, in the memory of the lists of r.
func (r *Row) Set(from *Row) {
	cells, shown, problems := r.Cells[:0], r.Shown[:0], r.CellProblems[:0]
	cells = append(cells, from.Cells...)
	shown = append(shown, from.Shown...)
	problems = append(problems, from.CellProblems...)
	*r = *from
	r.Cells, r.Shown, r.CellProblems = cells, shown, problems
}

// Texts returns the cells, with the texts of Shown in the columns for which shown
// is true.
func (r *Row) Texts(shown func(column int) bool) []string {
	if len(r.Shown) == 0 {
		return r.Cells
	}
	texts := slices.Clone(r.Cells)
	for _, s := range r.Shown {
		if shown(s.Index) {
			texts[s.Index] = s.Text
		}
	}
	return texts
}

// CellProblem marks a cell without a value.
type CellProblem struct {
	Index int
	Code  string // CellError or FormulaValue
}

// Sheet is a sheet of a workbook.
type Sheet struct {
	Name   string
	Hidden bool
	Table  bool // false: a chart or a dialog
}
