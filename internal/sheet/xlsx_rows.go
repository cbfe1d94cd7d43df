package sheet

import (
	"errors"
	"io"
	"strconv"
	"strings"
)

// xlsxRows reads the rows of a sheet. Rows without values are skipped.
type xlsxRows struct {
	book       *workbook
	partName   string
	part       *partReader
	maxCells   int
	lastNumber int  // number of the previous row element
	done       bool // the last row was read
	failed     bool // an error occurred

	row        Row   // the row read last
	rowNumber  int64 // number of row, or of a later row that was skipped
	prevNumber int64 // same for the previous row
	replay     bool  // return row again
	seekTo     int64 // rows before this number are skipped

	text      []byte
	bytesLeft int // bytes left for the cells of the current row
}

// errTooLong: the row exceeds MaxRecord.
var errTooLong = errors.New("the record is too long")

func (r *xlsxRows) limitCells(cells int) {
	r.maxCells = cells
	r.prevNumber = r.rowNumber // row was read with another limit
}

func (r *xlsxRows) progress() (done, total int64) {
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

func (r *xlsxRows) close() error {
	r.reset()
	return r.book.close()
}

func (r *xlsxRows) reset() {
	if r.part != nil {
		r.part.close()
		r.part = nil
	}
	r.lastNumber, r.done, r.failed = 0, false, false
	r.rowNumber, r.prevNumber, r.replay = 0, 0, false
}

func (r *xlsxRows) seek(p Pos) error {
	if r.failed || p.Offset <= r.prevNumber {
		r.reset()
	}
	r.replay = p.Offset > r.prevNumber && p.Offset <= r.rowNumber
	r.seekTo = p.Offset
	return nil
}

func (r *xlsxRows) next(row *Row) error {
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

func (r *xlsxRows) advance() error {
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
			r.row = Row{
				Line: number, Cells: cells, Problem: problem,
				Pos: Pos{Offset: int64(number), Line: number},
				End: Pos{Offset: int64(number) + 1, Line: number + 1},
			}
			return nil
		}
	}
}

// nextRowElement reads up to the next row element and returns its number.
// Numbers that do not ascend are replaced.
func (r *xlsxRows) nextRowElement() (int, error) {
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
func (r *xlsxRows) drain() error {
	_, err := io.Copy(io.Discard, r.part.body)
	switch {
	case err == nil:
		r.done = true
		return io.EOF
	case errors.Is(err, ErrDamaged):
		return err
	}
	return r.book.src.wrapError(err)
}

func (r *xlsxRows) skipRow() error {
	for {
		kind, err := r.part.innerToken()
		if err != nil || kind == endTag && r.part.is("row") {
			return err
		}
	}
}

// readCells reads to the end of the row and drops trailing empty cells. A row
// that is too long ends before the cell that exceeds the limit.
func (r *xlsxRows) readCells(cells []string) (_ []string, problem string, err error) {
	column := 0
	r.bytesLeft = MaxRecord
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
				return cells, RecordTooLong, r.skipRow()
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
func (r *xlsxRows) setCell(cells []string, i int, value string) []string {
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
func (r *xlsxRows) readCell() (string, error) {
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
func (r *xlsxRows) cellValue(kind cellKind, style int) (string, error) {
	if len(r.text) > MaxRecord {
		return "", errTooLong
	}
	value, err := r.convert(string(r.text), kind, style)
	if err == nil && len(value) > r.bytesLeft {
		err = errTooLong
	}
	r.bytesLeft -= len(value)
	return value, err
}

func (r *xlsxRows) convert(raw string, kind cellKind, style int) (string, error) {
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
