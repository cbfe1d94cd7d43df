package xlsx

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
)

// Rows reads the rows of a sheet. Rows without values are skipped.
type Rows struct {
	book       *workbook
	partName   string
	part       *partReader
	maxCells   int
	lastNumber int  // number of the previous row element
	done       bool // the last row was read
	failed     bool // an error occurred

	row        record.Row // the row read last
	rowNumber  int64      // number of row, or of a later row that was skipped
	prevNumber int64      // same for the previous row
	replay     bool       // return row again
	seekTo     int64      // rows before this number are skipped

	text      []byte
	bytesLeft int // bytes left for the cells of the current row
}

// errTooLong: the row exceeds record.MaxSize.
var errTooLong = errors.New("the record is too long")

// SetSpooled sets the temporary file of a packed workbook, and the size of the
// packed file. The rows close the file.
func (r *Rows) SetSpooled(file unpack.Scratch, total int64) {
	r.book.spooled, r.book.total = file, total
}

// LimitCells sets the maximum number of cells of a row.
func (r *Rows) LimitCells(cells int) {
	r.maxCells = cells
	r.prevNumber = r.rowNumber // row was read with another limit
}

// Progress estimates how many bytes of the file have been read.
func (r *Rows) Progress() (done, total int64) {
	f := r.book.parts[partKey(r.partName)]
	total = r.book.total
	if r.done {
		return total, total
	}
	if r.part == nil || f == nil || f.UncompressedSize64 == 0 {
		return 0, total
	}
	share := float64(r.part.read) / float64(f.UncompressedSize64)
	return int64(min(share, 1) * float64(total)), total
}

// Close releases the workbook.
func (r *Rows) Close() error {
	r.reset()
	return r.book.close()
}

func (r *Rows) reset() {
	if r.part != nil {
		r.part.close()
		r.part = nil
	}
	r.lastNumber, r.done, r.failed = 0, false, false
	r.rowNumber, r.prevNumber, r.replay = 0, 0, false
}

// Seek sets the position of the next row.
func (r *Rows) Seek(p record.Pos) error {
	if r.failed || p.Offset <= r.prevNumber {
		r.reset()
	}
	r.replay = p.Offset > r.prevNumber && p.Offset <= r.rowNumber
	r.seekTo = p.Offset
	return nil
}

// Next reads the next row, or returns io.EOF.
func (r *Rows) Next(row *record.Row) error {
	if !r.replay {
		if err := r.advance(); err != nil {
			r.failed = !errors.Is(err, io.EOF)
			return err
		}
	}
	r.replay = false
	row.Cells = append(row.Cells[:0], r.row.Cells...)
	cells := row.Cells
	*row = r.row
	row.Cells = cells
	return nil
}

func (r *Rows) advance() error {
	if r.done {
		return io.EOF
	}
	if r.part == nil {
		p, err := r.book.openPart(r.partName)
		if err != nil {
			return err
		}
		r.part = p
	}
	for {
		number, err := r.nextRowElement()
		if err != nil {
			return err
		}
		r.lastNumber = number
		if int64(number) < r.seekTo {
			if err := r.skipRow(); err != nil {
				return err
			}
			r.prevNumber, r.rowNumber = int64(number), int64(number)
			continue
		}
		cells, problem, err := r.readCells(r.row.Cells[:0])
		if err != nil {
			return err
		}
		if len(cells) > 0 || problem != "" {
			r.prevNumber, r.rowNumber = r.rowNumber, int64(number)
			r.row = record.Row{
				Line: number, Cells: cells, Problem: problem,
				Pos: record.Pos{Offset: int64(number), Line: number},
				End: record.Pos{Offset: int64(number) + 1, Line: number + 1},
			}
			return nil
		}
	}
}

// nextRowElement reads up to the next row element and returns its number.
// Numbers that do not ascend are replaced.
func (r *Rows) nextRowElement() (int, error) {
	for {
		kind, err := r.part.innerToken()
		if err != nil {
			return 0, err
		}
		switch {
		case kind == startTag && r.part.is("row"):
			r.part.resetBudget()
			number, err := strconv.Atoi(string(r.part.rawAttr("r")))
			if err != nil || number <= r.lastNumber || number > maxRows {
				number = r.lastNumber + 1
			}
			return number, nil
		case kind == endTag && r.part.is("sheetData"):
			return 0, r.drain()
		}
	}
}

// maxRows is far above the rows of any real sheet.
const maxRows = 1 << 30

// drain reads the part after the last row, to find damage and a wrong checksum
// there.
func (r *Rows) drain() error {
	_, err := io.Copy(io.Discard, r.part.body)
	switch {
	case err == nil:
		r.done = true
		return io.EOF
	case errors.Is(err, unpack.ErrDamaged):
		return err
	}
	return r.book.src.WrapError(err)
}

func (r *Rows) skipRow() error {
	for {
		kind, err := r.part.innerToken()
		if err != nil || kind == endTag && r.part.is("row") {
			return err
		}
	}
}

// readCells reads to the end of the row and drops trailing empty cells. A row
// that is too long ends before the cell that exceeds the limit.
func (r *Rows) readCells(cells []string) (_ []string, problem string, err error) {
	column := 0
	r.bytesLeft = record.MaxSize
	for {
		kind, err := r.part.innerToken()
		if err != nil {
			return cells, "", err
		}
		switch {
		case kind == startTag && r.part.is("c"):
			column = parseColumn(r.part.rawAttr("r"), column)
			value, err := r.readCell()
			if errors.Is(err, errTooLong) {
				return cells, record.TooLong, r.skipRow()
			}
			if err != nil {
				return cells, "", err
			}
			cells = r.setCell(cells, column-1, value)
		case kind == endTag && r.part.is("row"):
			return cells, "", nil
		}
	}
}

// setCell sets the cell at index i and fills the gap with empty ones. A cell
// beyond the limit replaces the last one.
func (r *Rows) setCell(cells []string, i int, value string) []string {
	if value == "" {
		return cells
	}
	i = min(i, r.maxCells-1)
	for len(cells) <= i {
		cells = append(cells, "")
	}
	cells[i] = value
	return cells
}

// parseColumn returns the column, from 1, of a reference such as AB12, or
// last+1 without a reference.
func parseColumn(ref []byte, last int) int {
	n := 0
	for i := 0; i < len(ref) && i < 4; i++ {
		c := ref[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			break
		}
		n = n*26 + int(c-'A') + 1
	}
	if n == 0 {
		return last + 1
	}
	return n
}

// readCell reads to the end of a c element and returns its value as text.
func (r *Rows) readCell() (string, error) {
	kind := parseCellKind(r.part.rawAttr("t"))
	style, _ := strconv.Atoi(string(r.part.rawAttr("s"))) // a missing style is style 0
	r.text = r.text[:0]
	for {
		token, err := r.part.innerToken()
		if err != nil {
			return "", err
		}
		switch {
		case token == startTag && r.part.is("v"):
			r.text, err = r.part.appendText(r.text[:0], "v")
		case token == startTag && r.part.is("is"):
			r.text, err = r.part.appendRichText(r.text[:0], "is")
		case token == endTag && r.part.is("c"):
			return r.cellValue(kind, style)
		}
		if err != nil {
			return "", err
		}
	}
}

// cellKind is the t attribute of a cell.
type cellKind int

const (
	numberCell cellKind = iota
	sharedCell
	textCell
	errorCell
	boolCell
	dateCell
)

func parseCellKind(t []byte) cellKind {
	switch string(t) {
	case "s":
		return sharedCell
	case "inlineStr", "str":
		return textCell
	case "e":
		return errorCell
	case "b":
		return boolCell
	case "d":
		return dateCell
	}
	return numberCell
}

// cellValue returns the text of a cell; errTooLong if it exceeds bytesLeft.
func (r *Rows) cellValue(kind cellKind, style int) (string, error) {
	if len(r.text) > record.MaxSize {
		return "", errTooLong
	}
	value, err := r.convert(string(r.text), kind, style)
	if err == nil && len(value) > r.bytesLeft {
		err = errTooLong
	}
	r.bytesLeft -= len(value)
	return value, err
}

func (r *Rows) convert(raw string, kind cellKind, style int) (string, error) {
	if raw == "" {
		return "", nil
	}
	switch kind {
	case sharedCell:
		i, err := strconv.Atoi(strings.TrimSpace(raw))
		if err != nil {
			i = -1
		}
		return r.book.strings.get(i, r.bytesLeft)
	case textCell:
		return unescape(raw), nil
	case errorCell:
		return raw, nil
	case boolCell:
		if strings.TrimSpace(raw) == "1" {
			return "TRUE", nil
		}
		return "FALSE", nil
	case dateCell:
		return normalizeDate(raw), nil
	}
	return r.book.styles.formatNumber(raw, style), nil
}
