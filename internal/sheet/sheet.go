// Package sheet reads tables the way spreadsheets and exports write them: CSV
// in the usual encodings, delimiters and line ends, XLSX, and either of them
// packed with gzip or zip. It finds out what a file is, hands out its records
// one by one with their line numbers and original bytes, and can go on at any
// record it has handed out before. What a header or a cell means is left to
// the caller.
//
// Memory does not grow with the file: a buffer of at most a few MiB, and for
// XLSX up to 32 MiB. The other shared strings go to a temporary file.
package sheet

import (
	"errors"
	"io"

	"github.com/regulars/regulars/internal/errs"
)

// MaxColumns is how many columns a header may have.
const MaxColumns = 1000

// MaxRecord is how many bytes one record of a text may have, without its line
// end, and how many the cells of one row of a workbook together; the row has
// Problem RecordTooLong beyond that.
const MaxRecord = 1 << 20

// The problems of a Row.
const (
	BadEncoding   = "bad_encoding"    // bytes that mean nothing in the encoding; Cells hold U+FFFD for them
	RecordTooLong = "record_too_long" // over MaxRecord; Cells is empty when its first line alone is too long, and stops before the limit in a workbook
	OpenQuote     = "open_quote"      // a quote that never closes; Cells is what its first line alone gives
)

// ErrDamaged is in the chain of every error that means the file itself is
// broken, so that reading it again will not help.
var ErrDamaged = errors.New("damaged file")

// Options say what the caller knows about a file. The zero value detects
// everything.
type Options struct {
	Encoding    string   // "" detects; else a name such as utf-8, utf-16le, windows-1252
	Delimiter   string   // "" detects; else one ASCII character or its name: tab, comma, semicolon, pipe
	Sheet       string   // workbooks only: name or number from 1; "" takes the first visible sheet with values
	MaxUnpacked int64    // bytes a packed file may unpack to; 0 means 1 GiB
	Verdict     *Verdict // what Scan saw of the whole file; nil when it was not scanned

	// Scratch makes the temporary file of a large or packed workbook. nil: such
	// a workbook cannot be read.
	Scratch func() (Scratch, error)
}

// Detected says what a file turned out to be.
type Detected struct {
	Format     string `json:"format"`               // csv or xlsx
	Container  string `json:"container,omitempty"`  // gzip, zip or "" when the table is not packed
	Encoding   string `json:"encoding,omitempty"`   // utf-8, utf-8-bom, utf-16le, utf-16be, windows-1252, or what was declared; "" for xlsx
	Delimiter  string `json:"delimiter,omitempty"`  // "" for xlsx
	LineEnding string `json:"lineEnding,omitempty"` // lf, crlf, cr; "" for xlsx
	Sep        bool   `json:"sep,omitempty"`        // the first line is sep=
	Sheet      string `json:"sheet,omitempty"`      // name of the sheet that is read
	Entry      string `json:"entry,omitempty"`      // name of the table inside the zip
}

// Pos is a place between two records, to be kept and given to Table.Seek.
type Pos struct {
	Offset int64 `json:"offset"` // byte in the unpacked text, still encoded; the row number in a workbook
	Line   int   `json:"line"`   // physical line, the first is 1; the row number in a workbook
}

// Row is one record. Cells and Raw are valid until the next call of Next; the
// strings in Cells stay valid.
type Row struct {
	Line     int      // physical line the record starts on; the row number in a workbook
	Pos, End Pos      // where the record starts, and where the next one does
	Cells    []string // as written, untrimmed; none on a blank line
	Raw      []byte   // original bytes without the line end; nil in a workbook or when the first line is too long
	Problem  string   // "", BadEncoding, RecordTooLong or OpenQuote
}

// Table is an open file. It is for one goroutine.
type Table struct {
	rows       rows
	detected   Detected
	header     []string
	headerLine int
	start      Pos
}

// rows is a kind of table: text or workbook.
type rows interface {
	next(row *Row) error
	seek(p Pos) error
	// limit sets how many cells a row is split into at most.
	limit(cells int)
	progress() (done, total int64)
	close() error
}

// Open finds out what src is and reads its header. It refuses what cannot be
// read as a table with an *errs.Error: empty_file, no_header, bad_header,
// too_many_columns, not_text, not_a_table, unsupported_type, encrypted_file,
// damaged_file, zip_bomb, no_table, several_tables, no_sheet,
// bad_encoding_name or bad_delimiter. src must stay readable until Close.
func Open(src io.ReaderAt, size int64, opts Options) (*Table, error) {
	if opts.MaxUnpacked <= 0 {
		opts.MaxUnpacked = defaultMaxUnpacked
	}
	if size == 0 {
		return nil, errEmpty()
	}
	t := &Table{}
	err := t.open(src, size, opts)
	if err == nil {
		err = t.readHeader()
	}
	if err != nil {
		if t.rows != nil {
			_ = t.rows.close() // the refusal is what matters
		}
		return nil, err
	}
	return t, nil
}

func errEmpty() error {
	return errs.New(errs.Invalid, "empty_file", "The file is empty; send one with a header line and at least one row.")
}

// readHeader takes the first record that is not a blank line.
func (t *Table) readHeader() error {
	t.rows.limit(MaxColumns + 1)
	var row Row
	for len(row.Cells) == 0 {
		err := t.rows.next(&row)
		if errors.Is(err, io.EOF) {
			return errs.New(errs.Invalid, "no_header", "The file has no header line; its first line must name the columns.")
		}
		if err != nil {
			return refuseDamaged(err)
		}
		if row.Problem == RecordTooLong {
			return errs.New(errs.Invalid, "bad_header", "The header on line %d is longer than %d bytes; shorten the names of the columns.", row.Line, MaxRecord)
		}
		if row.Problem != "" {
			return errs.New(errs.Invalid, "bad_header", "The header on line %d cannot be read (%s); mend it or name the file's encoding.", row.Line, row.Problem)
		}
	}
	if len(row.Cells) > MaxColumns {
		return errs.New(errs.Invalid, "too_many_columns", "The header has more than %d columns.", MaxColumns)
	}
	if allEmpty(row.Cells) {
		return errs.New(errs.Invalid, "no_header", "The header on line %d names no column.", row.Line)
	}
	t.header = append([]string(nil), row.Cells...)
	t.headerLine, t.start = row.Line, row.End
	t.rows.limit(len(t.header) + MaxColumns)
	return nil
}

// refuseDamaged makes an error of the file, met while opening it, a refusal.
func refuseDamaged(err error) error {
	if errors.Is(err, ErrDamaged) && errs.From(err) == nil {
		return errs.New(errs.Invalid, "damaged_file", "The file is damaged or incomplete; send it again.").Because(err)
	}
	return err
}

func allEmpty(cells []string) bool {
	for _, c := range cells {
		for i := range len(c) {
			if c[i] != ' ' && c[i] != '\t' {
				return false
			}
		}
	}
	return true
}

// Detected says what the file is.
func (t *Table) Detected() Detected { return t.detected }

// Header returns the cells of the header, untrimmed.
func (t *Table) Header() []string { return t.header }

// HeaderLine is the line of the header, counted like Row.Line.
func (t *Table) HeaderLine() int { return t.headerLine }

// Start is where the first row after the header begins.
func (t *Table) Start() Pos { return t.start }

// Next reads the next record into row. It returns io.EOF after the last one,
// an error with ErrDamaged in its chain when the file is broken there (a bomb
// is also the *errs.Error zip_bomb), and any other error when reading failed.
//
// A row has at most MaxColumns cells more than the header; if there are more,
// the last cell is all the rest.
func (t *Table) Next(row *Row) error { return t.rows.next(row) }

// Seek makes p, which came from Start, Row.Pos or Row.End of the same file and
// options, the place of the next row. It costs nothing in a plain text; packed
// files and workbooks are read on to there, and from their beginning when p is
// behind what is in memory. Many places are best visited in their order.
func (t *Table) Seek(p Pos) error { return t.rows.seek(p) }

// Progress says how many bytes of the file, as it was given to Open, are read.
func (t *Table) Progress() (done, total int64) { return t.rows.progress() }

// Close frees what Open took, but not src.
func (t *Table) Close() error { return t.rows.close() }

// Packed reports whether src is an archive or workbook, which takes more memory
// and time to open than a plain text.
func Packed(src io.ReaderAt) (bool, error) {
	start := make([]byte, 4)
	n, err := src.ReadAt(start, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return isGzip(start[:n]) || isZip(start[:n]), err
}
