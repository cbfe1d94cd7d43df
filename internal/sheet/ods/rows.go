package ods

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
	"github.com/regulars/regulars/internal/sheet/xmlpart"
)

// Rows reads the rows of a sheet. Rows without values are skipped.
type Rows struct {
	doc      *document
	sheet    int // index
	part     *xmlpart.Part
	maxCells int
	done     bool // the last row was read
	failed   bool // an error occurred

	row         record.Row // the row element read last; it may repeat
	first, last int64      // numbers of its rows; 0: none
	next        int64      // number of the next of these rows
	stale       bool       // row was read with another limit of cells
	passed      int64      // number of the last row of the elements that were read
	seekTo      int64      // rows before this number are skipped

	cell      cellReader
	bytesLeft int   // bytes left for the cells of the current row
	repeated  int64 // bytes of repeated rows and cells since the start
}

// errTooLong: the row exceeds record.MaxSize.
var errTooLong = errors.New("the record is too long")

// maxRows is far above the rows of any real sheet.
const maxRows = 1 << 30

// Sheets returns the sheets in the order of the document.
func (r *Rows) Sheets() []record.Sheet { return r.doc.sheets }

// Select moves to the start of a sheet, given by its index.
func (r *Rows) Select(sheet int) {
	r.reset()
	r.sheet, r.seekTo = sheet, 0
}

// SetSpooled sets the temporary file of a packed document, and the size of the
// packed file. The rows close the file.
func (r *Rows) SetSpooled(file unpack.Scratch, total int64) {
	r.doc.spooled, r.doc.total = file, total
}

// LimitCells sets the maximum number of cells of a row.
func (r *Rows) LimitCells(cells int) {
	r.stale = r.stale || cells != r.maxCells
	r.maxCells = cells
}

// Progress estimates how many bytes of the file have been read.
func (r *Rows) Progress() (done, total int64) {
	size := r.doc.pkg.Size(contentPart)
	total = r.doc.total
	switch {
	case r.done:
		return total, total
	case r.part == nil || size == 0:
		return 0, total
	}
	return int64(min(float64(r.part.BytesRead())/float64(size), 1) * float64(total)), total
}

// BytesRead is the number of unpacked bytes of the content that were read.
func (r *Rows) BytesRead() int64 {
	if r.part == nil {
		return 0
	}
	return r.part.BytesRead()
}

// Overhead is the size of the content: all sheets are in it, and it is read to its
// end.
func (r *Rows) Overhead() int64 { return r.doc.pkg.Size(contentPart) }

// Close releases the document.
func (r *Rows) Close() error {
	r.reset()
	return r.doc.close()
}

func (r *Rows) reset() {
	if r.part != nil {
		r.part.Close()
		r.part = nil
	}
	r.done, r.failed, r.stale = false, false, false
	r.first, r.last, r.next, r.passed, r.repeated = 0, 0, 0, 0, 0
}

// Seek sets the position of the next row.
func (r *Rows) Seek(p record.Pos) error {
	loaded := !r.stale && r.last > 0 && p.Offset >= r.first && p.Offset <= r.last
	if r.failed || !loaded && p.Offset <= r.passed {
		r.reset()
	}
	r.seekTo = p.Offset
	if loaded && r.last > 0 {
		r.next = p.Offset
	}
	return nil
}

// SeekLine moves to the row with a number, or to the next one.
func (r *Rows) SeekLine(line int) error { return r.Seek(record.Pos{Offset: int64(line), Line: line}) }

// Next reads the next row, or returns io.EOF.
func (r *Rows) Next(row *record.Row) error {
	if err := r.advance(); err != nil {
		r.failed = !errors.Is(err, io.EOF)
		return err
	}
	row.Set(&r.row)
	row.Line = int(r.next)
	row.Pos, row.End = record.Pos{Offset: r.next, Line: row.Line}, record.Pos{Offset: r.next + 1, Line: row.Line + 1}
	r.next++
	return nil
}

// advance sets next to the number of the next row with values.
func (r *Rows) advance() error {
	for {
		if r.next = max(r.next, r.seekTo); r.last > 0 && r.next <= r.last {
			if r.next > r.first {
				return r.repeat(r.sizeOfRow())
			}
			return nil
		}
		r.last = 0
		if r.done {
			return io.EOF
		}
		if r.part == nil {
			if err := r.openSheet(); err != nil {
				return err
			}
		}
		if err := r.readRow(); err != nil {
			return err
		}
	}
}

// sizeOfRow is the memory of the cells.
func (r *Rows) sizeOfRow() int64 {
	size := 0
	for _, cell := range r.row.Cells {
		size += len(cell) + 1
	}
	return int64(size)
}

// Real documents repeat few values; a multiple of bombRatio of their packed size,
// and more than bombFloor bytes, are deliberate.
const (
	bombRatio = 200
	bombFloor = 10 << 20
)

// repeat counts bytes of repeated rows and cells, and fails if there are too
// many.
func (r *Rows) repeat(size int64) error {
	r.repeated += size
	if r.repeated > r.doc.limit {
		return unpack.OverLimit(r.doc.limit).Because(unpack.ErrDamaged)
	}
	if packed := r.doc.pkg.PackedSize(contentPart); r.repeated > bombFloor && r.repeated/bombRatio > packed {
		return errs.New(errs.TooLarge, "zip_bomb", "The sheet repeats rows or cells so often that they are more than %d times as large as the file. Delete the repeated rows and columns, or save the sheet as CSV.", bombRatio).Because(unpack.ErrDamaged)
	}
	return nil
}

// openSheet opens the content and reads up to the selected sheet.
func (r *Rows) openSheet() error {
	p, err := r.doc.pkg.Open(contentPart)
	if err != nil {
		return err
	}
	r.part = p
	var w walker
	for sheet := -1; sheet < r.sheet; {
		kind, err := p.InnerToken()
		if err != nil {
			return err
		}
		if kind == xmlpart.Characters {
			continue
		}
		p.ResetBudget()
		if w.enter(p, kind) {
			sheet++
		}
	}
	return nil
}

// readRow reads the next row element, or up to the end of the sheet.
func (r *Rows) readRow() error {
	for {
		kind, err := r.part.InnerToken()
		if err != nil {
			return err
		}
		if kind == xmlpart.Characters {
			continue
		}
		r.part.ResetBudget()
		switch name := string(r.part.Name); {
		case kind == xmlpart.EndTag && name == "table":
			r.done = true
			return r.part.Drain()
		case kind == xmlpart.EndTag:
		case name == "table-row":
			return r.readRowElement()
		case name == "table-header-rows" || name == "table-row-group" || name == "table-rows":
		default: // columns, shapes, forms
			if err := r.skipElement(); err != nil {
				return err
			}
		}
	}
}

// readRowElement reads a row element, which may stand for several equal rows.
func (r *Rows) readRowElement() error {
	count := min(int64(repetitions(r.part.RawAttr("number-rows-repeated"))), maxRows-r.passed)
	if count < 1 {
		return fmt.Errorf("read spreadsheet: %w: the sheet has more than %d rows", unpack.ErrDamaged, maxRows)
	}
	visibility := string(r.part.RawAttr("visibility"))
	first := r.passed + 1
	r.passed += count
	if r.passed < r.seekTo {
		return r.skipElement()
	}
	r.row = record.Row{
		Hidden: visibility == "collapse" || visibility == "filter",
		Cells:  r.row.Cells[:0], Shown: r.row.Shown[:0], CellProblems: r.row.CellProblems[:0],
	}
	if err := r.readCells(); err != nil {
		return err
	}
	if len(r.row.Cells) > 0 || r.row.Problem != "" {
		r.first, r.next, r.last, r.stale = first, first, r.passed, false
	}
	return nil
}

// repetitions parses an attribute such as number-columns-repeated.
func repetitions(attr []byte) int {
	if attr == nil {
		return 1
	}
	n, err := strconv.Atoi(string(attr))
	if err != nil || n < 1 {
		return 1
	}
	return min(n, maxRows)
}

// skipElement reads to the end of the element whose start tag was read last.
func (r *Rows) skipElement() error {
	for depth := 1; depth > 0; {
		kind, err := r.part.InnerToken()
		if err != nil {
			return err
		}
		switch kind {
		case xmlpart.StartTag:
			depth++
		case xmlpart.EndTag:
			depth--
		case xmlpart.Characters:
		}
	}
	return nil
}

// readCells reads to the end of the row and drops trailing empty cells. A row
// that is too long ends before the cell that exceeds the limit.
func (r *Rows) readCells() error {
	column := 0
	r.bytesLeft = record.MaxSize
	for {
		kind, err := r.part.InnerToken()
		if err != nil {
			return err
		}
		switch {
		case kind == xmlpart.EndTag:
			return nil
		case kind == xmlpart.Characters:
		case r.part.Is("table-cell"):
			count := repetitions(r.part.RawAttr("number-columns-repeated"))
			c, err := r.readCell()
			if err == nil {
				err = r.setCells(column, count, &c)
			}
			if errors.Is(err, errTooLong) {
				r.row.Problem = record.TooLong
				return r.skipElement()
			}
			if err != nil {
				return err
			}
			column = min(column+count, maxRows)
		default: // a cell covered by a merged one shows nothing
			if r.part.Is("covered-table-cell") {
				column = min(column+repetitions(r.part.RawAttr("number-columns-repeated")), maxRows)
			}
			if err := r.skipElement(); err != nil {
				return err
			}
		}
	}
}

// setCells sets count equal cells from an index, and fills the gap before them
// with empty ones. Cells beyond the limit replace the last one.
func (r *Rows) setCells(from, count int, c *cell) error {
	if c.value == "" {
		return nil
	}
	from = min(from, r.maxCells-1)
	for len(r.row.Cells) < from {
		r.row.Cells = append(r.row.Cells, "")
	}
	r.row.Cells = r.row.Cells[:from]
	count = min(count, r.maxCells-from)
	for i := range count {
		if r.bytesLeft -= len(c.value) + len(c.shown); r.bytesLeft < 0 {
			return errTooLong
		}
		r.row.Cells = append(r.row.Cells, c.value)
		if c.shown != "" {
			r.row.Shown = append(r.row.Shown, record.ShownText{Index: from + i, Text: c.shown})
		}
		if c.problem != "" {
			r.row.CellProblems = append(r.row.CellProblems, record.CellProblem{Index: from + i, Code: c.problem})
		}
	}
	if count > 1 {
		return r.repeat(int64(count-1) * int64(len(c.value)+1))
	}
	return nil
}
