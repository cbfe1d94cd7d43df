package sheet

import (
	"errors"
	"io"
	"strconv"
	"strings"
)

// sheetRows reads the rows of one sheet. Rows without a value are none.
type sheetRows struct {
	book     *book
	part     string
	open     *part
	maxCells int
	last     int  // number of the row element before
	done     bool // the last row was read
	broken   bool // reading has failed, somewhere

	row    Row   // the one that was read last
	valued int64 // its number, or that of a later one that was passed over
	before int64 // the same of the row before it
	again  bool  // row is to be handed out once more
	from   int64 // rows before this number are passed over

	text []byte
	left int // bytes that the cells of the row at hand may still have
}

// errTooLong says that a row has more than MaxRecord bytes.
var errTooLong = errors.New("the record is too long")

func (r *sheetRows) limit(cells int) {
	r.maxCells = cells
	r.before = r.valued // row was cut to another limit
}

func (r *sheetRows) progress() (done, total int64) {
	f := r.book.parts[partKey(r.part)]
	total = r.book.total
	if r.done {
		return total, total
	}
	if r.open == nil || f == nil || f.UncompressedSize64 == 0 {
		return 0, total
	}
	share := float64(r.open.read) / float64(f.UncompressedSize64)
	return int64(min(share, 1) * float64(total)), total
}

func (r *sheetRows) close() error {
	r.stop()
	return r.book.close()
}

func (r *sheetRows) stop() {
	if r.open != nil {
		r.open.close()
		r.open = nil
	}
	r.last, r.done, r.broken = 0, false, false
	r.valued, r.before, r.again = 0, 0, false
}

func (r *sheetRows) seek(p Pos) error {
	if r.broken || p.Offset <= r.before {
		r.stop()
	}
	r.again = p.Offset > r.before && p.Offset <= r.valued
	r.from = p.Offset
	return nil
}

func (r *sheetRows) next(row *Row) error {
	if !r.again {
		if err := r.advance(); err != nil {
			r.broken = !errors.Is(err, io.EOF)
			return err
		}
	}
	r.again = false
	row.Cells = append(row.Cells[:0], r.row.Cells...)
	cells := row.Cells
	*row = r.row
	row.Cells = cells
	return nil
}

// advance reads the next row that has a value.
func (r *sheetRows) advance() error {
	if r.done {
		return io.EOF
	}
	if r.open == nil {
		p, err := r.book.part(r.part)
		if err != nil {
			return err
		}
		r.open = p
	}
	for {
		number, err := r.nextRow()
		if err != nil {
			return err
		}
		r.last = number
		if int64(number) < r.from {
			if err := r.passRow(); err != nil {
				return err
			}
			r.before, r.valued = int64(number), int64(number)
			continue
		}
		cells, problem, err := r.cells(r.row.Cells[:0])
		if err != nil {
			return err
		}
		if len(cells) > 0 || problem != "" {
			r.before, r.valued = r.valued, int64(number)
			r.row = Row{
				Line: number, Cells: cells, Problem: problem,
				Pos: Pos{Offset: int64(number), Line: number},
				End: Pos{Offset: int64(number) + 1, Line: number + 1},
			}
			return nil
		}
	}
}

// nextRow goes to the next row element and returns its number. Numbers that
// do not rise, which no good writer makes, are replaced.
func (r *sheetRows) nextRow() (int, error) {
	for {
		kind, err := r.open.inside()
		if err != nil {
			return 0, err
		}
		switch {
		case kind == startTag && r.open.is("row"):
			r.open.renew()
			number, err := strconv.Atoi(string(r.open.rawAttr("r")))
			if err != nil || number <= r.last || number > maxRows {
				number = r.last + 1
			}
			return number, nil
		case kind == endTag && r.open.is("sheetData"):
			return 0, r.end()
		}
	}
}

// maxRows is far more than a sheet can have.
const maxRows = 1 << 30

// end reads what follows the rows, so that a part that is broken there, or
// whose checksum is wrong, does not pass for a good one.
func (r *sheetRows) end() error {
	_, err := io.Copy(io.Discard, r.open.body)
	switch {
	case err == nil:
		r.done = true
		return io.EOF
	case errors.Is(err, ErrDamaged):
		return err
	}
	return r.book.src.blame(err)
}

// passRow reads to the end of the row for nothing.
func (r *sheetRows) passRow() error {
	for {
		kind, err := r.open.inside()
		if err != nil || kind == endTag && r.open.is("row") {
			return err
		}
	}
}

// cells reads to the end of the row. Empty cells at its end are dropped, and
// so is all from the cell on that makes the row too long.
func (r *sheetRows) cells(cells []string) (_ []string, problem string, err error) {
	column := 0
	r.left = MaxRecord
	for {
		kind, err := r.open.inside()
		if err != nil {
			return cells, "", err
		}
		switch {
		case kind == startTag && r.open.is("c"):
			column = columnOf(r.open.rawAttr("r"), column)
			value, err := r.cell()
			if errors.Is(err, errTooLong) {
				return cells, RecordTooLong, r.passRow()
			}
			if err != nil {
				return cells, "", err
			}
			cells = r.put(cells, column-1, value)
		case kind == endTag && r.open.is("row"):
			return cells, "", nil
		}
	}
}

// put makes value the cell at index i, with empty ones before it. What is
// beyond the limit becomes the last cell.
func (r *sheetRows) put(cells []string, i int, value string) []string {
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

// columnOf reads the column, from 1, of a reference such as AB12; the one
// after last when there is no reference.
func columnOf(ref []byte, last int) int {
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

// cell reads to the end of a c element and returns its value as text.
func (r *sheetRows) cell() (string, error) {
	kind := kindOf(r.open.rawAttr("t"))
	style, _ := strconv.Atoi(string(r.open.rawAttr("s"))) // no style is the first
	r.text = r.text[:0]
	for {
		token, err := r.open.inside()
		if err != nil {
			return "", err
		}
		switch {
		case token == startTag && r.open.is("v"):
			r.text, err = r.open.appendText(r.text[:0], "v")
		case token == startTag && r.open.is("is"):
			r.text, err = r.open.richText(r.text[:0], "is")
		case token == endTag && r.open.is("c"):
			return r.value(kind, style)
		}
		if err != nil {
			return "", err
		}
	}
}

// cellKind is what the t of a cell says.
type cellKind int

const (
	numberCell cellKind = iota
	sharedCell
	textCell
	errorCell
	boolCell
	dateCell
)

func kindOf(t []byte) cellKind {
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

// value is what a cell of that kind and style says; errTooLong when the row
// has no room for it.
func (r *sheetRows) value(kind cellKind, style int) (string, error) {
	if len(r.text) > MaxRecord {
		return "", errTooLong
	}
	value, err := r.convert(string(r.text), kind, style)
	if err == nil && len(value) > r.left {
		err = errTooLong
	}
	r.left -= len(value)
	return value, err
}

func (r *sheetRows) convert(raw string, kind cellKind, style int) (string, error) {
	if raw == "" {
		return "", nil
	}
	switch kind {
	case sharedCell:
		i, err := strconv.Atoi(strings.TrimSpace(raw))
		if err != nil {
			i = -1
		}
		return r.book.strings.get(i, r.left)
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
		return isoDate(raw), nil
	}
	return r.book.number(raw, style), nil
}
