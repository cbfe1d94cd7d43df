// Package record defines the records that tables consist of.
package record

// MaxSize is the maximum size in bytes of a CSV record without its line
// ending, and of all cells of a workbook row. Longer rows have the Problem
// TooLong.
const MaxSize = 1 << 20

// Values of Row.Problem.
const (
	BadEncoding = "bad_encoding"    // invalid bytes in the encoding; Cells have U+FFFD in their place
	TooLong     = "record_too_long" // over MaxSize; Cells is empty if the first line alone is too long, and truncated in a workbook
	OpenQuote   = "open_quote"      // a quote that is never closed; Cells come from the first line only
)

// Pos is a position between two records, for Table.Seek.
type Pos struct {
	Offset int64 `json:"offset"` // byte offset in the unpacked, still encoded text; the row number in a workbook
	Line   int   `json:"line"`   // physical line from 1; the row number in a workbook
}

// Row is one record. Cells and Raw are valid until the next call of Next; the
// strings in Cells stay valid.
type Row struct {
	Line     int      // physical line of the start of the record; the row number in a workbook
	Pos, End Pos      // start of the record, and start of the next one
	Cells    []string // untrimmed; empty for a blank line
	Raw      []byte   // original bytes without the line ending; nil in a workbook or if the first line is too long
	Problem  string   // "", BadEncoding, TooLong or OpenQuote
	Hidden   bool     // the spreadsheet does not show the row
}
