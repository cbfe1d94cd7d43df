package xlsx

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/regulars/regulars/internal/sheet/record"
	"github.com/regulars/regulars/internal/sheet/unpack"
	"github.com/regulars/regulars/internal/sheet/xmlpart"
)

// Rows reads the rows of a sheet. Rows without values are skipped.
type Rows struct {
	book       *workbook
	partName   string
	part       *xmlpart.Part
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
	formula   []byte // with the equals sign
	bytesLeft int    // bytes left for the cells of the current row
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
	size := r.book.pkg.Size(r.partName)
	total = r.book.total
	if r.done {
		return total, total
	}
	if r.part == nil || size == 0 {
		return 0, total
	}
	share := float64(r.part.BytesRead()) / float64(size)
	return int64(min(share, 1) * float64(total)), total
}

// BytesRead is the number of unpacked bytes of the sheet that were read.
func (r *Rows) BytesRead() int64 {
	if r.part == nil {
		return 0
	}
	return r.part.BytesRead()
}

// Overhead is 0: each sheet has its own part.
func (r *Rows) Overhead() int64 { return 0 }

// Close releases the workbook.
func (r *Rows) Close() error {
	r.reset()
	return r.book.close()
}

func (r *Rows) reset() {
	if r.part != nil {
		r.part.Close()
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

// SeekLine moves to the row with a number, or to the next one.
func (r *Rows) SeekLine(line int) error { return r.Seek(record.Pos{Offset: int64(line), Line: line}) }

// Next reads the next row, or returns io.EOF.
func (r *Rows) Next(row *record.Row) error {
	if !r.replay {
		if err := r.advance(); err != nil {
			r.failed = !errors.Is(err, io.EOF)
			return err
		}
	}
	r.replay = false
	row.Set(&r.row)
	return nil
}

func (r *Rows) advance() error {
	if r.done {
		return io.EOF
	}
	if r.part == nil {
		p, err := r.book.pkg.Open(r.partName)
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
		r.row = record.Row{
			Line: number, Hidden: r.isHidden(), Cells: r.row.Cells[:0], Shown: r.row.Shown[:0], CellProblems: r.row.CellProblems[:0],
			Pos: record.Pos{Offset: int64(number), Line: number},
			End: record.Pos{Offset: int64(number) + 1, Line: number + 1},
		}
		if err := r.readCells(); err != nil {
			return err
		}
		if len(r.row.Cells) > 0 || r.row.Problem != "" {
			r.prevNumber, r.rowNumber = r.rowNumber, int64(number)
			return nil
		}
	}
}

// nextRowElement reads up to the next row element and returns its number.
// Numbers that do not ascend are replaced.
func (r *Rows) nextRowElement() (int, error) {
	for {
		kind, err := r.part.InnerToken()
		if err != nil {
			return 0, err
		}
		switch {
		case kind == xmlpart.StartTag && r.part.Is("row"):
			r.part.ResetBudget()
			number, err := strconv.Atoi(string(r.part.RawAttr("r")))
			if err != nil || number <= r.lastNumber || number > maxRows {
				number = r.lastNumber + 1
			}
			return number, nil
		case kind == xmlpart.EndTag && r.part.Is("sheetData"):
			return 0, r.drain()
		}
	}
}

// maxRows is far above the rows of any real sheet.
const maxRows = 1 << 30

// isHidden reports whether the row element that was read last is hidden, also
// by a filter or by its height.
func (r *Rows) isHidden() bool {
	return isTrue(r.part.RawAttr("hidden")) || string(r.part.RawAttr("ht")) == "0"
}

// drain reads the part after the last row.
func (r *Rows) drain() error {
	err := r.part.Drain()
	if err == nil {
		r.done = true
		err = io.EOF
	}
	return err
}

func (r *Rows) skipRow() error {
	for {
		kind, err := r.part.InnerToken()
		if err != nil || kind == xmlpart.EndTag && r.part.Is("row") {
			return err
		}
	}
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
		case kind == xmlpart.StartTag && r.part.Is("c"):
			column = parseColumn(r.part.RawAttr("r"), column)
			err := r.readCell(column - 1)
			if errors.Is(err, errTooLong) {
				r.row.Problem = record.TooLong
				return r.skipRow()
			}
			if err != nil {
				return err
			}
		case kind == xmlpart.EndTag && r.part.Is("row"):
			return nil
		}
	}
}

// setCell sets the cell at index i and fills the gap with empty ones. A cell
// beyond the limit replaces the last one.
func (r *Rows) setCell(i int, c *cell) {
	if c.value == "" {
		return
	}
	i = min(i, r.maxCells-1)
	for len(r.row.Cells) <= i {
		r.row.Cells = append(r.row.Cells, "")
	}
	r.row.Cells[i] = c.value
	if c.shown != "" {
		r.row.Shown = append(r.row.Shown, record.ShownText{Index: i, Text: c.shown})
	}
	if c.problem != "" {
		r.row.CellProblems = append(r.row.CellProblems, record.CellProblem{Index: i, Code: c.problem})
	}
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

// cell is the content of a c element.
type cell struct {
	value   string
	shown   string // see record.ShownText
	problem string // see record.CellProblem
}

// readCell reads to the end of a c element and sets the cell at an index.
func (r *Rows) readCell(index int) error {
	kind := parseCellKind(r.part.RawAttr("t"))
	style, _ := strconv.Atoi(string(r.part.RawAttr("s"))) // a missing style is style 0
	hasFormula, hasValue := false, false
	r.text, r.formula = r.text[:0], r.formula[:0]
	for {
		token, err := r.part.InnerToken()
		if err != nil {
			return err
		}
		switch {
		case token == xmlpart.StartTag && r.part.Is("v"):
			hasValue = true
			r.text, err = r.part.AppendText(r.text[:0], "v")
		case token == xmlpart.StartTag && r.part.Is("f"):
			hasFormula = true
			r.formula, err = r.part.AppendText(append(r.formula[:0], '='), "f")
		case token == xmlpart.StartTag && r.part.Is("is"):
			hasValue = true
			r.text, err = r.part.AppendRichText(r.text[:0], "is")
		case token == xmlpart.EndTag && r.part.Is("c"):
			c, err := r.cellValue(kind, style, hasFormula && r.isUncalculated(kind, hasValue))
			if err == nil {
				r.setCell(index, &c)
			}
			return err
		}
		if err != nil {
			return err
		}
	}
}

// isUncalculated reports whether a formula has no stored result. Libraries
// leave it out, or store 0 and ask programs to calculate the workbook. An empty
// text is a result.
func (r *Rows) isUncalculated(kind cellKind, hasValue bool) bool {
	switch {
	case !hasValue, kind != textCell && len(r.text) == 0:
		return true
	}
	return r.book.recalculate && kind == numberCell && string(r.text) == "0"
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

// cellValue returns the content of a cell; errTooLong if it exceeds bytesLeft.
// Without a stored result the value is the formula.
func (r *Rows) cellValue(kind cellKind, style int, uncalculated bool) (c cell, err error) {
	switch {
	case len(r.text) > record.MaxSize:
		return c, errTooLong
	case uncalculated:
		c = cell{value: strings.ToValidUTF8(string(r.formula[:min(len(r.formula), maxFormula)]), ""), problem: record.FormulaValue}
	default:
		c.value, err = r.convert(string(r.text), kind, style)
	}
	switch kind {
	case errorCell:
		if c.problem == "" && c.value != "" {
			c.problem = record.CellError
		}
	case numberCell:
		if !uncalculated {
			c.shown = r.book.styles.shownText(c.value, style)
		}
	}
	if err == nil && len(c.value)+len(c.shown) > r.bytesLeft {
		err = errTooLong
	}
	r.bytesLeft -= len(c.value) + len(c.shown)
	return c, err
}

// maxFormula bounds the bytes of a formula that is kept, more than a message
// shows.
const maxFormula = 1 << 10

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
		return xmlpart.Unescape(raw), nil
	case errorCell:
		return raw, nil
	case boolCell:
		if strings.TrimSpace(raw) == "1" {
			return "TRUE", nil
		}
		return "FALSE", nil
	case dateCell:
		return xmlpart.NormalizeDate(raw), nil
	}
	return r.book.styles.formatNumber(raw, style), nil
}
